"""SAGE of the Hartwig tools: an MNV and its SNVs share a phase set and are one event."""

from __future__ import annotations

from equisite.genomics.adapters.depths import pair_depths
from equisite.genomics.adapters.lines import Header, Line
from equisite.genomics.adapters.records import Adapter, Reading, Roles, unnamed


def _recognises(header: Header) -> bool:
    return bool(header.value("sageVersion")) or header.defines("FORMAT", "RC_CNT", "RC_QUAL")


def _read(line: Line, roles: Roles, allele: int) -> Reading | None:
    tumour, normal = pair_depths(line, roles, allele)
    return Reading(tumour, normal, line.passed, line.quality, line.info.get("LPS", ""))


SAGE = Adapter("SAGE", "somatic", _recognises, unnamed, _read)
