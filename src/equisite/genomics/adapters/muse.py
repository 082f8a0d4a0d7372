"""MuSE: SNVs of a pair; Tier1 to Tier5 are what did not pass at that level."""

from __future__ import annotations

import re

from equisite.genomics.adapters.depths import pair_depths
from equisite.genomics.adapters.lines import Header, Line
from equisite.genomics.adapters.records import Adapter, Reading, Roles

_SOMATIC = "2"
_SAMPLE = re.compile(r"Sample=([^,\"]+)")


def _recognises(header: Header) -> bool:
    return bool(header.value("MuSE_version"))


def _named(header: Header) -> tuple[str, str]:
    found = (_SAMPLE.search(header.value(key)) for key in ("TUMOR", "NORMAL"))
    tumour, normal = ("" if one is None else one.group(1) for one in found)
    return tumour or "TUMOR", normal or "NORMAL"


def _read(line: Line, roles: Roles, allele: int) -> Reading | None:
    tumour, normal = pair_depths(line, roles, allele)
    somatic = line.fields(roles.tumour).get("SS") == _SOMATIC
    return Reading(tumour, normal, line.passed and somatic, None)


MUSE = Adapter("MuSE", "somatic", _recognises, _named, _read)
