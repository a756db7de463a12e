"""Generated code of the six shapes for every runtime, in a folder that is then on the path."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).parent / "shapes.proto"
# The packages of generated code, so that the modules of Russet and upb have names of their own.
UPB, RUSSET = "upb_side", "russet_side"


def generate(folder: Path) -> None:
    """Writes what every runtime that is installed needs."""
    from grpc_tools import protoc as google_protoc

    for package in (UPB, RUSSET):
        (folder / package).mkdir()
        shutil.copy(SCHEMA, folder / package / "shapes.proto")
    arguments = ["protoc", f"-I{folder}", f"--python_out={folder}", f"{UPB}/shapes.proto"]
    if google_protoc.main(arguments) != 0:
        raise SystemExit("the schema does not compile")
    russet_protoc = [sys.executable, "-m", "russet.protoc", f"-I{folder}", f"--python_out={folder}"]
    subprocess.run([*russet_protoc, f"{RUSSET}/shapes.proto"], check=True)
    # Compilers of the other peers are plugins that their packages put beside the interpreter, as what they run themselves.
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for package, output in (("protobuf", "py"), ("better", "python_betterproto2")):
        plugin = Path(sys.executable).parent / f"protoc-gen-{output}"
        out = folder / package if package == "better" else folder
        if plugin.exists():
            out.mkdir(exist_ok=True)
            arguments = [
                "protoc",
                f"--plugin={plugin}",
                f"-I{SCHEMA.parent}",
                f"--{output}_out={out}",
            ]
            if google_protoc.main([*arguments, SCHEMA.name]) != 0:
                raise SystemExit(f"{plugin.name} failed")
    sys.path.insert(0, str(folder))


def classes(package: str) -> dict[str, Any]:
    """The message classes of Russet's or upb's generated code."""
    module = importlib.import_module(f"{package}.shapes_pb2")
    return {name: getattr(module, name) for name in module.DESCRIPTOR.message_types_by_name}
