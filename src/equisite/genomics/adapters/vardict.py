"""VarDict: paired files hold germline and LOH records too, told by STATUS."""

from __future__ import annotations

from equisite.genomics.adapters.depths import pair_depths
from equisite.genomics.adapters.lines import Header, Line, number
from equisite.genomics.adapters.records import Adapter, Reading, Roles, unnamed


def _recognises(header: Header) -> bool:
    # VarDict's scripts name no source: these fields stand together in its files only.
    return header.value("source").startswith("VarDict") or (
        header.defines("INFO", "SHIFT3", "MSILEN", "LSEQ", "RSEQ")
        and header.defines("FORMAT", "VD", "ALD", "RD")
    )


def _read(line: Line, roles: Roles, allele: int) -> Reading | None:
    tumour, normal = pair_depths(line, roles, allele)
    status = line.info.get("STATUS", "")
    # STATUS is written for pairs; of a tumour alone nobody has told germline from somatic.
    somatic = "Somatic" in status if roles.normal is not None else True
    return Reading(tumour, normal, line.passed and somatic, number(line.info.get("SSF", "")))


VARDICT = Adapter("VarDict", "somatic", _recognises, unnamed, _read)
