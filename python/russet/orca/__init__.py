"""Load reports (ORCA): a server tells its clients how much it has to do, and `weighted_round_robin` sends calls where there is room.

`ServerMetricRecorder` holds what is known of the whole server. `LoadReportInterceptor` adds a report to each call, `OrcaServicer` streams reports to clients that ask. In a handler `call_metric_recorder()` gives the recorder of its call. `russet.orca.aio` has the same for asyncio. Reports are `xds.data.orca.v3.OrcaLoadReport`; no generated module is loaded for them.
"""

from . import aio
from ._interceptor import LoadReportInterceptor, call_metric_recorder
from ._recorders import TRAILER, CallMetricRecorder, ServerMetricRecorder
from ._service import SERVICE_NAME, OrcaServicer, add_OrcaServicer_to_server

__all__ = [
    "SERVICE_NAME",
    "TRAILER",
    "CallMetricRecorder",
    "LoadReportInterceptor",
    "OrcaServicer",
    "ServerMetricRecorder",
    "add_OrcaServicer_to_server",
    "aio",
    "call_metric_recorder",
]
