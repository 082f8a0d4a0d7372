"""Surface of a mask without building it: cube types, extents, and the widest distances."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from equisite.radiomics.kernels.compiled import compiled

Array = Any

NOTHING = np.iinfo(np.int32).max
"""Lower extent of a line on which the surface has no point."""


@compiled("void(int32[:,:,::1], int64, int64, int64)")
def _widen(extents: Array, plane: int, line: int, place: int) -> None:
    """Let the extents of a line hold a point."""
    extents[0, plane, line] = min(extents[0, plane, line], place)
    extents[1, plane, line] = max(extents[1, plane, line], place)


@compiled("void(uint8[:,:,::1], int64[:,::1], int32[:,:,::1], int32[:,:,::1], int64[::1])")
def survey(mask: Array, cubes: Array, by_row: Array, by_column: Array, sums: Array) -> None:
    """One pass over a mask that is framed by one voxel of background.

    mask: (z, y, x). cubes: (4, 256), by type of marching cube, their number and the sums of
    their z, y and x. Corner bits: (0,0,0) (0,0,1) (0,1,1) (0,1,0), then the same with z + 1.
    by_row: (2, 2z, 2y), smallest and largest doubled x of the surface's points, which lie
    half way between neighbours of which one is inside; by_column: (2, 2z, 2x), doubled y.
    sums: (10,), n, z, y, x, zz, yy, xx, zy, zx, yx over the voxels inside.
    """
    depth, height, width = mask.shape
    left = np.zeros(16, np.int64)
    right = np.zeros(16, np.int64)
    for bits in range(16):
        left[bits] = (
            (bits & 1)
            | ((bits >> 1) & 1) << 3
            | ((bits >> 2) & 1) << 4
            | ((bits >> 3) & 1) << 7
        )
        right[bits] = (
            (bits & 1) << 1
            | ((bits >> 1) & 1) << 2
            | ((bits >> 2) & 1) << 5
            | ((bits >> 3) & 1) << 6
        )
    for z in range(depth - 1):
        for y in range(height - 1):
            before: Any = 0
            for x in range(width - 1):
                after = (
                    np.int64(mask[z, y, x + 1])
                    | np.int64(mask[z, y + 1, x + 1]) << 1
                    | np.int64(mask[z + 1, y, x + 1]) << 2
                    | np.int64(mask[z + 1, y + 1, x + 1]) << 3
                )
                kind = left[before] | right[after]
                if before & 1:
                    sums[0] += 1
                    sums[1] += z
                    sums[2] += y
                    sums[3] += x
                    sums[4] += z * z
                    sums[5] += y * y
                    sums[6] += x * x
                    sums[7] += z * y
                    sums[8] += z * x
                    sums[9] += y * x
                if kind == 0 or kind == 255:
                    before = after
                    continue
                cubes[0, kind] += 1
                cubes[1, kind] += z
                cubes[2, kind] += y
                cubes[3, kind] += x
                here = before & 1
                if here != after & 1:
                    _widen(by_row, 2 * z, 2 * y, 2 * x + 1)
                    _widen(by_column, 2 * z, 2 * x + 1, 2 * y)
                if here != (before >> 1) & 1:
                    _widen(by_row, 2 * z, 2 * y + 1, 2 * x)
                    _widen(by_column, 2 * z, 2 * x, 2 * y + 1)
                if here != (before >> 2) & 1:
                    _widen(by_row, 2 * z + 1, 2 * y, 2 * x)
                    _widen(by_column, 2 * z + 1, 2 * x, 2 * y)
                before = after


@compiled("int64(int32[:,:,::1], int32[:,::1], int64[::1])")
def plane_hulls(extents: Array, points: Array, starts: Array) -> int:
    """Corners of the convex hull of the points of each plane; returns their number.

    extents: (2, planes, lines), smallest and largest place on each line. points: (n, 3),
    plane, line, place, filled from the start. starts: (planes + 1,), where the corners of
    each plane begin. Integers throughout, so the hull is exact. Source: Andrew, Inf Process
    Lett 9:216 (1979), with lines already sorted.
    """
    _, planes, lines = extents.shape
    found = 0
    for plane in range(planes):
        starts[plane] = found
        for side in range(2):
            first = found
            for line in range(lines):
                if extents[0, plane, line] == NOTHING:
                    continue
                place = np.int64(extents[side, plane, line])
                while found - first >= 2:
                    ax = np.int64(points[found - 1, 1] - points[found - 2, 1])
                    ay = np.int64(points[found - 1, 2] - points[found - 2, 2])
                    bx = np.int64(line - points[found - 2, 1])
                    by = place - points[found - 2, 2]
                    turn = ax * by - ay * bx
                    if (turn > 0) if side == 0 else (turn < 0):
                        break
                    found -= 1
                points[found, 0] = plane
                points[found, 1] = line
                points[found, 2] = place
                found += 1
    starts[planes] = found
    return found


@compiled("float64(int32[:,::1], int64[::1], float64, float64)")
def widest_in_plane(points: Array, starts: Array, line_mm: float, place_mm: float) -> float:
    """Largest squared distance of two corners of one plane, over all planes.

    line_mm, place_mm: length of one step along line and place.
    """
    best = 0.0
    for plane in range(starts.size - 1):
        for i in range(starts[plane], starts[plane + 1]):
            for j in range(starts[plane], i):
                u = (points[i, 1] - points[j, 1]) * line_mm
                v = (points[i, 2] - points[j, 2]) * place_mm
                best = max(best, u * u + v * v)
    return best


@compiled("float64(int32[:,::1], int64[::1], float64[::1])")
def widest(points: Array, starts: Array, step_mm: Array) -> float:
    """Largest squared distance of two corners of any planes.

    step_mm: (3,), length of one step along plane, line and place. Two planes are compared
    only if circles around their corners leave a chance to beat the best so far.
    """
    planes = starts.size - 1
    circle = np.zeros((planes, 3))
    for plane in range(planes):
        if starts[plane] == starts[plane + 1]:
            continue
        low_u = low_v = np.inf
        high_u = high_v = -np.inf
        for i in range(starts[plane], starts[plane + 1]):
            u = points[i, 1] * step_mm[1]
            v = points[i, 2] * step_mm[2]
            low_u, high_u = min(low_u, u), max(high_u, u)
            low_v, high_v = min(low_v, v), max(high_v, v)
        circle[plane, 0] = (low_u + high_u) / 2
        circle[plane, 1] = (low_v + high_v) / 2
        for i in range(starts[plane], starts[plane + 1]):
            u = points[i, 1] * step_mm[1] - circle[plane, 0]
            v = points[i, 2] * step_mm[2] - circle[plane, 1]
            circle[plane, 2] = max(circle[plane, 2], math.sqrt(u * u + v * v))
    best = 0.0
    for apart in range(planes - 1, -1, -1):
        along = (apart * step_mm[0]) ** 2
        for plane in range(planes - apart):
            other = plane + apart
            if starts[plane] == starts[plane + 1] or starts[other] == starts[other + 1]:
                continue
            u = circle[plane, 0] - circle[other, 0]
            v = circle[plane, 1] - circle[other, 1]
            reach = math.sqrt(u * u + v * v) + circle[plane, 2] + circle[other, 2]
            if (along + reach * reach) * (1 + 1e-12) < best:
                continue
            for i in range(starts[plane], starts[plane + 1]):
                for j in range(starts[other], starts[other + 1]):
                    u = (points[i, 1] - points[j, 1]) * step_mm[1]
                    v = (points[i, 2] - points[j, 2]) * step_mm[2]
                    best = max(best, along + u * u + v * v)
    return best


@compiled("int64(int64[::1], int64[::1], int64[::1], int64[::1])")
def in_all_three(a: Array, b: Array, c: Array, out: Array) -> int:
    """Numbers that are in three rising lists, each once, into `out`; returns how many."""
    i = j = k = found = 0
    while i < a.size and j < b.size and k < c.size:
        largest = max(a[i], b[j], c[k])
        if a[i] == largest and b[j] == largest and c[k] == largest:
            if found == 0 or out[found - 1] != largest:
                out[found] = largest
                found += 1
            i += 1
        else:
            if a[i] < largest:
                i += 1
            if b[j] < largest:
                j += 1
            if c[k] < largest:
                k += 1
    return found
