"""Version 1 of the gRPC Server Reflection Protocol."""
