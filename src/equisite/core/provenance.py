"""Which code made a result: digests of a room's source and of the modules it imports."""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent.parent
_CODES = _PACKAGE / "core" / "codes"


@cache
def code_digest(room: str) -> str:
    """First 16 hex digits of sha256 over a room's files and all modules they import.

    The rules carry it as a parameter: Snakemake does not see the Python behind a command,
    so without it an edited module would keep its stale results. Of the registry of codes
    only the tables of the rooms involved count: a new code elsewhere re-runs nothing here.
    """
    waiting = {p for p in (_PACKAGE / room).rglob("*") if p.is_file() and p.suffix != ".pyc"}
    counted: set[Path] = set()
    while waiting:
        source = waiting.pop()
        counted.add(source)
        if source.suffix == ".py":
            waiting |= _imported(source) - counted
    rooms = {p.relative_to(_PACKAGE).parts[0] for p in counted}
    counted |= {_CODES / f"{r}.tsv" for r in rooms if (_CODES / f"{r}.tsv").is_file()}
    digest = hashlib.sha256()
    for source in sorted(counted):
        digest.update(source.relative_to(_PACKAGE).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()[:16]


@cache
def _imported(source: Path) -> frozenset[Path]:
    """Files of this package that one module imports, with their packages' `__init__`."""
    found = set()
    for node in ast.walk(ast.parse(source.read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] != "equisite":
                continue
            for depth in range(1, len(parts)):
                path = _PACKAGE.joinpath(*parts[1 : depth + 1])
                for candidate in (path.with_suffix(".py"), path / "__init__.py"):
                    if candidate.is_file():
                        found.add(candidate)
    return frozenset(found)
