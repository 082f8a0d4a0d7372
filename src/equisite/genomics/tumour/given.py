"""Features of a tumour of which there are other callers' calls and no reads.

What calls permit is counted: mutations, spectrum, signatures, and, where it is known which
bases were sequenced, genes and burden. Which of these bases had enough reads nobody can
tell, so burden has a name of its own; all that needs reads is missing.
"""

from __future__ import annotations

from pathlib import Path

from equisite.core.errors import Finding
from equisite.core.tables import read_rows
from equisite.genomics.somatic.given import GivenFacts
from equisite.genomics.somatic.pair import PAIRED
from equisite.genomics.tumour.calls import read_calls
from equisite.genomics.tumour.features import (
    TUMOUR_COLUMN,
    Ground,
    Row,
    burden_of,
    genes_of,
    mutations_of,
)

GENOME = "genome"
MODES = {True: "TN_given", False: "TO_given"}
"""Codes of `som_mode`, by whether the callers saw a normal."""


def given_row(annotated: Path, given: Path, ground: Ground) -> tuple[Row, list[Finding]]:
    """Features of one tumour by column, without its patient, and what is to be said of it.

    annotated, given: its calls with consequences, and its row of `GivenFacts`. The bases that
    were sequenced are the protocol's territory, or all where the assay is a genome.
    """
    (facts,) = read_rows(given, GivenFacts)
    settings = ground.genomics.tumour
    paired = facts.mode == PAIRED
    calls = [
        call
        for call in read_calls(annotated, TUMOUR_COLUMN)
        if call.confidence in settings.confidence and call.inside(ground.territory)
    ]
    mutations, findings = mutations_of(calls, ground, paired=paired)
    row: Row = {"som_mode": MODES[paired], **mutations}
    if ground.genomics.territory is None and facts.assay != GENOME:
        numbers: dict[str, str | int | float | bool] = {"assay": facts.assay}
        return row, [*findings, Finding("GIVEN_GROUND_UNKNOWN", "", numbers)]
    row |= genes_of(calls, ground.territory, ground)
    if paired:
        row["som_tmb_given"] = burden_of(calls, ground.territory, ground)
    return row, findings
