"""Health checking, as `grpc_health`: `russet.health.v1.health` has the servicers, `health_pb2` and `health_pb2_grpc` what clients need."""
