"""GATK HaplotypeCaller: germline; of a gVCF only what a genotype carries, no blocks."""

from __future__ import annotations

from equisite.genomics.adapters.depths import pair_depths
from equisite.genomics.adapters.lines import Header, Line, number
from equisite.genomics.adapters.records import Adapter, Reading, Roles, unnamed


def _recognises(header: Header) -> bool:
    return header.ran("HaplotypeCaller") or "HaplotypeCaller" in header.values("source")


def _read(line: Line, roles: Roles, allele: int) -> Reading | None:
    tumour, normal = pair_depths(line, roles, allele)
    column = roles.normal if roles.tumour is None else roles.tumour
    fields = line.fields(column)
    if str(allele) not in fields.get("GT", "").replace("|", "/").split("/"):
        return None
    return Reading(tumour, normal, line.passed, number(fields.get("GQ", "")))


HAPLOTYPECALLER = Adapter("HaplotypeCaller", "germline", _recognises, unnamed, _read)
