"""Sizes and statistics of image and masks after each step of preprocessing.

The names are those of the public IBSI diagnostics: they judge the chain before any feature.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from equisite.protocol.radiomics import RadiomicSettings
from equisite.radiomics.ibsi_chain import intensity_mask, prepared
from equisite.radiomics.region import Image, Mask, bounding_box

Floats = NDArray[np.float64]
WHOLE = (1 << 30, 1 << 30, 1 << 30)
"""A margin that reaches every border of the grid."""


def diagnose(
    image: Image,
    mask: Mask,
    spacing_mm: tuple[float, float, float],
    settings: RadiomicSettings,
) -> dict[str, float]:
    """60 numbers by tag: of the image and the masks at first, interpolated, re-segmented.

    image: (z, y, x). mask: (z, y, x) bool, not empty. spacing_mm: (x, y, z).
    Raises ValueError for an empty mask.
    """
    box = bounding_box(mask)
    if box is None:
        raise ValueError("the mask is empty")
    native = mask[box.slices]
    spacing = spacing_mm[::-1]
    plain = RadiomicSettings()
    first = prepared(plain, image, native, box, spacing, WHOLE)
    gridded = prepared(settings, image, native, box, spacing, WHOLE)
    used = intensity_mask(settings, gridded)
    values: dict[str, float] = {}
    for step, region in (("init", first), ("interp", gridded)):
        z, y, x = region.spacing_mm
        values |= _by_axis("img_dim", f"{step}_img", region.intensities.shape)
        values |= _by_axis("vox_dim", f"{step}_img", (z, y, x))
        values |= _statistics("", f"{step}_img", region.intensities)
    steps = (
        ("init_roi", first, first.mask),
        ("interp_roi", gridded, gridded.mask),
        ("reseg_roi", gridded, used),
    )
    for step, region, inside in steps:
        values |= _by_axis("int_mask_dim", step, inside.shape)
        values |= _by_axis("int_mask_bb_dim", step, _extent(inside))
        values |= _by_axis("morph_mask_bb_dim", step, _extent(region.mask))
        values[f"int_mask_vox_count_{step}"] = float(np.count_nonzero(inside))
        values[f"morph_mask_vox_count_{step}"] = float(np.count_nonzero(region.mask))
        values |= _statistics("int_mask_", step, region.intensities[inside])
    return values


def _extent(mask: Mask) -> tuple[int, ...]:
    box = bounding_box(mask)
    return (0, 0, 0) if box is None else box.size


def _by_axis(what: str, step: str, sizes: tuple[float, ...]) -> dict[str, float]:
    return {f"{what}_{axis}_{step}": float(n) for axis, n in zip("zyx", sizes, strict=True)}


def _statistics(what: str, step: str, values: Floats) -> dict[str, float]:
    return {
        f"{what}mean_int_{step}": float(values.mean()),
        f"{what}min_int_{step}": float(values.min()),
        f"{what}max_int_{step}": float(values.max()),
    }
