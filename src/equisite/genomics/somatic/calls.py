"""Final calls of a tumour: both evidences put together, filtered and classed.

Tables and lists are read from front to back, some stretch of the genome at a time, and as
often as needed: what is held grows with the alleles asked about by some 20 bytes each.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from equisite.core.tables import format_cell
from equisite.genomics.somatic.alleles import Asked, frequencies, panel_counts
from equisite.genomics.somatic.evidence import Evidence
from equisite.genomics.somatic.filters import (
    LOW,
    Setting,
    confidence,
    failures,
    germline_like,
    is_exempt,
    is_thin,
)
from equisite.genomics.somatic.freebayes import Counted, is_called
from equisite.genomics.somatic.given_rows import GivenRow
from equisite.genomics.somatic.orientation import Damage
from equisite.genomics.somatic.pair import ALONE, PairFacts
from equisite.genomics.somatic.panel import (
    LARGE,
    OTHERS_OF_LARGE,
    Allele,
    Panel,
    read_sighted,
)
from equisite.genomics.somatic.rivals import BESIDE, one_place
from equisite.protocol.somatic import Somatic
from equisite.variants.alleles import Edit, trim

STRETCH = 1 << 22
"""Bases of a sequence whose alleles are held at a time."""


@dataclass(frozen=True)
class Call:
    """One allele of the final list; evidence, counted or given is there, or several."""

    allele: Allele
    evidence: Evidence | None
    counted: Counted | None
    given: GivenRow | None
    callers: tuple[str, ...]
    grade: str
    flags: Mapping[str, str]


@dataclass(frozen=True)
class Found:
    """What was found of a tumour, each in the order of `names`, the reference's sequences.

    All are gone through several times. given: what other callers passed.
    """

    evidence: Iterable[Evidence]
    counted: Iterable[Counted]
    names: Sequence[str]
    given: Iterable[GivenRow] = ()


@dataclass(frozen=True)
class _Stretch:
    """Some alleles that stand near each other, and who called them."""

    evidence: dict[Allele, Evidence]
    counted: dict[Allele, Counted]
    given: dict[Allele, dict[str, GivenRow]]
    ours: set[Allele]
    theirs: set[Allele]

    @property
    def called(self) -> set[Allele]:
        """Alleles that anybody called."""
        return self.ours | self.theirs | self.given.keys()


@dataclass(frozen=True)
class _Lists:
    """What panel and population say of each allele that somebody called."""

    asked: Asked
    seen: NDArray[np.int32]
    shares: NDArray[np.float64]

    def of(self, allele: Allele) -> tuple[int, float | None]:
        """Other normals that show an allele, and its frequency where it is known."""
        place = self.asked.place(edit_of(allele))
        if place is None:
            raise ValueError("an allele that was not asked about")
        share = float(self.shares[place])
        return int(self.seen[place]), None if math.isnan(share) else share


def call_tumour(
    found: Found, setting: Setting, panel: Panel | None, population: Path | None
) -> Iterator[Call]:
    """Calls of all classes, in the order of the reference."""
    lists = _ask_lists(found, setting, panel, population)
    damage = Damage(
        call.evidence
        for call in _kept(found, setting, panel, population, lists)
        if call.evidence is not None and "A" in call.callers
    )
    for call in _kept(found, setting, panel, population, lists):
        ours = call.evidence if "A" in call.callers else None
        if ours is None or not damage.made(ours):
            yield call


def _stretches(found: Found, setting: Setting) -> Iterator[_Stretch]:
    """Everything that was found, stretch by stretch."""
    order = {name: number for number, name in enumerate(found.names)}
    share_of_tumour = setting.somatic.thresholds.minimum_fraction

    def place(allele: Allele) -> tuple[int, int]:
        return order[allele[0]], allele[1] // STRETCH

    rows: Iterable[tuple[tuple[int, int], Evidence | Counted | GivenRow]] = merge(
        ((place(e.edit), e) for e in found.evidence),
        ((place(c.edit), c) for c in found.counted),
        ((place(g.allele), g) for g in found.given),
        key=lambda row: row[0],
    )
    for _, near in groupby(rows, key=lambda row: row[0]):
        stretch = _Stretch({}, {}, {}, set(), set())
        for _, row in near:
            if isinstance(row, Evidence):
                stretch.evidence[row.edit] = row
                if not failures(row, setting):
                    stretch.ours.add(row.edit)
            elif isinstance(row, Counted):
                stretch.counted[row.edit] = row
                if is_called(row, share_of_tumour, alone=setting.alone):
                    stretch.theirs.add(row.edit)
            else:
                stretch.given.setdefault(row.allele, {})[row.caller] = row
        yield stretch


def _ask_lists(
    found: Found, setting: Setting, panel: Panel | None, population: Path | None
) -> _Lists:
    """Read panel and population once, for all alleles that somebody called."""
    asked = Asked(
        edit_of(allele)
        for stretch in _stretches(found, setting)
        for allele in sorted(stretch.called)
    )
    seen = np.zeros(len(asked), np.int32)
    shares = np.full(len(asked), np.nan)
    if panel is not None:
        seen = panel_counts(panel.path, found.names, asked)
        for allele in read_sighted(panel.own) if panel.own else ():
            place = asked.place(edit_of(allele))
            if place is not None and seen[place]:
                seen[place] -= 1
    if population is not None:
        shares = frequencies(population, found.names, asked)
    return _Lists(asked, seen, shares)


def _kept(
    found: Found,
    setting: Setting,
    panel: Panel | None,
    population: Path | None,
    lists: _Lists,
) -> Iterator[Call]:
    """Calls that panel and population leave, before damage is looked for."""
    order = {name: number for number, name in enumerate(found.names)}
    limit = setting.somatic.thresholds.maximum_population_frequency
    for stretch in _stretches(found, setting):
        kept: list[Call] = []
        for allele in sorted(stretch.called, key=lambda a: (order[a[0]], a[1:])):
            held = stretch.evidence.get(allele)
            ours = held if allele in stretch.ours else None
            thin = ours is not None and is_thin(ours, setting)
            seen, share = lists.of(allele)
            if _in_panel(seen, panel) and not (ours is not None and is_exempt(ours)):
                continue
            if share is not None and share > limit and (setting.alone or thin):
                continue
            flags = {"PON": str(seen)} if panel else {}
            if population:
                flags |= {"NO_AF": ""} if share is None else {"AF": format_cell(share)}
            if thin:
                flags["THIN"] = ""
            if held is not None and germline_like(held):
                flags["GERMLINE_LIKE"] = ""
            told = stretch.given.get(allele, {})
            own = (n for n, by in (("A", stretch.ours), ("B", stretch.theirs)) if allele in by)
            callers = (*own, *sorted(told))
            grade = confidence(ours, callers, setting)
            counted = stretch.counted.get(allele)
            kept.append(Call(allele, held, counted, _fullest(told), callers, grade, flags))
        yield from _one_of_a_place(kept)


def _one_of_a_place(calls: Sequence[Call]) -> Iterator[Call]:
    """The same calls; of the indels of one place only the clearest keeps its class.

    A second event at the place of a first is far rarer than a look-alike: the same event as
    some reads show it, beside a repeat or an inherited allele that others lack.
    """
    clearest: dict[int, list[Evidence]] = {}
    second = set()
    ours = [c.evidence for c in calls if c.evidence is not None and "A" in c.callers]
    for held in sorted((e for e in ours if not e.is_snv), key=lambda e: (-e.tlod, e.edit)):
        near = held.position // BESIDE
        before = (e for at in (near - 1, near, near + 1) for e in clearest.get(at, ()))
        if any(e.contig == held.contig and one_place(e.place, held.place) for e in before):
            second.add(held.edit)
        else:
            clearest.setdefault(near, []).append(held)
    for call in calls:
        if call.allele in second:
            yield replace(call, grade=LOW, flags={**call.flags, "SECOND": ""})
        else:
            yield call


def _fullest(records: Mapping[str, GivenRow]) -> GivenRow | None:
    """The row that says most of the counts; the first by name among equals."""
    ranked = [records[name] for name in sorted(records)]
    return min(ranked, key=lambda r: (r.alt_tumour is None, r.alt_normal is None), default=None)


def edit_of(allele: Allele) -> Edit:
    """What lists know an allele by."""
    contig, position, ref, alt = allele
    edit = trim(contig, position, ref, alt)
    if edit is None:
        raise ValueError("an allele is the reference")
    return edit


def _in_panel(number: int, panel: Panel | None) -> bool:
    if panel is None:
        return False
    large = panel.others is not None and panel.others >= LARGE
    return number >= (OTHERS_OF_LARGE if large else 1)


@dataclass(frozen=True)
class FinalFacts(PairFacts):
    """`PairFacts`, and what was called: records by class, and people in the panel."""

    high: int
    medium: int
    low: int
    thin: int
    panel: int | None


class Tally:
    """Counts calls as they pass."""

    def __init__(self) -> None:
        self.grades: Counter[str] = Counter()
        self.thin = 0

    def counted(self, calls: Iterable[Call]) -> Iterator[Call]:
        """The same calls."""
        for call in calls:
            self.grades[call.grade] += 1
            self.thin += "THIN" in call.flags
            yield call

    def facts(self, facts: PairFacts, panel: Panel | None) -> FinalFacts:
        """The row of a tumour with the numbers of its calls."""
        return FinalFacts(
            **facts.__dict__,
            high=self.grades["high"],
            medium=self.grades["medium"],
            low=self.grades["low"],
            thin=self.thin,
            panel=panel.others if panel else None,
        )


def setting_of(somatic: Somatic, facts: PairFacts, panel: Panel | None) -> Setting:
    """How a tumour is called, by what was found of the pair."""
    return Setting(somatic, facts.mode == ALONE, panel is not None and panel.is_enough)
