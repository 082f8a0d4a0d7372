"""Aligned reads as columns: an uncompressed BAM stream, read window by window.

No object is made per read. `samtools view -u` filters and decodes, a compiled loop finds the
fields of each record (SAM specification, section 4.2), and everything further down works on
arrays. Memory grows with the depth of a window, not with the genome.
"""

from __future__ import annotations

import gzip
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from equisite.genomics.somatic.compiled import compiled

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int64]

LEFT_OUT = 0x4 | 0x100 | 0x200 | 0x400 | 0x800
"""Unmapped, secondary, of failed quality, duplicate, supplementary."""
_PIECE = 1 << 22
FIELDS = 14
(REF, POS, END, FLAG, MAPQ, LENGTH, NAME, CIGAR, CIGARS, SEQ, QUAL, CLIP_LEFT, CLIP_RIGHT,
 OFFSET) = range(FIELDS)  # fmt: skip
"""Columns of `Reads.table`: number of the sequence, 0-based start and end on the reference,
flag, mapping quality, bases, hash of the name, then offsets into `Reads.buffer` of CIGAR (and
its number of operations), bases and qualities, soft-clipped bases at either end, and the
record's own offset."""


@dataclass(frozen=True)
class Reads:
    """Some reads, sorted by position.

    buffer: uint8, their records as in BAM. table: int64, (read, column).
    """

    buffer: Bytes
    table: Numbers

    def __len__(self) -> int:
        return len(self.table)


