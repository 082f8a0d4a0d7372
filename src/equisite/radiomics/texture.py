"""Grey levels of a region on a framed volume, and the matrices that are made from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equisite.radiomics.kernels.matrices import (
    COUNT_MEASURES,
    PAIR_MEASURES,
    count_measures,
    pair_measures,
)
from equisite.radiomics.kernels.texture import border_distance, find_zones, neighbour_pass

Floats = NDArray[np.float64]
Counts = NDArray[np.int32]
Integers = NDArray[np.int64]
Direction = tuple[int, int, int]

DIRECTIONS_2D: tuple[Direction, ...] = ((0, 0, 1), (0, 1, -1), (0, 1, 0), (0, 1, 1))
DIRECTIONS_3D: tuple[Direction, ...] = (
    *DIRECTIONS_2D,
    *((1, y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)),
)
"""One of each two opposite directions (z, y, x) to the 8 or 26 neighbours of a voxel."""

INSIDE = 1 << 20
"""A distance that no border is away."""


@dataclass(frozen=True)
class GreyLevels:
    """Levels of a region in a volume with a frame of one voxel.

    ranks: flat int32 volume, 0 outside, else the rank of the level from 1 on.
    shape: of the framed volume. voxels: (n,) positions of the region, in raster order.
    levels: (K,) the levels that are present, rising. counts: (K,) voxels of each.
    """

    ranks: Counts
    shape: tuple[int, int, int]
    voxels: Integers
    levels: Floats
    counts: Integers

    def steps(self, directions: Sequence[Direction]) -> Integers:
        """Directions as steps in the flat volume."""
        _, height, width = self.shape
        return np.array([(z * height + y) * width + x for z, y, x in directions], np.int64)

    def slices(self) -> list[Integers]:
        """Positions by slice, without slices that hold none."""
        plane = self.shape[1] * self.shape[2]
        ends = np.searchsorted(self.voxels, np.arange(1, self.shape[0] + 1) * plane)
        return [part for part in np.split(self.voxels, ends) if part.size]


def positions(frame: NDArray[np.uint8]) -> Integers:
    """Flat positions of the voxels inside, in raster order."""
    return np.flatnonzero(frame.ravel())


def grey_levels(
    shape: tuple[int, int, int], voxels: Integers, levels: Counts, counts: Integers
) -> GreyLevels:
    """Put levels onto a framed volume.

    shape: of the volume. voxels: positions. levels: (n,) level of each, at least 1.
    counts: voxels by level, from level 0 on.
    """
    present = np.flatnonzero(counts)
    rank_of = np.zeros(counts.size, np.int32)
    rank_of[present] = np.arange(1, present.size + 1)
    ranks = np.zeros(int(np.prod(shape)), np.int32)
    ranks[voxels] = rank_of[levels]
    return GreyLevels(ranks, shape, voxels, present.astype(np.float64), counts[present])


@dataclass
class Neighbours:
    """Matrices of one pass; they can be added for several slices.

    pairs: (A, K, K), runs: (A, K, R), alike: (K, 2A + 1), tones: (K, 3), by the rank of the
    level, as in `kernels.texture.neighbour_pass`.
    """

    pairs: Counts
    runs: Counts
    alike: Counts
    tones: Floats

    def __iadd__(self, other: Neighbours) -> Neighbours:
        self.pairs += other.pairs
        self.runs += other.runs
        self.alike += other.alike
        self.tones += other.tones
        return self


def neighbours(
    grey: GreyLevels, steps: Integers, voxels: Integers
) -> tuple[Neighbours, NDArray[np.uint8]]:
    """Matrices of the voxels given, and which of them have a neighbour of their level."""
    size, angles = grey.levels.size + 1, steps.size
    longest = max(grey.shape) - 2
    pairs = np.zeros((angles, size, size), np.int32)
    runs = np.zeros((angles, size, longest), np.int32)
    alike = np.zeros((size, 2 * angles + 1), np.int32)
    tones = np.zeros((size, 3))
    linked = np.zeros(voxels.size, np.uint8)
    window = 1 << int(steps.max()).bit_length()
    lengths = np.zeros((angles, window), np.int32)
    levels = np.concatenate([[0.0], grey.levels])
    neighbour_pass(
        grey.ranks, voxels, steps, levels, pairs, runs, alike, tones, linked, lengths
    )
    inner = np.ascontiguousarray(pairs[:, 1:, 1:])
    return Neighbours(inner, np.ascontiguousarray(runs[:, 1:]), alike[1:], tones[1:]), linked


def zones(
    grey: GreyLevels,
    ranks: Counts,
    steps: Integers,
    voxels: Integers,
    linked: NDArray[np.uint8],
    border: Counts,
) -> Counts:
    """(n, 3): rank, size and distance to the border of each zone; `ranks` is used up."""
    found = np.empty((voxels.size, 3), np.int32)
    stack = np.empty(voxels.size, np.int64)
    number = find_zones(ranks, voxels, steps, linked, border, stack, found)
    return found[:number]


def distance_to_border(frame: NDArray[np.uint8], *, in_plane: bool) -> Counts:
    """City-block distance of each voxel to the outside of a mask, 1 at its border, flat.

    frame: with a frame of background. in_plane: only steps along y and x count.
    """
    distance = frame.astype(np.int32)
    distance *= INSIDE
    border_distance(distance, np.array([not in_plane, 1, 1], np.int64))
    return distance.ravel()


def tabulate(ranks: Counts, numbers: Counts, size: int) -> tuple[Counts, Floats]:
    """Matrix (1, size, J) of pairs of a rank and a number, and the J numbers that occur."""
    present = np.flatnonzero(np.bincount(numbers))
    column_of = np.zeros(int(present[-1]) + 1, np.int64)
    column_of[present] = np.arange(present.size)
    cells = (ranks.astype(np.int64) - 1) * present.size + column_of[numbers]
    table = np.bincount(cells, minlength=size * present.size).astype(np.int32)
    return table.reshape(1, size, present.size), present.astype(np.float64)


def measures_of_pairs(pairs: Counts, levels: Floats, span: float, eps: float) -> Floats:
    """(A, 25) by PAIR_MEASURES."""
    out = np.empty((pairs.shape[0], len(PAIR_MEASURES)))
    pair_measures(pairs, levels, span, eps, out)
    return out


def measures_of_counts(counts: Counts, levels: Floats, sizes: Floats, eps: float) -> Floats:
    """(A, 18) by COUNT_MEASURES."""
    out = np.empty((counts.shape[0], len(COUNT_MEASURES)))
    count_measures(counts, levels, sizes, eps, out)
    return out
