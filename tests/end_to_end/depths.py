"""Search for texts in all bytes of files, also inside compressed and encoded members."""

from __future__ import annotations

import base64
import binascii
import gzip
import io
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

_DEEPEST = 5
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{24,}={0,2}")
_DEFLATE = (b"\x78\x01", b"\x78\x9c", b"\x78\xda")


def layers(data: bytes, depth: int = 0) -> Iterator[bytes]:
    """The bytes themselves, and whatever they hold when unpacked or decoded."""
    yield data
    if depth == _DEEPEST:
        return
    for inner in _members(data):
        yield from layers(inner, depth + 1)
    for run in _BASE64.findall(data):
        letters = run.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
        for offset in range(4):  # letters before it may have joined the run
            padded = letters[offset:] + b"=" * (-len(letters[offset:]) % 4)
            try:
                decoded = base64.b64decode(padded, validate=True)
            except binascii.Error:
                continue
            yield from layers(decoded, depth + 1)


def _members(data: bytes) -> Iterator[bytes]:
    if data[:2] == b"\x1f\x8b":
        try:
            yield gzip.decompress(data)
        except (OSError, EOFError, zlib.error):
            yield zlib.decompressobj(31).decompress(data)
    elif data[:2] in _DEFLATE:
        try:
            yield zlib.decompressobj().decompress(data)
        except zlib.error:
            return
    elif data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield name.encode()
                yield archive.read(name)
    elif data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive:
                yield member.name.encode()
                content = archive.extractfile(member)
                if content is not None:
                    yield content.read()


def hits(places: Iterable[Path], texts: Iterable[str]) -> list[tuple[str, str]]:
    """(file, text) of every text found in names or bytes below the places; case counts not."""
    wanted = [(text, text.lower().encode()) for text in texts]
    found = set()
    for place in places:
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        for path in files:
            relative = str(path.relative_to(place.parent))
            content = path.read_bytes() if path.is_file() else b""
            for layer in (*layers(relative.encode()), *layers(content)):
                lower = layer.lower()
                found |= {(relative, text) for text, raw in wanted if raw in lower}
    return sorted(found)
