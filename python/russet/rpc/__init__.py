"""The messages of `google.rpc` that gRPC's richer error model uses: `status_pb2`, `error_details_pb2`, `code_pb2`.

They are those of `googleapis-common-protos`, for programs that do not install it; with `russet.install()`, both may be used side by side.
"""
