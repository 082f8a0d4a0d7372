"""Which groups of patients are counted, so that no two of them differ by a few.

Two published numbers of patients whose groups differ by 1 to k-1 people show a small
group. Before anything is aggregated, the few who make such a difference are left out of
the larger group, again and again until every group is a part of another one by nobody or
by at least k. What still could be concluded from several numbers together is tested by
`inference`; a group that fails is not published at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from equisite.release.inference import Guard, Sum
from equisite.release.patients import Mask, Whole


@dataclass(frozen=True)
class Groups:
    """Groups as asked for and as released: by bytes of the mask, None when it stays inside."""

    released: dict[bytes, Mask | None]

    @property
    def masks(self) -> list[Mask]:
        """Released groups, each once, in order of priority."""
        found = {m.tobytes(): m for m in self.released.values() if m is not None}
        return list(found.values())

    def of(self, asked: Mask) -> Mask | None:
        """The released form of a group, None when it may not be published."""
        return self.released[asked.tobytes()]


def settle(asked: Sequence[tuple[Mask, int]], k: int) -> Groups:
    """Settle all groups together, in order of priority.

    asked: (patient,) bool masks, each with the patients it needs at least; equal masks are
    one group. When two groups differ by the same small number, the later one gives way.
    """
    least: dict[bytes, int] = {}
    for mask, minimum in asked:
        least[mask.tobytes()] = max(k, min(minimum, least.get(mask.tobytes(), minimum)))
    order = list({mask.tobytes(): mask for mask, _ in asked}.items())
    masks: list[Mask | None] = [
        mask.copy() if mask.sum() >= least[key] else None for key, mask in order
    ]
    while (found := _smallest_difference(masks, k)) is not None:
        larger, smaller = found
        shrunk = masks[larger] & masks[smaller]  # type: ignore[operator]
        masks[larger] = shrunk if shrunk.sum() >= least[order[larger][0]] else None
    _withdraw_inferable(masks, k)
    return Groups({key: mask for (key, _), mask in zip(order, masks, strict=True)})


def _smallest_difference(masks: Sequence[Mask | None], k: int) -> tuple[int, int] | None:
    """The group and its neighbour that lack fewest, but some, patients: (larger, smaller)."""
    there = [place for place, mask in enumerate(masks) if mask is not None]
    if len(there) < 2 or k <= 1:
        return None
    members = np.array([masks[place] for place in there], dtype=np.int64)
    lacking = members @ (1 - members).T  # [i, j]: patients of group i who are not in j
    larger, smaller = np.nonzero((lacking >= 1) & (lacking < k))
    if larger.size == 0:
        return None
    best = min(
        (int(lacking[i, j]), -int(i), int(j)) for i, j in zip(larger, smaller, strict=True)
    )
    return there[-best[1]], there[best[2]]


def _withdraw_inferable(masks: list[Mask | None], k: int) -> None:
    """Admit groups one by one; one whose size would show a small group stays inside."""
    present = [m for m in masks if m is not None]
    if not present or k <= 1:
        return
    kinds, sizes = kinds_of(present)
    guard = Guard(len(sizes), k)
    for place, mask in enumerate(masks):
        if mask is None:
            continue
        cells = np.array([bool(mask[kinds == kind].any()) for kind in range(len(sizes))])
        number = [Sum(cells, int(mask.sum()))]
        secrets = [
            Sum(region, value)
            for other in guard.known
            for region in (cells & ~other.cells, other.cells & ~cells, cells & other.cells)
            if 1 <= (value := int(sizes[region].sum())) < k
        ]
        if guard.admits(number, secrets):
            guard.take(number, secrets)
        else:
            masks[place] = None


def kinds_of(masks: Sequence[Mask]) -> tuple[Whole, Whole]:
    """Kind of each patient and the size of each kind.

    Two patients are of one kind when they are in the same groups; -1 is in none. Without
    a group there is no kind, and nobody is asked for.
    """
    if not masks:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    membership = np.array(masks)
    inside = membership.any(axis=0)
    kinds = np.full(membership.shape[1], -1)
    if inside.any():
        _, inverse, sizes = np.unique(
            membership[:, inside], axis=1, return_inverse=True, return_counts=True
        )
        kinds[inside] = inverse.reshape(-1)
        return kinds, sizes
    return kinds, np.zeros(0, dtype=np.int64)
