"""The part of this room for `grpc.aio`."""
