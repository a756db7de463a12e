"""The first version of the gRPC Server Reflection Protocol, which older tools ask for."""
