"""The compiler in process: what is wrong comes as exceptions and warnings, and nothing is written."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import cast

from russet._core import protoc_descriptor_set

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Optional, Union

    from russet.protobuf.descriptor_pb2 import FileDescriptorSet

    Path = Union[str, os.PathLike[str]]
    # File, line and column, whether it is an error, message, hint.
    Finding = tuple[str, Optional[tuple[int, int]], bool, str, Optional[str]]


class ProtocError(Exception):
    """One thing that is wrong with a file."""

    def __init__(
        self,
        filename: str,
        line: int | None,
        column: int | None,
        message: str,
        hint: str | None = None,
    ) -> None:
        super().__init__(filename, line, column, message, hint)
        #: The file's name, relative to the folder it was found in.
        self.filename = filename
        #: From 1; `None` where the whole file is meant.
        self.line = line
        #: From 1, in bytes, a tab moving to the next multiple of 8; `None` where the whole file is meant.
        self.column = column
        #: What is wrong, in protoc's words.
        self.message = message
        #: What could be meant instead, where that can be guessed.
        self.hint = hint

    def __str__(self) -> str:
        place = "" if self.line is None else f"{self.line}:{self.column}:"
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.filename}:{place} {self.message}{hint}"


class ProtocErrors(ImportError):
    """Files do not compile: all that is wrong with them."""

    def __init__(self, errors: Sequence[ProtocError]) -> None:
        super().__init__("\n".join(map(str, errors)))
        #: Each with its position, in the order in which they were found.
        self.errors = tuple(errors)
        self.path = errors[0].filename if errors else None

    def __reduce__(self) -> tuple[type[ProtocErrors], tuple[tuple[ProtocError, ...]]]:
        return type(self), (self.errors,)


class ProtocWarning(UserWarning):
    """What the compiler warns of, as an import that is not used."""


def check(findings: Iterable[Finding], stacklevel: int = 3) -> None:
    """Warn of what is doubtful and raise what is wrong.

    Raises:
        ProtocErrors: one of the findings is an error.
    """
    errors: list[ProtocError] = []
    for filename, position, is_error, message, hint in findings:
        line, column = position or (None, None)
        error = ProtocError(filename, line, column, message, hint)
        if is_error:
            errors.append(error)
        else:
            warnings.warn(str(error), ProtocWarning, stacklevel=stacklevel)
    if errors:
        raise ProtocErrors(errors)


def compile(
    *files: Path,
    proto_path: Iterable[Path] | Mapping[str, Path] = (".",),
    sources: Mapping[str, str | bytes] | None = None,
    include_imports: bool = True,
    include_source_info: bool = False,
    retain_options: bool = False,
) -> FileDescriptorSet:
    """Compile `.proto` files to their descriptors, as `protoc --descriptor_set_out` does.

    Args:
        files: Names relative to a folder of `proto_path`, with `/` between folders.
        proto_path: Folders where files and their imports are looked for, in this order; a mapping gives each a name that stands before those of its files. The well-known types need none.
        sources: Files that are not on disk: their texts by name. They come before those that are.
        include_imports: Also the files that are imported, each before those that import it.
        include_source_info: Also the places and the comments of everything.
        retain_options: Also options that are meant for the source only.

    Raises:
        ProtocErrors: Something is wrong; `errors` has each with its position.
    """
    from russet.protobuf.descriptor_pb2 import FileDescriptorSet

    if isinstance(proto_path, (str, os.PathLike)):
        raise TypeError(f"proto_path is a list of folders: [{os.fspath(proto_path)!r}]")
    if isinstance(proto_path, Mapping):
        named = cast("Mapping[str, Path]", proto_path)
        roots = [(name, os.fspath(path)) for name, path in named.items()]
    else:
        roots = [("", os.fspath(path)) for path in proto_path]
    texts = [
        (name, text.encode() if isinstance(text, str) else bytes(text))
        for name, text in (sources or {}).items()
    ]
    found, findings = protoc_descriptor_set(
        [os.fspath(file) for file in files],
        roots,
        texts,
        imports=include_imports,
        source_info=include_source_info,
        source_options=retain_options,
    )
    check(findings)
    return FileDescriptorSet.FromString(found or b"")
