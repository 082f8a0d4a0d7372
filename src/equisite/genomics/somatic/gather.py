"""One pass over a pair, or over some cells of it: evidence for every allele, callable bases
and the sums by which the pair is judged.

Nothing here looks at more than one window, so that a genome takes no more memory than a gene,
and shares of it hold what one pass writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from equisite.core.tables import header_text, row_text
from equisite.genomics.somatic.alignment import CODE
from equisite.genomics.somatic.alleles import read_listed
from equisite.genomics.somatic.bases import MappedReference
from equisite.genomics.somatic.candidates import LONGEST
from equisite.genomics.somatic.evidence import (
    Evidence,
    Side,
    Window,
    side_of,
    substitutions,
)
from equisite.genomics.somatic.filters import PAIR_LOD, Setting, failures, germline_like
from equisite.genomics.somatic.indels import indels
from equisite.genomics.somatic.records import FIELDS, Reads, ReadStream, open_reads
from equisite.genomics.somatic.rivals import BESIDE
from equisite.genomics.somatic.sums import Frequencies, Gathered
from equisite.genomics.somatic.votes import QUALITY
from equisite.genomics.somatic.windows import (
    BedWriter,
    Place,
    places,
    spans_of,
    write_surroundings,
)
from equisite.protocol.somatic import Somatic
from equisite.variants.intervals import Territory

RARE = 0.005
"""Population frequency from which on an allele helps to find foreign reads."""
_NO_READS = Reads(np.empty(0, np.uint8), np.empty((0, FIELDS), np.int64))

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Inputs:
    """What a pair is made of. normal: None for a tumour alone. cells: what is looked at."""

    tumour: Path
    normal: Path | None
    cells: Sequence[Territory]
    reference: MappedReference
    population: Path | None

    @cached_property
    def territory(self) -> Territory:
        """All cells."""
        return Territory.of(span for cell in self.cells for span in cell)


@dataclass(frozen=True)
class Part:
    """Files of what was found in some cells: their names begin with `prefix`.

    evidence: rows of `Evidence`. counted: of `Counted`, from the second caller. pair, alone:
    bases that are callable with and without the normal. sums: `Gathered`.
    """

    prefix: str

    @property
    def evidence(self) -> Path:
        """Alleles that may yet be called, by our own evidence."""
        return Path(f"{self.prefix}.evidence.tsv")

    @property
    def counted(self) -> Path:
        """Alleles of the second caller and their reads."""
        return Path(f"{self.prefix}.counted.tsv")

    @property
    def pair(self) -> Path:
        """Bases with enough fragments in both samples."""
        return Path(f"{self.prefix}.pair.bed")

    @property
    def alone(self) -> Path:
        """Bases with enough fragments in the tumour."""
        return Path(f"{self.prefix}.alone.bed")

    @property
    def sums(self) -> Path:
        """Facts by which the pair is judged."""
        return Path(f"{self.prefix}.sums.json")


def gather(inputs: Inputs, settings: Somatic, part: Part, scratch: Path) -> list[Territory]:
    """Write all files of a part but `counted`; returns the cells that hold tumour reads.

    scratch: folder for what is thrown away.
    Raises InputError SITES_UNREADABLE.
    """
    gathered = Gathered()
    known = _frequencies(inputs)
    read = []
    with ExitStack() as stack:
        rows, pair, alone = (
            stack.enter_context(path.open("w", encoding="utf-8"))
            for path in (part.evidence, part.pair, part.alone)
        )
        rows.write(header_text(Evidence))
        beds = [BedWriter(pair.write), BedWriter(alone.write)]
        streams = _open(inputs, scratch, stack)
        for cell in inputs.cells:
            seen = False
            for window in _windows(inputs, cell, streams):
                seen = seen or bool(window.tumour.counts[window.inside].any())
                gathered.add(window, settings, known)
                for found in _evidence(window, inputs, settings, gathered):
                    rows.write(row_text(found))
                for bed, flags in zip(beds, _callable(window, settings), strict=True):
                    bed.add(window.contig, spans_of(flags, window.start))
            if seen:
                read.append(cell)
        for bed in beds:
            bed.end()
    gathered.callable_pair, gathered.callable_alone = (bed.size for bed in beds)
    gathered.write(part.sums)
    return read


def _open(inputs: Inputs, scratch: Path, stack: ExitStack) -> list[ReadStream | None]:
    """Reads of tumour and normal around the cells; None where there are none."""
    bed = scratch / "surroundings.bed"
    write_surroundings(bed, inputs.territory, inputs.reference.lengths)
    return [
        stack.enter_context(open_reads(cram, bed, QUALITY))
        if cram is not None and inputs.cells
        else None
        for cram in (inputs.tumour, inputs.normal)
    ]


def _windows(
    inputs: Inputs, cell: Territory, streams: Sequence[ReadStream | None]
) -> Iterator[Window]:
    reference = inputs.reference
    for place in places(cell, reference.lengths):
        codes = reference.codes(place.contig, place.start, place.end)
        sides = [_side(stream, place, reference) for stream in streams]
        yield Window(
            place.contig, place.start, place.end, place.inside, codes, sides[0], sides[1]
        )


def _side(stream: ReadStream | None, place: Place, reference: MappedReference) -> Side:
    reads = _NO_READS
    if stream is not None:
        number = stream.names.index(place.contig)
        around = LONGEST + BESIDE
        reads = stream.overlapping(number, place.start - around, place.end + around)
    return side_of(reads, reference, place.contig, place.start, place.end)


def _evidence(
    window: Window, inputs: Inputs, settings: Somatic, gathered: Gathered
) -> Iterator[Evidence]:
    """Alleles that may yet be called, sorted; variants of one sample alone are counted."""
    setting = Setting(settings, alone=inputs.normal is None, panel=False)
    found = substitutions(window, settings)
    gathered.forward += _of_one_sample(found, setting)
    if inputs.normal is not None:
        opposite = substitutions(window, settings, reverse=True)
        gathered.reverse += _of_one_sample(opposite, setting)
    found += indels(window, inputs.reference, settings)
    limits = settings.thresholds
    for evidence in sorted(found, key=lambda e: e.edit):
        if evidence.tlod < PAIR_LOD:
            continue
        different = evidence.slod >= limits.somatic_lod
        thin = evidence.ref_normal + evidence.alt_normal < limits.minimum_normal_depth
        if different or thin or setting.alone:
            yield evidence


def _of_one_sample(found: Sequence[Evidence], setting: Setting) -> int:
    """Variants that the other sample does not have and that are no germline alleles.

    A tumour that lost a chromosome lacks germline alleles of its normal: those stand at half
    of the normal's fragments, mutations of a tumour mostly elsewhere.
    """
    return sum(not failures(e, setting) and not germline_like(e) for e in found)


def _callable(window: Window, settings: Somatic) -> tuple[Flags, Flags]:
    """Callable bases of the pair, and of the tumour alone."""
    limits = settings.thresholds
    alone = window.inside & (window.tumour.counts.sum(axis=1) >= limits.callable_tumour)
    return alone & (window.normal.counts.sum(axis=1) >= limits.callable_normal), alone


def _frequencies(inputs: Inputs) -> Frequencies:
    """Single-base alleles of the population list that are common enough, by sequence."""
    if inputs.population is None:
        return {}
    found: dict[str, list[tuple[int, int, float]]] = {}
    for listed in read_listed(inputs.population, inputs.reference.lengths):
        contig, start, end, alt = listed.edit
        share = listed.value("AF")
        single = end - start == len(alt) == 1
        common = single and share is not None and RARE <= share < 1
        if common and inputs.territory.holds(contig, start):
            found.setdefault(contig, []).append((start, int(CODE[ord(alt)]), float(share or 0)))
    columns = {contig: list(zip(*sorted(rows), strict=True)) for contig, rows in found.items()}
    return {
        contig: (np.array(at, np.int64), np.array(base, np.uint8), np.array(share, float))
        for contig, (at, base, share) in columns.items()
    }
