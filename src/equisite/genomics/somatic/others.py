"""Calls that the site already has, from other callers: evidence beside our own.

They are never needed and never enough for high confidence: an allele that only one other
caller has is of low confidence, two others make it medium. Of a tumour without reads they
are all there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from equisite.core.errors import Finding, InputError
from equisite.genomics.adapters.callers import adapter_of, read_calls, roles_of
from equisite.genomics.adapters.lines import read_vcf
from equisite.genomics.adapters.records import CallerRecord
from equisite.genomics.adapters.structural import is_structural
from equisite.genomics.aligned import link
from equisite.genomics.samples import Sample
from equisite.genomics.somatic.panel import Allele
from equisite.intake.index import SequencingItem
from equisite.variants.alleles import Edit, Reference
from equisite.variants.intervals import Territory

ENOUGH_OF_NORMAL, SHARE_OF_NORMAL, FEWEST_HELD = 10, 0.2, 3
"""Reads of the normal from which on it is judged, share that carries, alleles that tell."""
Given = dict[Allele, dict[str, CallerRecord]]
"""Passed records by allele and caller."""


def given_alleles(
    tumour: Sample,
    normal: Sample | None,
    reference: Reference,
    seen: Territory,
    scratch: Path,
) -> tuple[Given, list[Finding]]:
    """What other callers passed of a tumour on callable bases, and what was left out, why.

    A file that cannot be used is told and left out: the tumour's own reads are enough. So
    are germline callers, and tumours called alone beside a normal of ours: their calls hold
    inherited alleles.
    """
    names = Names(tumour.name, normal.name if normal else "", paired=normal is not None)
    told = _alleles(tumour.evidence, names, reference, seen, scratch)
    return told.alleles, told.remarks


def alleles_of_calls(
    tumour: Sample, normal: str, reference: Reference, seen: Territory, scratch: Path
) -> tuple[Told, bool]:
    """The same of a tumour without reads, and whether its callers saw a normal.

    normal: name of the patient's normal in the sheet, or empty. seen: where calls are taken
    from. Where one file says that
    there was a normal, those of the tumour alone are left out.
    """
    paired = any(
        _saw_normal(link(lane, lane.calls, scratch), tumour.name, normal)
        for lane in tumour.lanes
    )
    names = Names(tumour.name, normal, paired=paired)
    return _alleles(tumour.lanes, names, reference, seen, scratch), paired


@dataclass(frozen=True)
class Told:
    """What files of other callers hold. callers: of the files that were used."""

    alleles: Given
    callers: frozenset[str]
    remarks: list[Finding]


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
    seen: Territory,
    scratch: Path,
) -> Told:
    found: Given = {}
    callers = set()
    remarks = []
    for number, lane in enumerate(lanes, start=1):
        path = link(lane, lane.calls, scratch)
        try:
            told = _why_not(path, names)
            records = [] if told else list(_passed(path, names, reference, seen))
            if _of_the_normal(record for _, record in records):
                told = "the normal carries most of its alleles"
        except InputError as error:
            told, records = error.findings[0].sentence.rstrip("."), []
        if told:
            remarks.append(Finding("EVIDENCE_LEFT_OUT", "", {"number": number, "reason": told}))
            continue
        callers.add(adapter_of(read_vcf(path)[0]).name)
        for allele, record in records:
            # SAGE and VarDict write an allele again when its reads differ around it.
            known = found.setdefault(allele, {}).get(record.caller)
            if known is None or (record.alt_tumour or 0) > (known.alt_tumour or 0):
                found[allele][record.caller] = record
    return Told(found, frozenset(callers), remarks)


def _of_the_normal(records: Iterable[CallerRecord]) -> bool:
    """Whether most passed alleles stand in the normal: germline calls, or exchanged columns.

    SAGE's germline mode writes the header of its somatic mode, and names of a sheet may be
    exchanged. No somatic caller passes an allele that a fifth of ten normal reads carry.
    """
    depths = [
        (record.alt_normal, record.ref_normal + record.alt_normal)
        for record in records
        if record.ref_normal is not None and record.alt_normal is not None
    ]
    known = [alt / depth for alt, depth in depths if depth >= ENOUGH_OF_NORMAL]
    held = sum(share >= SHARE_OF_NORMAL for share in known)
    return held >= FEWEST_HELD and 2 * held > len(known)


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


def _passed(
    path: Path, names: Names, reference: Reference, seen: Territory
) -> Iterator[tuple[Allele, CallerRecord]]:
    counted = names.paired and bool(adapter_of(read_vcf(path)[0]).normal_field)
    for record in read_calls(path, reference, names.tumour, names.normal):
        if not record.passed or (counted and record.alt_normal is None):
            continue
        allele = allele_of(record.edit, reference)
        if allele is not None and seen.holds(allele[0], allele[1]):
            yield allele, record


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
