"""Version 1 of the gRPC Health Checking Protocol."""
