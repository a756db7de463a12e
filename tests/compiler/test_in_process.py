"""`russet.protoc.compile` and the import hook: errors are exceptions with positions, and repeated starts use the cache."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import russet.protoc
from compiler_support import PROTOC, needs_protoc
from russet.protoc import ProtocError, ProtocErrors, ProtocWarning, _cache, importer

GREET = 'syntax = "proto3";\npackage in_process;\nimport "words.proto";\nmessage Greet { Words words = 1; }\n'
WORDS = 'syntax = "proto3";\npackage in_process;\n// Said.\nmessage Words { repeated string word = 1; }\n'


def test_sources_in_memory() -> None:
    files = russet.protoc.compile(
        "greet.proto", proto_path=(), sources={"greet.proto": GREET, "words.proto": WORDS.encode()}
    ).file
    assert [file.name for file in files] == ["words.proto", "greet.proto"]
    assert files[1].message_type[0].field[0].type_name == ".in_process.Words"


@needs_protoc
def test_the_set_is_that_of_protoc(tmp_path: Path) -> None:
    (tmp_path / "greet.proto").write_text(GREET)
    (tmp_path / "words.proto").write_text(WORDS)
    for flags, arguments in (
        ([], {"include_imports": False}),
        (["--include_imports", "--include_source_info"], {"include_source_info": True}),
    ):
        PROTOC.good("-I.", *flags, "-o", "set", "greet.proto", cwd=tmp_path)
        made = russet.protoc.compile("greet.proto", proto_path=[tmp_path], **arguments)
        assert made.SerializeToString() == (tmp_path / "set").read_bytes()


def test_a_folder_can_have_a_name(tmp_path: Path) -> None:
    (tmp_path / "words.proto").write_text(WORDS)
    made = russet.protoc.compile("said/words.proto", proto_path={"said": tmp_path})
    assert made.file[0].name == "said/words.proto"
    with pytest.raises(TypeError, match="proto_path is a list of folders"):
        russet.protoc.compile("words.proto", proto_path=str(tmp_path))


def test_all_errors_with_their_positions() -> None:
    text = 'syntax = "proto3";\nmessage A {\n  Timestamp at = 1;\n\tNone b = 2;\n}\n'
    with pytest.raises(ProtocErrors) as caught:
        russet.protoc.compile("a.proto", proto_path=(), sources={"a.proto": text})
    first, second = caught.value.errors
    assert (first.filename, first.line, first.column) == ("a.proto", 3, 3)
    assert first.message == '"Timestamp" is not defined.'
    assert "google/protobuf/timestamp.proto" in (first.hint or "")
    assert (second.line, second.column) == (4, 9)
    assert 'a.proto:4:9: "None" is not defined.' in str(caught.value)
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert again.errors[0].line == 3


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(ProtocErrors) as caught:
        russet.protoc.compile("nowhere.proto", proto_path=())
    (error,) = caught.value.errors
    assert isinstance(error, ProtocError)
    assert (error.line, error.column) == (None, None)
    assert str(error).startswith("nowhere.proto: ")


def test_warnings_are_python_warnings() -> None:
    sources = {"greet.proto": GREET.replace("Words words", "string words"), "words.proto": WORDS}
    with pytest.warns(ProtocWarning, match=r"greet\.proto:3:1: Import words\.proto is unused"):
        russet.protoc.compile("greet.proto", proto_path=(), sources=sources)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("RUSSET_CACHE_DIR", str(folder))
    return folder


def write(folder: Path, name: str, text: str) -> Path:
    """A file as if it had been there for a while."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (1_600_000_000, 1_600_000_000))
    return path


def in_a_new_program(folder: Path, source: str) -> str:
    """Each module can be imported once in a process, and messages be registered once."""
    program = f"import sys\nsys.path.insert(0, {str(folder)!r})\nfrom russet.protoc import importer\nimporter.install()\n{source}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


FIELDS = "import greet_pb2\nprint([field.name for field in greet_pb2.Greet.DESCRIPTOR.fields])"


def test_an_import_compiles_once_and_again_when_an_imported_file_changed(
    tmp_path: Path, cache: Path
) -> None:
    protos = tmp_path / "protos"
    write(protos, "greet.proto", GREET)
    write(protos, "words.proto", WORDS)
    assert in_a_new_program(protos, FIELDS) == "['words']"
    kept = {entry: entry.read_bytes() for entry in cache.iterdir()}
    assert len(kept) == 2, "a module for each of the two files"
    assert in_a_new_program(protos, FIELDS) == "['words']"
    assert {entry: entry.read_bytes() for entry in cache.iterdir()} == kept
    write(
        protos, "greet.proto", GREET.replace("Words words = 1;", "Words words = 1; int32 more = 2;")
    )
    assert in_a_new_program(protos, FIELDS) == "['words', 'more']"


