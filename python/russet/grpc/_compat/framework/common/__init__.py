"""`grpc.framework.common`: words for kinds of methods."""
