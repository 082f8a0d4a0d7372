"""Registered numbers of a column: transform, clips, centre and nested histogram edges."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from equisite.core.errors import Finding

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LEVELS = (20, 10, 5)
"""Inner bins of the nested histogram levels, finest first; two open end bins come on top."""

TRANSFORMS = ("identity", "log10", "asinh")

COLUMNS = (
    "column",
    "transform",
    "offset",
    "clip_low",
    "clip_high",
    "centre",
    "edge_low",
    "edge_high",
)


@dataclass(frozen=True)
class Constant:
    """What release does to one column before anything is summed (disclosure R3, R7, R8).

    A value x is transformed (identity: x, log10: log10(x + offset), asinh:
    arsinh(x / (2 offset)) / ln 10, which is a logarithm that keeps the sign: far from 0 it is
    +-log10(|x| / offset)), then clipped to [clip_low, clip_high]. Means are released as
    mean - centre. Histograms have equal bins between edge_low and edge_high and two open
    ends. All on the transformed scale.
    """

    column: str
    transform: str
    offset: float
    clip_low: float
    clip_high: float
    centre: float
    edge_low: float
    edge_high: float

    def transformed(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values on the transformed scale; -inf where log10 is not defined, NaN stays NaN.

        values: any shape, in the unit of the codebook.
        """
        import numpy as np

        raw = np.asarray(values, dtype=np.float64)
        if self.transform == "identity":
            return raw.copy()
        if self.transform == "asinh":
            signed: NDArray[np.float64] = np.arcsinh(raw / (2 * self.offset)) / math.log(10)
            return signed
        shifted = raw + self.offset
        result = np.full(raw.shape, -np.inf)
        np.log10(shifted, out=result, where=shifted > 0)
        result[np.isnan(raw)] = np.nan
        return result

    def in_unit(self, value: float) -> float:
        """A number of the transformed scale in the unit of the codebook."""
        if self.transform == "identity":
            return float(value)
        if self.transform == "asinh":
            return 2 * self.offset * math.sinh(value * math.log(10))
        return float(10.0**value - self.offset)

    def clipped(self, values: NDArray[np.float64]) -> tuple[NDArray[np.float64], int, int]:
        """Transformed and clipped values, and how many were clipped low and high."""
        import numpy as np

        scale = self.transformed(values)
        low = int(np.count_nonzero(scale < self.clip_low))
        high = int(np.count_nonzero(scale > self.clip_high))
        return np.clip(scale, self.clip_low, self.clip_high), low, high

    def edges(self, level: int) -> NDArray[np.float64]:
        """The level + 1 inner edges; every coarser level takes edges of the finest, exactly.

        Raises KeyError for a level that is not registered.
        """
        import numpy as np

        if level not in LEVELS:
            raise KeyError(level)
        finest = LEVELS[0]
        steps = np.arange(finest + 1) / finest
        return (self.edge_low + (self.edge_high - self.edge_low) * steps)[:: finest // level]

    def bin_counts(self, values: NDArray[np.float64], level: int) -> NDArray[np.int64]:
        """Counts of the level + 2 bins: below the edges, the half-open inner bins, above.

        values: 1-D in the unit of the codebook, without NaN. A value on an edge falls into
        the bin above it. Counts of a coarser level are sums of counts of a finer one.
        """
        import numpy as np

        place = np.searchsorted(self.edges(level), self.transformed(values), side="right")
        return np.bincount(place, minlength=level + 2).astype(np.int64)


def faults(constants: Iterable[Constant]) -> list[Finding]:
    """What is wrong with a set of constants: limits out of order, a column twice."""
    found = []
    seen: set[str] = set()
    for c in constants:
        where = f"constants.tsv, column {c.column}"
        problems = []
        if c.column in seen:
            problems.append("the column is registered twice")
        seen.add(c.column)
        if c.transform not in TRANSFORMS:
            problems.append(f"transform {c.transform} is none of {', '.join(TRANSFORMS)}")
        if c.transform == "asinh" and not c.offset > 0:
            problems.append("the offset of asinh is not above 0")
        if not c.clip_low < c.clip_high:
            problems.append("clip_low is not below clip_high")
        if not c.clip_low <= c.centre <= c.clip_high:
            problems.append("the centre is not between the clips")
        if not c.clip_low <= c.edge_low < c.edge_high <= c.clip_high:
            problems.append("the edges do not lie between the clips, low before high")
        found += [Finding("CONSTANT_FAULT", where, {"problem": p}) for p in problems]
    return found


def from_row(row: Mapping[str, str]) -> Constant:
    """A constant from one row of `constants.tsv`; ValueError where a number is not one."""
    return Constant(
        row["column"], row["transform"], *(float(row[name]) for name in COLUMNS[2:])
    )
