"""Names of the samples inside BAM, CRAM, VCF and BCF, from their headers alone."""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path
from typing import IO

_LARGEST = 64 * 1024 * 1024
"""A header longer than this is none that a tool wrote."""
_PIECE = 1 << 16


class HeaderError(Exception):
    """The file has no header of its kind; the text is the end of a sentence."""


def samples_of(path: Path) -> list[str]:
    """Names of samples in a header, sorted, each once: SM of read groups, or VCF columns.

    Raises HeaderError when there is none; OSError when the machine cannot read.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
        if start == b"CRAM":
            return _read_groups(_cram_header(path))
        if start[:2] != b"\x1f\x8b":
            with path.open("rb") as plain:
                return _of_vcf(plain)
        with gzip.open(path) as packed:
            magic = packed.read(5)
            if magic[:4] == b"BAM\1":
                return _read_groups(_text(packed, magic[4:] + packed.read(3)))
            if magic == b"BCF\2\2":
                return _columns(_text(packed, packed.read(4)).splitlines())
        with gzip.open(path) as packed:
            return _of_vcf(packed)
    except (EOFError, IndexError, gzip.BadGzipFile, zlib.error, struct.error, UnicodeError):
        raise HeaderError("its header is not whole") from None


def _text(stream: IO[bytes] | gzip.GzipFile, length: bytes) -> str:
    size = struct.unpack("<i", length)[0]
    if not 0 <= size <= _LARGEST:
        raise HeaderError("its header is not whole")
    text = stream.read(size)
    if len(text) < size:
        raise HeaderError("its header is not whole")
    return text.rstrip(b"\0").decode()


def _read_groups(header: str) -> list[str]:
    """SM of the @RG lines (SAM, section 1.3)."""
    found = set()
    for line in header.splitlines():
        if line.startswith("@RG\t"):
            found |= {part[3:] for part in line.split("\t") if part.startswith("SM:")}
    return sorted(found - {""})


def _of_vcf(stream: IO[bytes] | gzip.GzipFile) -> list[str]:
    lines: list[str] = []
    read = 0
    for raw in stream:
        read += len(raw)
        if not raw.startswith(b"#") or read > _LARGEST:
            break
        lines.append(raw.decode())
    return _columns(lines)


def _columns(lines: list[str]) -> list[str]:
    """Samples of the #CHROM line: what follows FORMAT (VCF 4.3, section 1.5)."""
    for line in lines:
        if line.startswith("#CHROM\t"):
            return sorted(set(line.rstrip("\r\n").split("\t")[9:]))
    raise HeaderError("it has no header line of samples")


def _cram_header(path: Path) -> str:
    """The SAM header of a CRAM: first block of the first container (CRAM 3.0, 6 to 8)."""
    with path.open("rb") as stream:
        major = stream.read(26)[4]
        stream.read(4)  # bytes of the container
        for _ in range(4):  # reference, start, span, records
            _itf8(stream)
        for _ in range(2):  # record counter, bases
            _ltf8(stream)
        _itf8(stream)  # blocks
        for _ in range(_itf8(stream)):  # landmarks
            _itf8(stream)
        stream.read(4 if major >= 3 else 0)  # checksum
        method = stream.read(2)[0]  # and the kind of content
        _itf8(stream)  # its id
        size = _itf8(stream)
        _itf8(stream)  # size when unpacked
        packed = stream.read(min(size, _LARGEST))
    if method == 1:
        packed = gzip.decompress(packed)
    elif method != 0:
        raise HeaderError("its header is packed in a way that is not read here")
    length = struct.unpack("<i", packed[:4])[0]
    return packed[4 : 4 + length].rstrip(b"\0").decode()


def _itf8(stream: IO[bytes]) -> int:
    """A number of CRAM's variable length (section 2.3)."""
    first = stream.read(1)[0]
    if first < 0x80:
        return first
    if first < 0xC0:
        return (first & 0x3F) << 8 | stream.read(1)[0]
    if first < 0xE0:
        return (first & 0x1F) << 16 | int.from_bytes(stream.read(2), "big")
    if first < 0xF0:
        return (first & 0x0F) << 24 | int.from_bytes(stream.read(3), "big")
    rest = stream.read(4)
    return (first & 0x0F) << 28 | int.from_bytes(rest[:3], "big") << 4 | rest[3] & 0x0F


def _ltf8(stream: IO[bytes]) -> int:
    """The same for 64 bits: leading ones of the first byte count the bytes that follow."""
    first = stream.read(1)[0]
    more = 0
    while more < 8 and first & (0x80 >> more):
        more += 1
    rest = int.from_bytes(stream.read(more), "big")
    return (first & (0xFF >> (more + 1))) << (8 * more) | rest
