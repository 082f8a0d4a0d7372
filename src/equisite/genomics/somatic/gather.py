"""One pass over a pair: evidence for every allele, callable bases, and whether they fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from equisite.core.atomic import replacing
from equisite.core.errors import Finding
from equisite.core.tables import columns_of, format_cell, write_rows
from equisite.genomics.somatic.alleles import read_listed
from equisite.genomics.somatic.bases import MappedReference
from equisite.genomics.somatic.evidence import (
    Evidence,
    Side,
    Window,
    indels,
    side_of,
    substitutions,
)
from equisite.genomics.somatic.filters import PAIR_LOD, Setting, failures, germline_like
from equisite.genomics.somatic.pair import FEWEST, Frequencies, Gathered, judge_pair, median
from equisite.genomics.somatic.records import FIELDS, Reads, ReadStream, open_reads
from equisite.genomics.somatic.votes import CODE, QUALITY
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
PAIRED, ALONE = "TN", "TO"
_NO_READS = Reads(np.empty(0, np.uint8), np.empty((0, FIELDS), np.int64))


@dataclass(frozen=True)
class PairFacts:
    """What was found of a pair; a row of `<token>.pair.tsv`.

    mode: TN, or TO for a tumour that is called alone. status: codes of what is to be said,
    a blank between, or `ok`. callable_bp: bases of the territory with enough fragments in
    what is called. depth_*: medians. identity, contamination: shares, empty where they could
    not be told.
    """

    mode: str
    status: str
    callable_bp: int
    depth_tumour: float
    depth_normal: float
    identity_sites: int
    identity: float | None
    contamination_sites: int
    contamination: float | None
    forward: int
    reverse: int


@dataclass(frozen=True)
class Inputs:
    """What a pair is made of. normal: None for a tumour alone."""

    tumour: Path
    normal: Path | None
    territory: Territory
    reference: MappedReference
    population: Path | None


def gather(
    inputs: Inputs, settings: Somatic, out: str, scratch: Path, told: Sequence[Finding] = ()
) -> list[Finding]:
    """Write `<out>.evidence.tsv`, `<out>.callable.bed` and `<out>.pair.tsv`; return remarks.

    scratch: folder for what is thrown away. told: what was known before.
    Returns findings that refuse, and writes nothing then, or remarks.
    Raises InputError SITES_UNREADABLE.
    """
    gathered = Gathered()
    known = _frequencies(inputs)
    beds = [scratch / name for name in ("pair.bed", "alone.bed")]
    with ExitStack() as stack:
        found_beds = [
            BedWriter(stack.enter_context(bed.open("w", encoding="utf-8"))) for bed in beds
        ]
        evidence = scratch / "evidence.tsv"
        rows = stack.enter_context(evidence.open("w", encoding="utf-8"))
        rows.write("\t".join(columns_of(Evidence)) + "\n")
        for window in _windows(inputs, scratch):
            gathered.add(window, settings, known)
            for found in _evidence(window, inputs, settings, gathered):
                rows.write("\t".join(map(format_cell, astuple(found))) + "\n")
            for bed, flags in zip(found_beds, _callable(window, settings), strict=True):
                bed.add(window.contig, spans_of(flags, window.start))
        for bed in found_beds:
            bed.end()
    remarks = [*told]
    numbers: dict[str, str | int | float | bool]
    mode = ALONE if inputs.normal is None else PAIRED
    if mode == PAIRED:
        depth = median(gathered.normal_depths)
        minimum = settings.thresholds.minimum_normal_depth
        if depth < minimum:
            mode = ALONE
            numbers = {"depth": depth, "minimum": minimum}
            code = "NORMAL_THIN" if settings.mode == "paired_or_alone" else "NORMAL_TOO_THIN"
            remarks.append(Finding(code, "", numbers))
        remarks += judge_pair(gathered, settings)
    side = 1 if mode == ALONE else 0
    if not found_beds[side].size:
        numbers = {
            "tumour": settings.thresholds.callable_tumour,
            "normal": settings.thresholds.callable_normal,
        }
        remarks.append(Finding("NOTHING_CALLABLE", "", numbers))
    refused = [finding for finding in remarks if finding.severity == "refuse"]
    if refused:
        return refused
    facts = _facts(gathered, mode, remarks, found_beds[side].size)
    _keep(evidence, Path(f"{out}.evidence.tsv"))
    _keep(beds[side], Path(f"{out}.callable.bed"))
    write_rows(Path(f"{out}.pair.tsv"), PairFacts, [facts])
    return remarks


def _windows(inputs: Inputs, scratch: Path) -> Iterator[Window]:
    reference = inputs.reference
    bed = scratch / "surroundings.bed"
    write_surroundings(bed, inputs.territory, reference.lengths)
    with ExitStack() as stack:
        streams = [
            stack.enter_context(open_reads(cram, bed, QUALITY)) if cram is not None else None
            for cram in (inputs.tumour, inputs.normal)
        ]
        for place in places(inputs.territory, reference.lengths):
            codes = reference.codes(place.contig, place.start, place.end)
            sides = [_side(stream, place, reference) for stream in streams]
            yield Window(
                place.contig, place.start, place.end, place.inside, codes, sides[0], sides[1]
            )


def _side(stream: ReadStream | None, place: Place, reference: MappedReference) -> Side:
    reads = _NO_READS
    if stream is not None:
        number = stream.names.index(place.contig)
        reads = stream.overlapping(number, place.start, place.end)
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


def _callable(
    window: Window, settings: Somatic
) -> tuple[
    np.ndarray[tuple[int], np.dtype[np.bool_]], np.ndarray[tuple[int], np.dtype[np.bool_]]
]:
    limits = settings.thresholds
    alone = window.inside & (window.tumour.counts.sum(axis=1) >= limits.callable_tumour)
    return alone & (window.normal.counts.sum(axis=1) >= limits.callable_normal), alone


def _facts(gathered: Gathered, mode: str, remarks: Sequence[Finding], size: int) -> PairFacts:
    sites, identity = gathered.identity
    return PairFacts(
        mode,
        " ".join(finding.code for finding in remarks) or "ok",
        size,
        median(gathered.tumour_depths),
        median(gathered.normal_depths),
        sites,
        identity if sites >= FEWEST else None,
        gathered.sites,
        gathered.contamination,
        gathered.forward,
        gathered.reverse,
    )


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


def _keep(made: Path, target: Path) -> None:
    with made.open("rb") as source, replacing(target) as stream:
        while piece := source.read(1 << 20):
            stream.write(piece)
    made.unlink()
