"""Calls, as `grpc.beta` shows them."""
