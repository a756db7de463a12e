"""What Russet has not, or has otherwise, than the originals: on purpose, each with its reason. `docs/compatibility.md` lists them."""

from __future__ import annotations

# Modules, names and members that Russet has not.
ABSENT = {
    "grpc.beta": "the API before grpcio 1.0, deprecated since 2016",
    "grpc.framework": "its `interfaces` are what grpc.beta is built on; `foundation` and `common` are among the private names",
    "grpc_tools.grpc_version": "the version that grpcio-tools was built as",
    "grpc_tools.python_version": "the versions that grpcio-tools was built for",
    "grpc_tools.protoc.ProtoFinder": "the import hook is russet.protoc.importer; it is put in by its install(), or by grpc.protos and its kin, not by the import of protoc",
    "grpc_tools.protoc.ProtoLoader": "as ProtoFinder",
    "google.protobuf.internal.json_format_benchmark": "a benchmark of the original",
    "google.protobuf.internal.message_benchmark": "a benchmark of the original",
    "google.protobuf.internal.python_edition_defaults": "the defaults of editions are in the core",
    "google.protobuf.internal.testing_refleaks": "a helper of the original's tests",
    "google.protobuf.testdata": "an empty package",
    "google.protobuf.util": "an empty package",
    "google.protobuf.internal.containers.ScalarMap.InvalidateIterators": "of the pure Python version; a map that changes ends its iterators",
    "google.protobuf.internal.containers.MessageMap.InvalidateIterators": "of the pure Python version; a map that changes ends its iterators",
    "google.protobuf.internal.containers.BaseContainer.sort": "BaseContainer is only for isinstance",
    "google.protobuf.descriptor.DescriptorBase.GetOptions": "DescriptorBase is only for isinstance",
    "google.protobuf.text_format.WIRETYPE_LENGTH_DELIMITED": "imported from internal.wire_format",
    "google.protobuf.text_format.WIRETYPE_START_GROUP": "imported from internal.wire_format",
    "google.protobuf.internal.type_checkers.TYPE_TO_DECODER": "decoders fill the dictionaries of pure Python messages",
    **{
        f"google.protobuf.internal.decoder.{name}": "fills the dictionaries of pure Python messages"
        for name in [
            "BoolDecoder",
            "BytesDecoder",
            "DoubleDecoder",
            "EnumDecoder",
            "Fixed32Decoder",
            "Fixed64Decoder",
            "FloatDecoder",
            "GroupDecoder",
            "Int32Decoder",
            "Int64Decoder",
            "MapDecoder",
            "MessageDecoder",
            "MessageSetItemDecoder",
            "SFixed32Decoder",
            "SFixed64Decoder",
            "SInt32Decoder",
            "SInt64Decoder",
            "StringDecoder",
            "UInt32Decoder",
            "UInt64Decoder",
            "UnknownMessageSetItemDecoder",
            "SetRecursionLimit",
        ]
    },
}
# Names and members whose kind, bases or signature are others.
DIFFERENT = {
    "grpc.HandlerCallDetails.__init__": "a typing.Protocol costs the import of typing",
    "grpc.aio.InterceptedUnaryUnaryCall.__init__": "made by channels only; takes no Cython objects",
    "grpc.experimental.session_cache.SSLSessionCache.__init__": "made by ssl_session_cache_lru; takes no Cython object",
    "google.protobuf.internal.containers.BaseContainer": "not abstract, only for isinstance and issubclass",
    "google.protobuf.internal.containers.UnknownFieldSet": "takes the message that it belongs to, as unknown_fields.UnknownFieldSet does",
}
