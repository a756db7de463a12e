//! Sockets, timers and the reactor that drives the engine.
