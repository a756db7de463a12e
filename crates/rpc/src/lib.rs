//! gRPC without I/O: framing, metadata, status, deadlines.
