"""Peaks of intensity: means over a sphere of 1 cm3 around voxels."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from equisite.radiomics.kernels.peaks import sphere_peaks
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
    reach = margin_voxels(spacing_mm)
    rows = []
    for z in range(-reach[0], reach[0] + 1):
        for y in range(-reach[1], reach[1] + 1):
            left = RADIUS_MM**2 - (z * spacing_mm[0]) ** 2 - (y * spacing_mm[1]) ** 2
            if left >= 0:
                rows.append((z, y, int(math.sqrt(left) / spacing_mm[2])))
    sphere = np.array(rows, np.int64)
    missing = ~np.isfinite(intensities)
    if missing.any():
        if _peaks(missing.astype(np.float64), used, sphere)[1] > 0:
            return {"loc_peak_loc": math.nan, "loc_peak_glob": math.nan}
        intensities = np.where(missing, 0.0, intensities)  # far from all spheres
    local, anywhere = _peaks(intensities, used, sphere)
    return {"loc_peak_loc": local, "loc_peak_glob": anywhere}


def _peaks(field: Floats, used: Mask, sphere: NDArray[np.int64]) -> tuple[float, float]:
    reach, width = int(sphere[:, 2].max()), field.shape[2]
    sums = np.empty((*field.shape[:2], width + 1 + 2 * reach))
    sums[:, :, : reach + 1] = 0.0
    row = sums[:, :, reach + 1 : reach + 1 + width]
    np.cumsum(field, axis=2, out=row)
    sums[:, :, reach + 1 + width :] = row[:, :, -1:]
    out = np.empty(2)
    sphere_peaks(sums, field, used, sphere, out)
    return float(out[0]), float(out[1])
