"""Protocol Buffers messages: the API of ``google.protobuf``, with a core in Rust."""

# The version of the original whose API this is; generated code and libraries ask for it.
__version__ = "7.36.2"
