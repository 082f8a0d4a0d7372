"""Final calls of a tumour of which there are other callers' calls and no reads.

One caller's passed alleles are of medium confidence; of several callers, those that two
agree on are, the rest is low. Panel of normals and population frequency hold as for reads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from equisite.core.errors import Finding
from equisite.genomics.somatic.calls import Call, Found, call_tumour
from equisite.genomics.somatic.filters import LOW, MEDIUM, Setting
from equisite.genomics.somatic.others import alleles_of_calls
from equisite.genomics.somatic.pair import ALONE, PAIRED
from equisite.genomics.somatic.pairs import Pair
from equisite.genomics.somatic.panel import Panel
from equisite.protocol.somatic import Somatic
from equisite.variants.alleles import Reference
from equisite.variants.intervals import Territory


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
    """Calls of one tumour, and how they were judged."""

    calls: list[Call]
    setting: Setting
    facts: GivenFacts


def call_given(
    pair: Pair,
    somatic: Somatic,
    reference: Reference,
    lengths: Mapping[str, int],
    panel: Panel | None,
    population: Path | None,
    scratch: Path,
) -> tuple[GivenCalls | None, list[Finding]]:
    """Calls of a tumour from its files, and what is to be said of them.

    lengths: of the reference's sequences, in its order.
    Nothing but findings, of which one refuses, where no file can be used, or where the
    protocol calls pairs only and no file says that there was a normal.
    """
    tumour = pair.tumour
    normal = pair.normal.name if pair.normal else ""
    seen = Territory.of((name, 0, length) for name, length in lengths.items())
    told, paired = alleles_of_calls(tumour, normal, reference, seen, scratch)
    if not told.callers:
        files = {"files": len(tumour.lanes)}
        return None, [*told.remarks, Finding("GIVEN_CALLS_UNUSABLE", "", {**files})]
    if not paired and somatic.mode == "paired":
        return None, [*told.remarks, Finding("TUMOUR_WITHOUT_NORMAL")]
    setting = Setting(somatic, not paired, panel is not None and panel.is_enough)
    found = Found((), (), list(lengths), told.alleles)
    calls = list(call_tumour(found, setting, panel, population))
    callers = sorted(told.callers)
    if len(callers) == 1:
        calls = [replace(call, grade=MEDIUM) for call in calls]
    facts = _facts(calls, callers, tumour.lanes[0].assay, panel, paired=paired)
    numbers: dict[str, str | int | float | bool] = {"callers": ", ".join(callers)}
    return (
        GivenCalls(calls, setting, facts),
        [*told.remarks, Finding("GIVEN_CALLS_ONLY", "", numbers)],
    )


def _facts(
    calls: Sequence[Call],
    callers: Sequence[str],
    assay: str,
    panel: Panel | None,
    *,
    paired: bool,
) -> GivenFacts:
    grades = [call.grade for call in calls]
    return GivenFacts(
        PAIRED if paired else ALONE,
        ",".join(callers),
        assay,
        grades.count(MEDIUM),
        grades.count(LOW),
        panel.others if panel else None,
    )
