"""The peers: where each comes from, how its client and server are started, and what it does not have.

What a peer needs is fetched and built once, into the work folder; nothing is installed anywhere else.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
HOST = "foo.test.example"

# The cases that are run, in the order of the test descriptions.
CASES = (
    "empty_unary",
    "large_unary",
    "client_compressed_unary",
    "server_compressed_unary",
    "client_streaming",
    "client_compressed_streaming",
    "server_streaming",
    "server_compressed_streaming",
    "ping_pong",
    "empty_stream",
    "custom_metadata",
    "status_code_and_message",
    "special_status_message",
    "unimplemented_method",
    "unimplemented_service",
    "cancel_after_begin",
    "cancel_after_first_response",
    "timeout_on_sleeping_server",
    "pick_first_unary",
    "concurrent_large_unary",
    "rpc_soak",
    "channel_soak",
    "orca_per_rpc",
    "orca_oob",
)
COMPRESSED = tuple(case for case in CASES if "compressed" in case)

# Cases of the test descriptions that nobody runs here.
NOT_RUN = {
    "cacheable_unary": "it needs a cache between client and server, and requests by GET, which gRPC's own cores have given up",
    "the cases with credentials": "they need accounts and machines of Google's",
}

# What soak cases of foreign programs are given: their defaults would judge the machine's speed.
SOAK = (
    "--soak_iterations=10",
    "--soak_per_iteration_max_acceptable_latency_ms=20000",
    "--soak_overall_timeout_seconds=50",
)

REPORTS = ("orca_per_rpc", "orca_oob")
NO_REPORTS = dict.fromkeys(REPORTS, "it has no load reports")
# By which the standard clients see load reports.
BALANCER = (
    '--service_config_json={"loadBalancingConfig":[{"test_backend_metrics_load_balancer":{}}]}'
)

NO_ID = {"pick_first_unary": "its server does not tell its id"}


class Peer:
    """One implementation. `not_served` and `not_called` say which cases its server and its client do not have, and why."""

    # Whether its client takes several cases and prints a line for each.
    takes_several = True
    # Whether its server finds a free port and prints it.
    prints_port = True

    def __init__(self, name: str) -> None:
        self.name = name
        self.not_served: dict[str, str] = {}
        self.not_called: dict[str, str] = {}
        self.environment: dict[str, str] = {}

    def prepare(self, work: Path) -> str:
        """Fetches and builds what is needed; returns why it cannot be had, or nothing."""
        del work
        return ""

    def server(self, flags: list[str]) -> list[str]:
        """The command of the server, which ends with its standard input or is killed."""
        raise NotImplementedError

    def client(self, flags: list[str]) -> list[str]:
        raise NotImplementedError


class Python(Peer):
    """Russet or grpcio, synchronous or asyncio, by the same files."""

    def __init__(self, implementation: str, asynchronous: bool = False) -> None:
        super().__init__(f"{implementation}-asyncio" if asynchronous else implementation)
        self._given = ["--implementation", implementation]
        self._asynchronous = asynchronous
        if implementation != "russet":
            self.not_served = {**NO_REPORTS}
            self.not_called = {"orca_per_rpc": "it hides the trailer with the report"}

    def server(self, flags: list[str]) -> list[str]:
        kind = ["--asyncio"] if self._asynchronous else []
        return [sys.executable, str(HERE / "server.py"), *self._given, *kind, *flags]

    def client(self, flags: list[str]) -> list[str]:
        script = "async_client.py" if self._asynchronous else "client.py"
        return [sys.executable, str(HERE / script), *self._given, *flags]


class Go(Peer):
    """grpc-go's own programs, built from its module."""

    VERSION = "v1.85.0"
    takes_several = False
    prints_port = False

    def __init__(self) -> None:
        super().__init__("go")
        self.not_served = {
            **dict.fromkeys(COMPRESSED, "its server does not compress on request"),
            **NO_ID,
        }
        self.not_called = {
            **dict.fromkeys(COMPRESSED, "its client has no such case"),
            "concurrent_large_unary": "its client has no such case",
        }

    def prepare(self, work: Path) -> str:
        if shutil.which("go") is None:
            return "there is no go command"
        self._folder = work / "go"
        for name in ("client", "server"):
            if not (self._folder / name).exists():
                package = f"google.golang.org/grpc/interop/{name}@{self.VERSION}"
                run(["go", "install", package], {"GOBIN": str(self._folder)})
        return ""

    def server(self, flags: list[str]) -> list[str]:
        return [str(self._folder / "server"), *flags]

    def client(self, flags: list[str]) -> list[str]:
        return [str(self._folder / "client"), "--use_test_ca=true", *SOAK, *balanced(flags)]


