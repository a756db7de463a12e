"""Errors with details, as `grpc_status`: see `russet.status.rpc_status`."""
