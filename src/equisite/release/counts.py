"""Count tables: coded counts with margins, small cells suppressed (R2, R4, R5).

A table without a small cell leaves with all its margins. A table with one leaves without
margins, and more cells are suppressed, smallest first, until the hidden ones could be
anything from 0 to k (`inference`); see the decision page on suppression. A table with
which an earlier one could be opened stays inside whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from equisite.bundle.format import CellStatus
from equisite.bundle.ruleset import Rules
from equisite.release.groups import kinds_of
from equisite.release.inference import Guard, Sum
from equisite.release.patients import Mask, Whole

Margin = tuple[str, ...]
"""One code per variable; the empty text stands for all codes."""


@dataclass(frozen=True)
class Axis:
    """A coded variable of a table. values: (patient,) codes."""

    name: str
    codes: tuple[str, ...]
    values: NDArray[np.str_]


@dataclass(frozen=True)
class CountCell:
    """A cell of a count table, by codes of the axes."""

    codes: Margin
    count: int
    status: CellStatus


class JointTable:
    """The joint table of groups and coded variables in which attackers are assumed to reckon.

    groups: released groups. A cell exists for every kind of patient (who is in the same
    groups) and every combination of codes, whether a patient is in it or not.
    """

    def __init__(self, groups: Sequence[Mask], axes: Sequence[Axis]) -> None:
        self.groups = groups
        self.kinds, sizes = kinds_of(groups)
        self.axes = {axis.name: axis for axis in axes}
        self.shape = (len(sizes), *(len(axis.codes) for axis in axes))

    @property
    def size(self) -> int:
        """Number of cells."""
        return int(np.prod(self.shape))

    def totals(self) -> list[Sum]:
        """The sizes of all groups, which are out with whatever is released."""
        return [Sum(self.cells(group, {}), int(group.sum())) for group in self.groups]

    def cells(self, group: Mask, codes: Mapping[str, set[str]]) -> Mask:
        """(cell,) bool: cells of a group in which each variable has one of the codes."""
        return self.cells_of_kinds(np.unique(self.kinds[group]), codes)

    def cells_of_kinds(self, kinds: Whole, codes: Mapping[str, set[str]]) -> Mask:
        """The same for some kinds of patients."""
        kept = [np.isin(np.arange(self.shape[0]), kinds)]
        for name, axis in self.axes.items():
            kept.append(
                np.isin(axis.codes, list(codes[name]))
                if name in codes
                else np.ones(len(axis.codes), dtype=np.bool_)
            )
        grid = kept[0]
        for axis_kept in kept[1:]:
            grid = np.logical_and.outer(grid, axis_kept)
        return grid.reshape(-1)


def tabulate(axes: Sequence[Axis], group: Mask) -> dict[Margin, int]:
    """Counts of all cells and margins of a group, in the order of the codes."""
    inner: dict[Margin, int] = dict.fromkeys(product(*(axis.codes for axis in axes)), 0)
    picked = [axis.values[group] for axis in axes]
    for row in zip(*picked, strict=True):
        inner[tuple(str(code) for code in row)] += 1
    counts: dict[Margin, int] = {}
    for codes in product(*(("", *axis.codes) for axis in axes)):
        if axes:
            counts[codes] = sum(inner[c] for c in _below(codes, axes))
        else:
            counts[codes] = int(group.sum())
    return counts


def _below(codes: Margin, axes: Sequence[Axis]) -> Iterator[Margin]:
    return product(
        *((code,) if code else axis.codes for code, axis in zip(codes, axes, strict=True))
    )


def primary(
    counts: Mapping[Margin, int], axes: Sequence[Axis], structural: set[Margin], rules: Rules
) -> set[Margin]:
    """Cells that R4 and R5 forbid: small, with a small remainder, or all of their row.

    A row that holds patients in one of its cells only tells that code of each of them: the
    whole row is suppressed, zeros too.
    """
    hidden: set[Margin] = set()
    for codes, count in counts.items():
        if rules.small(count):
            hidden.add(codes)
        for place, axis in enumerate(axes):
            if not codes[place]:
                continue
            parent = (*codes[:place], "", *codes[place + 1 :])
            rest = counts[parent] - count
            if rules.small(rest):
                hidden.add(codes)
            row = [(*codes[:place], c, *codes[place + 1 :]) for c in axis.codes]
            open_cells = [cell for cell in row if cell not in structural]
            alone = rest == 0 and counts[parent] >= 1 and len(open_cells) > 1
            if alone and rules.ruleset.group_disclosure:
                hidden.update(open_cells)
    return hidden


def protect(
    axes: Sequence[Axis],
    group: Mask,
    structural: set[Margin],
    rules: Rules,
    guard: Guard,
    joint: JointTable,
) -> tuple[list[CountCell], str]:
    """Cells of one table as they may leave, and a reason when none may: `small`, `linked`.

    Whatever leaves is noted in `guard`.
    """
    counts = tabulate(axes, group)
    hidden = primary(counts, axes, structural, rules)
    inner = [c for c in counts if all(c)]
    secrets = _secrets(counts, axes, group, hidden, rules, joint)
    total = [_sum(("",) * len(axes), counts, axes, group, joint)]
    if not hidden:
        known = [_sum(c, counts, axes, group, joint) for c in counts]
        if guard.admits(known, secrets):
            guard.take(known, secrets)
            return [_cell(c, counts, set(), structural) for c in counts], ""
        return [], "linked"
    out = sorted(
        (c for c in inner if c not in hidden and counts[c]),
        key=lambda c: (counts[c], c),
    )
    hidden &= set(inner)
    zeros = [c for c in inner if c not in hidden and not counts[c]]
    for given_up in range(len(out)):
        kept = [*out[given_up:], *zeros]
        gone = hidden | set(out[:given_up])
        if len(gone) < 2 or sum(counts[c] for c in gone) < rules.k:
            continue
        known = [*total, *(_sum(c, counts, axes, group, joint) for c in kept)]
        if guard.admits(known, secrets):
            guard.take(known, secrets)
            return [_cell(c, counts, gone, structural) for c in inner], ""
    return [], "small"


def structural_zeros(
    axes: Sequence[Axis], registered: Sequence[Mapping[str, str]], counts: Mapping[Margin, int]
) -> set[Margin]:
    """Cells that are zero by nature: registered by the codebook, and empty indeed."""
    names = [axis.name for axis in axes]
    return {
        codes
        for codes, count in counts.items()
        for rule in registered
        if count == 0
        and set(rule) <= set(names)
        and all(codes[names.index(name)] == code for name, code in rule.items())
    }


def _cell(
    codes: Margin, counts: Mapping[Margin, int], gone: set[Margin], structural: set[Margin]
) -> CountCell:
    status: CellStatus = "ok"
    if codes in gone:
        status = "suppressed"
    elif codes in structural:
        status = "structural"
    return CountCell(codes, counts[codes], status)


def _sum(
    codes: Margin,
    counts: Mapping[Margin, int],
    axes: Sequence[Axis],
    group: Mask,
    joint: JointTable,
) -> Sum:
    wanted = {axis.name: {code} for axis, code in zip(axes, codes, strict=True) if code}
    return Sum(joint.cells(group, wanted), counts[codes])


def _secrets(
    counts: Mapping[Margin, int],
    axes: Sequence[Axis],
    group: Mask,
    hidden: set[Margin],
    rules: Rules,
    joint: JointTable,
) -> list[Sum]:
    """Numbers that must stay uncertain: hidden cells, their remainders, small differences.

    A difference is what a cell has in one released group and not in another.
    """
    secrets: list[Sum] = []
    for codes in sorted(hidden):
        cell = _sum(codes, counts, axes, group, joint)
        if rules.small(cell.value):
            secrets.append(cell)
        for place in range(len(axes)):
            if not codes[place]:
                continue
            parent = (*codes[:place], "", *codes[place + 1 :])
            whole = _sum(parent, counts, axes, group, joint)
            rest = Sum(whole.cells & ~cell.cells, whole.value - cell.value)
            alone = rest.value == 0 and cell.value >= 1 and rules.ruleset.group_disclosure
            if rules.small(rest.value) or alone:
                secrets.append(rest)
    for other in joint.groups:
        for region in (group & ~other, other & ~group):
            kinds = np.unique(joint.kinds[region & (joint.kinds >= 0)])
            for codes, value in tabulate(axes, region).items() if kinds.size else ():
                if rules.small(value):
                    wanted = {a.name: {c} for a, c in zip(axes, codes, strict=True) if c}
                    secrets.append(Sum(joint.cells_of_kinds(kinds, wanted), value))
    return secrets
