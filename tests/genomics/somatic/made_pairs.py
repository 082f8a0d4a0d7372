"""Tumour and normal made in code: a genome, alleles at known fractions, aligned fragments."""

from __future__ import annotations

import dataclasses
import hashlib
import random
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from equisite.core.errors import Finding
from equisite.genomics.cells import cells_of_share
from equisite.genomics.somatic.bases import MappedReference
from equisite.genomics.somatic.freebayes import count_cells
from equisite.genomics.somatic.gather import Inputs, Part, gather
from equisite.genomics.somatic.join import join
from equisite.genomics.somatic.pair import judge
from equisite.genomics.somatic.sums import Gathered
from equisite.protocol.somatic import Somatic
from equisite.variants.alleles import Edit
from equisite.variants.intervals import Territory

LENGTH = 100
"""Bases of a read."""


def random_genome(size: int, seed: int) -> str:
    return "".join(random.Random(seed).choices("ACGT", k=size))


def other(base: str) -> str:
    return "ACGT"["ACGT".index(base) - 1]


@dataclass(frozen=True)
class Planted:
    """An allele and the share of fragments that carry it; forward: only with read 1 forward."""

    edit: Edit
    share: float
    forward: bool = False


def snv(genome: dict[str, str], contig: str, position: int, share: float = 1.0) -> Planted:
    """Another base at a 0-based position."""
    base = other(genome[contig][position])
    return Planted(Edit(contig, position, position + 1, base), share)


def _mate(sequence: str, start: int, edit: Edit | None) -> tuple[str, str]:
    """Bases and CIGAR of a read that begins at `start`, as an aligner writes them."""
    if edit is None or not start < edit.start < start + LENGTH:
        return sequence[start : start + LENGTH], f"{LENGTH}M"
    before = edit.start - start
    tail = sequence[edit.end : edit.end + LENGTH]
    bases = (sequence[start : edit.start] + edit.alt + tail)[:LENGTH]
    change = len(edit.alt) - (edit.end - edit.start)
    if change == 0:
        return bases, f"{LENGTH}M"
    behind = LENGTH - before - max(change, 0)
    if behind <= 8:
        return bases, f"{before}M{LENGTH - before}S"
    gap = f"{change}I" if change > 0 else f"{-change}D"
    return bases, f"{before}M{gap}{behind}M"


def fragments(
    genome: dict[str, str], planted: Sequence[Planted], depth: float, seed: int
) -> list[str]:
    """SAM lines of fragments of 150 to 250 bases, at least `depth` of them over each base."""
    rng = random.Random(seed)
    rows: list[tuple[int, int, str]] = []
    names = list(genome)
    number = 0
    for contig, sequence in genome.items():
        for _ in range(int(depth * len(sequence) / 170)):
            insert = rng.randint(150, 250)
            start = rng.randrange(0, len(sequence) - insert - LENGTH)
            turned = rng.random() < 0.5
            carried = [
                p.edit
                for p in planted
                if p.edit.contig == contig
                and start < p.edit.start < start + insert
                and rng.random() < p.share
                and not (p.forward and turned)
            ]
            number += 1
            places = (start, start + insert - LENGTH)
            for mate, place in enumerate(places):
                here = [e for e in carried if place < e.start < place + LENGTH]
                bases, cigar = _mate(sequence, place, here[0] if here else None)
                for edit in here[1:] if cigar == f"{LENGTH}M" else ():
                    if edit.end - edit.start == len(edit.alt) == 1:
                        at = edit.start - place
                        bases = bases[:at] + edit.alt + bases[at + 1 :]
                first = (mate == 0) != turned
                flag = 3 | (16 if mate else 32) | (64 if first else 128)
                mapped = "I" * LENGTH
                rows.append(
                    (
                        names.index(contig),
                        place,
                        f"f{seed}x{number}\t{flag}\t{contig}\t{place + 1}\t60\t{cigar}\t=\t"
                        f"{places[1 - mate] + 1}\t{insert if mate == 0 else -insert}\t{bases}\t"
                        f"{mapped}\tRG:Z:tok",
                    )
                )
    return [text for _, _, text in sorted(rows, key=lambda r: r[:2])]


def write_reference(genome: dict[str, str], folder: Path) -> MappedReference:
    """header.sam and cache as the rules have them."""
    cache = folder / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    header = ""
    for name, bases in genome.items():
        md5 = hashlib.md5(bases.encode(), usedforsecurity=False).hexdigest()
        (cache / md5).write_text(bases)
        header += f"@SQ\tSN:{name}\tLN:{len(bases)}\tM5:{md5}\n"
    (folder / "header.sam").write_text(header)
    return MappedReference(folder / "header.sam", cache)


def write_bam(path: Path, genome: dict[str, str], lines: Iterable[str], token: str) -> Path:
    """A sorted BAM with index and one read group."""
    head = "@HD\tVN:1.6\tSO:coordinate\n"
    head += "".join(f"@SQ\tSN:{n}\tLN:{len(b)}\n" for n, b in genome.items())
    head += f"@RG\tID:tok\tSM:{token}\n"
    text = head + "".join(f"{line}\n" for line in lines)
    subprocess.run(
        ["samtools", "view", "-b", "--no-PG", "-o", str(path), "-"],
        input=text.encode(),
        check=True,
    )
    subprocess.run(["samtools", "index", str(path)], check=True)
    return path


def whole(genome: dict[str, str]) -> Territory:
    return Territory.of((name, 0, len(bases)) for name, bases in genome.items())


@dataclass(frozen=True)
class MadePair:
    """Where tumour and normal lie, and what is planted in them."""

    genome: dict[str, str]
    reference: MappedReference
    folder: Path
    tumour: Path
    normal: Path
    somatic: tuple[Planted, ...]
    germline: tuple[Planted, ...]


def gather_whole(
    inputs: Inputs,
    settings: Somatic,
    out: Path,
    *,
    parts: int = 1,
    told: Sequence[Finding] = (),
) -> list[Finding]:
    """Evidence A of a pair into `<out>/tok.*`, in so many shares; what is said of the pair."""
    cells = inputs.cells
    found = []
    for number in range(1, parts + 1):
        scratch = out / f"scratch{number}"
        scratch.mkdir(parents=True)
        part = Part(str(scratch / "part"))
        own = dataclasses.replace(inputs, cells=cells_of_share(cells, number, parts))
        gather(own, settings, part, scratch)
        count_cells((), lambda cell, calls: None, part.counted, scratch, paired=True)
        found.append(part)
    sums = Gathered.total(Gathered.read(part.sums) for part in found)
    mode, remarks = judge(sums, settings, paired=inputs.normal is not None, told=told)
    if not any(finding.severity == "refuse" for finding in remarks):
        join(found, sums, mode, remarks, str(out / "tok"))
    return remarks
