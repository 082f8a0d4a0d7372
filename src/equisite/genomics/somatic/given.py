"""Final calls of a tumour of which there are other callers' calls and no reads.

One caller's passed alleles are of medium confidence; of several callers, those that two
agree on are, the rest is low. Panel of normals and population frequency hold as for reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from equisite.core.errors import Finding
from equisite.genomics.somatic.calls import Call, Found, Tally, call_tumour
from equisite.genomics.somatic.filters import LOW, MEDIUM, Setting
from equisite.genomics.somatic.others import alleles_of_calls
from equisite.genomics.somatic.pair import ALONE, PAIRED
from equisite.genomics.somatic.pairs import Pair
from equisite.genomics.somatic.panel import Panel
from equisite.protocol.somatic import Somatic
from equisite.variants.alleles import Reference


@dataclass(frozen=True)
class GivenFacts:
    """What is known of a tumour of calls only; a row of `<token>.given.tsv`.

    mode: TN where a caller's file says that it saw a normal, else TO. callers: names, a
    comma between. assay: of the sheet. panel: other people in the panel of normals.
    """

    mode: str
    callers: str
    assay: str
    medium: int
    low: int
    panel: int | None


@dataclass(frozen=True)
class GivenCalls:
    """Calls of one tumour, which are gone through and never held, and how they are judged.

    callers: whose files were used, sorted. assay: of the sheet.
    """

    found: Found
    setting: Setting
    panel: Panel | None
    population: Path | None
    callers: Sequence[str]
    assay: str

    def calls(self) -> Iterator[Call]:
        """The calls, in the order of the reference."""
        alone = len(self.callers) == 1
        for call in call_tumour(self.found, self.setting, self.panel, self.population):
            yield replace(call, grade=MEDIUM) if alone else call

    def facts(self, tally: Tally) -> GivenFacts:
        """The row of the tumour; tally: has counted its calls."""
        return GivenFacts(
            ALONE if self.setting.alone else PAIRED,
            ",".join(self.callers),
            self.assay,
            tally.grades[MEDIUM],
            tally.grades[LOW],
            self.panel.others if self.panel else None,
        )


def call_given(
    pair: Pair,
    somatic: Somatic,
    reference: Reference,
    panel: Panel | None,
    population: Path | None,
    scratch: Path,
) -> tuple[GivenCalls | None, list[Finding]]:
    """Calls of a tumour from its files, and what is to be said of them.

    reference: sequences by name, in their order. scratch: must stay while calls are read.
    Nothing but findings, of which one refuses, where no file can be used, or where the
    protocol calls pairs only and no file says that there was a normal.
    """
    tumour = pair.tumour
    normal = pair.normal.name if pair.normal else ""
    told, paired = alleles_of_calls(tumour, normal, reference, scratch)
    if not told.callers:
        files = {"files": len(tumour.lanes)}
        return None, [*told.remarks, Finding("GIVEN_CALLS_UNUSABLE", "", {**files})]
    if not paired and somatic.mode == "paired":
        return None, [*told.remarks, Finding("TUMOUR_WITHOUT_NORMAL")]
    setting = Setting(somatic, not paired, panel is not None and panel.is_enough)
    found = Found((), (), list(reference), told.alleles)
    callers = sorted(told.callers)
    numbers: dict[str, str | int | float | bool] = {"callers": ", ".join(callers)}
    return (
        GivenCalls(found, setting, panel, population, callers, tumour.lanes[0].assay),
        [*told.remarks, Finding("GIVEN_CALLS_ONLY", "", numbers)],
    )
