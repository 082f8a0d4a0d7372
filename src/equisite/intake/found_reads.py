"""Sequencing files below folders, put together to lanes and samples by their names."""

from __future__ import annotations

import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from equisite.intake.file_samples import HeaderError, samples_of
from equisite.intake.found import NO_CELL, UNUSABLE, LeftOut
from equisite.intake.read_names import (
    ALIGNED,
    CALLED,
    COMPANION,
    FASTQ,
    OF_REGIONS,
    ReadName,
    read_name,
)

_COMPARED = 1 << 20


@dataclass(frozen=True, order=True)
class FoundLane:
    """Files of one row of the sequencing sheet. sample: as file name or header has it.

    lane_known: False where two pairs of files claim one lane and nobody can say which.
    """

    sample: str
    lane: str
    fastq_1: str = ""
    fastq_2: str = ""
    reads: str = ""
    calls: str = ""
    lane_known: bool = True


@dataclass
class FoundReads:
    """All lanes, sorted, and what was left out."""

    lanes: list[FoundLane] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def find_reads(roots: Sequence[Path]) -> FoundReads:
    """Look below the roots; links to files are followed, links to folders are not."""
    found = FoundReads()
    fastq: list[Path] = []
    for path in _files(roots, found.left_out):
        name = path.name
        if COMPANION.search(name):
            continue
        if UNUSABLE.search(str(path)):
            found.left_out.append(LeftOut(str(path), NO_CELL))
        elif FASTQ.search(name):
            fastq.append(path)
        elif ALIGNED.search(name) or CALLED.search(name):
            _with_header(path, found)
        elif re.search(r"\.(fastq|fq)\.", name, re.IGNORECASE):
            found.left_out.append(LeftOut(str(path), "its compression is not read; use gzip"))
    _pairs(fastq, found)
    _one_start(found)
    found.lanes.sort()
    return found


def _files(roots: Iterable[Path], left_out: list[LeftOut]) -> Iterator[Path]:
    seen: set[str] = set()
    for root in roots:
        waiting = [str(root)]
        while waiting:
            folder = waiting.pop()
            try:
                entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except PermissionError:
                left_out.append(LeftOut(folder, "the folder may not be read"))
                continue
            below = []
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    below.append(entry.path)
                elif entry.is_file() and entry.path not in seen:
                    seen.add(entry.path)
                    yield Path(entry.path)
                elif entry.is_symlink():
                    left_out.append(LeftOut(entry.path, "a link to a folder, or to nothing"))
            waiting += reversed(below)


def _with_header(path: Path, found: FoundReads) -> None:
    """A file whose header names its sample; its own name serves where the header has none."""
    calls = bool(CALLED.search(path.name))
    if OF_REGIONS.search(path.name):
        found.left_out.append(LeftOut(str(path), "a genomic VCF; the calls made of it count"))
        return
    try:
        samples = samples_of(path)
    except (HeaderError, OSError) as error:
        told = error.strerror if isinstance(error, OSError) else str(error)
        found.left_out.append(LeftOut(str(path), (told or "it cannot be read").lower()))
        return
    if calls and not samples:
        found.left_out.append(LeftOut(str(path), "a list of variants without any sample"))
        return
    if len(samples) > 1:
        found.left_out.append(LeftOut(str(path), f"it holds {len(samples)} samples; split it"))
        return
    stem = (CALLED if calls else ALIGNED).sub("", path.name)
    sample = samples[0] if samples else stem
    reads, called = ("", str(path)) if calls else (str(path), "")
    found.lanes.append(FoundLane(sample, "", reads=reads, calls=called))


