"""What the cases of load reports (ORCA) have in common: the values, and reports as the test messages say them.

The clients read reports where an application finds them, in the trailers and on a stream of their own; that `weighted_round_robin` reads them is for the tests of the engine.
"""

from __future__ import annotations

from typing import Any

# Where a call's report comes.
TRAILER = "endpoint-load-metrics-bin"

PER_CALL: dict[str, Any] = {
    "cpu_utilization": 0.8210,
    "memory_utilization": 0.5847,
    "request_cost": {"cost": 3456.32},
    "utilization": {"util": 0.30499},
}
OUT_OF_BAND: tuple[dict[str, Any], ...] = (
    {"cpu_utilization": 0.8210, "memory_utilization": 0.5847, "utilization": {"util": 0.30499}},
    {"cpu_utilization": 0.29309, "memory_utilization": 0.2, "utilization": {"util": 0.2039}},
)
# Seconds between two reports that the client asks for.
INTERVAL = 0.1


class Reports:
    """Both protocols' messages for one implementation."""

    def __init__(self, grpc: Any, messages: Any) -> None:
        self._messages = messages
        self._report = grpc.protos("orca_load_report.proto").OrcaLoadReport
        requests, self.stubs = grpc.protos_and_services("orca_service.proto")
        self.request = requests.OrcaLoadReportRequest(
            report_interval={"nanos": int(INTERVAL * 1e9)}
        )

    def parse(self, trailer: bytes) -> Any:
        """The report of a trailer."""
        return self.told(self._report.FromString(trailer))

    def told(self, report: Any) -> Any:
        """A report as the messages of the tests have it."""
        return self._messages.TestOrcaReport(
            cpu_utilization=report.cpu_utilization,
            memory_utilization=report.mem_utilization,
            request_cost=report.request_cost,
            utilization=report.utilization,
        )

    def wanted(self, values: dict[str, Any]) -> Any:
        """What a case asks the server to report."""
        return self._messages.TestOrcaReport(**values)


def record_call(given: Any) -> None:
    """Has the call that runs here report what its client asked for."""
    from russet.orca import call_metric_recorder

    recorder = call_metric_recorder()
    recorder.record_cpu_utilization_metric(given.cpu_utilization)
    recorder.record_memory_utilization_metric(given.memory_utilization)
    for name, value in given.request_cost.items():
        recorder.record_request_cost_metric(name, value)
    for name, value in given.utilization.items():
        recorder.record_utilization_metric(name, value)


def record_server(recorder: Any, given: Any) -> None:
    """Has the server report what a client asked for."""
    recorder.set_cpu_utilization(given.cpu_utilization)
    recorder.set_memory_utilization(given.memory_utilization)
    recorder.set_all_named_utilization(given.utilization)
