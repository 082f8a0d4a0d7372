"""DeepSomatic: one column, the tumour's; PASS is somatic, GERMLINE and RefCall are not.

GT says nothing of the copies (1/1 at any fraction), only which alternative passed. From
1.10 on the counts of the normal stand in the tumour's column (NDP, NAD, NAF); before, and
of tumours called alone, a file does not say that there was a normal.
"""

from __future__ import annotations

from equisite.genomics.adapters.deepvariant import carries, is_deepsomatic
from equisite.genomics.adapters.depths import allele_depths
from equisite.genomics.adapters.lines import Line, number
from equisite.genomics.adapters.records import Adapter, Reading, Roles, unnamed

NORMAL_DEPTHS = "NAD"


def _read(line: Line, roles: Roles, allele: int) -> Reading | None:
    fields = line.fields(roles.tumour)
    return Reading(
        allele_depths(fields, allele),
        allele_depths(fields, allele, NORMAL_DEPTHS),
        line.passed and carries(fields.get("GT", ""), allele),
        number(fields.get("GQ", "")),
    )


DEEPSOMATIC = Adapter("DeepSomatic", "somatic", is_deepsomatic, unnamed, _read, NORMAL_DEPTHS)
