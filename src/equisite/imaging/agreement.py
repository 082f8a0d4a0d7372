"""How well the readers of one region agree, and the region most of them drew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from equisite.imaging.findings import ImagingFinding
from equisite.imaging.regions import judge_size

CONSENSUS = "consensus"
"""Stands for a reader in the table of regions; no reader of a sheet should be named so."""
STAPLE_ITERATIONS = 1000
"""It converges within some ten; a bound, so that it ends."""
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Agreement:
    """Two masks on one grid.

    dice: 2 |A and B| / (|A| + |B|). volume_ratio: smaller over larger. assd_mm: mean of
    all distances from the surface of one to that of the other, both ways together.
    hd95_mm: larger of the two directed 95 % quantiles of these distances.
    """

    dice: float
    volume_ratio: float
    assd_mm: float
    hd95_mm: float


def agreement(a: Mask, b: Mask, spacing: Sequence[float]) -> Agreement:
    """Compare two masks (slice, row, column) that hold a voxel each.

    spacing: mm along slice, row and column. The surface of a mask is the mask without its
    erosion by six neighbours; what lies at the border of the image is surface.
    """
    from scipy.spatial import cKDTree

    sizes = int(a.sum()), int(b.sum())
    both = int((a & b).sum())
    one, other = (surface(m) * np.asarray(spacing, dtype=np.float64) for m in (a, b))
    there = np.asarray(cKDTree(other).query(one)[0])
    back = np.asarray(cKDTree(one).query(other)[0])
    return Agreement(
        2 * both / sum(sizes),
        min(sizes) / max(sizes),
        float((there.sum() + back.sum()) / (len(there) + len(back))),
        float(max(np.percentile(there, 95), np.percentile(back, 95))),
    )


def surface(mask: Mask) -> NDArray[np.int64]:
    """Indices (voxel, 3) of the surface voxels of a mask."""
    inner = np.zeros_like(mask)
    core = mask[1:-1, 1:-1, 1:-1].copy()
    for axis in range(3):
        for start in (0, 2):
            cut = [slice(1, -1)] * 3
            cut[axis] = slice(start, mask.shape[axis] - 2 + start)
            core &= mask[tuple(cut)]
    inner[1:-1, 1:-1, 1:-1] = core
    return np.argwhere(mask & ~inner)


def staple(masks: Sequence[Mask]) -> tuple[Mask, list[ImagingFinding]]:
    """Voxels that are more likely in the region than not, by STAPLE; one thread.

    Only the box of all masks and one voxel around it is looked at: the estimate depends on
    how much background there is, and the field of view of a scanner must not decide.
    Source: Warfield, Zou and Wells, IEEE Trans Med Imaging 23:903, 2004, as in SimpleITK.
    Raises InputError ROI_NO_VOXEL when there is none.
    """
    import SimpleITK

    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    together = np.logical_or.reduce(list(masks))
    box = tuple(
        slice(max(0, int(found[0]) - 1), int(found[-1]) + 2)
        for axis in range(3)
        for found in [np.flatnonzero(together.any(axis=tuple({0, 1, 2} - {axis})))]
    )
    images = [SimpleITK.GetImageFromArray(mask[box].astype(np.uint8)) for mask in masks]
    estimate = SimpleITK.STAPLEImageFilter()
    estimate.SetNumberOfThreads(1)
    estimate.SetForegroundValue(1)
    estimate.SetMaximumIterations(STAPLE_ITERATIONS)
    region = np.zeros_like(masks[0])
    region[box] = SimpleITK.GetArrayFromImage(estimate.Execute(images)) > 0.5
    return region, judge_size(region, 0)


def majority(masks: Sequence[Mask]) -> tuple[Mask, list[ImagingFinding]]:
    """Voxels that more than half of the masks hold: of two readers, what both drew.

    Raises InputError ROI_NO_VOXEL when there is none.
    """
    votes = np.zeros(masks[0].shape, dtype=np.uint8)
    for mask in masks:
        votes += mask
    region = votes > len(masks) / 2
    return region, judge_size(region, 0)
