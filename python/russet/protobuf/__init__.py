"""Protocol Buffers messages: the API of ``google.protobuf``, with a core in Rust."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    __version__: str


def __getattr__(name: str) -> str:
    """The version of the original whose API this is, once somebody asks: generated code and libraries do."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from russet import _versions

    version = globals()[name] = _versions.protobuf()
    return version
