"""The numbers and keys of grpcio's C core."""

from __future__ import annotations

from enum import Enum, IntEnum, IntFlag


class CallError:
    """What a batch of operations was refused for."""

    ok = 0
    error = 1
    not_on_server = 2
    not_on_client = 3
    already_accepted = 4
    already_invoked = 5
    not_invoked = 6
    already_finished = 7
    too_many_operations = 8
    invalid_flags = 9
    invalid_metadata = 10


class ChannelArgKey:
    """Names of options, as bytes."""

    enable_census = b"grpc.census"
    max_concurrent_streams = b"grpc.max_concurrent_streams"
    max_receive_message_length = b"grpc.max_receive_message_length"
    max_send_message_length = b"grpc.max_send_message_length"
    http2_initial_sequence_number = b"grpc.http2.initial_sequence_number"
    default_authority = b"grpc.default_authority"
    primary_user_agent_string = b"grpc.primary_user_agent"
    secondary_user_agent_string = b"grpc.secondary_user_agent"
    ssl_session_cache = b"grpc.ssl_session_cache"
    ssl_target_name_override = b"grpc.ssl_target_name_override"


class CompletionType:
    """Kinds of events of a completion queue."""

    queue_shutdown = 0
    queue_timeout = 1
    operation_complete = 2


class CompressionAlgorithm:
    """Numbers of `grpc.default_compression_algorithm`."""

    none = 0
    deflate = 1
    gzip = 2


class CompressionLevel:
    """Numbers of `grpc.default_compression_level`."""

    none = 0
    low = 1
    medium = 2
    high = 3


class ConnectivityState:
    """Numbers of `grpc.ChannelConnectivity`."""

    idle = 0
    connecting = 1
    ready = 2
    transient_failure = 3
    shutdown = 4


class InitialMetadataFlags:
    """Flags of a call's headers."""

    wait_for_ready = 0x20
    wait_for_ready_explicitly_set = 0x80
    used_mask = 0xA4


class LocalConnectionType:
    """Numbers of `grpc.LocalConnectionType`."""

    uds = 0
    local_tcp = 1


class PropagationConstants:
    """What a server's call hands on to the calls that its handler makes."""

    GRPC_PROPAGATE_DEADLINE = 1
    GRPC_PROPAGATE_CENSUS_STATS_CONTEXT = 2
    GRPC_PROPAGATE_CENSUS_TRACING_CONTEXT = 4
    GRPC_PROPAGATE_CANCELLATION = 8
    GRPC_PROPAGATE_DEFAULTS = 0xFFFF


class WriteFlag:
    """Flags of a message that is sent."""

    buffer_hint = 1
    no_compress = 2


class AsyncIOEngine(Enum):
    """How grpcio's asyncio side once could do its I/O."""

    CUSTOM_IO_MANAGER = "custom_io_manager"
    POLLER = "poller"


class LogSeverityAtLeast(IntEnum):
    """How severe a record of the C core's log must be."""

    kInfo = 0  # noqa: N815 (as in the C core)
    kWarning = 1  # noqa: N815
    kError = 2  # noqa: N815
    kFatal = 3  # noqa: N815


class OperationType(IntEnum):
    """Kinds of operations of a batch."""

    send_initial_metadata = 0
    send_message = 1
    send_close_from_client = 2
    send_status_from_server = 3
    receive_initial_metadata = 4
    receive_message = 5
    receive_status_on_client = 6
    receive_close_on_server = 7


class PrivateKeySignatureAlgorithm(IntFlag):
    """Numbers of the algorithms by which a private key that stays elsewhere signs."""

    RSA_PKCS1_SHA256 = 0
    RSA_PKCS1_SHA384 = 1
    RSA_PKCS1_SHA512 = 2
    ECDSA_SECP256R1_SHA256 = 3
    ECDSA_SECP384R1_SHA384 = 4
    ECDSA_SECP521R1_SHA512 = 5
    RSA_PSS_RSAE_SHA256 = 6
    RSA_PSS_RSAE_SHA384 = 7
    RSA_PSS_RSAE_SHA512 = 8


class StatusCode(IntEnum):
    """Numbers of `grpc.StatusCode`."""

    ok = 0
    cancelled = 1
    unknown = 2
    invalid_argument = 3
    deadline_exceeded = 4
    not_found = 5
    already_exists = 6
    permission_denied = 7
    resource_exhausted = 8
    failed_precondition = 9
    aborted = 10
    out_of_range = 11
    unimplemented = 12
    internal = 13
    unavailable = 14
    data_loss = 15
    unauthenticated = 16


GRPC_COMPRESSION_CHANNEL_DEFAULT_ALGORITHM = "grpc.default_compression_algorithm"
GRPC_COMPRESSION_REQUEST_ALGORITHM_MD_KEY = "grpc-internal-encoding-request"
