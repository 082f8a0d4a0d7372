"""What happened to each item of each patient: done, refused with a reason, or flagged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from equisite.core.canonical import canonical_json
from equisite.core.errors import EquisiteError, Finding
from equisite.core.tables import read_rows, write_rows

DONE, REFUSED, FLAGGED = "done", "refused", "flagged"


@dataclass(frozen=True, order=True)
class Outcome:
    """One row of `outcomes.tsv`; private, never leaves the site.

    room: the room that judged. item: sample, series or roi within the patient.
    outcome: done, refused (the item leaves the cohort) or flagged (kept, with a remark).
    numbers: canonical JSON of the measured values.
    """

    patient: str
    room: str
    item: str
    outcome: str
    code: str = ""
    numbers: str = "{}"
    sentence: str = ""
    mend: str = ""


def done(patient: str, room: str, item: str) -> Outcome:
    """The item went through."""
    return Outcome(patient, room, item, DONE)


def judged(patient: str, room: str, item: str, finding: Finding) -> Outcome:
    """The outcome that a finding means: `refuse` refuses, `warn` and `info` flag."""
    return Outcome(
        patient,
        room,
        item,
        REFUSED if finding.severity == "refuse" else FLAGGED,
        finding.code,
        canonical_json(finding.numbers).decode(),
        finding.sentence,
        finding.mend,
    )


def from_error(patient: str, room: str, item: str, error: EquisiteError) -> list[Outcome]:
    """One outcome per finding of an error caught at the edge of a room."""
    return [judged(patient, room, item, finding) for finding in error.findings]


def write_outcomes(path: Path, outcomes: Iterable[Outcome]) -> None:
    """Write outcomes sorted by patient, room, item and code, each once."""
    write_rows(path, Outcome, sorted(set(outcomes)))


def read_outcomes(paths: Iterable[Path]) -> list[Outcome]:
    """Outcomes of several batches, sorted."""
    return sorted({row for path in paths for row in read_rows(path, Outcome)})
