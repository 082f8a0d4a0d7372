"""Compile every kernel once, so that no job waits for it: `python -m ...somatic.warm`."""

from __future__ import annotations

import io
import struct

import numpy as np

from equisite.genomics.somatic.alignment import CODE
from equisite.genomics.somatic.candidates import candidates
from equisite.genomics.somatic.haplotypes import haplotypes
from equisite.genomics.somatic.records import ReadStream
from equisite.genomics.somatic.sums import read_prints
from equisite.genomics.somatic.votes import (
    count_votes,
    differences,
    gather_votes,
    mates,
)
from equisite.genomics.somatic.whole_reads import by_fragment, lay

_TEXT = "GATTACAGGCATTCCGTA" * 4


def _record(name: bytes, deleted: int) -> bytes:
    """One read with a deletion (SAM specification, section 4.2)."""
    operations = struct.pack("<3I", 20 << 4, deleted << 4 | 2, 20 << 4)
    letters = _TEXT[5:25] + _TEXT[25 + deleted : 45 + deleted]
    codes = ["=ACMGRSVTWYHKDBN".index(letter) for letter in letters]
    bases = bytes(a << 4 | b for a, b in zip(codes[::2], codes[1::2], strict=True))
    head = struct.pack(
        "<iiBBHHHiiii", 0, 5, len(name) + 1, 60, 0, 3, 99, len(letters), -1, -1, 0
    )
    body = head + name + b"\0" + operations + bases + bytes([37] * len(letters))
    return struct.pack("<i", len(body)) + body


def warm() -> int:
    """Run each kernel on four reads; returns the fragments that show the deletion."""
    header = b"BAM\1" + struct.pack("<ii", 0, 1) + struct.pack("<i", 2) + b"c\0"
    header += struct.pack("<i", len(_TEXT))
    records = b"".join(_record(name, 2) for name in (b"a", b"a", b"b", b"c"))
    reads = ReadStream(io.BytesIO(header + records)).overlapping(0, 0, len(_TEXT))
    codes = CODE[np.frombuffer(_TEXT.encode(), np.uint8)]
    twins = mates(reads)
    changes = differences(reads.buffer, reads.table, codes, 0)
    count_votes(reads.buffer, reads.table, twins, 0, len(_TEXT))
    sites = np.arange(10, 12, dtype=np.int64)
    gather_votes(reads.buffer, reads.table, twins, changes, sites)
    read_prints(reads.buffer, reads.table, 0, np.ones(len(_TEXT), np.bool_))
    (edit,) = candidates(reads, twins, "c", _TEXT, 0, fragments=2)
    votes, _ = by_fragment(reads, twins, lay(reads, haplotypes(edit, codes, 0)).votes)
    return int(votes[1].sum())


if __name__ == "__main__":
    warm()
