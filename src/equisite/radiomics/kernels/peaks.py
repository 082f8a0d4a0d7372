"""Means over spheres from sums along rows, and the centre of intensities."""

from __future__ import annotations

from typing import Any

import numpy as np

from equisite.radiomics.kernels.compiled import compiled

Array = Any


@compiled(
    "void(float64[:,:,::1], float64[:,:,::1], boolean[:,:,::1], int64[:,::1], float64[::1])"
)
def sphere_peaks(sums: Array, values: Array, inside: Array, sphere: Array, out: Array) -> None:
    """Largest mean over a sphere around a voxel inside, and around the brightest of them.

    sums: (z, y, 2 X + x + 1), X the widest half width: sum of a row before each voxel, with
    X copies of the first and of the last sum beside it. values: (z, y, x). inside: the same
    shape. sphere: (rows, 3), steps along z and y, and half width along x.
    out: (2,), around the brightest voxel (of several, the largest), and around any. What
    lies beyond the volume does not count.
    """
    depth, height, width = values.shape
    margin = (sums.shape[2] - width - 1) // 2
    totals = np.empty(width)
    clipped = np.empty(width)
    brightest = 0.0
    found = False
    for z in range(depth):
        for y in range(height):
            first = 0
            while first < width and not inside[z, y, first]:
                first += 1
            end = width
            while end > first and not inside[z, y, end - 1]:
                end -= 1
            if first == end:
                continue
            totals[first:end] = 0.0
            clipped[first:end] = 0.0
            count = 0.0
            for row in range(sphere.shape[0]):
                v = z + sphere[row, 0]
                w = y + sphere[row, 1]
                if v < 0 or v >= depth or w < 0 or w >= height:
                    continue
                half = sphere[row, 2]
                line = sums[v, w]
                for x in range(first, end):
                    totals[x] += line[x + margin + half + 1] - line[x + margin - half]
                count += 2.0 * half + 1.0
                for x in range(first, min(half, end)):
                    clipped[x] += half - x
                for x in range(max(width - half, first), end):
                    clipped[x] += x + half + 1 - width
            for x in range(first, end):
                if not inside[z, y, x]:
                    continue
                mean = totals[x] / (count - clipped[x])
                value = values[z, y, x]
                if not found or value > brightest:
                    brightest = value
                    out[0] = mean
                elif value == brightest:
                    out[0] = max(out[0], mean)
                out[1] = mean if not found else max(out[1], mean)
                found = True


@compiled("void(float64[:,:,::1], boolean[:,:,::1], float64[::1])")
def weighted_places(values: Array, inside: Array, out: Array) -> None:
    """Sum of the values inside, and of the values times z, y and x; out: (4,)."""
    depth, height, width = values.shape
    out[:] = 0.0
    for z in range(depth):
        for y in range(height):
            total = 0.0
            along = 0.0
            for x in range(width):
                if inside[z, y, x]:
                    total += values[z, y, x]
                    along += values[z, y, x] * x
            out[0] += total
            out[1] += total * z
            out[2] += total * y
            out[3] += along