@compiled
def record_offsets(buffer: Bytes) -> Numbers:
    """Offsets of the whole records of a buffer, and at last where the rest begins."""
    found = np.empty(len(buffer) // 36 + 1, np.int64)
    number = 0
    at = 0
    while at + 4 <= len(buffer):
        size = u32(buffer, at)
        if at + 4 + size > len(buffer):
            break
        found[number] = at
        number += 1
        at += 4 + size
    found[number] = at
    return found[: number + 1].copy()


@compiled
def u32(buffer: Bytes, at: int) -> int:
    """Four bytes as a number, the lowest first."""
    return int(
        np.int64(buffer[at])
        | np.int64(buffer[at + 1]) << 8
        | np.int64(buffer[at + 2]) << 16
        | np.int64(buffer[at + 3]) << 24
    )


@compiled
def _u16(buffer: Bytes, at: int) -> int:
    return int(np.int64(buffer[at]) | np.int64(buffer[at + 1]) << 8)


@compiled
def tabulate(buffer: Bytes, offsets: Numbers) -> Numbers:
    """The columns of each record; offsets as `record_offsets` gives them."""
    count = len(offsets) - 1
    table = np.zeros((count, FIELDS), np.int64)
    for number in range(count):
        at = offsets[number] + 4
        row = table[number]
        row[REF] = u32(buffer, at)
        row[POS] = u32(buffer, at + 4)
        names = np.int64(buffer[at + 8])
        row[MAPQ] = buffer[at + 9]
        operations = _u16(buffer, at + 12)
        row[FLAG] = _u16(buffer, at + 14)
        length = u32(buffer, at + 16)
        row[LENGTH] = length
        hashed = np.uint64(14695981039346656037)  # FNV-1a
        for place in range(at + 32, at + 31 + names):
            hashed = (hashed ^ np.uint64(buffer[place])) * np.uint64(1099511628211)
        row[NAME] = np.int64(hashed)
        cigar = at + 32 + names
        row[CIGAR], row[CIGARS] = cigar, operations
        row[SEQ] = cigar + 4 * operations
        row[QUAL] = row[SEQ] + (length + 1) // 2
        row[OFFSET] = offsets[number]
        end = row[POS]
        seen = False
        for step in range(operations):
            word = u32(buffer, cigar + 4 * step)
            kind, size = word & 15, word >> 4
            if kind in (0, 2, 3, 7, 8):
                end += size
                seen = True
            elif kind == 4 and not seen:
                row[CLIP_LEFT] = size
            elif kind == 4:
                row[CLIP_RIGHT] = size
        row[END] = end
    return table


class ReadStream:
    """Reads of one sample in the order of the reference, handed out by windows."""

    def __init__(self, stream: IO[bytes]) -> None:
        """stream: uncompressed BAM, header included, sorted by coordinate."""
        self._stream = stream
        self._buffer: Bytes = np.empty(0, np.uint8)
        self._table: Numbers = np.empty((0, FIELDS), np.int64)
        self._rest = b""
        self._ended = False
        self.names = self._header()

    def _header(self) -> tuple[str, ...]:
        if self._exactly(4) != b"BAM\x01":
            raise ValueError("the stream is no BAM")
        self._exactly(int.from_bytes(self._exactly(4), "little"))
        names = []
        for _ in range(int.from_bytes(self._exactly(4), "little")):
            name = self._exactly(int.from_bytes(self._exactly(4), "little"))
            names.append(name[:-1].decode("utf-8", "replace"))
            self._exactly(4)
        return tuple(names)

    def _exactly(self, size: int) -> bytes:
        found = self._stream.read(size)
        if len(found) != size:
            raise EOFError("the BAM stream is cut short")
        return found

    def overlapping(self, number: int, start: int, end: int) -> Reads:
        """Reads on sequence `number` that overlap [start, end), soft-clipped ends included.

        Windows are asked for in the order of the reference; what lies before a window is
        forgotten with it.
        """
        while not self._ended and not self._reaches(number, end):
            self._more(number, start)
        table = self._table
        here = (
            (table[:, REF] == number)
            & (table[:, POS] - table[:, CLIP_LEFT] < end)
            & (table[:, END] + table[:, CLIP_RIGHT] > start)
        )
        return Reads(self._buffer, table[here])

    def _reaches(self, number: int, end: int) -> bool:
        if not len(self._table):
            return False
        last = self._table[-1]
        return bool(last[REF] > number or (last[REF] == number and last[POS] >= end + _CLIPS))

    def _more(self, number: int, start: int) -> None:
        """Read the next piece and drop what lies before the window."""
        piece = self._stream.read(_PIECE)
        if not piece:
            if self._rest:
                raise EOFError("the BAM stream is cut short")
            self._ended = True
            return
        kept = (self._table[:, REF] > number) | (
            (self._table[:, REF] == number)
            & (self._table[:, END] + self._table[:, CLIP_RIGHT] > start)
        )
        first = int(np.argmax(kept)) if kept.any() else len(kept)
        cut = int(self._table[first, OFFSET]) if first < len(kept) else len(self._buffer)
        old = self._table[first:].copy()
        old[:, [CIGAR, SEQ, QUAL, OFFSET]] -= cut
        fresh = np.frombuffer(self._rest + piece, np.uint8)
        offsets = record_offsets(fresh)
        whole = int(offsets[-1])
        self._rest = fresh[whole:].tobytes()
        table = tabulate(fresh, offsets)
        table[:, [CIGAR, SEQ, QUAL, OFFSET]] += len(self._buffer) - cut
        self._buffer = np.concatenate([self._buffer[cut:], fresh[:whole]])
        self._table = np.concatenate([old, table])


_CLIPS = 1000
"""A read may begin with so many soft-clipped bases: it is loaded for a window that ends so
far before its first aligned base."""


@contextmanager
def open_reads(cram: Path, bed: Path, minimum_quality: int) -> Iterator[ReadStream]:
    """Stream the reads of a BAM or CRAM that overlap a BED, without those of `LEFT_OUT`.

    minimum_quality: mapping quality that a read needs.
    Sequences of a CRAM come through REF_PATH. A failing samtools is a fault of the machine
    (CalledProcessError).
    """
    command: Sequence[str] = (
        "samtools", "view", "-u", "--no-PG", "-F", str(LEFT_OUT), "-q", str(minimum_quality),
        "-M", "-L", str(bed), str(cram),
    )  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        if process.stdout is None:
            raise RuntimeError("samtools view has no output")
        with gzip.open(process.stdout) as stream:
            yield ReadStream(cast("IO[bytes]", stream))
            while stream.read(_PIECE):  # so that samtools ends by itself
                pass
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command[:2])
