"""SomaticSniper: SNVs of a pair; it has no filter of its own, so `.` is all it ever says."""

from __future__ import annotations

from equisite.genomics.adapters.depths import stranded_depths
from equisite.genomics.adapters.lines import Header, Line, integers, number
from equisite.genomics.adapters.records import UNKNOWN, Adapter, Counts, Reading, Roles

_SOMATIC = "2"
_BASES = "ACGT"


def _recognises(header: Header) -> bool:
    return header.defines("FORMAT", "IGT", "BCOUNT", "JGQ", "VAQ", "SSC")


def _named(header: Header) -> tuple[str, str]:
    del header
    return "TUMOR", "NORMAL"


def _counts(line: Line, column: int | None, allele: int) -> Counts:
    """DP4; with several alternatives the bases themselves, in the order A, C, G, T."""
    fields = line.fields(column)
    if len(line.alts) == 1:
        return stranded_depths(fields.get("DP4", ""))
    bases = dict(zip(_BASES, integers(fields.get("BCOUNT", "")), strict=False))
    alt = line.alts[allele - 1]
    if line.ref not in bases or alt not in bases:
        return UNKNOWN
    return Counts(bases[line.ref], bases[alt])


def _read(line: Line, roles: Roles, allele: int) -> Reading | None:
    fields = line.fields(roles.tumour)
    passed = fields.get("SS") == _SOMATIC and line.filters in ((), ("PASS",))
    tumour, normal = (_counts(line, column, allele) for column in roles)
    return Reading(tumour, normal, passed, number(fields.get("SSC", "")))


SOMATICSNIPER = Adapter("SomaticSniper", "somatic", _recognises, _named, _read)
