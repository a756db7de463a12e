"""Makes the seeds and the dictionary of the fuzz targets: `prepare.py TARGET` writes fuzz/corpus/TARGET/ and fuzz/dictionaries/TARGET.dict.

What it writes is not committed. What earlier runs have found is: fuzz/corpora/TARGET.tar.xz is unpacked among the seeds.
"""

from __future__ import annotations

import random
import re
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
PROTOS = HERE.parent / "tests" / "protos"
BUNDLED = HERE.parent / "crates" / "compiler" / "protos"

# Inputs of the `compile` target: the first byte says what follows.
TEXT, CHOICES = b"\0", b"\1"
NAMES = [b"a.proto", b"b.proto", b"c.proto", b"d.proto"]

IMPORT = re.compile(rb'(import\s+(?:public\s+|weak\s+|option\s+)?)"([^"]+)"')


def protos() -> list[Path]:
    return sorted([*PROTOS.rglob("*.proto"), *BUNDLED.rglob("*.proto")])


def whole_files() -> Iterator[bytes]:
    for path in protos():
        yield path.read_bytes()


def files_with_imports() -> Iterator[bytes]:
    """A file and what it imports from the tests, under the names that the target gives them; then choices for its grammar."""
    for path in protos():
        names = {path.relative_to(PROTOS).as_posix(): 0} if path.is_relative_to(PROTOS) else {}
        texts = []
        queue = [path]
        while queue:
            text = queue.pop(0).read_bytes()
            for _, imported in IMPORT.findall(text):
                below = PROTOS / imported.decode()
                if below.exists() and imported.decode() not in names and len(names) < len(NAMES):
                    names[imported.decode()] = len(names)
                    queue.append(below)
            texts.append(text)

        def renamed(match: re.Match[bytes], names: dict[str, int] = names) -> bytes:
            index = names.get(match[2].decode())
            return match[0] if index is None else match[1] + b'"' + NAMES[index] + b'"'

        yield TEXT + b"\0".join(IMPORT.sub(renamed, text) for text in texts)
    choices = random.Random(1)
    for length in (50, 200, 1000, 3000):
        for _ in range(10):
            yield CHOICES + choices.randbytes(length)


# A message in the test schemas' words: pieces that a run puts together.
JSON = [
    b'{"fInt32":1,"fString":"a\\u00e9\\n","fBytes":"AAEC","rInt32":[1,2],"mStringInt32":{"a":1},"fSub":{"x":1},"fDouble":"NaN"}',
    b'{"wTimestamp":"2020-01-01T00:00:00.5Z","wDuration":"-1.5s","wStruct":{"a":[null,1.5,"b"]},"wAny":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1s"}}',
    b'{"fEnum":"NEG","rEnum":[0,"ONE"],"fUint64":"18446744073709551615","fFloat":1e-45,"wMask":"a.b,cD"}',
    b'{"a":' * 120 + b"1" + b"}" * 120,
]
TEXT_FORMAT = [
    b"f_int32: 1 f_string: 'a\\n\\x41' \"b\" r_int32: [1, 0x2, 03] m_string_int32 { key: 'a' value: 1 } f_sub < x: 1 > f_double: nan",
    b"w_any { [type.googleapis.com/google.protobuf.Duration] { seconds: 1 } } f_enum: ONE f_bytes: '\\377' # comment\n f_float: -1.5f;",
    b"[russet.test.extension]: 5 f_bool: t, f_uint64: 18446744073709551615",
    b"f_sub { next {" * 120 + b"}}" * 120,
]


def chosen(pieces: list[bytes]) -> Iterator[bytes]:
    """Each piece for each of the message types, which a byte chooses."""
    for choice in range(0, 256, 3):
        for piece in pieces:
            yield bytes([choice]) + piece


def wire() -> Iterator[bytes]:
    """Fields with small numbers of every wire type, after the byte that chooses the type."""
    choices = random.Random(1)
    for choice in range(32):
        data = bytearray([choice])
        for number in range(1, 100):
            kind = choices.choice([0, 1, 2, 3, 5])
            tag = number << 3 | kind
            data += bytes([tag]) if tag < 0x80 else bytes([tag & 0x7F | 0x80, tag >> 7])
            if kind == 3:
                data += bytes([data[-1] + 1]) if tag < 0x7F else b""
            elif kind == 2:
                length = choices.randrange(20)
                data += bytes([length]) + choices.randbytes(length)
            else:
                data += {0: b"\x05", 1: bytes(8), 5: bytes(4)}[kind]
        yield bytes(data)


def words() -> list[str]:
    """What the files of the tests are made of, the frequent first."""
    found = Counter(
        word
        for path in protos()
        for word in re.findall(r"[A-Za-z_][\w.]*|\"[^\"\\\n]*\"", path.read_text("utf-8"))
        if len(word) < 40
    )
    marks = [
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "<",
        ">",
        ";",
        "=",
        "//",
        "/*",
        "*/",
        "\\u",
        "\\x",
        "1e400",
    ]
    return marks + [word for word, count in found.most_common(600) if count > 1]


SEEDS = {
    "compiler_lexer": whole_files,
    "compiler_parser": whole_files,
    "compile": files_with_imports,
    "message_json": lambda: chosen(JSON),
    "message_text": lambda: chosen(TEXT_FORMAT),
    "message_wire": wire,
}


def main() -> None:
    target = sys.argv[1]
    corpus = HERE / "corpus" / target
    corpus.mkdir(parents=True, exist_ok=True)
    kept = HERE / "corpora" / f"{target}.tar.xz"
    if kept.exists():
        with tarfile.open(kept) as archive:
            for member in archive.getmembers():
                if member.isfile() and (content := archive.extractfile(member)):
                    (corpus / Path(member.name).name).write_bytes(content.read())
    if target not in SEEDS:
        return
    for number, seed in enumerate(SEEDS[target]()):
        (corpus / f"seed-{number:03}").write_bytes(seed)
    dictionary = HERE / "dictionaries" / f"{target}.dict"
    dictionary.parent.mkdir(exist_ok=True)
    escaped = (word.replace("\\", "\\\\").replace('"', '\\"') for word in words())
    dictionary.write_text("".join(f'"{word}"\n' for word in escaped))


main()
