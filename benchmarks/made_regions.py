"""Made regions for benchmarks: a lumpy ellipsoid in smooth noise, tightly cropped."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

SPACING_MM = (0.9, 0.9, 3.0)


def made_region(voxels: int, *, integers: bool, seed: int = 0) -> tuple[Any, Any]:
    """Image and mask (z, y, x) of about so many voxels: int16 like CT, or float32 like MR."""
    rng = np.random.default_rng(seed)
    radius = (voxels * 3 / 4 / np.pi) ** (1 / 3) * np.array([0.8, 1.0, 1.25])
    shape = tuple(int(n) for n in 2 * np.ceil(radius * 1.3) + 3)
    noise = gaussian_filter(rng.normal(size=shape), 1.5)
    lumps = gaussian_filter(rng.normal(size=shape), 3.0)
    axes = np.ogrid[: shape[0], : shape[1], : shape[2]]
    middle = [(n - 1) / 2 for n in shape]
    distance = sum(((a - c) / r) ** 2 for a, c, r in zip(axes, middle, radius, strict=True))
    mask = distance + 0.15 * lumps / lumps.std() <= 1
    image = noise / noise.std() * 60 + 40
    box = []
    for other in ((1, 2), (0, 2), (0, 1)):
        inside = np.flatnonzero(mask.any(axis=other))
        box.append(slice(int(inside[0]), int(inside[-1]) + 1))
    crop = tuple(box)
    pixels = np.round(image).astype(np.int16) if integers else image.astype(np.float32)
    return np.ascontiguousarray(pixels[crop]), np.ascontiguousarray(mask[crop])
