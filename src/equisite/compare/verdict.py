"""The first sentences of the report: what was compared, and where to look first."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from equisite.compare.admission import ADMITTED, AWAITED, REFUSED, AdmittedRow
from equisite.compare.numbers import counted
from equisite.compare.suspects import (
    FEWEST_SITES,
    HARD,
    LOOK,
    QUIET,
    UNRANKED,
    WATCH,
    SuspectRow,
)
from equisite.compare.words import family_label

FEW_SITES = 5


def headline(suspects: Sequence[SuspectRow]) -> str:
    """The site to look at first, in one sentence."""
    if len(suspects) < 2:
        return "There is one site, so nothing can be compared."
    first = suspects[0]
    if first.verdict == HARD:
        others = sum(s.verdict == HARD for s in suspects) - 1
        more = f" {counted(others, 'further site')} with hard findings below." if others else ""
        fact = first.evidence.split("; ")[0]
        return f"Look at {first.title} first: {fact}; probably {first.fault}.{more}"
    if first.verdict == UNRANKED:
        if _compared(suspects) < 2:
            return "No two sites sent numbers that can be compared."
        return (
            "Two sites can be compared but not ranked; they differ most in "
            f"{family_label(first.family)}."
        )
    if first.verdict == QUIET:
        return "No site stands out; the ranking is shown all the same."
    weight = "Look at" if first.verdict == LOOK else "Watch"
    return (
        f"{weight} {first.title} first: it differs from the other sites in "
        f"{family_label(first.family)} (distance D = {first.d:.2f}); "
        f"probably {first.fault}."
    )


def _compared(suspects: Sequence[SuspectRow]) -> int:
    """Sites of which some number could be compared with another site's."""
    return sum(math.isfinite(s.d) for s in suspects)


def coverage(
    admitted: Sequence[AdmittedRow], silent: Collection[str], patients: float | None
) -> str:
    """How many bundles came, were admitted and pooled, and of how many patients.

    silent: sites that withheld all their tables; there is nothing of theirs to pool.
    """
    taken = [r for r in admitted if r.verdict == ADMITTED]
    pooled = sum(r.pooled and r.site not in silent for r in taken)
    refused = sum(r.verdict == REFUSED for r in admitted)
    awaited = sum(r.verdict == AWAITED for r in admitted)
    text = f"{counted(len(taken), 'bundle')} admitted, {pooled} pooled"
    if patients is not None:
        text += f", {patients:.0f} patients"
    text += "."
    if silent:
        text += f" {counted(len(silent), 'site')} withheld all tables."
    if refused:
        text += f" {counted(refused, 'bundle')} refused."
    if awaited:
        text += f" Nothing admitted yet from {counted(awaited, 'site')} of the keyring."
    unsigned = sum(not r.approved for r in taken)
    if unsigned:
        text += f" {unsigned} of {len(taken)} not approved (unsigned)."
    return text


def honesty(suspects: Sequence[SuspectRow]) -> str:
    """What so few sites can and cannot show; empty for five sites or more."""
    sites = _compared(suspects)
    named = any(s.verdict in (LOOK, WATCH) for s in suspects)
    if sites == 2:
        return (
            "With two sites a difference can be seen, but not which of the two is off: both "
            "get about the same score, and only hard findings can name one."
        )
    if FEWEST_SITES <= sites < FEW_SITES:
        text = (
            f"With only {sites} sites the statistics are weak: a site stands out when the "
            "others happen to agree."
        )
        if named:
            text += (
                " Read it as a reason to ask, not as proof; the difference may also lie in the "
                "patients, and the majority may be the one that is off."
            )
        return text
    return ""
