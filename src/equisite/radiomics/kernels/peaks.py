"""Means over spheres from sums along rows, and the centre of intensities."""

from __future__ import annotations

from typing import Any

import numpy as np

from equisite.radiomics.kernels.compiled import compiled

Array = Any


@compiled("void(float64[:,:,::1], float64[:,:,::1])")
def sum_planes(values: Array, sums: Array) -> None:
    """Sum of each plane before each corner, as `sphere_peaks` needs it.

    values: (z, y, x). sums: (z, 2 Y + y + 1, 2 X + x + 1), zeros: Y + 1 rows and X + 1 columns
    of them stay before the first corner, and copies of the outermost follow the last.
    """
    depth, height, width = values.shape
    margin_y = (sums.shape[1] - height - 1) // 2
    margin_x = (sums.shape[2] - width - 1) // 2
    for z in range(depth):
        for y in range(height):
            above = sums[z, y + margin_y]
            row = sums[z, y + margin_y + 1]
            total = 0.0
            for x in range(width):
                total += values[z, y, x]
                row[x + margin_x + 1] = above[x + margin_x + 1] + total
            for x in range(width + margin_x + 1, sums.shape[2]):
                row[x] = row[width + margin_x]
        for y in range(height + margin_y + 1, sums.shape[1]):
            sums[z, y] = sums[z, height + margin_y]


@compiled(
    "void(float64[:,:,::1], float64[:,:,::1], boolean[:,:,::1], int64[:,::1], float64[::1])"
)
def sphere_peaks(sums: Array, values: Array, inside: Array, boxes: Array, out: Array) -> None:
    """Largest mean over a sphere around a voxel inside, and around the brightest of them.

    sums: (z, 2 Y + y + 1, 2 X + x + 1), sum of the plane before each corner, with Y and X
    copies of the outermost beside it. values: (z, y, x). inside: the same shape. boxes:
    (n, 5), step along z, y from and to, x from and to (ends exclusive): together a sphere.
    out: (2,), around the brightest voxel (of several, the largest), and around any. What
    lies beyond the volume does not count.
    """
    depth, height, width = values.shape
    margin_y = (sums.shape[1] - height - 1) // 2
    margin_x = (sums.shape[2] - width - 1) // 2
    room = np.empty((2, width))
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
            size = end - first
            totals = room[0, :size]
            counts = room[1, :size]
            totals[:] = 0.0
            counts[:] = 0.0
            whole = 0.0
            for box in range(boxes.shape[0]):
                v = z + boxes[box, 0]
                if v < 0 or v >= depth:
                    continue
                low = y + boxes[box, 1] + margin_y
                high = y + boxes[box, 2] + margin_y
                left = first + boxes[box, 3] + margin_x
                right = first + boxes[box, 4] + margin_x
                high_right = sums[v, high, right : right + size]
                high_left = sums[v, high, left : left + size]
                low_right = sums[v, low, right : right + size]
                low_left = sums[v, low, left : left + size]
                for i in range(size):
                    totals[i] += high_right[i] - high_left[i] - low_right[i] + low_left[i]
                rows = float(min(y + boxes[box, 2], height) - max(y + boxes[box, 1], 0))
                if rows <= 0.0:
                    continue
                whole += rows * (boxes[box, 4] - boxes[box, 3])
                for x in range(first, min(-boxes[box, 3], end)):
                    counts[x - first] -= rows * (-boxes[box, 3] - x)
                for x in range(max(width - boxes[box, 4] + 1, first), end):
                    counts[x - first] -= rows * (x + boxes[box, 4] - width)
            for x in range(first, end):
                if not inside[z, y, x]:
                    continue
                mean = totals[x - first] / (whole + counts[x - first])
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
