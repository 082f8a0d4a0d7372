"""Starts from BAM or CRAM: may the alignment be taken as it is, or are the reads aligned anew?

Files are opened through links named by lane number: no path of the hospital's storage comes
to stand on a command line, in a message of a tool or in a header.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from equisite.core.errors import Finding, InputError
from equisite.genomics.samples import Sample, read_group
from equisite.intake.index import SequencingItem

ALIGN, TAKE = "align", "take"
_PIECE = 1 << 20
_EMPTIED = ("RG", "PG", "BQ", "ms")
"""Tags that are left out of a taken alignment: read groups are named anew, programs are not
told, BAQ of another run would change qualities, and `ms` is markdup's own."""


@dataclass(frozen=True)
class Sequence:
    """A sequence of a header: name, length, M5 (empty where not given)."""

    name: str
    length: int
    md5: str


@dataclass(frozen=True)
class Header:
    """What counts in a SAM header."""

    sequences: tuple[Sequence, ...]
    samples: frozenset[str]
    by_coordinate: bool


@dataclass(frozen=True)
class Start:
    """How a sample starts. renamed: other names of the reference's sequences."""

    how: str
    renamed: Mapping[str, str]
    remarks: tuple[Finding, ...]


def parse_header(text: str) -> Header:
    """Header of a BAM, CRAM or of a prepared reference."""
    sequences = []
    samples = set()
    by_coordinate = False
    for line in text.splitlines():
        kind, *parts = line.split("\t")
        tags = dict(p.split(":", 1) for p in parts if ":" in p)
        if kind == "@SQ":
            md5 = tags.get("M5", "").lower()
            sequences.append(Sequence(tags["SN"], int(tags["LN"]), md5))
        elif kind == "@RG":
            samples.add(tags.get("SM", ""))
        elif kind == "@HD":
            by_coordinate = tags.get("SO") == "coordinate"
    return Header(tuple(sequences), frozenset(samples), by_coordinate)


def judge_header(
    header: Header, carrying: Mapping[str, int], reference: Header, lane: int
) -> Start:
    """May an alignment be taken? carrying: mapped reads by sequence.

    It may when it is sorted by coordinate, every sequence that carries reads has length and
    M5 of one of the reference, and they stand in its order; another name is mended in the
    header.
    Raises InputError SEVERAL_SAMPLES (more than one SM), OTHER_REFERENCE (same name and
    length, other bases).
    """
    if len(header.samples) > 1:
        raise InputError("SEVERAL_SAMPLES", lane=lane, samples=len(header.samples))
    used = [s for s in header.sequences if carrying.get(s.name)]
    if not used:
        return Start(ALIGN, {}, ())
    if not header.by_coordinate:
        reason = "it is not sorted by coordinate"
        return Start(ALIGN, {}, (Finding("ALIGNED_ANEW", "", {"reason": reason}),))
    by_sum = {(s.md5, s.length): s.name for s in reference.sequences}
    by_name = {bare_name(s.name): s for s in reference.sequences}
    renamed = {}
    why = ""
    for sequence in used:
        twin = by_name.get(bare_name(sequence.name))
        known = by_sum.get((sequence.md5, sequence.length))
        if not sequence.md5:
            why = why or "its header gives no M5"
        elif known is None and twin is not None and twin.length == sequence.length:
            raise InputError("OTHER_REFERENCE", lane=lane, contig=twin.name)
        elif known is None:
            why = why or "it has reads on sequences that the reference does not have"
        elif known != sequence.name:
            renamed[sequence.name] = known
    order = {s.name: at for at, s in enumerate(reference.sequences)}
    places = [order.get(renamed.get(s.name, s.name), -1) for s in used]
    if not why and places != sorted(places):
        why = "its sequences stand in another order than those of the reference"
    if why:
        return Start(ALIGN, {}, (Finding("ALIGNED_ANEW", "", {"reason": why}),))
    return Start(TAKE, renamed, ())


def bare_name(name: str) -> str:
    """Name without `chr`, mitochondria as MT."""
    bare = name[3:] if name.casefold().startswith("chr") else name
    return "MT" if bare == "M" else bare


