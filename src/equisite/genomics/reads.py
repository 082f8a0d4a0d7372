"""FASTQ read in blocks of records, checked on the way; broken data becomes an InputError.

Blocks of lines, not single lines, pass through Python: every check is one call over the
whole block that runs in C.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import NoReturn

from equisite.core.errors import InputError

BLOCK = 4096
"""Records per block."""

_PIECE = 1 << 18
_LONGEST_NAME = 254  # SAM, section 1.4: QNAME
_GZIP = b"\x1f\x8b"
_PRINTABLE = bytes(range(33, 127))
_BELOW_PHRED64 = bytes(range(33, 59))  # Solexa+64 begins at 59
_ABOVE_PHRED33 = bytes(range(76, 127))  # 75 is Q42, the highest of a sequencer at +33
_BASES = b"ACGTNacgtnRYSWKMBDHVryswkmbdhv."


@dataclass(frozen=True)
class Records:
    """Equally long lists, one entry per read: names, bases, qualities.

    tags: molecular barcodes as SAM writes them (`RX:Z:...`), empty bytes where a read has
    none; an empty list where they were not asked for.
    """

    names: list[bytes]
    bases: list[bytes]
    qualities: list[bytes]
    tags: list[bytes] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, part: slice) -> Records:
        return Records(
            self.names[part], self.bases[part], self.qualities[part], self.tags[part]
        )


class FastqFile:
    """One FASTQ file of one lane, read once from begin to end.

    lane: number of the lane in the sheet; file: 1 or 2, the mate. Both name the place in
    findings; the path never does.
    Raises InputError TRUNCATED_FASTQ, NOT_FASTQ, QUALITY_LENGTH, QUALITY_ENCODING, NO_READS
    while it is read. A file that cannot be opened is a fault of the machine (OSError).
    """

    def __init__(self, path: Path, lane: int, file: int, *, barcodes: bool = False) -> None:
        """barcodes: read molecular barcodes from the comments (of `samtools fastq -T RX`)."""
        self._path = path
        self._barcodes = barcodes
        self._place: dict[str, str | int] = {"lane": lane, "file": file}
        self.count = 0
        self._break = ""
        self._seen_phred33 = False
        self._seen_high = False

    def blocks(self, size: int = BLOCK) -> Iterator[Records]:
        """Yield blocks of `size` records, the last one shorter."""
        lines: list[bytes] = []
        rest = b""
        for piece in self._pieces():
            new = (rest + piece).split(b"\n")
            rest = new.pop()
            lines += new
            at = 0
            while len(lines) - at >= 4 * size:
                yield self._checked(lines[at : at + 4 * size])
                at += 4 * size
            del lines[:at]
        if rest and not self._break:
            lines.append(rest)
        while lines and not lines[-1].strip():  # blank lines at the end mean nothing
            if len(lines) % 4 == 0 and lines[-3:-2] == [b""]:
                break  # the empty qualities of an empty read
            lines.pop()
        whole = len(lines) // 4 * 4
        if self._break:  # told before a block that is shorter than its mate's
            read = self.count + whole // 4
            self._fail("TRUNCATED_FASTQ", records=read, problem=self._break)
        if whole:
            yield self._checked(lines[:whole])
        if lines[whole:] and not lines[whole].startswith(b"@"):
            self._fail("NOT_FASTQ", record=self.count + 1, problem="no @ at the header line")
        if len(lines) > whole:
            self._fail("TRUNCATED_FASTQ", records=self.count, problem="the last read is cut")
        if not self.count:
            self._fail("NO_READS")
        if not self._seen_phred33 and self._seen_high:
            self._fail("QUALITY_ENCODING")

    def _pieces(self) -> Iterator[bytes]:
        """Decompressed pieces of the file, up to where it breaks."""
        with self._path.open("rb") as stream:
            piece = stream.read(_PIECE)
            if not piece.startswith(_GZIP):
                while piece:
                    yield piece
                    piece = stream.read(_PIECE)
                return
            inflater = zlib.decompressobj(wbits=31)
            begun = False
            while piece:
                try:
                    content = inflater.decompress(piece)
                except zlib.error:
                    self._break = "the compressed bytes are corrupt"
                    return
                begun = True
                if content:
                    yield content
                piece = inflater.unused_data if inflater.eof else b""
                if inflater.eof:  # the next member, or padding, or the end of the file
                    piece = (piece.lstrip(b"\0") or stream.read(_PIECE)).lstrip(b"\0")
                    if len(piece) == 1:
                        piece += stream.read(_PIECE)
                    if piece:
                        if not piece.startswith(_GZIP):
                            self._break = "bytes follow that are no gzip member"
                            return
                        inflater = zlib.decompressobj(wbits=31)
                        begun = False
                else:
                    piece = stream.read(_PIECE)
            if begun and not inflater.eof:
                self._break = "the compressed stream ends in the middle"

    def _checked(self, lines: list[bytes]) -> Records:
        heads, plus = lines[0::4], lines[2::4]
        records = Records([], lines[1::4], lines[3::4])
        text = b"".join(records.bases)
        if plus[0].endswith(b"\r") or text.endswith(b"\r"):  # written on Windows
            return self._checked([line.removesuffix(b"\r") for line in lines])
        first = self.count + 1
        if not all(map(bytes.startswith, heads, repeat(b"@"))):
            at = next(i for i, h in enumerate(heads) if not h.startswith(b"@"))
            self._fail("NOT_FASTQ", record=first + at, problem="no @ at the header line")
        if not all(map(bytes.startswith, plus, repeat(b"+"))):
            at = next(i for i, p in enumerate(plus) if not p.startswith(b"+"))
            self._fail("NOT_FASTQ", record=first + at, problem="no + at the third line")
        if list(map(len, records.bases)) != list(map(len, records.qualities)):
            for at, (b, q) in enumerate(zip(records.bases, records.qualities, strict=True)):
                if len(b) != len(q):
                    self._fail(
                        "QUALITY_LENGTH", record=first + at, bases=len(b), qualities=len(q)
                    )
        if text.translate(None, _BASES):
            at = next(i for i, b in enumerate(records.bases) if b.translate(None, _BASES))
            self._fail("NOT_FASTQ", record=first + at, problem="letters that are no bases")
        self._check_qualities(records, first)
        tags = list(map(_barcode, heads)) if self._barcodes else []
        records = Records(self._names(heads, first), records.bases, records.qualities, tags)
        self.count += len(records)
        return records

    def _names(self, heads: list[bytes], first: int) -> list[bytes]:
        """What stands before the first blank of each header line."""
        names = [head[1:].split(None, 1)[0] if len(head) > 1 else b"" for head in heads]
        text = b"".join(names)
        longest = max(map(len, names))
        if text.translate(None, _PRINTABLE) or longest > _LONGEST_NAME or not all(names):
            self._fail("NOT_FASTQ", record=first, problem="names that SAM does not allow")
        if any(map(bytes.startswith, names, repeat(b"@"))):
            self._fail("NOT_FASTQ", record=first, problem="names that begin with @@")
        return names

    def _check_qualities(self, records: Records, first: int) -> None:
        text = b"".join(records.qualities)
        if text.translate(None, _PRINTABLE):
            at = next(
                i for i, q in enumerate(records.qualities) if q.translate(None, _PRINTABLE)
            )
            self._fail("NOT_FASTQ", record=first + at, problem="qualities out of range")
        if self._seen_phred33:
            return
        self._seen_phred33 = len(text.translate(None, _BELOW_PHRED64)) < len(text)
        self._seen_high |= len(text.translate(None, _ABOVE_PHRED33)) < len(text)
        if not self._seen_phred33 and self._seen_high and len(records.bases) >= BLOCK:
            self._fail("QUALITY_ENCODING")

    def _fail(self, code: str, **numbers: str | int) -> NoReturn:
        raise InputError(code, "", **{**self._place, **numbers})


def _barcode(head: bytes) -> bytes:
    """`RX:Z:...` of a header line, else nothing."""
    return next((part for part in head.split(b"\t")[1:] if part.startswith(b"RX:Z:")), b"")
