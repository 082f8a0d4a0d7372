"""LoFreq somatic: values of the tumour in INFO, no sample columns; the normal is not told."""

from __future__ import annotations

from equisite.genomics.adapters.depths import stranded_depths
from equisite.genomics.adapters.lines import Header, Line
from equisite.genomics.adapters.records import (
    UNKNOWN,
    Adapter,
    Reading,
    Roles,
    unnamed,
)


def _recognises(header: Header) -> bool:
    return header.value("source").startswith("lofreq ")


def _read(line: Line, roles: Roles, allele: int) -> Reading | None:
    del roles, allele
    tumour = stranded_depths(line.info.get("DP4", ""))
    return Reading(tumour, UNKNOWN, line.passed, line.quality)


LOFREQ = Adapter("LoFreq", "somatic", _recognises, unnamed, _read)
