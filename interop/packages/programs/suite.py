"""The tests of a package's source distribution, in whose folder this runs: which pass. The argument names the package."""

import io
import sys
from contextlib import redirect_stderr, redirect_stdout

import pytest

# Where the tests are, and what is left out: it needs other installations, or tells nothing of what the package does with gRPC or protobuf.
SUITES = {
    "google-api-core": ["tests/unit", "tests/asyncio", "--ignore=tests/unit/test_packaging.py"],
    "google-cloud-kms": ["tests/unit"],
    "google-cloud-secret-manager": ["tests/unit"],
    "google-cloud-tasks": ["tests/unit"],
    "googleapis-common-protos": ["tests/unit", "--ignore=tests/unit/test_packaging.py"],
    "opentelemetry-exporter-otlp-proto-common": ["tests"],
    "opentelemetry-exporter-otlp-proto-grpc": ["tests"],
    "opentelemetry-instrumentation-grpc": ["tests"],
    "proto-plus": ["tests"],
}


class Outcomes:
    """Each test with how it ended."""

    def __init__(self):
        self.lines = []

    def pytest_runtest_logreport(self, report):
        if report.when == "call" or report.outcome != "passed":
            self.lines.append(f"{report.nodeid} {report.when} {report.outcome}")

    def pytest_collectreport(self, report):
        if report.outcome != "passed":
            self.lines.append(f"{report.nodeid} {report.outcome}")


outcomes = Outcomes()
sys.path.insert(0, ".")
said = io.StringIO()
with redirect_stdout(said), redirect_stderr(said):
    pytest.main(
        [
            "-q",
            "-p",
            "no:cacheprovider",
            "-o",
            "addopts=",
            "-o",
            "asyncio_default_fixture_loop_scope=function",
            *SUITES[sys.argv[1]],
        ],
        plugins=[outcomes],
    )
passed = sum(line.endswith(" passed") for line in outcomes.lines)
if not passed:
    sys.exit(f"no test passes:\n{said.getvalue()[-4000:]}")
# What fails is for whoever looks into a difference; it goes where it is not compared.
sys.stderr.write(said.getvalue()[-20000:])
print(*sorted(outcomes.lines), f"{passed} of {len(outcomes.lines)} pass", sep="\n")
