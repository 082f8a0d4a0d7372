"""The recursive filter of fourth order along one axis, forth and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from equisite.radiomics.kernels.compiled import compiled

Array = Any


@compiled("void(float64[:,:,::1], float64[::1], int64, int64, float32[:,:,::1])")
def recurse(data: Array, weights: Array, low: int, high: int, out: Array) -> None:
    """Filter along the middle axis; beyond its ends the outermost values go on.

    data: (P, N, M), N at least 4. weights: (20,) as `recursive_gaussian.weights` has them:
    4 N, 4 D, 4 M, 4 BN, 4 BM. low, high: part of the axis that is wanted.
    out: (P, high - low, M). Sums are made from left to right, as ITK has them: the result is
    that of its RecursiveSeparableImageFilter to the last bit.
    """
    planes, length, width = data.shape
    n0, n1, n2, n3 = weights[0], weights[1], weights[2], weights[3]
    d1, d2, d3, d4 = weights[4], weights[5], weights[6], weights[7]
    m1, m2, m3, m4 = weights[8], weights[9], weights[10], weights[11]
    forth = np.empty((length, width))
    back = np.empty((length, width))
    for p in range(planes):
        # Rows 0 to 3 of the edge: what stands four rows before and after each end.
        for i in range(min(4, length)):
            for j in range(width):
                first = data[p, 0, j]
                x1 = data[p, i - 1, j] if i > 0 else first
                x2 = data[p, i - 2, j] if i > 1 else first
                x3 = data[p, i - 3, j] if i > 2 else first
                value = data[p, i, j] * n0 + x1 * n1 + x2 * n2 + x3 * n3
                y1 = forth[i - 1, j] * d1 if i > 0 else first * weights[12]
                y2 = forth[i - 2, j] * d2 if i > 1 else first * weights[13]
                y3 = forth[i - 3, j] * d3 if i > 2 else first * weights[14]
                forth[i, j] = value - (y1 + y2 + y3 + first * weights[15])
        for i in range(4, high):
            for j in range(width):
                value = (
                    data[p, i, j] * n0
                    + data[p, i - 1, j] * n1
                    + data[p, i - 2, j] * n2
                    + data[p, i - 3, j] * n3
                )
                forth[i, j] = value - (
                    forth[i - 1, j] * d1
                    + forth[i - 2, j] * d2
                    + forth[i - 3, j] * d3
                    + forth[i - 4, j] * d4
                )
        end = length - 1
        for k in range(min(4, length)):
            i = end - k
            for j in range(width):
                last = data[p, end, j]
                x1 = data[p, i + 1, j] if k > 0 else last
                x2 = data[p, i + 2, j] if k > 1 else last
                x3 = data[p, i + 3, j] if k > 2 else last
                value = x1 * m1 + x2 * m2 + x3 * m3 + last * m4
                y1 = back[i + 1, j] * d1 if k > 0 else last * weights[16]
                y2 = back[i + 2, j] * d2 if k > 1 else last * weights[17]
                y3 = back[i + 3, j] * d3 if k > 2 else last * weights[18]
                back[i, j] = value - (y1 + y2 + y3 + last * weights[19])
        for i in range(length - 5, low - 1, -1):
            for j in range(width):
                value = (
                    data[p, i + 1, j] * m1
                    + data[p, i + 2, j] * m2
                    + data[p, i + 3, j] * m3
                    + data[p, i + 4, j] * m4
                )
                back[i, j] = value - (
                    back[i + 1, j] * d1
                    + back[i + 2, j] * d2
                    + back[i + 3, j] * d3
                    + back[i + 4, j] * d4
                )
        for i in range(low, high):
            for j in range(width):
                out[p, i - low, j] = np.float32(forth[i, j] + back[i, j])
