"""All matrices of neighbours in one pass over the voxels, and zones by flood fill.

Grey levels come as an int32 volume with a frame of one voxel: 0 outside of the region, and
inside the rank 1..K of the level among those that are present. A neighbour is a step in the
flat volume; the frame makes tests of borders unnecessary.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from equisite.radiomics.kernels.compiled import compiled

Array = Any


@compiled(
    "void(int32[::1], int64[::1], int64[::1], float64[::1], int32[:,:,::1],"
    " int32[:,:,::1], int32[:,::1], float64[:,::1], uint8[::1], int32[:,::1])"
)
def neighbour_pass(
    ranks: Array,
    voxels: Array,
    steps: Array,
    levels: Array,
    pairs: Array,
    runs: Array,
    alike: Array,
    tones: Array,
    linked: Array,
    lengths: Array,
) -> None:
    """Add the voxels given to the matrices of all directions.

    ranks: flat volume. voxels: positions to visit, in raster order; no neighbour of one is
    inside and not visited. steps: (A,) one of each two opposite directions. levels:
    (K + 1,) level of each rank, 0 for rank 0.
    pairs: (A, K + 1, K + 1), co-occurrence of a voxel with the next one, not symmetric yet;
    rank 0 is a neighbour outside. runs: (A, K + 1, R), runs by length - 1. alike:
    (K + 1, 2A + 1), voxels by the number of neighbours of the same level. tones: (K + 1, 3),
    voxels, voxels with a neighbour, and sum of the differences to the mean of the
    neighbours. linked: by voxel visited, 1 if a neighbour has the same level. lengths:
    (A, B), the last lengths of runs; B is a power of 2 above the longest step.

    The innermost lines have no branch: what does not count is added as 0, or to rank 0; and
    indices are unsigned, so that none is tested for counting from the end.
    """
    size = np.uint64(pairs.shape[1])
    longest = np.uint64(runs.shape[2])
    window = np.uint64(lengths.shape[1])
    last = window - np.uint64(1)
    flat_pairs = pairs.reshape(-1)
    flat_runs = runs.reshape(-1)
    flat_lengths = lengths.reshape(-1)
    for number in range(voxels.size):
        place = voxels[number]
        rank = np.uint64(ranks[place])
        total = 0.0
        count: Any = 0
        equal: Any = 0
        for a in range(steps.size):
            step = steps[a]
            after = np.uint64(ranks[np.uint64(place + step)])
            before = np.uint64(ranks[np.uint64(place - step)])
            row = np.uint64(a) * size + rank
            flat_pairs[row * size + after] += 1
            total += levels[after] + levels[before]
            count += np.int64(after != np.uint64(0)) + np.int64(before != np.uint64(0))
            goes_on = np.int64(after == rank)
            went_on = np.int64(before == rank)
            equal += goes_on + went_on
            ring = np.uint64(a) * window
            length = flat_lengths[ring + (np.uint64(place - step) & last)] * went_on
            flat_runs[row * longest + np.uint64(length)] += 1 - goes_on
            flat_lengths[ring + (np.uint64(place) & last)] = length + 1
        alike[rank, equal] += 1
        linked[number] = equal > 0
        tones[rank, 0] += 1
        if count > 0:
            tones[rank, 1] += 1
            tones[rank, 2] += abs(levels[rank] - total / count)


@compiled(
    "int64(int32[::1], int64[::1], int64[::1], uint8[::1], int32[::1], int64[::1],"
    " int32[:,::1])"
)
def find_zones(
    ranks: Array,
    voxels: Array,
    steps: Array,
    linked: Array,
    border: Array,
    stack: Array,
    zones: Array,
) -> int:
    """Connected voxels of one level; returns how many zones there are.

    Voxels that have been visited are negated in `ranks`. border: flat volume, distance to
    the border of the morphological mask. stack: room for all voxels. zones: (n, 3), rank,
    size and smallest distance of each zone, filled from the start.
    """
    found = 0
    for number in range(voxels.size):
        place = voxels[number]
        rank = ranks[place]
        if rank <= 0:
            continue
        ranks[place] = -rank
        size = 1
        nearest = border[place]
        if linked[number] == 1:
            stack[0] = place
            top = 1
            while top > 0:
                top -= 1
                place = stack[top]
                nearest = min(nearest, border[place])
                for a in range(steps.size):
                    step = steps[a]
                    if ranks[place + step] == rank:
                        ranks[place + step] = -rank
                        stack[top] = place + step
                        top += 1
                        size += 1
                    if ranks[place - step] == rank:
                        ranks[place - step] = -rank
                        stack[top] = place - step
                        top += 1
                        size += 1
        zones[found, 0] = rank
        zones[found, 1] = size
        zones[found, 2] = nearest
        found += 1
    return found


@compiled("void(int32[:,:,::1], int64[::1])")
def border_distance(distance: Array, weights: Array) -> None:
    """City-block distance to the outside, in place.

    distance: (z, y, x), 0 outside and a large number inside, with a frame of 0. weights:
    (3,), 1 for a direction that counts, 0 for one that does not. Source: Rosenfeld and
    Pfaltz, J ACM 13:471 (1966), two passes, exact for this metric.
    """
    depth, height, width = distance.shape
    wz, wy, wx = weights[0], weights[1], weights[2]
    for z in range(1, depth - 1):
        for y in range(1, height - 1):
            for x in range(1, width - 1):
                here = distance[z, y, x]
                if here > 0:
                    if wx:
                        here = min(here, distance[z, y, x - 1] + 1)
                    if wy:
                        here = min(here, distance[z, y - 1, x] + 1)
                    if wz:
                        here = min(here, distance[z - 1, y, x] + 1)
                    distance[z, y, x] = here
    for z in range(depth - 2, 0, -1):
        for y in range(height - 2, 0, -1):
            for x in range(width - 2, 0, -1):
                here = distance[z, y, x]
                if here > 0:
                    if wx:
                        here = min(here, distance[z, y, x + 1] + 1)
                    if wy:
                        here = min(here, distance[z, y + 1, x] + 1)
                    if wz:
                        here = min(here, distance[z + 1, y, x] + 1)
                    distance[z, y, x] = here
