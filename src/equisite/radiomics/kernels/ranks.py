"""Values at a few ranks, from buckets instead of a sort."""

from __future__ import annotations

from typing import Any

import numpy as np

from equisite.radiomics.kernels.compiled import compiled

Array = Any

BUCKETS = 1024
GAPS = (701, 301, 132, 57, 23, 10, 4, 1)
"""Ciura, Proc. FCT 2001, LNCS 2138:106: gaps of a Shell sort."""


@compiled("void(float64[::1])")
def sort_few(values: Array) -> None:
    """Shell sort, in place; few or equal values are its strength."""
    for gap in GAPS:
        for i in range(gap, values.size):
            x = values[i]
            j = i
            while j >= gap and values[j - gap] > x:
                values[j] = values[j - gap]
                j -= gap
            values[j] = x


@compiled("boolean(float64[::1], int64[::1], float64[::1])")
def values_at_ranks(values: Array, ranks: Array, out: Array) -> bool:
    """Fill `out` with the values at ranks of the sorted values; False where buckets fail.

    values: (n,) finite. ranks: (r,), from 0 on. out: (r,). Equal steps between the smallest
    and the largest value make the buckets; only those that hold a rank are sorted. They
    fail where the range is too small or too large for a step to be a number.
    """
    low = high = values[0]
    for i in range(values.size):
        low = min(low, values[i])
        high = max(high, values[i])
    if low == high:
        out[:] = low
        return True
    scale = (BUCKETS - 1) / (high - low)
    if not 0.0 < scale < np.inf:
        return False
    before = np.zeros(BUCKETS + 1, np.int64)
    for i in range(values.size):
        before[int((values[i] - low) * scale) + 1] += 1
    for bucket in range(BUCKETS):
        before[bucket + 1] += before[bucket]
    place = np.full(BUCKETS, -1, np.int64)
    bucket_of = np.empty(ranks.size, np.int64)
    held = 0
    for r in range(ranks.size):
        bucket = np.searchsorted(before, ranks[r], side="right") - 1
        bucket_of[r] = bucket
        if place[bucket] < 0:
            place[bucket] = held
            held += before[bucket + 1] - before[bucket]
    kept = np.empty(held)
    filled = place.copy()
    for i in range(values.size):
        bucket = int((values[i] - low) * scale)
        if filled[bucket] >= 0:
            kept[filled[bucket]] = values[i]
            filled[bucket] += 1
    for bucket in range(BUCKETS):
        if place[bucket] >= 0:
            sort_few(kept[place[bucket] : filled[bucket]])
    for r in range(ranks.size):
        bucket = bucket_of[r]
        out[r] = kept[place[bucket] + ranks[r] - before[bucket]]
    return True
