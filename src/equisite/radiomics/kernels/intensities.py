"""Sums over the intensities of a region, and their grey levels."""

from __future__ import annotations

import math
from typing import Any

from equisite.radiomics.kernels.compiled import compiled

Array = Any

BLOCK = 1024
"""Values that are summed before they join the total: keeps rounding small in long sums."""


@compiled("void(float64[::1], float64, float64, float64, float64, float64[::1])")
def spread_sums(
    values: Array, mean: float, median: float, low: float, high: float, out: Array
) -> None:
    """Sums over all values x, with d = x - mean; out: (8,).

    |d|, d^2, d^3, d^4, x^2, |x - median|, then of the values from `low` to `high` inclusive
    their number and the sum of |x - their mean|.
    """
    out[:] = 0.0
    for start in range(0, values.size, BLOCK):
        apart = second = third = fourth = energy = from_median = number = inner = 0.0
        for i in range(start, min(start + BLOCK, values.size)):
            x = values[i]
            d = x - mean
            square = d * d
            apart += abs(d)
            second += square
            third += square * d
            fourth += square * square
            energy += x * x
            from_median += abs(x - median)
            if not (x < low or x > high):
                number += 1.0
                inner += x
        out[0] += apart
        out[1] += second
        out[2] += third
        out[3] += fourth
        out[4] += energy
        out[5] += from_median
        out[6] += number
        out[7] += inner
    middle = out[7] / out[6] if out[6] > 0 else math.nan
    out[7] = 0.0
    for start in range(0, values.size, BLOCK):
        total = 0.0
        for i in range(start, min(start + BLOCK, values.size)):
            x = values[i]
            if not (x < low or x > high):
                total += abs(x - middle)
        out[7] += total


@compiled("void(float64[::1], float64[::1], int32[::1], int64[::1])")
def levels_between(values: Array, edges: Array, out: Array, counts: Array) -> None:
    """Grey level k of each value: edges[k - 1] <= value < edges[k]; also voxels by level.

    edges: at least two, rising, evenly spaced but for the last and for rounding; all values
    lie at or above the first. counts: (edges.size + 1,).
    A guess by division is corrected by comparison, so that the edges alone decide.
    """
    first = edges[0]
    last = edges.size - 1
    step = edges[1] - first
    for i in range(values.size):
        x = values[i]
        k = int((x - first) / step)
        k = min(max(k, 0), last)
        while k > 0 and x < edges[k]:
            k -= 1
        while k < last and x >= edges[k + 1]:
            k += 1
        out[i] = k + 1
        counts[k + 1] += 1


@compiled("void(float64[::1], float64, float64, float64, int64, int32[::1], int64[::1])")
def levels_by_step(
    values: Array,
    origin: float,
    factor: float,
    divisor: float,
    most: int,
    out: Array,
    counts: Array,
) -> None:
    """Grey level floor(factor (x - origin) / divisor) + 1, at most `most`; and voxels by level.

    values: at or above the origin, so that cutting off is rounding down. counts:
    (most + 1,). Source: IBSI manual, section 2.7.
    """
    for i in range(values.size):
        k = int(factor * (values[i] - origin) / divisor) + 1
        k = min(k, most)
        out[i] = k
        counts[k] += 1
