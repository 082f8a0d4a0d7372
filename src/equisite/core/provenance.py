"""Which code made a result: digests of the rooms' source."""

from __future__ import annotations

import ast
import hashlib
from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent.parent


@cache
def _rooms_used(room: str) -> tuple[str, ...]:
    """Rooms that `room` imports, itself first, found by reading its import statements."""
    seen: list[str] = []
    waiting = [room]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.append(current)
        for module in sorted((_PACKAGE / current).rglob("*.py")):
            for node in ast.walk(ast.parse(module.read_bytes())):
                names: list[str] = []
                if isinstance(node, ast.ImportFrom) and node.module:
                    names = [node.module]
                elif isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                waiting += [n.split(".")[1] for n in names if n.startswith("equisite.")]
    return (room, *sorted(set(seen) - {room}))


@cache
def code_digest(room: str) -> str:
    """First 16 hex digits of sha256 over the source of a room and the rooms it imports.

    The rules carry it as a parameter: Snakemake does not see the Python behind a command,
    so without it an edited module would keep its stale results.
    """
    digest = hashlib.sha256()
    for used in _rooms_used(room):
        for source in sorted((_PACKAGE / used).rglob("*")):
            if source.is_file() and source.suffix != ".pyc":
                digest.update(source.relative_to(_PACKAGE).as_posix().encode() + b"\0")
                digest.update(hashlib.sha256(source.read_bytes()).digest())
    return digest.hexdigest()[:16]