class Java(Peer):
    """grpc-java's own programs, from Maven's repository. Their authority and certificate are read from the class path, where ours stand before theirs."""

    takes_several = False
    prints_port = False

    def __init__(self) -> None:
        super().__init__("java")
        self.not_served = {**NO_ID}
        self.not_called = {"concurrent_large_unary": "its client has no such case"}

    def prepare(self, work: Path) -> str:
        missing = [name for name in ("java", "mvn") if shutil.which(name) is None]
        if missing:
            return f"there is no {missing[0]} command"
        folder = work / "java"
        if not list(folder.glob("grpc-interop-testing-*.jar")):
            copy = ["dependency:copy-dependencies", f"-DoutputDirectory={folder.absolute()}"]
            run(["mvn", "-q", "-B", "-f", str(HERE / "java" / "pom.xml"), *copy])
        # The fast compiler alone: a process of a second is not worth the other.
        self._command = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        self._command += ["-cp", f"{work}{os.pathsep}{folder}/*"]
        return ""

    def server(self, flags: list[str]) -> list[str]:
        return [*self._command, "io.grpc.testing.integration.TestServiceServer", *known(flags)]

    def client(self, flags: list[str]) -> list[str]:
        # Without the probe for servers that see whether a message was compressed.
        flags = [
            f"{flag}_noprobe" if "=client_compressed" in flag else flag for flag in known(flags)
        ]
        program = "io.grpc.testing.integration.TestServiceClient"
        return [*self._command, program, "--use_test_ca=true", *SOAK, *balanced(flags)]


class Ruby(Peer):
    """gRPC's C-core with its programs in Ruby, from Debian's packages, which are unpacked and not installed."""

    PACKAGE = "ruby-grpc"
    # The release that the lists below describe. Debian offers one; another is news to look at first.
    VERSION = "1.51.1"
    takes_several = False
    prints_port = False

    def __init__(self) -> None:
        super().__init__("ruby")
        missing = ("pick_first_unary", "concurrent_large_unary", "rpc_soak", "channel_soak")
        probe = "its client insists on the probe for a server that sees whether a message was compressed; handlers in Python do not"
        self.not_served = {
            **NO_ID,
            **NO_REPORTS,
            "timeout_on_sleeping_server": "its server does not sleep",
            "concurrent_large_unary": "its server has 30 threads, and refuses what comes meanwhile",
            "server_compressed_unary": "its server does not compress on request",
            "server_compressed_streaming": "its server does not compress on request",
        }
        self.not_called = {
            **NO_REPORTS,
            **dict.fromkeys(missing, "its client has no such case"),
            "special_status_message": "its client has no such case",
            "server_compressed_unary": "its client has no such case",
            "server_compressed_streaming": "its client has no such case",
            "client_compressed_unary": probe,
            "client_compressed_streaming": probe,
        }

    def prepare(self, work: Path) -> str:
        missing = [name for name in ("apt-get", "dpkg") if shutil.which(name) is None]
        if missing:
            return f"there is no {missing[0]} command"
        root = work / "ruby"
        if not (root / "complete").exists():
            reason = self._unpack(root)
            if reason:
                return reason
        library = root / "usr/lib" / f"{platform.machine()}-linux-gnu"
        gems = root / "usr/share/rubygems-integration"
        (found,) = library.glob("rubygems-integration/*/gems/grpc-*")
        (scripts,) = found.glob("**/pb/test")
        version = found.parents[1].name
        # Where the programs look for their certificates.
        certificates = scripts.parents[1] / "spec/testdata"
        # A link may be of another checkout, from where the folder was copied.
        if certificates.is_symlink():
            certificates.unlink()
        else:
            shutil.rmtree(certificates)
        certificates.symlink_to((work / "certs").absolute())
        paths = [root / "usr/lib/ruby/vendor_ruby", root / "usr/lib/ruby" / version]
        paths += [library / "ruby" / version, library / "ruby/vendor_ruby" / version]
        homes = [found.parents[1], gems / "all", gems / version]
        self.environment = {
            "LD_LIBRARY_PATH": str(library),
            "RUBYLIB": os.pathsep.join(map(str, paths)),
            "GEM_PATH": os.pathsep.join(map(str, homes)),
        }
        self._scripts, self._ruby = scripts, str(root / "usr/bin/ruby")
        return ""

    def _unpack(self, root: Path) -> str:
        packages = root / "packages"
        packages.mkdir(parents=True, exist_ok=True)
        wanted = ["apt-get", "install", "--simulate", "--no-install-recommends", self.PACKAGE]
        plan = subprocess.run(wanted, capture_output=True, text=True, check=False)
        # Inst NAME (VERSION ORIGIN ...)
        lines = [line.split() for line in plan.stdout.splitlines() if line.startswith("Inst ")]
        offered = {line[1]: line[2].lstrip("(") for line in lines}
        if self.PACKAGE not in offered:
            return f"apt-get does not offer {self.PACKAGE} to be fetched"
        version = offered[self.PACKAGE]
        if version.partition("-")[0] != self.VERSION:
            return f"apt-get offers {self.PACKAGE} {version}, and its cases are listed for {self.VERSION}"
        subprocess.run(
            ["apt-get", "download", "-q", *offered], cwd=packages, capture_output=True, check=True
        )
        for package in sorted(packages.glob("*.deb")):
            run(["dpkg", "-x", str(package), str(root)])
        (root / "complete").touch()
        return ""

    def server(self, flags: list[str]) -> list[str]:
        return [self._ruby, str(self._scripts / "server.rb"), *known(flags)]

    def client(self, flags: list[str]) -> list[str]:
        flags = ["--use_test_ca=true", *known(flags)]
        return [self._ruby, str(self._scripts / "client.rb"), *flags]


