"""Grey levels by the IBSI definitions: a fixed number of bins, or bins of a fixed size."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equisite.radiomics.kernels.intensities import levels_by_step

Floats = NDArray[np.float64]
Counts = NDArray[np.int32]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Scale:
    """How intensities become levels: floor(factor (x - origin) / divisor) + 1.

    most: highest level that is possible.
    """

    origin: float
    factor: float
    divisor: float
    most: int

    def apply(self, values: Floats) -> tuple[Counts, Integers]:
        """Level of each value, and number of values by level from level 0 on.

        values: at or above the origin.
        """
        levels = np.empty(values.size, np.int32)
        counts = np.zeros(self.most + 1, np.int64)
        levels_by_step(
            values, self.origin, self.factor, self.divisor, self.most, levels, counts
        )
        return levels, counts


def fixed_number(lowest: float, highest: float, bins: int) -> Scale:
    """Scale of a fixed number of bins between two different intensities; both are inside."""
    return Scale(lowest, float(bins), highest - lowest, bins)


def fixed_size(origin: float, highest: float, width: float) -> Scale:
    """Scale of bins of one width from an origin on, up to the bin that holds `highest`."""
    return Scale(origin, 1.0, width, math.floor((highest - origin) / width) + 1)