def link(lane: SequencingItem, file: str, scratch: Path) -> Path:
    """A file of a lane under a name that tells nothing, in the step's own folder."""
    place = scratch / f"lane{lane.lane_number}{Path(file).suffix}"
    if not place.is_symlink():
        place.symlink_to(file)
    return place


def judge_start(sample: Sample, reference: str, scratch: Path) -> Start:
    """How a sample with BAM or CRAM starts; FASTQ is aligned. reference: its header's text.

    scratch: folder for links to the files.

    Raises InputError TRUNCATED_READS, READS_UNREADABLE, CRAM_REFERENCE and those of
    `judge_header`.
    """
    known = parse_header(reference)
    starts = []
    for lane in (lane for lane in sample.lanes if lane.reads):
        path = link(lane, lane.reads, scratch)
        number = lane.lane_number
        if _samtools("quickcheck", "-u", str(path)).returncode:
            raise InputError("TRUNCATED_READS", lane=number)
        header = parse_header(_text(number, "view", "-H", "--no-PG", str(path)))
        # Making an index finds out whether the header's word on the order holds.
        if header.by_coordinate and _samtools("index", "-c", str(path)).returncode:
            header = replace(header, by_coordinate=False)
        carrying = {}
        if header.sequences and not header.by_coordinate:
            # Without an order reads cannot be counted by sequence; it is aligned anew anyway.
            carrying = {s.name: 1 for s in header.sequences}
        elif header.sequences:
            rows = _text(number, "idxstats", str(path)).splitlines()
            carrying = {name: int(mapped) for name, _, mapped, _ in map(str.split, rows)}
        start = judge_header(header, carrying, known, number)
        if start.how == ALIGN and header.by_coordinate and path.suffix.casefold() == ".cram":
            sums = {s.md5 for s in known.sequences}
            if any(carrying.get(s.name) and s.md5 not in sums for s in header.sequences):
                raise InputError("CRAM_REFERENCE", lane=number)
        starts.append(start)
    if len(sample.lanes) == 1 and len(starts) == 1:
        return starts[0]
    told: tuple[Finding, ...] = ()
    if any(start.how == TAKE or start.remarks for start in starts):
        reason = "it is one of several lanes, which are aligned together"
        told = (Finding("ALIGNED_ANEW", "", {"reason": reason}),)
    return Start(ALIGN, {}, told)


def taken_alignment(
    sample: Sample, renamed: Mapping[str, str], reference: str, scratch: Path
) -> Iterator[bytes]:
    """SAM of an alignment that is taken: header of the reference, own read group, records."""
    (lane,) = sample.lanes
    group = sample.read_groups.encode().replace(b"\\t", b"\t")
    yield b"@HD\tVN:1.6\tSO:coordinate\n" + reference.encode() + group + b"\n"
    tail = f"\tRG:Z:{read_group(lane)}\n".encode()
    options = [word for tag in _EMPTIED for word in ("-x", tag)]
    command = ["samtools", "view", "--no-PG", *options]
    command.append(str(link(lane, lane.reads, scratch)))
    names = {old.encode(): new.encode() for old, new in renamed.items()}
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        if process.stdout is None:
            raise RuntimeError("samtools view has no output")
        if names:
            for line in process.stdout:
                yield _renamed(line[:-1], names) + tail
        else:
            while piece := process.stdout.read(_PIECE):
                yield piece.replace(b"\n", tail)
    check(process, lane.lane_number)


def _renamed(record: bytes, names: Mapping[bytes, bytes]) -> bytes:
    fields = record.split(b"\t", 7)
    for column in (2, 6):
        fields[column] = names.get(fields[column], fields[column])
    return b"\t".join(fields)


def check(process: subprocess.Popen[bytes], lane: int) -> None:
    """Raise InputError READS_UNREADABLE if a tool could not read the lane's file to its end."""
    if process.returncode > 0:
        raise InputError("READS_UNREADABLE", lane=lane)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, "samtools")


def _samtools(*words: str) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run(["samtools", *words], capture_output=True, check=False)
    if done.returncode < 0:
        raise subprocess.CalledProcessError(done.returncode, ["samtools", words[0]])
    return done


def _text(lane: int, *words: str) -> str:
    done = _samtools(*words)
    if done.returncode:
        raise InputError("READS_UNREADABLE", lane=lane)
    return done.stdout.decode("utf-8", "replace")
