"""GATK Mutect2, filtered by FilterMutectCalls (GATK 4) or by itself (3); pairs or tumours."""

from __future__ import annotations

from equisite.genomics.adapters.depths import pair_depths
from equisite.genomics.adapters.lines import Header, Line, number, per_allele
from equisite.genomics.adapters.records import Adapter, Reading, Roles

_NAMES = ("Mutect2", "MuTect2")
"""GATK 4 and 3 call themselves so."""
_GOOD = ("SITE", "PASS", ".")


def _recognises(header: Header) -> bool:
    return "Mutect2" in header.values("source") or any(map(header.ran, _NAMES))


def _named(header: Header) -> tuple[str, str]:
    return header.value("tumor_sample"), header.value("normal_sample")


def _read(line: Line, roles: Roles, allele: int) -> Reading | None:
    tumour, normal = pair_depths(line, roles, allele)
    # A line passes when one of its alternatives does: AS_FilterStatus tells which, one part
    # per alternative between bars, the filters of a part between commas.
    status = line.info.get("AS_FilterStatus", "")
    parts = status.split("|") if status else []
    mine = parts[allele - 1].split(",") if allele <= len(parts) else ["SITE"]
    passed = line.passed and all(one in _GOOD for one in mine)
    score = number(per_allele(line.info.get("TLOD", ""), allele))
    return Reading(tumour, normal, passed, score)


MUTECT2 = Adapter("Mutect2", "somatic", _recognises, _named, _read)
