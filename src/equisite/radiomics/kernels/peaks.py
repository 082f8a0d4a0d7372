"""Means over spheres from sums along rows."""

from __future__ import annotations

from typing import Any

from equisite.radiomics.kernels.compiled import compiled

Array = Any


@compiled("void(float64[:,:,::1], int64[:,::1], int64[:,::1], float64[::1])")
def sphere_means(sums: Array, places: Array, sphere: Array, means: Array) -> None:
    """Mean of the voxels within a sphere around each place, as far as the volume goes.

    sums: (z, y, x + 1), sum of a row before each voxel. places: (n, 3). sphere: (rows, 3),
    steps along z and y and half width along x. means: (n,).
    """
    depth, height, width = sums.shape
    width -= 1
    for number in range(places.shape[0]):
        total = 0.0
        count = 0
        for row in range(sphere.shape[0]):
            z = places[number, 0] + sphere[row, 0]
            y = places[number, 1] + sphere[row, 1]
            if z < 0 or z >= depth or y < 0 or y >= height:
                continue
            first = max(places[number, 2] - sphere[row, 2], 0)
            end = min(places[number, 2] + sphere[row, 2] + 1, width)
            total += sums[z, y, end] - sums[z, y, first]
            count += end - first
        means[number] = total / count
