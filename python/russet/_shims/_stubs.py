"""Type stubs: every name of a module of Russet under the original's name, as type checkers see it there."""

from __future__ import annotations

import ast

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def stub(target: str, source: Path) -> str:
    """The stub of a module that is `target` under another name."""
    tree = ast.parse(source.read_text("utf-8"))
    listed = set(_all(tree.body))
    names = sorted(_bound(tree.body, listed) | listed)
    imports = "".join(f"from {target} import {name} as {name}\n" for name in names)
    if any(isinstance(part, ast.ImportFrom) and part.names[0].name == "*" for part in tree.body):
        imports = f"from {target} import *\n{imports}"
    exported = f"\n__all__ = {sorted(listed)!r}\n" if listed else ""
    return imports + exported


def _all(body: Iterable[ast.stmt]) -> Iterator[str]:
    """The names in a module's `__all__`."""
    for statement in body:
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, (ast.AnnAssign, ast.AugAssign)):
            targets = [statement.target]
        else:
            continue
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            for node in ast.walk(statement):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield node.value


def _bound(body: Iterable[ast.stmt], listed: set[str], for_types: bool = False) -> set[str]:
    """The names that statements bind; of imports, those that are meant for others."""
    found: set[str] = set()
    for statement in body:
        if isinstance(statement, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            found.add(statement.name)
        elif isinstance(statement, ast.Assign):
            for target in statement.targets:
                found.update(node.id for node in ast.walk(target) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))  # fmt: skip
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            found.add(statement.target.id)
        elif isinstance(statement, ast.ImportFrom):
            ours = statement.level > 0 or (statement.module or "").split(".")[0] == "russet"
            for alias in statement.names:
                name = alias.asname or alias.name
                if name in listed or (alias.asname is not None and alias.asname == alias.name) or (ours and not for_types):  # fmt: skip
                    found.add(name)
        elif isinstance(statement, ast.If):
            types = isinstance(statement.test, ast.Name) and statement.test.id == "TYPE_CHECKING"
            found |= _bound(statement.body, listed, for_types or types)
            found |= _bound(statement.orelse, listed, for_types)
        elif isinstance(statement, ast.Try):
            bodies = [statement.body, statement.orelse, *(part.body for part in statement.handlers)]
            for part in bodies:
                found |= _bound(part, listed, for_types)
    dunders = {name for name in found if name.startswith("__") and name != "__version__"}
    return found - dunders - {"TYPE_CHECKING", "*"}
