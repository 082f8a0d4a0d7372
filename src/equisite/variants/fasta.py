"""Reading FASTA, plain or gzip-compressed (bgzip is gzip)."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

LETTERS = b"ACGTUNRYSWKMBDHV"
"""Upper-case IUPAC letters that a reference may hold."""


def read_fasta(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and upper-case sequence of each entry, one in memory at a time.

    Raises ValueError for what is no FASTA, for letters that are no bases, for a name given
    twice and for a compressed file that is cut or corrupt.
    """
    with path.open("rb") as plain:
        compressed = plain.read(2) == b"\x1f\x8b"
    with gzip.open(path) if compressed else path.open("rb") as stream:
        try:
            yield from _entries(stream)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise ValueError("the compressed file is cut short or corrupt") from None


def _entries(stream: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    name = ""
    parts: list[bytes] = []
    seen: set[str] = set()
    for line in stream:
        if line.startswith(b">"):
            if name:
                yield name, _sequence(name, parts)
            words = line[1:].split(None, 1)
            if not words:
                raise ValueError("a header line has no name")
            name = words[0].decode("utf-8", "replace")
            if name in seen:
                raise ValueError(f"sequence {name} occurs twice")
            seen.add(name)
            parts = []
        elif name:
            parts.append(line.rstrip())
        elif line.strip():
            raise ValueError("it does not begin with a header line")
    if not name:
        raise ValueError("it holds no sequence")
    yield name, _sequence(name, parts)


def _sequence(name: str, parts: list[bytes]) -> bytes:
    sequence = b"".join(parts).upper()
    if sequence.translate(None, LETTERS):
        raise ValueError(f"sequence {name} holds letters that are no bases")
    return sequence
