"""Which site to look at first, in what, and what to do: facts before statistics."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from equisite.compare.distance import LOCATION, SHARE, FamilyScore, largest
from equisite.compare.facts import Fact
from equisite.compare.numbers import MINUS
from equisite.compare.reference import Limits
from equisite.compare.shipped import read_words

Reals = NDArray[np.float64]

HARD, LOOK, WATCH, QUIET, UNRANKED = "hard", "look", "watch", "quiet", "unranked"
GENES, QUALITY = "genes", "quality"
FEWEST_SITES = 3
"""Of two sites that differ, numbers do not tell which one is off."""


@dataclass(frozen=True)
class Fault:
    """What the pattern of a site's differences points to, and what the lead can do about it."""

    fault: str
    words: str
    next_step: str


@cache
def faults() -> dict[str, Fault]:
    """All faults that can be named, by key."""
    return {fault.fault: fault for fault in read_words("faults", Fault)}


@dataclass(frozen=True)
class SuspectRow:
    """One line of `suspects.tsv`; the site to look at first has rank 1.

    layer: 1 facts, 2 statistics. d: the capped family score over that of the median site;
    nan where no number of the site could be compared. verdict: hard (a fact), look, watch
    (limits of D for this consortium), quiet, or unranked where fewer than three sites can be
    compared or this one cannot. family, statistic: where D is reached. evidence: numbers in
    words. worst: up to three variables.
    """

    rank: int
    site: str
    title: str
    layer: int
    verdict: str
    d: float
    family: str
    statistic: str
    fault: str
    evidence: str
    worst: str
    next_step: str


def name_fault(site: int, at: FamilyScore | None, scores: list[FamilyScore]) -> str:
    """Key of `faults` for the family at which a site's D is reached."""
    if at is None:
        return "none"
    if at.family == GENES:
        return "caller"
    stem = at.family.split(" ")[-1]
    if stem == "texture":
        place = at.family.removesuffix("texture")
        intensity = [s.e[site] for s in scores if s.family == f"{place}intensity"]
        strong = max((e for e in intensity if np.isfinite(e)), default=0.0)
        return "settings" if strong < 0.75 * at.e[site] else "scanner"
    return {
        "intensity": "scanner",
        "shape": "segmentation",
        QUALITY: "acquisition",
        "imaging_quality": "acquisition",
        "sequencing_quality": "caller",
    }.get(stem, "cohort")


def rank_sites(
    sites: list[tuple[str, str]],
    facts: list[Fact],
    scores: list[FamilyScore],
    limits: Limits,
    labels: list[str],
    gene_labels: list[str],
    words: dict[str, str],
) -> list[SuspectRow]:
    """Order the sites: facts first, then D; equal D by site id.

    sites: id and title. labels, gene_labels: of the columns that the scores refer to.
    words: label of each family.
    """
    d, where = largest(scores, len(sites))
    own: dict[int, list[Fact]] = {}
    for fact in sorted(facts):
        own.setdefault(fact.site, []).append(fact)
    order = sorted(
        range(len(sites)),
        key=lambda i: (i not in own, -len(own.get(i, [])), -d[i], sites[i][0]),
    )
    compared = sum(at is not None for at in where)
    rows = []
    for rank, site in enumerate(order, start=1):
        at = where[site]
        hard = own.get(site, [])
        fault = hard[0].fault if hard else name_fault(site, at, scores)
        verdict = HARD if hard else _verdict(d[site], limits, compared if at else 0)
        texts = [f.evidence for f in hard]
        if at is not None and compared > 1:
            texts.append(_evidence(site, at, words))
        if verdict in (QUIET, UNRANKED):
            fault = "none"
        rows.append(
            SuspectRow(
                rank,
                *sites[site],
                1 if hard else 2,
                verdict,
                round(float(d[site]), 4) if at and compared > 1 else float("nan"),
                hard[0].family if hard else at.family if at else "",
                "fact" if hard else at.statistic if at else "",
                faults()[fault].words,
                "; ".join(texts),
                _worst(site, at, gene_labels if at and at.family == GENES else labels),
                faults()[fault].next_step,
            )
        )
    return rows


def _verdict(d: float, limits: Limits, compared: int) -> str:
    """compared: sites with which this one was compared, itself among them."""
    if compared < FEWEST_SITES:
        return UNRANKED
    return LOOK if d > limits.look else WATCH if d > limits.watch else QUIET


def _evidence(site: int, at: FamilyScore, words: dict[str, str]) -> str:
    """The numbers behind D in one sentence."""
    gap = at.gap[site][np.isfinite(at.gap[site])]
    typical = float(np.sqrt(np.mean(gap**2)))
    what = words[at.family]
    if at.statistic == LOCATION:
        text = f"means of {what} lie {typical:.2f} SD of the patients from the median site"
    elif at.statistic == SHARE:
        text = f"{what} lie {typical:.2f} (Cohen's h) from the median site"
    else:
        factor = np.exp(typical)
        text = f"spreads of {what} differ by a factor of {factor:.2f} from the median site"
    return (
        f"{text} (root mean square of {gap.size} variables; score {at.e[site]:.2f}, "
        f"median site {float(np.nanmedian(at.e)):.2f})"
    )


def _worst(site: int, at: FamilyScore | None, labels: list[str]) -> str:
    if at is None:
        return ""
    z = np.where(np.isfinite(at.z[site]), at.z[site], 0.0)
    order = np.argsort(-np.abs(z), kind="stable")[:3]
    texts = (f"{labels[at.columns[i]]} {z[i]:+.1f}" for i in order)
    return "; ".join(texts).replace(" -", f" {MINUS}")
