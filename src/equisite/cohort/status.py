"""What happened to every patient: one row each, and numbers per stage that must agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from equisite.cohort.join import SETS, Joined
from equisite.cohort.sources import ROOMS, Sources
from equisite.core.errors import ConfigError, Finding, Number
from equisite.core.outcomes import DONE, FLAGGED, REFUSED, Outcome

ABSENT, PARTLY = "absent", "partly"


@dataclass(frozen=True)
class StatusRow:
    """One row of `private/status.tsv`.

    A room is absent (nothing was given), done, flagged (kept, with a remark), partly (some
    items refused) or refused (nothing of it is used); its codes follow, a blank between.
    unused: series and readers that the protocol's rule left out.
    """

    patient: str
    clinical: str
    clinical_code: str
    genomics: str
    genomics_code: str
    imaging: str
    imaging_code: str
    radiomics: str
    radiomics_code: str
    set_all: bool
    set_genomics: bool
    set_imaging: bool
    set_both: bool
    unused: str


@dataclass(frozen=True)
class Stage:
    """Numbers of one room: patients expected, found with a result, and items by outcome."""

    room: str
    expected: int
    found: int
    done: int
    flagged: int
    refused: int


def status_rows(sources: Sources, joined: Joined) -> list[StatusRow]:
    """One row per patient of the clinical table, in its order."""
    by_patient = {room: _by_patient(sources.outcomes[room]) for room in ROOMS}
    found = _found(sources, joined)
    rows = []
    for row in joined.rows:
        patient = row["patient"]
        verdicts = {
            room: _verdict(
                by_patient[room].get(patient, []),
                given=_given(room, patient, sources, found),
                kept=patient in found[room],
            )
            for room in ROOMS
        }
        rows.append(
            StatusRow(
                patient,
                *verdicts["clinical"],
                *verdicts["genomics"],
                *verdicts["imaging"],
                *verdicts["radiomics"],
                row["set_all"] == "1",
                row["set_genomics"] == "1",
                row["set_imaging"] == "1",
                row["set_both"] == "1",
                "; ".join(joined.unused.get(patient, ())),
            )
        )
    return rows


def stages(sources: Sources, joined: Joined) -> list[Stage]:
    """Expected and found numbers of each room that had anything to do."""
    found = _found(sources, joined)
    result = []
    for room in ROOMS:
        if not sources.expected[room]:
            continue
        counted = Counter(o.outcome for o in sources.outcomes[room])
        result.append(
            Stage(
                room,
                len(sources.expected[room]),
                len(found[room] & sources.expected[room]),
                counted[DONE],
                counted[FLAGGED],
                counted[REFUSED],
            )
        )
    return result


def check_complete(sources: Sources, joined: Joined) -> list[Finding]:
    """Nobody may vanish, and success with nothing is impossible.

    Returns warnings about kinds of data of which nothing is left.
    Raises ConfigError STAGE_INCOMPLETE when a patient has neither result nor reason,
    EMPTY_COHORT when no patient has usable data.
    """
    found = _found(sources, joined)
    warnings = []
    for room, judges in (
        ("clinical", ROOMS[:1]),
        ("genomics", ROOMS[1:2]),
        ("imaging", ROOMS[2:]),
    ):
        expected = sources.expected[room]
        with_reason = {
            o.patient
            for judge in judges
            for o in sources.outcomes[judge]
            if o.outcome == REFUSED
        }
        results = found[judges[-1]]
        missing = expected - results - with_reason
        if missing:
            raise ConfigError(
                "STAGE_INCOMPLETE", room=room, missing=len(missing), expected=len(expected)
            )
        if expected and not results & expected:
            reasons = commonest_reasons(o for j in judges for o in sources.outcomes[j])
            numbers: dict[str, Number] = {"room": room, "expected": len(expected)}
            warnings.append(Finding("KIND_EMPTY", "", {**numbers, "reasons": reasons}))
    if not any(row["set_all"] == "1" for row in joined.rows):
        reasons = commonest_reasons(o for room in ROOMS for o in sources.outcomes[room])
        raise ConfigError(
            "EMPTY_COHORT", expected=len(sources.expected["clinical"]), reasons=reasons
        )
    return warnings


def commonest_reasons(outcomes: Iterable[Outcome], most: int = 3) -> str:
    """The codes that refused most patients, with their numbers: `LOW_DEPTH (12)`."""
    refusals = {(o.patient, o.code) for o in outcomes if o.outcome == REFUSED}
    counted = Counter(code for _, code in refusals)
    ordered = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:most]
    return ", ".join(f"{code} ({number})" for code, number in ordered) or "none was given"


def summary_lines(found: Sequence[Stage], rows: Sequence[StatusRow]) -> list[str]:
    """One line per room and one for the sets; counts only, fit for a terminal and a log."""
    lines = [
        f"{s.room:<10} {s.found} of {s.expected} patients; items: {s.done} done, "
        f"{s.flagged} flagged, {s.refused} refused"
        for s in found
    ]
    sets = ", ".join(f"{name} {sum(getattr(r, f'set_{name}') for r in rows)}" for name in SETS)
    out = sum(not r.set_all for r in rows)
    return [*lines, f"{'cohort':<10} {sets}; {out} of {len(rows)} patients left out"]


def _given(room: str, patient: str, sources: Sources, found: dict[str, frozenset[str]]) -> bool:
    """Whether a room had anything to do; features need a region that imaging accepted."""
    if room == "radiomics":
        return patient in found["imaging"]
    return patient in sources.expected[room]


def _by_patient(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    grouped: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        grouped.setdefault(outcome.patient, []).append(outcome)
    return grouped


def _found(sources: Sources, joined: Joined) -> dict[str, frozenset[str]]:
    """Patients with a result, by room."""
    usable = {
        name: frozenset(r["patient"] for r in joined.rows if r[f"set_{name}"] == "1")
        for name in ("genomics", "imaging")
    }
    return {
        "clinical": frozenset(row["patient"] for row in joined.rows),
        "genomics": usable["genomics"],
        "imaging": frozenset(row["patient"] for row in sources.regions),
        "radiomics": usable["imaging"],
    }


def _verdict(outcomes: Sequence[Outcome], *, given: bool, kept: bool) -> tuple[str, str]:
    """Verdict of one room on one patient, and the codes that led to it."""
    refused = _codes(outcomes, REFUSED)
    flagged = _codes(outcomes, FLAGGED)
    if not given:
        return ABSENT, ""
    if not kept:
        return REFUSED, refused or flagged
    if refused:
        return PARTLY, refused
    return (FLAGGED, flagged) if flagged else (DONE, "")


def _codes(outcomes: Sequence[Outcome], verdict: str) -> str:
    return " ".join(sorted({o.code for o in outcomes if o.outcome == verdict}))
