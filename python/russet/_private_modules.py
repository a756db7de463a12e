"""Where `russet.grpc._compat` has the modules that are private or deprecated in grpcio, by their names there."""

# Names below `grpc`.
GRPC = {
    "_auth": "auth",
    "_common": "common",
    "_cython": "cython",
    "_grpcio_metadata": "grpcio_metadata",
    "_observability": "observability",
    "_plugin_wrapping": "plugin_wrapping",
    "_simple_stubs": "simple_stubs",
}
# Names below `grpc.aio`.
AIO = {
    "_typing": "aio_types",
    "_utils": "aio_utils",
}
