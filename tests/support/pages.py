"""Runs the code blocks of a Markdown page, in their order, as a reader would.

What a block is, its info string says:

- `sh`: commands, run in the page's folder with the installed Russet's commands on PATH. Lines that only call `make` are not run; their targets must exist.
- `sh server`: a command that runs until the page ends or has another server, when Ctrl-C must end it without an error. The next block comes once it has printed a line, or as many as `sh server 2` says.
- `python NAME`, `proto NAME` and so on: a file of that name; `diff NAME`: lines of it that change.
- `python`: a program; code in a comment `<!-- before: ... -->` above it runs first in the same program.
- `text output`: exactly what the block before has printed.
- `text` and others: not run.

A comment `<!-- file NAME ... -->` is a file that the reader does not see. Port 50051 and those after it are replaced by free ones.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The block with this line has made the virtual environment.
INSTALL = "pip install ."
# Seconds that a block may take.
PATIENCE = 50
_PART = re.compile(
    r"^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<code>.*?)^(?P=indent)```$|^<!-- (?P<word>before:|file [^\n]*)\n(?P<hidden>.*?)^-->$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A code block, and where it stands."""

    line: int
    language: str
    words: tuple[str, ...]
    code: str
    before: str = ""


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, hidden files among them as blocks of the language "file"."""
    text = page.read_text("utf-8")
    found: list[Block] = []
    before = ""
    for part in _PART.finditer(text):
        line = text.count("\n", 0, part.start()) + 1
        if part["word"] == "before:":
            before = part["hidden"]
        elif part["word"]:
            found.append(Block(line, "file", (part["word"].split()[1],), part["hidden"]))
        else:
            language, *words = part["info"].split() or [""]
            code = textwrap.dedent(part["code"]) if part["indent"] else part["code"]
            found.append(Block(line, language, tuple(words), code, before))
            before = ""
    return found


def free_ports() -> int:
    """The first of three ports in a row that nobody uses now."""
    while True:
        with socket.socket() as first, socket.socket() as second, socket.socket() as third:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
                third.bind(("127.0.0.1", port + 2))
            except (OSError, OverflowError):
                continue
            return port


@dataclass
class Reader:
    """Someone who does what a page says: in a folder, with the commands of a virtual environment."""

    folder: Path
    environment: Path
    port: int = field(default_factory=free_ports)
    printed: str = ""
    server: subprocess.Popen[str] | None = None

    def follow(self, page: Path) -> None:
        """Run every block, and stop what was started."""
        try:
            for block in blocks(page):
                try:
                    self._do(block)
                except (AssertionError, subprocess.SubprocessError) as error:
                    raise AssertionError(f"{page.name}:{block.line}: {error}") from error
            self._stop()
        finally:
            if self.server is not None:
                self.server.kill()
                self.server.communicate()

    def _do(self, block: Block) -> None:
        code = self._with_ports(block.code)
        if block.language == "diff" and block.words:
            self._change(self.folder / block.words[0], code)
        elif block.language == "file" or (block.words and block.language not in ("sh", "text")):
            target = self.folder / block.words[0]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(code)
        elif INSTALL in code:
            pass
        elif block.language == "sh" and is_make(code):
            targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
            assert {*re.findall(r"make ([a-z-]+)", code)} <= {*targets}, "no such target of make"
        elif block.language == "sh" and block.words[:1] == ("server",):
            self._serve(code, int("".join(block.words[1:]) or 1))
        elif block.language == "sh":
            self.printed = self._run(["sh", "-ec", code])
        elif block.language == "python":
            self.printed = self._run(["python", "-c", self._with_ports(block.before) + code])
        elif block.language == "text" and block.words == ("output",):
            assert self.printed == code, f"it printed {self.printed!r}"

    def copy(self, folder: Path) -> None:
        """Take over the files of a folder."""
        for path in folder.iterdir():
            if path.is_file() and not path.name.endswith((".pyc", ".db")):
                (self.folder / path.name).write_text(self._with_ports(path.read_text("utf-8")))

    def _with_ports(self, text: str) -> str:
        return re.sub(r"\b5005([1-3])\b", lambda found: str(self.port + int(found[1]) - 1), text)

    def _change(self, path: Path, diff: str) -> None:
        """Apply the lines of a diff, which begin with a space, a plus or a minus."""
        lines = diff.splitlines(keepends=True)
        old, new = (
            "".join(line[1:] for line in lines if line[:1] not in without) for without in "+-"
        )
        text = path.read_text("utf-8")
        assert text.count(old) == 1, f"{path.name} has not these lines:\n{old}"
        path.write_text(text.replace(old, new))

    def _variables(self) -> dict[str, str]:
        search = os.pathsep.join([str(self.environment / "bin"), os.environ["PATH"]])
        return {**os.environ, "PATH": search, "PYTHONUNBUFFERED": "1"}

    def _run(self, command: list[str]) -> str:
        program = shutil.which(command[0], path=self._variables()["PATH"])
        assert program
        done = subprocess.run(
            [program, *command[1:]],
            cwd=self.folder,
            env=self._variables(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"code {done.returncode}: {done.stderr}"
        return done.stdout

    def _serve(self, code: str, lines: int) -> None:
        self._stop()
        server = subprocess.Popen(
            ["sh", "-ec", f"exec {code}"],
            cwd=self.folder,
            env=self._variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.server = server
        assert server.stdout
        for _ in range(lines):
            line = server.stdout.readline()
            if not line or "Traceback" in line:
                rest, _ = server.communicate(timeout=PATIENCE)
                raise AssertionError(
                    f"the server did not start, code {server.returncode}: {line}{rest}"
                )

    def _stop(self) -> None:
        if self.server is not None:
            self.server.send_signal(signal.SIGINT)
            printed, _ = self.server.communicate(timeout=PATIENCE)
            assert self.server.returncode == 0, printed
            self.server = None


def is_make(code: str) -> bool:
    """Whether a block only calls make."""
    return all(line.startswith("make") for line in code.splitlines() if line.strip())