def _pairs(files: list[Path], found: FoundReads) -> None:
    """Mates to pairs: equal folder, sample, lane and chunk."""
    named = {path: read_name(path.name) for path in files}
    _settle_bare(named)
    groups: dict[tuple[str, str, str, str], dict[str, Path]] = defaultdict(dict)
    for path, name in sorted(named.items()):
        if name.mate not in ("0", "1", "2"):
            found.left_out.append(LeftOut(str(path), "index reads, no sequence of the sample"))
            continue
        key = (str(path.parent), name.sample, name.lane, name.chunk)
        mate = "1" if name.mate == "0" else name.mate
        if mate in groups[key]:
            other = groups[key][mate].name
            found.left_out.append(LeftOut(str(path), f"its name says the same as {other}"))
            continue
        groups[key][mate] = path
    lanes = []
    for (_, sample, lane, chunk), mates in sorted(groups.items()):
        if "1" not in mates:
            why = "a second file of a pair, and the first is not beside it"
            found.left_out.append(LeftOut(str(mates["2"]), why))
            continue
        second = str(mates["2"]) if "2" in mates else ""
        lanes.append((chunk, FoundLane(sample, lane, str(mates["1"]), second)))
    found.lanes += _lanes_apart(lanes, found)


def _settle_bare(named: dict[Path, ReadName]) -> None:
    """`x_1`, `x_2` are mates; `x_1`, `x_2`, `x_3`, or `x_1` alone, are names of samples."""
    ends: dict[tuple[Path, str], set[str]] = defaultdict(set)
    for path in named:
        stem = FASTQ.sub("", path.name)
        if found := re.match(r"^(.+[._-])(\d+)$", stem):
            ends[path.parent, found[1]].add(found[2])
    for path, name in named.items():
        stem = FASTQ.sub("", path.name)
        found = re.match(r"^(.+[._-])(\d+)$", stem)
        if name.bare and found and ends[path.parent, found[1]] != {"1", "2"}:
            named[path] = ReadName(stem, "", "0")


def _lanes_apart(lanes: list[tuple[str, FoundLane]], found: FoundReads) -> Iterator[FoundLane]:
    """Lanes of one sample with different names; copies are left out, the rest is asked."""
    groups: dict[tuple[str, str], list[tuple[str, FoundLane]]] = defaultdict(list)
    for chunk, lane in lanes:
        groups[lane.sample, lane.lane].append((chunk, lane))
    for (sample, name), members in groups.items():
        contents: dict[str, str] = {}
        kept: list[tuple[str, FoundLane]] = []
        for chunk, lane in members:
            same = contents.setdefault(_content(lane.fastq_1), lane.fastq_1)
            if len(members) > 1 and same != lane.fastq_1:
                for copy in filter(None, (lane.fastq_1, lane.fastq_2)):
                    found.left_out.append(LeftOut(copy, f"a copy of the pair of {same}"))
                continue
            kept.append((chunk, lane))
        chunks = {chunk for chunk, _ in kept}
        for number, (chunk, lane) in enumerate(kept):
            if len(kept) == 1:
                yield lane
            elif len(chunks) == len(kept):
                label = "-".join(part for part in (name, chunk) if part)
                yield FoundLane(sample, label, lane.fastq_1, lane.fastq_2)
            else:
                known = bool(name) and number == 0
                label = name if known else ""
                yield FoundLane(sample, label, lane.fastq_1, lane.fastq_2, lane_known=known)


def _content(path: str) -> str:
    """Size and digest of the beginning: equal for copies."""
    try:
        with Path(path).open("rb") as stream:
            start = stream.read(_COMPARED)
            return f"{os.fstat(stream.fileno()).st_size} {hashlib.sha256(start).hexdigest()}"
    except OSError:
        return path


def _one_start(found: FoundReads) -> None:
    """Of a sample with several kinds of files the rawest is taken: FASTQ, then reads."""
    kinds: dict[str, set[str]] = defaultdict(set)
    for lane in found.lanes:
        kinds[lane.sample.casefold()].add(_kind(lane))
    kept = []
    for lane in found.lanes:
        best = min(kinds[lane.sample.casefold()], key=("fastq_1", "reads", "calls").index)
        if _kind(lane) == best:
            kept.append(lane)
        else:
            path = lane.reads or lane.calls
            told = "FASTQ" if best == "fastq_1" else "reads"
            found.left_out.append(LeftOut(path, f"the {told} of its sample are taken"))
    found.lanes[:] = kept


def _kind(lane: FoundLane) -> str:
    return "fastq_1" if lane.fastq_1 else "reads" if lane.reads else "calls"
