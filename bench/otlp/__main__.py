"""OpenTelemetry's OTLP exporter on the originals and on Russet: the CPU time that sending spans to a receiver on grpc-go takes.

The packages are those of `make packages`, in two fresh environments; the runs take turns.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def packages() -> ModuleType:
    """What `make packages` runs, which knows how to make the environments."""
    name = "packages_run"
    specification = importlib.util.spec_from_file_location(
        name, ROOT / "interop" / "packages" / "run.py"
    )
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two runs of each instead of seven")
    parser.add_argument("--spans", type=int, default=20_000)
    given = parser.parse_args()
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    run = packages()
    (package,) = (one for one in run.listed() if one.name == "otlp_grpc")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        receiver = folder / "receiver-of-spans"
        subprocess.run(["go", "build", "-o", receiver, "."], cwd=HERE / "receiver", check=True)
        theirs, ours = run.environments(package, run.build_wheel(folder / "wheel"), folder)
        pythons = {"originals": theirs, "russet": ours}
        exporting: dict[str, list[float]] = {name: [] for name in pythons}
        whole: dict[str, list[float]] = {name: [] for name in pythons}
        with subprocess.Popen(
            [receiver], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None and process.stdin is not None
            address = process.stdout.readline().strip()
            # The first turn compiles the modules.
            for turn in range(1 + (2 if given.quick else 7)):
                for name, python in pythons.items():
                    command = [python, HERE / "sender.py", address, str(given.spans)]
                    printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
                    if turn:
                        export, everything = map(float, printed.stdout.split())
                        exporting[name].append(export)
                        whole[name].append(everything)
            process.stdin.close()
    print(f"\n{f'CPU s, {given.spans:,} spans, gzip':34}{'exporting':>12}{'all':>12}")
    for name in pythons:
        print(
            f"  {name:32}{statistics.median(exporting[name]):12.2f}{statistics.median(whole[name]):12.2f}"
        )


if __name__ == "__main__":
    main()
