"""Runs the code blocks of a Markdown page, in their order, as a reader would.

What a block is, its info string says:

- `sh`: commands, run in the page's folder with the installed Russet's commands on PATH. Lines that only call `make` are not run; their targets must exist.
- `sh server`: a command that runs until the page ends, when Ctrl-C must end it without an error. The next block comes once it has printed a line.
- `python NAME`, `proto NAME` and so on: a file of that name.
- `python`: a program; code in a comment `<!-- before: ... -->` above it runs first in the same program.
- `text output`: exactly what the block before has printed.
- `text` and others: not run.

A comment `<!-- file NAME ... -->` is a file that the reader does not see. Port 50051 is replaced by one that is free.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The block with this line has made the virtual environment.
INSTALL = "pip install ."
# Seconds that a block may take.
PATIENCE = 50
_PART = re.compile(
    r"^```(?P<info>[^\n`]*)\n(?P<code>.*?)^```$|^<!-- (?P<word>before:|file [^\n]*)\n(?P<hidden>.*?)^-->$",
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
            found.append(Block(line, language, tuple(words), part["code"], before))
            before = ""
    return found


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@dataclass
class Reader:
    """Someone who does what a page says: in a folder, with the commands of a virtual environment."""

    folder: Path
    environment: Path
    port: int = field(default_factory=free_port)
    printed: str = ""
    servers: list[subprocess.Popen[str]] = field(default_factory=list)

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
            for server in self.servers:
                server.kill()
                server.communicate()

    def _do(self, block: Block) -> None:
        code = block.code.replace("50051", str(self.port))
        if block.language == "file" or (block.words and block.language not in ("sh", "text")):
            target = self.folder / block.words[0]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(code)
        elif INSTALL in code:
            pass
        elif block.language == "sh" and is_make(code):
            targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
            assert {*re.findall(r"make ([a-z-]+)", code)} <= {*targets}, "no such target of make"
        elif block.language == "sh" and block.words == ("server",):
            self._serve(code)
        elif block.language == "sh":
            self.printed = self._run(["sh", "-ec", code])
        elif block.language == "python":
            before = block.before.replace("50051", str(self.port))
            self.printed = self._run(["python", "-c", before + code])
        elif block.language == "text" and block.words == ("output",):
            assert self.printed == code, f"it printed {self.printed!r}"

    def _variables(self) -> dict[str, str]:
        search = os.pathsep.join([str(self.environment / "bin"), os.environ["PATH"]])
        # Python's own warnings about this page's code would be part of what it prints.
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

    def _serve(self, code: str) -> None:
        server = subprocess.Popen(
            ["sh", "-ec", f"exec {code}"],
            cwd=self.folder,
            env=self._variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.servers.append(server)
        assert server.stdout
        line = server.stdout.readline()
        assert server.poll() is None and "Traceback" not in line, line + (server.stdout.read() if "Traceback" in line else "")  # fmt: skip

    def _stop(self) -> None:
        for server in self.servers:
            server.send_signal(signal.SIGINT)
            printed, _ = server.communicate(timeout=PATIENCE)
            assert server.returncode == 0, printed
        self.servers.clear()


def is_make(code: str) -> bool:
    """Whether a block only calls make."""
    return all(line.startswith("make") for line in code.splitlines() if line.strip())
