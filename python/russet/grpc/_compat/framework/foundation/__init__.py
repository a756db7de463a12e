"""`grpc.framework.foundation`: futures, pools and consumers."""
