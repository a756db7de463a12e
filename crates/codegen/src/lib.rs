//! From descriptors to Python modules, type stubs and gRPC stubs.
