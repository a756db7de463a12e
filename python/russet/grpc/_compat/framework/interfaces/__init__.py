"""`grpc.framework.interfaces`: what `grpc.beta` is described by."""
