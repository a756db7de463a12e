"""A command for setuptools that compiles the `.proto` files of a package: `cmdclass={"build_proto_modules": BuildPackageProtos}`.

It needs setuptools, which Russet does not install.
"""

from __future__ import annotations

import sys
from pathlib import Path

import setuptools

from russet import protoc

__all__ = ["BuildPackageProtos", "build_package_protos"]


def build_package_protos(package_root: str, strict_mode: bool = False) -> None:
    """Compile every `.proto` file below `package_root`, each to `_pb2.py`, `_pb2.pyi` and `_pb2_grpc.py` (with its `.pyi`) beside it.

    A file that does not compile is a warning on standard error, and with `strict_mode` an exception.
    """
    for file in sorted(Path(package_root).rglob("*.proto")):
        command = [
            "russet.protoc",
            f"--proto_path={package_root}",
            f"--python_out={package_root}",
            f"--pyi_out={package_root}",
            f"--grpc_python_out={package_root}",
            str(file),
        ]
        if protoc.main(command) != 0:
            if strict_mode:
                raise RuntimeError(f"error: {command} failed")
            sys.stderr.write(f"warning: {command} failed\n")


class BuildPackageProtos(setuptools.Command):
    """Compiles the `.proto` files below the root of the project's packages, `package_dir[""]`, or the project's folder where that is not set."""

    description = "build grpc protobuf modules"
    user_options = [
        ("strict-mode", "s", "exit with non-zero value if the proto compiling fails."),
    ]
    boolean_options = ["strict-mode"]

    def initialize_options(self) -> None:
        """Set what is not asked for."""
        self.strict_mode = False

    def finalize_options(self) -> None:
        """There is nothing to work out."""

    def run(self) -> None:
        """Compile."""
        package_dir = self.distribution.package_dir or {}
        build_package_protos(package_dir.get("", "."), bool(self.strict_mode))
