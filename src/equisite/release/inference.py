"""What an attacker can conclude: the range of every protected number, given what is out.

Patients are counted in the cells of a joint table (groups x coded variables). Everything
that is released is a sum over some of these cells. A protected number is safe when the
sums leave it free to be anything from 0 to k (rule R6, used here as an audit only):
minimum 0 and maximum >= k of a linear programme over all non-negative tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Cells = NDArray[np.bool_]
TOLERANCE = 1e-5
UNBOUNDED = 3
"""`linprog` says so of a programme whose best value is infinite."""


@dataclass(frozen=True)
class Sum:
    """A sum over cells of the joint table and its true value. cells: (cell,) bool."""

    cells: Cells
    value: int


@dataclass
class Guard:
    """All sums that are out, all numbers that must stay uncertain.

    size: cells of the joint table. k: smallest count that may be known.
    """

    size: int
    k: int
    known: list[Sum] = field(default_factory=list)
    protected: list[Sum] = field(default_factory=list)

    def admits(self, known: Sequence[Sum], protected: Sequence[Sum]) -> bool:
        """Whether everything protected stays uncertain when these sums go out as well."""
        everything = [*self.known, *known]
        for secret in _distinct([*self.protected, *protected]):
            low, high = possible_range(secret.cells, everything)
            if low > TOLERANCE or high < self.k - TOLERANCE:
                return False
        return True

    def take(self, known: Sequence[Sum], protected: Sequence[Sum]) -> None:
        """Note that these sums are out and these numbers must stay uncertain."""
        self.known += known
        self.protected += protected


def _distinct(sums: Sequence[Sum]) -> list[Sum]:
    return list({s.cells.tobytes(): s for s in sums}.values())


def possible_range(cells: Cells, known: Sequence[Sum]) -> tuple[float, float]:
    """Smallest and largest value of a sum over `cells` in any table with the known sums.

    Cells that no known sum and no question tells apart are one unknown: the programme has
    one column for each distinct pattern of membership.
    """
    if not known:
        return 0.0, np.inf
    from scipy.optimize import linprog

    _, pattern = np.unique(np.array([s.cells for s in known]), axis=1, return_inverse=True)
    _, chosen = np.unique(pattern.reshape(-1) * 2 + cells, return_index=True)
    rows = np.array([s.cells for s in known], dtype=np.float64)[:, chosen]
    question = cells[chosen].astype(np.float64)
    values = np.array([s.value for s in known], dtype=np.float64)
    ends = []
    for sign in (1.0, -1.0):
        solved = linprog(
            sign * question, A_eq=rows, b_eq=values, bounds=(0, None), method="highs"
        )
        if solved.status == UNBOUNDED:
            ends.append(sign * -np.inf)
        elif solved.status == 0 and solved.fun is not None:
            ends.append(sign * solved.fun)
        else:
            # No answer is no proof of safety: a range that nothing is admitted with.
            return np.inf, -np.inf
    return float(ends[0]), float(ends[1])
