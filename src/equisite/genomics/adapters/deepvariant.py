"""DeepVariant: germline; RefCall and NoCall are verdicts against a variant."""

from __future__ import annotations

from equisite.genomics.adapters.depths import pair_depths
from equisite.genomics.adapters.lines import Header, Line, number
from equisite.genomics.adapters.records import Adapter, Reading, Roles, unnamed


def _recognises(header: Header) -> bool:
    # DeepSomatic writes the same line but has a filter for germline; it is not read here.
    return bool(header.value("DeepVariant_version")) and not header.defines(
        "FILTER", "GERMLINE"
    )


def _read(line: Line, roles: Roles, allele: int) -> Reading | None:
    tumour, normal = pair_depths(line, roles, allele)
    column = roles.normal if roles.tumour is None else roles.tumour
    fields = line.fields(column)
    carried = str(allele) in fields.get("GT", "").replace("|", "/").split("/")
    return Reading(tumour, normal, line.passed and carried, number(fields.get("GQ", "")))


DEEPVARIANT = Adapter("DeepVariant", "germline", _recognises, unnamed, _read)
