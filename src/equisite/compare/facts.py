"""Hard checks: facts about a site that need no statistics and name their fault.

A site with such a fact ranks above all others, however small its D.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from equisite.codebook.book import Codebook
from equisite.compare.cells import CountBlock, MomentBlock, Party, Reals
from equisite.compare.conformance import ABSENT, FAILS, SiteConformance

CLIPPED_SHARE = 0.5
EVEN_CELLS = 15
"""All even by chance in so many cells: one in 30,000."""
SLOPE, RESIDUAL = 0.6, 0.15
FEWEST_FEATURES = 3
LENGTH = {"1": 1.0, "2": 2.0, "3": 3.0, "-1": -1.0, "0": 0.0}
INTENSITY = {"i": 1.0, "i2": 2.0, "i2_3": 2.0, "0": 0.0}


@dataclass(frozen=True, order=True)
class Fact:
    """One hard fact about a site: the family it shows in, and what it says."""

    site: int
    fault: str
    family: str
    evidence: str


def conformance_facts(
    parties: list[Party], judged: Mapping[str, SiteConformance]
) -> list[Fact]:
    """Sites whose results on the public input differ from the others'."""
    facts = []
    for index, party in enumerate(parties):
        found = judged[party.site]
        bad = [i.item for i in found.items if i.level in (FAILS, ABSENT)]
        if found.finding is not None:
            shown = ", ".join(bad[:3]) or "no item"
            text = f"{len(bad)} of {len(found.items)} conformance items differ ({shown})"
            facts.append(Fact(index, "pipeline", "conformance", text))
    return facts


def counted_twice_facts(parties: list[Party], blocks: list[CountBlock]) -> list[Fact]:
    """Sites that say that records were counted twice, or whose counts are all even."""
    facts = [
        Fact(index, "doubled", "cohort", "the site found equal content in two of its patients")
        for index, party in enumerate(parties)
        if party.bundle.about.facts.records_counted_twice
    ]
    for index in range(len(parties)):
        values = np.concatenate([b.value[index] for b in blocks] or [np.zeros(0)])
        values = values[np.isfinite(values) & (values > 0)]
        if values.size >= EVEN_CELLS and not (values % 2).any():
            text = f"all {values.size} published counts are even"
            facts.append(Fact(index, "doubled", "cohort", text))
    return facts


def clipped_facts(block: MomentBlock, families: list[str]) -> list[Fact]:
    """Sites where most features of a family were withheld, or most values lie, beyond limits.

    A wrong unit often shows like this: the values pile up at one of the registered limits.
    """
    facts = []
    for family in sorted(set(families)):
        columns = [c for c, f in enumerate(families) if f == family]
        for site in range(block.n.shape[0]):
            withheld = float(np.mean(block.status[site, columns] == "clipped"))
            if withheld > CLIPPED_SHARE:
                sides = Counter(s for s in block.beyond[site, columns].tolist() if s)
                side = max(sorted(sides), key=lambda s: sides[s], default="")
                facts.append(Fact(site, "unit", family, _withheld_text(withheld, side)))
                continue
            with np.errstate(invalid="ignore", divide="ignore"):
                shares = block.clipped[:, site, columns] / block.n[site, columns]
            for place, side in enumerate(("low", "high")):
                known = shares[place][np.isfinite(shares[place])]
                if known.size and known.mean() > CLIPPED_SHARE:
                    text = f"{known.mean():.0%} of the values lie beyond the {side} limits"
                    facts.append(Fact(site, "unit", family, text))
    return facts


def _withheld_text(share: float, side: str) -> str:
    where = f" on the {side} side" if side else ""
    return (
        f"{share:.0%} of its features were withheld: too many values beyond the limits{where}"
    )


def absolute_log(block: MomentBlock, book: Codebook) -> Reals:
    """log10 of the size of every site mean in the unit of the codebook, (site, column)."""
    out = np.full(block.mean.shape, np.nan)
    for c, (_, key) in enumerate(block.names):
        constant = book.constant(key.get("feature") or "")
        mean = block.mean[:, c] + constant.centre
        if constant.transform == "log10":
            out[:, c] = mean
        else:
            mean = np.array([constant.in_unit(m) for m in mean])
            with np.errstate(divide="ignore"):
                out[:, c] = np.where(mean != 0, np.log10(np.abs(mean)), np.nan)
    return out


