"""The first sentences of the report: what was compared, and where to look first."""

from __future__ import annotations

from collections.abc import Sequence

from equisite.compare.admission import ADMITTED, AWAITED, REFUSED, AdmittedRow
from equisite.compare.suspects import HARD, LOOK, QUIET, WATCH, SuspectRow
from equisite.compare.words import family_label

FEW_SITES = 5


def number_word(count: int, noun: str) -> str:
    """A count with its noun in singular or plural.

    >>> number_word(1, "site"), number_word(3, "site")
    ('1 site', '3 sites')
    """
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def headline(suspects: Sequence[SuspectRow]) -> str:
    """The site to look at first, in one sentence."""
    if len(suspects) < 2:
        return "There is one site, so nothing can be compared."
    first = suspects[0]
    if first.verdict == HARD:
        others = sum(s.verdict == HARD for s in suspects) - 1
        more = (
            f" {number_word(others, 'further site')} with hard findings below."
            if others
            else ""
        )
        return f"Look at {first.title} first: {first.evidence}; probably {first.fault}.{more}"
    if first.verdict == QUIET:
        return "No site stands out; the ranking is shown all the same."
    weight = "Look at" if first.verdict == LOOK else "Watch"
    return (
        f"{weight} {first.title} first: it differs from the other sites in "
        f"{family_label(first.family)} (D = {first.d:.2f}); probably {first.fault}."
    )


def coverage(admitted: Sequence[AdmittedRow], patients: float | None) -> str:
    """How many bundles came, were admitted and pooled, and of how many patients."""
    taken = [r for r in admitted if r.verdict == ADMITTED]
    pooled = sum(r.pooled for r in taken)
    refused = sum(r.verdict == REFUSED for r in admitted)
    awaited = sum(r.verdict == AWAITED for r in admitted)
    text = f"{number_word(len(taken), 'bundle')} admitted, {pooled} pooled"
    if patients is not None:
        text += f", {patients:.0f} patients"
    text += "."
    if refused:
        text += f" {number_word(refused, 'bundle')} refused."
    if awaited:
        text += f" Nothing yet from {number_word(awaited, 'site')} of the keyring."
    unsigned = sum(not r.approved for r in taken)
    if unsigned:
        text += f" {unsigned} of {len(taken)} not approved (unsigned)."
    return text


def honesty(sites: int, suspects: Sequence[SuspectRow]) -> str:
    """What so few sites can and cannot show; empty for five sites or more."""
    named = any(s.verdict in (LOOK, WATCH) for s in suspects)
    if sites == 2:
        return (
            "With two sites a difference can be seen, but not which of the two is off: both "
            "get the same score, and only hard findings can name one."
        )
    if sites < FEW_SITES and sites > 2:
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
