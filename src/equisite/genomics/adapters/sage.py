"""SAGE of the Hartwig tools, 2.2 to 4.0: reference samples stand before tumours, GT is `./.`.

An MNV and its SNVs share a local phase set (LPS, a list, the main one first) and are one
event. Where one base of an MNV is inherited, SAGE gives the MNV and its SNVs a common MSG,
and filters the somatic SNV as a duplicate of the MNV when the MNV changes more of its codon.
The record does not say which base is inherited: the bases of such an MNV are not taken, the
SNV is.
"""

from __future__ import annotations

from equisite.genomics.adapters.depths import pair_depths
from equisite.genomics.adapters.lines import Header, Line
from equisite.genomics.adapters.records import Adapter, Reading, Roles, unnamed

_PART_OF_MIXED = ("dedupMixedGermlineSomatic",)


def _recognises(header: Header) -> bool:
    return bool(header.value("sageVersion")) or header.defines("FORMAT", "RC_CNT", "RC_QUAL")


def _read(line: Line, roles: Roles, allele: int) -> Reading | None:
    tumour, normal = pair_depths(line, roles, allele)
    event = line.info.get("LPS", "").partition(",")[0]
    return Reading(tumour, normal, _passed(line, line.alts[allele - 1]), line.quality, event)


def _passed(line: Line, alt: str) -> bool:
    if len(line.ref) == len(alt) > 1 and "MSG" in line.info:
        return False
    return line.passed or line.filters == _PART_OF_MIXED


SAGE = Adapter("SAGE", "somatic", _recognises, unnamed, _read)
