"""All lanes of a sample as one interleaved FASTQ stream for `bwa mem -p -C`.

Reads keep their names. `samtools markdup` breaks ties between equal duplicates by name: with
other names another read of such a group stays, and a genotype in a repeat may change. Names
make the choice the same whatever the order of the reads, so that a later start from aligned
reads gives the same calls. No tool writes a name into a log: the one message of bwa that
does, on mates with different names, cannot arise, as both mates get the name of the first.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from itertools import repeat, zip_longest
from pathlib import Path

from equisite.core.canonical import sha256_bytes
from equisite.core.errors import InputError
from equisite.genomics.aligned import check, link
from equisite.genomics.reads import FastqFile, Records
from equisite.genomics.samples import Sample, read_group
from equisite.intake.index import SequencingItem

_COMPARED = 1000
"""Reads at the start of two files that must all be equal before they count as the same."""


def stream_sample(sample: Sample, scratch: Path, write: Callable[[bytes], object]) -> int:
    """Write all reads of `sample`; returns their number (a pair counts two).

    scratch: folder for links to BAM and CRAM, and for what their sorting spills.

    Each read carries its read group as comment. Everything is checked in the same pass.
    Raises InputError SAME_READS_TWICE, MATES_OUT_OF_STEP, MATES_UNEQUAL, READS_UNREADABLE,
    NO_READS and what `FastqFile` raises.
    """
    _refuse_same_reads(sample)
    reads = 0
    for lane in sample.lanes:
        tail = f" RG:Z:{read_group(lane)}".encode()
        for block in _blocks(lane, scratch):
            reads += len(block[0]) * len(block)
            write(_interleaved(block, tail))
    return reads


def stream_first(sample: Sample, number: int, write: Callable[[bytes], object]) -> int:
    """Write the first pairs (or single reads) of FASTQ, the same number from every lane.

    Lanes of the kind of the first one are read: pairs, or single reads where no lane has
    pairs. Returns how many reads were written; a pair counts two.
    """
    paired = bool(sample.lanes[0].fastq_2)
    lanes = [lane for lane in sample.lanes if bool(lane.fastq_2) == paired]
    reads = 0
    for at, lane in enumerate(lanes):
        left = number // len(lanes) + (at < number % len(lanes))
        for block in _pairs(lane) if paired else _singles(lane):
            part = tuple(records[: max(left, 0)] for records in block)
            reads += len(part[0]) * len(part)
            left -= len(part[0])
            write(_interleaved(part, b""))
            if left <= 0:
                break
    return reads


def _blocks(lane: SequencingItem, scratch: Path) -> Iterator[tuple[Records, ...]]:
    if lane.reads:
        return _from_alignment(lane, scratch)
    return _pairs(lane) if lane.fastq_2 else _singles(lane)


def _interleaved(block: tuple[Records, ...], tail: bytes) -> bytes:
    heads = [b"@%b%b" % (name, tail) for name in block[0].names]
    if any(block[0].tags):
        # The first tag follows a blank, the others a tab: so bwa and minimap2 copy them.
        heads = [
            head + b"\t" + tag if tag else head
            for head, tag in zip(heads, block[0].tags, strict=True)
        ]
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


def _from_alignment(lane: SequencingItem, scratch: Path) -> Iterator[tuple[Records, ...]]:
    """Pairs, then single reads, of a BAM or CRAM, in the order of `samtools collate`.

    Molecular barcodes (RX) go along: copies of one molecule are told by them.
    """
    place = link(lane, lane.reads, scratch)
    rest = [place.with_suffix(f".{kind}.fastq") for kind in ("lone", "single")]
    collate = ["samtools", "collate", "-u", "-O", "--no-PG", str(place)]
    split = ["samtools", "fastq", "-n", "-T", "RX", "-s", str(rest[0]), "-0", str(rest[1]), "-"]
    found = 0
    with (
        subprocess.Popen(
            [*collate, str(place.with_suffix(".collate"))],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as sorting,
        subprocess.Popen(
            split, stdin=sorting.stdout, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as reading,
    ):
        if sorting.stdout is None or reading.stdout is None:
            raise RuntimeError("samtools has no output")
        sorting.stdout.close()
        pairs = Path(f"/dev/fd/{reading.stdout.fileno()}")
        for block in _if_any(pairs, lane):
            found += len(block)
            yield block[0::2], block[1::2]
    check(sorting, lane.lane_number)
    check(reading, lane.lane_number)
    for path in rest:
        for block in _if_any(path, lane):
            found += len(block)
            yield (block,)
        path.unlink()
    if not found:
        raise InputError("NO_READS", lane=lane.lane_number, file=1)


def _if_any(path: Path, lane: SequencingItem) -> Iterator[Records]:
    """Blocks of a FASTQ file that may be empty."""
    file = FastqFile(path, lane.lane_number, 1, barcodes=True)
    try:
        yield from file.blocks()
    except InputError as error:
        if error.code != "NO_READS":
            raise


def _pairs(lane: SequencingItem) -> Iterator[tuple[Records, ...]]:
    first, second = _file(lane, 1), _file(lane, 2)
    pairs = 0
    for one, two in zip_longest(first.blocks(), second.blocks()):
        shorter = min(len(one) if one else 0, len(two) if two else 0)
        names = _common_names(one, two, shorter, lane.lane_number, pairs) if one and two else []
        pairs += shorter
        if one is None or two is None or len(one) != len(two):
            raise InputError("MATES_UNEQUAL", lane=lane.lane_number, records=pairs)
        yield Records(names, one.bases, one.qualities), two


def _common_names(
    one: Records, two: Records, count: int, lane: int, before: int
) -> list[bytes]:
    """Names of the first `count` pairs, without mate numbers (`/1` and `/2`, `.1` and `.2`)."""
    names, others = one.names[:count], two.names[:count]
    if names == others:
        return names
    for blank in (b"/", b"."):
        if all(map(bytes.endswith, names, repeat(blank + b"1"))) and all(
            map(bytes.endswith, others, repeat(blank + b"2"))
        ):
            names, others = [n[:-2] for n in names], [n[:-2] for n in others]
            break
    if names != others:
        at = next(i for i, (a, b) in enumerate(zip(names, others, strict=True)) if a != b)
        raise InputError("MATES_OUT_OF_STEP", lane=lane, record=before + at + 1)
    return names


def _refuse_same_reads(sample: Sample) -> None:
    """Two files that begin with the same thousand reads, or are equal, are one file twice."""
    known: dict[str, tuple[int, int]] = {}
    for lane in sample.lanes:
        if lane.reads:
            continue
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
