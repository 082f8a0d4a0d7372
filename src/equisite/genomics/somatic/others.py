"""Calls that the site already has, from other callers: evidence beside our own.

They are never needed and never enough for high confidence: an allele that only one other
caller has is of low confidence, two others make it medium. Of a tumour without reads they
are all there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from equisite.core.atomic import replacing
from equisite.core.errors import Finding, InputError
from equisite.core.tables import Rows, header_text, row_text
from equisite.genomics.adapters.callers import adapter_of, read_calls, roles_of
from equisite.genomics.adapters.lines import read_vcf
from equisite.genomics.adapters.structural import is_structural
from equisite.genomics.aligned import link
from equisite.genomics.samples import Sample
from equisite.genomics.somatic.given_rows import (
    GivenRow,
    Order,
    inside,
    merged,
    write_runs,
)
from equisite.genomics.somatic.panel import Allele
from equisite.intake.index import SequencingItem
from equisite.variants.alleles import Edit, Reference
from equisite.variants.intervals import Interval

ENOUGH_OF_NORMAL, SHARE_OF_NORMAL, FEWEST_HELD = 10, 0.2, 3
"""Reads of the normal from which on it is judged, share that carries, alleles that tell."""


@dataclass(frozen=True)
class Told:
    """What files of other callers hold: a table in the order of the reference.

    callers: of the files that were used.
    """

    alleles: Iterable[GivenRow]
    callers: frozenset[str]
    remarks: list[Finding]


def given_alleles(
    tumour: Sample,
    normal: Sample | None,
    reference: Reference,
    seen: Iterable[Interval],
    scratch: Path,
) -> Told:
    """What other callers passed of a tumour on callable bases, and what was left out, why.

    seen: callable bases in the order of the reference.
    A file that cannot be used is told and left out: the tumour's own reads are enough. So
    are germline callers, and tumours called alone beside a normal of ours: their calls hold
    inherited alleles.
    """
    names = Names(tumour.name, normal.name if normal else "", paired=normal is not None)
    return _alleles(tumour.evidence, names, reference, seen, scratch)


def alleles_of_calls(
    tumour: Sample, normal: str, reference: Reference, scratch: Path
) -> tuple[Told, bool]:
    """The same of a tumour without reads, and whether its callers saw a normal.

    normal: name of the patient's normal in the sheet, or empty. Where one file says that
    there was a normal, those of the tumour alone are left out.
    """
    paired = any(
        _saw_normal(link(lane, lane.calls, scratch), tumour.name, normal)
        for lane in tumour.lanes
    )
    names = Names(tumour.name, normal, paired=paired)
    return _alleles(tumour.lanes, names, reference, None, scratch), paired


@dataclass(frozen=True)
class Names:
    """Samples of the sheet, and whether calls made without the normal are left out."""

    tumour: str
    normal: str
    paired: bool


def _alleles(
    lanes: Iterable[SequencingItem],
    names: Names,
    reference: Reference,
    seen: Iterable[Interval] | None,
    scratch: Path,
) -> Told:
    """Alleles of all files that can be used; seen: where calls are taken from, None for all."""
    order = Order(reference)
    runs: list[Path] = []
    callers = set()
    remarks = []
    for number, lane in enumerate(lanes, start=1):
        path = link(lane, lane.calls, scratch)
        held = _Held()
        found: Sequence[Path] = ()
        try:
            told = _why_not(path, names)
            if not told:
                rows = held.counted(_passed(path, names, reference))
                found = write_runs(rows, order, scratch / f"given-{number}")
                told = "the normal carries most of its alleles" if held.tells else ""
        except InputError as error:
            told = error.findings[0].sentence.rstrip(".")
        if told:
            remarks.append(Finding("EVIDENCE_LEFT_OUT", "", {"number": number, "reason": told}))
            continue
        callers.add(adapter_of(read_vcf(path)[0]).name)
        runs += found
    table = scratch / "given.tsv"
    rows = merged(runs, order)
    with replacing(table) as stream:
        stream.write(header_text(GivenRow).encode())
        for row in rows if seen is None else inside(rows, seen, order):
            stream.write(row_text(row).encode())
    return Told(Rows(table, GivenRow), frozenset(callers), remarks)


class _Held:
    """Whether most passed alleles stand in the normal: germline calls, or exchanged columns.

    SAGE's germline mode writes the header of its somatic mode, and names of a sheet may be
    exchanged. No somatic caller passes an allele that a fifth of ten normal reads carry.
    """

    def __init__(self) -> None:
        self._known = self._held = 0

    def counted(self, rows: Iterable[GivenRow]) -> Iterator[GivenRow]:
        """The same rows."""
        for row in rows:
            if row.ref_normal is not None and row.alt_normal is not None:
                depth = row.ref_normal + row.alt_normal
                if depth >= ENOUGH_OF_NORMAL:
                    self._known += 1
                    self._held += row.alt_normal / depth >= SHARE_OF_NORMAL
            yield row

    @property
    def tells(self) -> bool:
        """Whether enough of what was counted does."""
        return self._held >= FEWEST_HELD and 2 * self._held > self._known


def _why_not(path: Path, names: Names) -> str:
    """Why a file that can be read is no evidence; empty where it is."""
    header, _ = read_vcf(path)
    if is_structural(header):
        return "it holds structural variants, which are called from the reads"
    adapter = adapter_of(header)
    if adapter.origin == "germline":
        return f"{adapter.name} calls germline variants"
    roles = roles_of(header, adapter, names.tumour, names.normal)
    if names.paired and header.samples and not adapter.saw_normal(header, roles):
        return f"{adapter.name} called the tumour without its normal"
    return ""


def _saw_normal(path: Path, tumour: str, normal: str) -> bool:
    """Whether a somatic caller's file says that it saw a normal."""
    try:
        header, _ = read_vcf(path)
        if is_structural(header):
            return False
        adapter = adapter_of(header)
        roles = roles_of(header, adapter, tumour, normal)
    except InputError:
        return False
    return adapter.origin == "somatic" and adapter.saw_normal(header, roles)


def _passed(path: Path, names: Names, reference: Reference) -> Iterator[GivenRow]:
    counted = names.paired and bool(adapter_of(read_vcf(path)[0]).normal_field)
    for record in read_calls(path, reference, names.tumour, names.normal):
        if not record.passed or (counted and record.alt_normal is None):
            continue
        allele = allele_of(record.edit, reference)
        if allele is not None:
            counts = (record.ref_tumour, record.alt_tumour)
            yield GivenRow(
                *allele, record.caller, *counts, record.ref_normal, record.alt_normal
            )


def allele_of(edit: Edit, reference: Reference) -> Allele | None:
    """The allele as VCF writes it, with the base before an insertion or deletion.

    None for one that stands before the first base.
    """
    contig, start, end, alt = edit
    bases = reference[contig]
    if alt and start < end:
        return contig, start, bases[start:end], alt
    if start == 0:
        return None
    return contig, start - 1, bases[start - 1 : end], bases[start - 1] + alt
