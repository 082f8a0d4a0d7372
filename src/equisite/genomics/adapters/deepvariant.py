"""DeepVariant: germline; RefCall and NoCall are verdicts against a variant."""

from __future__ import annotations

from equisite.genomics.adapters.depths import pair_depths
from equisite.genomics.adapters.lines import Header, Line, number
from equisite.genomics.adapters.records import Adapter, Reading, Roles, unnamed


def is_deepsomatic(header: Header) -> bool:
    """Whether DeepSomatic wrote a file: the version line of DeepVariant, a germline filter."""
    return bool(header.value("DeepVariant_version")) and header.defines("FILTER", "GERMLINE")


def carries(genotype: str, allele: int) -> bool:
    """Whether GT holds alternative 1, 2, ..."""
    return str(allele) in genotype.replace("|", "/").split("/")


def _recognises(header: Header) -> bool:
    return bool(header.value("DeepVariant_version")) and not is_deepsomatic(header)


def _read(line: Line, roles: Roles, allele: int) -> Reading | None:
    tumour, normal = pair_depths(line, roles, allele)
    column = roles.normal if roles.tumour is None else roles.tumour
    fields = line.fields(column)
    carried = carries(fields.get("GT", ""), allele)
    return Reading(tumour, normal, line.passed and carried, number(fields.get("GQ", "")))


DEEPVARIANT = Adapter("DeepVariant", "germline", _recognises, unnamed, _read)
