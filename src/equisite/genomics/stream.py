"""All lanes of a sample as one interleaved FASTQ stream for `bwa mem -p -C`.

Read names become running numbers within the sample. Instrument, run and date stand in the
original names and would go into every CRAM and, when a tool complains, into a log; numbers
also compress better. bwa does not look at names except to pair neighbours, so alignments do
not change; `samtools markdup` breaks ties between equal duplicates by name, which numbers
make depend on the order of the reads alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import zip_longest
from pathlib import Path

from equisite.core.canonical import sha256_bytes
from equisite.core.errors import InputError
from equisite.genomics.reads import FastqFile, Records
from equisite.genomics.samples import Sample, read_group
from equisite.intake.index import SequencingItem

_COMPARED = 1000
"""Reads at the start of two files that must all be equal before they count as the same."""


def stream_sample(sample: Sample, write: Callable[[bytes], object]) -> int:
    """Write all reads of `sample`; returns their number (a pair counts two).

    Each read carries its read group as comment. Everything is checked in the same pass.
    Raises InputError START_NOT_SUPPORTED, SAME_READS_TWICE, MATES_OUT_OF_STEP,
    MATES_UNEQUAL and what `FastqFile` raises.
    """
    for lane in sample.lanes:
        for start, given in (("aligned reads", lane.reads), ("calls", lane.calls)):
            if given:
                raise InputError("START_NOT_SUPPORTED", start=start)
    _refuse_same_reads(sample)
    reads = names = 0
    for lane in sample.lanes:
        tail = f" RG:Z:{read_group(lane)}".encode()
        blocks = _pairs(lane) if lane.fastq_2 else _singles(lane)
        for block in blocks:
            count = len(block[0])
            numbers = range(names + 1, names + count + 1)
            heads = [b"@%d%b" % (number, tail) for number in numbers]
            names += count
            reads += count * len(block)
            write(_interleaved(heads, block))
    return reads


def _interleaved(heads: list[bytes], block: tuple[Records, ...]) -> bytes:
    step = 4 * len(block)
    lines = [b"+"] * (step * len(heads) + 1)
    lines[-1] = b""  # the join then ends with a line end
    for mate, records in enumerate(block):
        lines[4 * mate : -1 : step] = heads
        lines[4 * mate + 1 : -1 : step] = records.bases
        lines[4 * mate + 3 : -1 : step] = records.qualities
    return b"\n".join(lines)


def _file(lane: SequencingItem, mate: int) -> FastqFile:
    return FastqFile(Path(lane.fastq_2 if mate == 2 else lane.fastq_1), lane.lane_number, mate)


def _singles(lane: SequencingItem) -> Iterator[tuple[Records, ...]]:
    for records in _file(lane, 1).blocks():
        yield (records,)


def _pairs(lane: SequencingItem) -> Iterator[tuple[Records, ...]]:
    first, second = _file(lane, 1), _file(lane, 2)
    pairs = 0
    for one, two in zip_longest(first.blocks(), second.blocks()):
        shorter = min(len(one) if one else 0, len(two) if two else 0)
        if one and two:
            _check_names(one.heads[:shorter], two.heads[:shorter], lane.lane_number, pairs)
        pairs += shorter
        if one is None or two is None or len(one) != len(two):
            raise InputError("MATES_UNEQUAL", lane=lane.lane_number, records=pairs)
        yield (one, two)


def _check_names(one: list[bytes], two: list[bytes], lane: int, before: int) -> None:
    """Names up to the first blank must be equal, apart from a mate number at the end."""
    if one == two:
        return
    names_one, names_two = ([head.split(None, 1)[0] for head in side] for side in (one, two))
    if names_one == names_two:
        return
    for at, (a, b) in enumerate(zip(names_one, names_two, strict=True)):
        numbered = a[-2:] in (b"/1", b".1") and b[-2:] == a[-2:-1] + b"2"
        if a != b and not (numbered and a[:-2] == b[:-2]):
            raise InputError("MATES_OUT_OF_STEP", lane=lane, record=before + at + 1)


def _refuse_same_reads(sample: Sample) -> None:
    """Two files that begin with the same thousand reads, or are equal, are one file twice."""
    known: dict[str, tuple[int, int]] = {}
    for lane in sample.lanes:
        for mate in (1, 2) if lane.fastq_2 else (1,):
            block = next(iter(_file(lane, mate).blocks(_COMPARED)), None)
            if block is None:
                continue
            mark = sha256_bytes(b"\n".join(block.bases + block.qualities))
            if mark in known:
                other_lane, other_file = known[mark]
                raise InputError(
                    "SAME_READS_TWICE",
                    lane=lane.lane_number,
                    file=mate,
                    other_lane=other_lane,
                    other_file=other_file,
                )
            known[mark] = (lane.lane_number, mate)
