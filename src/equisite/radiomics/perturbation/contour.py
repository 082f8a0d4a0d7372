"""A contour redrawn along supervoxels, as another reader might have drawn it."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from equisite.radiomics.region import Mask

Labels = NDArray[np.int64]
Floats = NDArray[np.float64]

SUPERVOXEL_MM3 = 250.0
LEAST_VOXELS = 20
"""Aimed size of a supervoxel: so much volume, so many voxels at least."""

COMPACTNESS = 0.1
"""Weight of distance against intensity (10 of 100 lightness steps in Achanta 2012)."""

ROUNDS = 10
"""Rounds of assignment and update, as in the paper."""

SURE, OUT = 0.90, 0.20
"""Overlap from which a supervoxel always belongs, and below which it never does."""


def supervoxels(image: Floats, spacing_mm: tuple[float, float, float]) -> Labels:
    """Label of each voxel, from 0 on without gaps.

    image: (z, y, x), finite. spacing_mm: (z, y, x). k-means of intensity and position from
    a grid of seeds; a voxel considers the seeds of its own and the adjoining cells. Labels
    need not be connected: only their overlap with a region is used.
    Source: Achanta et al., IEEE Trans Pattern Anal Mach Intell 34:2274 (2012), SLIC.
    """
    spacing = np.array(spacing_mm)
    volume = max(SUPERVOXEL_MM3, LEAST_VOXELS * float(spacing.prod()))
    edge_mm = volume ** (1 / 3)
    shape = np.array(image.shape)
    cells = np.maximum(np.rint(shape * spacing / edge_mm).astype(np.int64), 1)
    low, high = np.percentile(image, (1, 99))
    grey = (np.clip(image, low, high) - low) / ((high - low) or 1.0)
    weight = COMPACTNESS / edge_mm
    places = [np.arange(n) * edge * weight for n, edge in zip(shape, spacing, strict=True)]
    homes = [np.arange(n) * c // n for n, c in zip(shape, cells, strict=True)]
    labels = _label(homes, cells, (0, 0, 0))
    for _ in range(ROUNDS):
        seeds = _centres(grey, places, labels, int(cells.prod()))
        labels = _nearest(grey, places, homes, cells, seeds)
    found: Labels = np.unique(labels, return_inverse=True)[1].reshape(image.shape)
    return found


def _label(homes: list[Labels], cells: Labels, step: tuple[int, int, int]) -> Labels:
    """Number of the cell that lies `step` cells from each voxel's own, at most at the rim."""
    z, y, x = (
        np.clip(home + s, 0, n - 1) for home, s, n in zip(homes, step, cells, strict=True)
    )
    labels: Labels = (z[:, None, None] * cells[1] + y[None, :, None]) * cells[2] + x
    return labels


def _centres(grey: Floats, places: list[Floats], labels: Labels, count: int) -> Floats:
    """Mean of (z, y, x, grey) of each label: (label, 4); an empty one is far away."""
    flat = labels.ravel()
    sizes = np.bincount(flat, minlength=count)
    columns = (*np.meshgrid(*places, indexing="ij"), grey)
    sums = [np.bincount(flat, weights=c.ravel(), minlength=count) for c in columns]
    centres: Floats = np.where(
        sizes[:, None] > 0, np.stack(sums, 1) / np.maximum(sizes, 1)[:, None], np.inf
    )
    return centres


def _nearest(
    grey: Floats, places: list[Floats], homes: list[Labels], cells: Labels, seeds: Floats
) -> Labels:
    best = np.full(grey.shape, np.inf)
    chosen = np.zeros(grey.shape, dtype=np.int64)
    z, y, x = np.meshgrid(*places, indexing="ij", sparse=True)
    for step in itertools.product((-1, 0, 1), repeat=3):
        labels = _label(homes, cells, (step[0], step[1], step[2]))
        near = seeds[labels]
        distance = (z - near[..., 0]) ** 2 + (y - near[..., 1]) ** 2
        distance += (x - near[..., 2]) ** 2 + (grey - near[..., 3]) ** 2
        better = distance < best
        best[better] = distance[better]
        chosen[better] = labels[better]
    return chosen


def redrawn(mask: Mask, labels: Labels, random: np.random.Generator) -> Mask:
    """The union of supervoxels that a draw keeps, each with the probability of its overlap.

    Overlap of at least 0.9 always stays, below 0.2 never. A draw that keeps none keeps the
    supervoxel of largest overlap. Source: Zwanenburg et al. (2019), contour randomisation.
    """
    sizes = np.bincount(labels.ravel())
    inside = np.bincount(labels[mask], minlength=sizes.size)
    overlap = inside / sizes
    draws = random.random(sizes.size)
    kept = (overlap >= SURE) | ((overlap >= OUT) & (draws < overlap))
    if not kept.any():
        kept[np.argmax(overlap)] = True
    region: Mask = kept[labels]
    return region
