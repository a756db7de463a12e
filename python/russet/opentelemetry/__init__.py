"""OpenTelemetry's metrics and traces of RPCs, under the names that all gRPCs have (gRFC A66 and A72).

`OpenTelemetryPlugin` is that of `grpc_observability`: registered, it observes the channels and servers that are made from then on, synchronous and asyncio, with their retries and hedges. What is counted is what the wire carried. Observed calls run as the others do: the core notes what happens, and a thread hands it to OpenTelemetry twice a second.

Needs the package opentelemetry-api: `pip install russet[opentelemetry]`. Without an SDK nothing is exported.
"""

from ._plugin import OpenTelemetryPlugin
from ._propagator import GrpcTraceBinPropagator

__all__ = ["GrpcTraceBinPropagator", "OpenTelemetryPlugin"]