def unit_slope_facts(
    block: MomentBlock, book: Codebook, families: list[str], labels: Mapping[str, str]
) -> list[Fact]:
    """Sites whose means stray from the others' in step with the physical dimension.

    log10(site mean / median of the others) is regressed on the dimension through the
    origin: cm for mm gives -1 per length, an unscaled PET some other constant per intensity.
    labels: words for the families.
    """
    logs = absolute_log(block, book)
    facts = []
    kinds = (("shape", LENGTH, "length"), ("intensity", INTENSITY, "intensity"))
    for stem, powers, what in kinds:
        for family in sorted({f for f in families if f.split(" ")[-1] == stem}):
            columns, power = _dimensions(block, book, families, family, powers)
            if np.count_nonzero(power) < FEWEST_FEATURES:
                continue
            for site, slope, residual in _strays(logs[:, columns], power):
                text = (
                    f"means of {labels[family]} differ from the other sites' by a factor of "
                    f"{10.0**slope:.3g} per power of {what} (residual {residual:.2f})"
                )
                facts.append(Fact(site, "unit", family, text))
    return facts


def _dimensions(
    block: MomentBlock,
    book: Codebook,
    families: list[str],
    family: str,
    powers: Mapping[str, float],
) -> tuple[list[int], Reals]:
    columns, power = [], []
    for c, (_, key) in enumerate(block.names):
        dimension = book.variable(key.get("feature") or "").dimension
        if families[c] == family and dimension in powers:
            columns.append(c)
            power.append(powers[dimension])
    return columns, np.array(power, dtype=np.float64)


def _strays(logs: Reals, power: Reals) -> list[tuple[int, float, float]]:
    """Sites with a unit slope, the steepest first; each is then taken out of the rest.

    Taking it out keeps one far site from tilting the median of few others. Of two sites
    both are named: nobody can say which one is right.
    """
    left = logs.copy()
    strays: list[tuple[int, float, float]] = []
    while True:
        found = []
        for site in range(logs.shape[0]):
            fit = _slope(left, site, power)
            if fit is not None and abs(fit[0]) > SLOPE and fit[1] < RESIDUAL:
                found.append((site, *fit))
        if not found:
            return strays
        if np.isfinite(left).any(axis=1).sum() <= 2:
            return strays + (found if not strays else [])
        steepest = max(found, key=lambda f: abs(f[1]))
        strays.append(steepest)
        left[steepest[0]] = np.nan


def _slope(logs: Reals, site: int, power: Reals) -> tuple[float, float] | None:
    others = np.delete(logs, site, axis=0)
    seen = np.isfinite(others).any(axis=0) & np.isfinite(logs[site])
    if np.count_nonzero(power[seen]) < FEWEST_FEATURES:
        return None
    gap = logs[site][seen] - np.nanmedian(others[:, seen], axis=0)
    x = power[seen]
    slope = float((x * gap).sum() / (x * x).sum())
    return slope, float(np.sqrt(np.mean((gap - slope * x) ** 2)))


def different_software(parties: list[Party]) -> dict[str, list[str]]:
    """Notes, not faults: where image, tools or source differ from what most sites have."""
    notes: dict[str, list[str]] = {}
    views: dict[str, list[str]] = {
        "software image": [p.bundle.about.image_digest for p in parties]
    }
    tools = sorted({t for p in parties for t in p.bundle.about.tools})
    views |= {t: [p.bundle.about.tools.get(t, "absent") for p in parties] for t in tools}
    rooms = sorted({r for p in parties for r in p.bundle.about.code})
    views |= {
        f"source of {r}": [p.bundle.about.code.get(r, "absent") for p in parties] for r in rooms
    }
    for name, values in views.items():
        most = Counter(values).most_common(2)
        if len(most) == 1:
            continue
        tie = most[0][1] == most[1][1]
        for party, value in zip(parties, values, strict=True):
            if tie or value != most[0][0]:
                notes.setdefault(party.site, []).append(f"{name} differs")
    return notes
