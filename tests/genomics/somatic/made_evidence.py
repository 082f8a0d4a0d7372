"""One clear somatic variant, and the settings under which it is judged."""

from __future__ import annotations

import dataclasses

from equisite.genomics.somatic.evidence import Evidence
from equisite.genomics.somatic.filters import Setting
from equisite.protocol.somatic import Somatic

CLEAR = Evidence(
    "c", 10, "A", "G", 8, 32, 40, 0, 25, 25, 15.0, 7.5, 1.5, 60.0, 60.0, 30.0, 0.2, 1.0, 4, 4, 0
)
PAIRED = Setting(Somatic(), alone=False, panel=True)
NO_PANEL = Setting(Somatic(), alone=False, panel=False)
ALONE = Setting(Somatic(), alone=True, panel=True)


def but(**changes: object) -> Evidence:
    """The clear variant with some of its fields changed."""
    return dataclasses.replace(CLEAR, **changes)  # type: ignore[arg-type]
