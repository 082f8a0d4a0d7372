"""Scalpel: indels; SOMATIC marks those of the tumour, counts are of k-mers."""

from __future__ import annotations

from equisite.genomics.adapters.depths import pair_depths
from equisite.genomics.adapters.lines import Header, Line, number
from equisite.genomics.adapters.records import Adapter, Reading, Roles


def _recognises(header: Header) -> bool:
    return header.value("source").lower().startswith("scalpel")


def _named(header: Header) -> tuple[str, str]:
    del header
    return "TUMOR", "NORMAL"


def _read(line: Line, roles: Roles, allele: int) -> Reading | None:
    tumour, normal = pair_depths(line, roles, allele)
    passed = line.passed and "SOMATIC" in line.info
    return Reading(tumour, normal, passed, number(line.info.get("FISHERPHREDSCORE", "")))


SCALPEL = Adapter("Scalpel", "somatic", _recognises, _named, _read)