class Node(Peer):
    """A small peer of our own on grpc-js, whose own interop programs are not published."""

    def __init__(self) -> None:
        super().__init__("node")
        reason = "grpc-js compresses no response"
        self.not_called = {**NO_REPORTS}
        self.not_served = {
            **NO_REPORTS,
            "server_compressed_unary": reason,
            "server_compressed_streaming": reason,
        }

    def prepare(self, work: Path) -> str:
        missing = [name for name in ("node", "npm") if shutil.which(name) is None]
        if missing:
            return f"there is no {missing[0]} command"
        folder = work / "node"
        if not (folder / "node_modules").exists():
            folder.mkdir(parents=True, exist_ok=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / "node" / name, folder)
            run(["npm", "ci", "--silent", "--prefix", str(folder)])
        self._modules = f"--modules={folder}"
        return ""

    def server(self, flags: list[str]) -> list[str]:
        return ["node", str(HERE / "node" / "peer.js"), "server", self._modules, *flags]

    def client(self, flags: list[str]) -> list[str]:
        return ["node", str(HERE / "node" / "peer.js"), "client", self._modules, *flags]


class Tonic(Peer):
    """A small peer of our own on tonic, whose own interop programs are not published."""

    def __init__(self) -> None:
        super().__init__("tonic")
        self.not_called = {**NO_REPORTS}
        self.not_served = {
            **NO_REPORTS,
            "custom_metadata": "a service on tonic cannot give a successful call trailing metadata",
        }

    def prepare(self, work: Path) -> str:
        if shutil.which("cargo") is None:
            return "there is no cargo command"
        target = work / "tonic"
        manifest = str(HERE / "tonic" / "Cargo.toml")
        build = ["cargo", "build", "--quiet", "--release", "--locked", "--manifest-path", manifest]
        run([*build, "--target-dir", str(target)])
        self._program = str(target / "release" / "tonic-peer")
        return ""

    def server(self, flags: list[str]) -> list[str]:
        return [self._program, "server", *flags]

    def client(self, flags: list[str]) -> list[str]:
        return [self._program, "client", *flags]


def known(flags: list[str]) -> list[str]:
    """The flags without the files of certificates, which some programs do not take."""
    return [flag for flag in flags if not flag.startswith(("--tls_", "--ca_file"))]


def balanced(flags: list[str]) -> list[str]:
    """The flags of a standard client, with the balancer by which it sees reports if the case is about them."""
    is_about_reports = any(f"--test_case={case}" in flags for case in REPORTS)
    return [BALANCER, *flags] if is_about_reports else flags


def run(command: list[str], environment: dict[str, str] | None = None) -> None:
    """Runs a step of a build; what it says is shown where it fails."""
    done = subprocess.run(
        command,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed\n{done.stdout}{done.stderr}")


RUSSET = (Python("russet"), Python("russet", asynchronous=True))
FOREIGN = (Python("grpcio"), Go(), Java(), Node(), Ruby(), Tonic())
