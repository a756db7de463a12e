"""`grpc.framework`: what grpcio still ships of its first API. Nothing in Russet needs it."""
