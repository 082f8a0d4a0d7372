"""Morphology by the IBSI definitions: form of the mask, and intensities in relation to it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from equisite.radiomics.autocorrelation import moran_and_geary
from equisite.radiomics.kernels.facets import farthest_beyond
from equisite.radiomics.kernels.peaks import weighted_places
from equisite.radiomics.region import Box, Mask
from equisite.radiomics.shape import Shape

Floats = NDArray[np.float64]

HULL_TOLERANCE = 1e-12
"""How far outside of a facet a point may lie, relative to the largest coordinate."""

LEGENDRE_TERMS = 20
"""Degree up to which the area of an ellipsoid is summed (IBSI manual, 3.1.14)."""


def mask_values(shape: Shape, size: tuple[int, int, int]) -> dict[str, float]:
    """The 22 features of the morphological mask alone, by tag.

    size: voxels (z, y, x) of its bounding box. Source: IBSI manual, section 3.1.
    """
    area, volume = shape.area, shape.volume
    ball = (36 * math.pi * volume**2) ** (1 / 3)
    least, minor, major = (float(a) for a in shape.axes(max(shape.voxels - 1, 1)))
    box = [n * s for n, s in zip(size, shape.spacing_mm, strict=True)]
    box_area = 2 * (box[0] * box[1] + box[0] * box[2] + box[1] * box[2])
    hull_area, hull_volume = convex_hull(shape.corners_mm)
    ellipsoid_volume = math.pi / 6 * least * minor * major
    return {
        "morph_volume": volume,
        "morph_vol_approx": shape.voxels * shape.voxel_mm3,
        "morph_area_mesh": area,
        "morph_av": area / volume,
        "morph_comp_1": volume / (math.sqrt(math.pi) * area**1.5),
        "morph_comp_2": 36 * math.pi * volume**2 / area**3,
        "morph_sph_dispr": area / ball,
        "morph_sphericity": ball / area,
        "morph_asphericity": (area**3 / (36 * math.pi * volume**2)) ** (1 / 3) - 1,
        "morph_diam": shape.diameter,
        "morph_pca_maj_axis": major,
        "morph_pca_min_axis": minor,
        "morph_pca_least_axis": least,
        "morph_pca_elongation": minor / major,
        "morph_pca_flatness": least / major,
        "morph_vol_dens_aabb": volume / math.prod(box),
        "morph_area_dens_aabb": area / box_area,
        "morph_vol_dens_aee": volume / ellipsoid_volume if ellipsoid_volume else math.nan,
        "morph_area_dens_aee": area / ellipsoid_area(major / 2, minor / 2, least / 2),
        "morph_vol_dens_conv_hull": volume / hull_volume,
        "morph_area_dens_conv_hull": area / hull_area,
    }


def intensity_values(
    shape: Shape,
    intensities: Floats,
    used: Mask,
    extent: Box,
    spacing_mm: tuple[float, float, float],
) -> dict[str, float]:
    """Centre of mass shift, integrated intensity, Moran's I and Geary's C, by tag.

    intensities: (z, y, x), in the box of the morphological mask. used: the intensity mask
    in that box, extent: its bounding box. spacing_mm: (z, y, x).
    """
    sums = np.empty(4)
    weighted_places(intensities, used, sums)
    total = float(sums[0])
    shift = math.nan
    if total != 0:
        apart = (sums[1:] / total - shape.centre) * np.array(spacing_mm)
        shift = float(np.linalg.norm(apart))
    moran, geary = moran_and_geary(intensities[extent.slices], used[extent.slices], spacing_mm)
    return {
        "morph_com": shift,
        "morph_integ_int": total / int(np.count_nonzero(used)) * shape.volume,
        "morph_moran_i": moran,
        "morph_geary_c": geary,
    }


def convex_hull(points_mm: Floats) -> tuple[float, float]:
    """Area and volume of the convex hull of points (n, 3) that span three dimensions.

    Qhull is first run without the merging of facets, which takes most of its time; that
    hull is good if no point lies outside of any facet.
    """
    from scipy.spatial import ConvexHull, QhullError

    try:
        hull = ConvexHull(points_mm, qhull_options="Q0")
        beyond = farthest_beyond(points_mm, np.ascontiguousarray(hull.equations))
        if beyond <= HULL_TOLERANCE * float(np.abs(points_mm).max()):
            return float(hull.area), float(hull.volume)
    except QhullError:
        pass  # points of one plane confuse it; with merging they do not
    hull = ConvexHull(points_mm)
    return float(hull.area), float(hull.volume)


def ellipsoid_area(a: float, b: float, c: float) -> float:
    """Area of an ellipsoid with semi-axes a >= b >= c >= 0, a > 0, by the IBSI manual.

    Its parameters are not those of the exact series (1 - c^2 / b^2 stands there for one of
    them), so that it is exact for a sphere only; the reference values are made with it.
    4 pi a b sum over n of (s t)^n / (1 - 4 n^2) P_n((s^2 + t^2) / (2 s t)), with
    s^2 = 1 - b^2 / a^2 and t^2 = 1 - c^2 / a^2. The recurrence of the Legendre polynomials
    is multiplied by (s t)^n, so that spheres and spheroids need no case of their own.
    Source: IBSI manual, section 3.1.14.

    >>> round(ellipsoid_area(1.0, 1.0, 1.0) / math.pi, 9)
    4.0
    """
    s2, t2 = 1 - (b / a) ** 2, 1 - (c / a) ** 2
    middle, product = (s2 + t2) / 2, s2 * t2
    before, term = 0.0, 1.0
    total = 0.0
    for n in range(LEGENDRE_TERMS + 1):
        total += term / (1 - 4 * n * n)
        following = ((2 * n + 1) * middle * term - n * product * before) / (n + 1)
        before, term = term, following
    return 4 * math.pi * a * b * total
