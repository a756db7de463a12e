"""The setuptools command in a real project."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("setuptools")

SETUP = """
from setuptools import setup
from russet.protoc.command import BuildPackageProtos
setup(
    name="shop", version="1", packages=["shop"], package_dir={"": "src"},
    cmdclass={"build_package_protos": BuildPackageProtos},
)
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    package = tmp_path / "src" / "shop"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "shop.proto").write_text(
        'syntax = "proto3";\nimport "google/protobuf/any.proto";\nmessage M { google.protobuf.Any a = 1; }\nservice S { rpc X(M) returns (M); }\n'
    )
    (tmp_path / "setup.py").write_text(SETUP)
    return tmp_path


def command(project: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "setup.py", "--quiet", "build_package_protos", *args],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )


def test_modules_are_made_beside_their_files(project: Path) -> None:
    result = command(project)
    assert result.returncode == 0, result.stderr
    made = {path.name for path in (project / "src" / "shop").glob("shop_pb2*")}
    assert made == {"shop_pb2.py", "shop_pb2.pyi", "shop_pb2_grpc.py", "shop_pb2_grpc.pyi"}
    code = "from shop import shop_pb2, shop_pb2_grpc; shop_pb2.M(); shop_pb2_grpc.SStub"
    subprocess.run([sys.executable, "-c", code], cwd=project / "src", check=True)


def test_a_file_that_does_not_compile(project: Path) -> None:
    (project / "src" / "shop" / "broken.proto").write_text("message {")
    result = command(project)
    assert result.returncode == 0
    assert "warning: ['russet.protoc'" in result.stderr
    assert (project / "src" / "shop" / "shop_pb2.py").exists()
    strict = command(project, "--strict-mode")
    assert strict.returncode != 0
    assert "failed" in strict.stderr


def test_the_function(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from russet.protoc.command import build_package_protos

    root = str(project / "src")
    build_package_protos(root, strict_mode=True)
    (project / "src" / "broken.proto").write_text("message {")
    build_package_protos(root)
    assert "Expected message name." in capfd.readouterr().err
    with pytest.raises(Exception, match=r"broken\.proto"):
        build_package_protos(root, strict_mode=True)