def test_the_cache_holds_what_was_compiled(tmp_path: Path, cache: Path) -> None:
    protos = tmp_path / "protos"
    path = write(protos, "words.proto", WORDS)
    code = compile("made = 1", "<test>", "exec")
    roots = [str(protos)]
    files = [("words.proto", str(path)), ("google/protobuf/any.proto", None)]
    assert _cache.load("words.proto", "_pb2", roots) is None
    _cache.save("words.proto", "_pb2", roots, files, code, started=1_700_000_000)
    assert _cache.load("words.proto", "_pb2", roots) == code
    assert _cache.load("words.proto", "_pb2_grpc", roots) is None
    # A file that now hides one of them, even a bundled one, counts as a change.
    hiding = write(protos, "google/protobuf/any.proto", "")
    assert _cache.load("words.proto", "_pb2", roots) is None
    hiding.unlink()
    assert _cache.load("words.proto", "_pb2", roots) == code
    write(protos, "words.proto", WORDS + "// changed\n")
    assert _cache.load("words.proto", "_pb2", roots) is None


def test_what_others_can_write_is_not_run(tmp_path: Path, cache: Path) -> None:
    path = write(tmp_path, "words.proto", WORDS)
    code = compile("made = 1", "<test>", "exec")
    arguments = ("words.proto", "_pb2", [str(tmp_path)])
    cache.mkdir()
    cache.chmod(0o777)
    _cache.save(*arguments, [("words.proto", str(path))], code, started=1_700_000_000)
    assert not list(cache.iterdir())
    cache.chmod(0o700)
    _cache.save(*arguments, [("words.proto", str(path))], code, started=1_700_000_000)
    assert _cache.load(*arguments) == code
    cache.chmod(0o777)
    assert _cache.load(*arguments) is None


def test_a_file_that_changes_while_it_is_compiled_is_not_kept(tmp_path: Path, cache: Path) -> None:
    path = write(tmp_path, "words.proto", WORDS)
    code = compile("made = 1", "<test>", "exec")
    files = [("words.proto", str(path))]
    _cache.save("words.proto", "_pb2", [str(tmp_path)], files, code, started=1_600_000_001)
    assert not list(cache.iterdir())


def test_broken_entries_and_no_cache_only_cost_time(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "words.proto", WORDS)
    source = "import words_pb2\nprint(words_pb2.Words.DESCRIPTOR.full_name)"
    assert in_a_new_program(tmp_path, source) == "in_process.Words"
    for entry in cache.iterdir():
        entry.write_bytes(b"broken")
    assert in_a_new_program(tmp_path, source) == "in_process.Words"
    monkeypatch.setenv("RUSSET_CACHE_DIR", "")
    assert in_a_new_program(tmp_path, source) == "in_process.Words"
    monkeypatch.setenv("RUSSET_CACHE_DIR", "/dev/null/nowhere")
    assert in_a_new_program(tmp_path, source) == "in_process.Words"


def test_the_oldest_entries_go(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "words.proto", WORDS)
    code = compile("made = 1", "<test>", "exec")
    monkeypatch.setattr(_cache, "MAX_ENTRIES", 3)
    files = [("words.proto", str(path))]
    for number in range(5):
        name = f"{number}.proto"
        _cache.save(name, "_pb2", [str(tmp_path)], files, code, started=1_700_000_000)
        entry = _cache._entry(cache, name, "_pb2", [str(tmp_path)])
        os.utime(entry, (1_700_000_000 + number, 1_700_000_000 + number))
    assert len(list(cache.iterdir())) == 3
    assert _cache.load("0.proto", "_pb2", [str(tmp_path)]) is None
    assert _cache.load("4.proto", "_pb2", [str(tmp_path)]) == code


def test_an_import_that_fails_says_where(tmp_path: Path, cache: Path) -> None:
    write(tmp_path, "wrong.proto", 'syntax = "proto3";\nmessage W { X x = 1; }\n')
    source = "try:\n    import wrong_pb2\nexcept ImportError as error:\n    print(type(error).__name__, error)"
    assert in_a_new_program(tmp_path, source).startswith(
        'ProtocErrors wrong.proto:2:13: "X" is not defined.'
    )


def test_install_can_be_undone() -> None:
    importer.install()
    importer.install()
    assert sys.meta_path.count(importer._FINDER) == 1
    importer.uninstall()
    importer.uninstall()
    assert importer._FINDER not in sys.meta_path


def test_the_originals_private_compiler(tmp_path: Path) -> None:
    from russet.grpc_tools import _protoc_compiler

    text = 'syntax = "proto3"; message A {} service S { rpc M (A) returns (A); }'
    (tmp_path / "a.proto").write_text(text)
    roots = [str(tmp_path).encode()]
    ((name, code),) = _protoc_compiler.get_protos(b"a.proto", roots)
    assert name == b"a_pb2.py"
    assert b"DESCRIPTOR" in code
    ((name, code),) = _protoc_compiler.get_services(b"a.proto", roots)
    assert name == b"a_pb2_grpc.py"
    assert b"class SStub" in code
    with pytest.raises(_protoc_compiler.ProtocError):
        _protoc_compiler.get_protos(b"b.proto", roots)
    out = f"-o{tmp_path / 'set'}".encode()
    assert _protoc_compiler.run_main([b"protoc", b"-I" + roots[0], out, b"a.proto"]) == 0
    assert (tmp_path / "set").stat().st_size > 0
