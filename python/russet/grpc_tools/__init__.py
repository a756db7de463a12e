"""The package `grpc_tools`, as `russet.install()` gives it: `grpc_tools.protoc` is `russet.protoc`, `grpc_tools.command` is `russet.protoc.command`.

There is no folder `_proto`: the compiler has the well-known types built in.
"""
