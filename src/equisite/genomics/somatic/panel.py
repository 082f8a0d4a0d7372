"""The site's panel of normals: alleles that healthy samples show, artefacts and all.

Mis-mapped reads make the same false allele in everybody. So reads of any mapping quality above
0 count here, and an allele that two reads of another person's normal show is no somatic
variant. The panel stays at the site.
"""

from __future__ import annotations

import gzip
import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path

import numpy as np

from equisite.core.atomic import replacing
from equisite.genomics.somatic.alignment import BASES
from equisite.genomics.somatic.bases import MappedReference
from equisite.genomics.somatic.candidates import candidates
from equisite.genomics.somatic.evidence import MARGIN
from equisite.genomics.somatic.records import ReadStream, open_reads
from equisite.genomics.somatic.votes import count_votes
from equisite.genomics.somatic.windows import Place, places, write_surroundings
from equisite.variants.intervals import Territory
from equisite.variants.vcf import open_text

SEEN = 2
"""Reads of base quality 20 that show an allele."""
MAPQ = 1
LARGE, OTHERS_OF_LARGE = 40, 2
"""From 40 other normals on an allele must be seen in 2 of them, below in 1."""
ENOUGH = 10
"""Other normals from which on a panel tells rare evidence from common artefacts; a smaller one
still removes what it has seen."""

Allele = tuple[str, int, str, str]
_HEADER = "##fileformat=VCFv4.2\n##normals={normals}\n" + (
    '##INFO=<ID=NS,Number=1,Type=Integer,Description="Normals with at least two reads">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
)


def sighted(
    cram: Path, cells: Sequence[Territory], reference: MappedReference, scratch: Path
) -> Iterator[Allele]:
    """Alleles (0-based position) that at least two reads of a sample show, in order."""
    if not cells:
        return
    bed = scratch / "surroundings.bed"
    territory = Territory.of(span for cell in cells for span in cell)
    write_surroundings(bed, territory, reference.lengths)
    with open_reads(cram, bed, MAPQ) as stream:
        for place in places(territory, reference.lengths):
            yield from _sighted_in(place, stream, reference)


def _sighted_in(
    place: Place, stream: ReadStream, reference: MappedReference
) -> Iterator[Allele]:
    number = stream.names.index(place.contig)
    reads = stream.overlapping(number, place.start, place.end)
    alone = np.full(len(reads), -1, np.int64)
    counts = count_votes(reads.buffer, reads.table, alone, place.start, place.end)
    codes = reference.codes(place.contig, place.start, place.end)
    shown = counts >= SEEN
    known = codes < 4
    shown[known, codes[known]] = False
    shown &= (known & place.inside)[:, np.newaxis]
    found: list[Allele] = [
        (place.contig, place.start + at, BASES[codes[at]], BASES[base])
        for at, base in np.argwhere(shown).tolist()
    ]
    origin = max(place.start - MARGIN, 0)
    text = reference.text(place.contig, origin, place.end + MARGIN)
    for edit in candidates(reads, alone, place.contig, text, origin, fragments=SEEN, mapq=MAPQ):
        at = edit.start - 1 - place.start
        if 0 <= at < len(place.inside) and place.inside[at]:
            before = edit.start - 1 - origin
            ref = text[before : edit.end - origin]
            found.append((place.contig, edit.start - 1, ref, text[before] + edit.alt))
    yield from sorted(found)


def write_sighted(path: Path, alleles: Iterator[Allele]) -> None:
    """Write alleles as lines of sequence, 1-based position, REF and ALT."""
    with replacing(path) as stream, gzip.GzipFile("", "wb", 1, stream, mtime=0) as packed:
        for contig, position, ref, alt in alleles:
            packed.write(f"{contig}\t{position + 1}\t{ref}\t{alt}\n".encode())


def read_sighted(path: Path) -> Iterator[Allele]:
    """Alleles that `write_sighted` wrote."""
    for line in open_text(path):
        contig, position, ref, alt = line.split("\t")
        yield contig, int(position) - 1, ref, alt


def build_panel(samples: Sequence[Path], order: Mapping[str, int], out: Path) -> int:
    """Count in how many samples each allele was sighted; returns the number of alleles.

    samples: files of `write_sighted`. order: rank of each sequence. The panel does not depend
    on the order of the samples.
    """

    def rows(path: Path) -> Iterator[tuple[int, int, str, str, str]]:
        for contig, position, ref, alt in read_sighted(path):
            yield order[contig], position + 1, ref, alt, contig

    written = 0
    with replacing(out) as stream, gzip.GzipFile("", "wb", 6, stream, mtime=0) as packed:
        packed.write(_HEADER.format(normals=len(samples)).encode())
        for (_, position, ref, alt, contig), same in groupby(
            heapq.merge(*(rows(path) for path in samples))
        ):
            number = sum(1 for _ in same)
            line = f"{contig}\t{position}\t.\t{ref}\t{alt}\t.\t.\tNS={number}\n"
            packed.write(line.encode())
            written += 1
    return written


def normals_of(panel: Path) -> int | None:
    """How many normals a panel was made of; None where it does not say."""
    for line in open_text(panel):
        if line.startswith("##normals="):
            return int(line.partition("=")[2])
        if not line.startswith("##"):
            break
    return None


@dataclass(frozen=True)
class Panel:
    """A panel of normals. own: file of the patient's own normal in it, which does not count."""

    path: Path
    own: Path | None = None

    @cached_property
    def others(self) -> int | None:
        """Other people in it; None for a panel that does not say."""
        normals = normals_of(self.path)
        return None if normals is None else normals - (self.own is not None)

    @property
    def is_enough(self) -> bool:
        """Whether it tells common artefacts from rare evidence."""
        return self.others is None or self.others >= ENOUGH
