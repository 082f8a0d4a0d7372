"""Peaks of intensity: means over a sphere of 1 cm3 around voxels."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from equisite.radiomics.kernels.peaks import sphere_peaks, sum_planes
from equisite.radiomics.region import Mask

Floats = NDArray[np.float64]

RADIUS_MM = (3 / (4 * math.pi)) ** (1 / 3) * 10
"""Radius of a sphere of 1 cm3."""


def margin_voxels(spacing_mm: tuple[float, float, float]) -> tuple[int, int, int]:
    """Voxels (z, y, x) around a region that its peaks may need."""
    z, y, x = (int(RADIUS_MM / s) for s in spacing_mm)
    return z, y, x


def peak_values(
    intensities: Floats, used: Mask, spacing_mm: tuple[float, float, float]
) -> dict[str, float]:
    """Local and global intensity peak, by tag.

    intensities: (z, y, x), not cut by the mask; what lies beyond it is beyond the image.
    used: the intensity mask on the same voxels. spacing_mm: (z, y, x). Voxels count whose
    centre lies within the sphere. Of several brightest voxels the highest mean counts.
    NaN if a voxel without value lies in any of the spheres.
    Source: IBSI manual, sections 3.2.1 and 3.2.2.
    """
    sphere = sphere_boxes(spacing_mm)
    missing = ~np.isfinite(intensities)
    if missing.any():
        if _peaks(missing.astype(np.float64), used, sphere)[1] > 0:
            return {"loc_peak_loc": math.nan, "loc_peak_glob": math.nan}
        intensities = np.where(missing, 0.0, intensities)  # far from all spheres
    local, anywhere = _peaks(intensities, used, sphere)
    return {"loc_peak_loc": local, "loc_peak_glob": anywhere}


def sphere_boxes(spacing_mm: tuple[float, float, float]) -> NDArray[np.int64]:
    """Boxes (n, 5) that make up the sphere: step along z, y from, to, x from, to.

    Rows of one plane that are equally wide lie beside each other and make one box.
    """
    reach = margin_voxels(spacing_mm)
    boxes: list[tuple[int, int, int, int, int]] = []
    for z in range(-reach[0], reach[0] + 1):
        for y in range(-reach[1], reach[1] + 1):
            left = RADIUS_MM**2 - (z * spacing_mm[0]) ** 2 - (y * spacing_mm[1]) ** 2
            if left < 0:
                continue
            half = int(math.sqrt(left) / spacing_mm[2])
            last = boxes[-1] if boxes else None
            if last is not None and last[0] == z and last[2] == y and last[4] == half + 1:
                boxes[-1] = (z, last[1], y + 1, -half, half + 1)
            else:
                boxes.append((z, y, y + 1, -half, half + 1))
    return np.array(boxes, np.int64)


def _peaks(field: Floats, used: Mask, boxes: NDArray[np.int64]) -> tuple[float, float]:
    depth, height, width = field.shape
    along_y, along_x = int(boxes[:, 2].max()), int(boxes[:, 4].max())
    sums = np.zeros((depth, height + 1 + 2 * along_y, width + 1 + 2 * along_x))
    sum_planes(field, sums)
    out = np.empty(2)
    sphere_peaks(sums, field, used, boxes, out)
    return float(out[0]), float(out[1])
