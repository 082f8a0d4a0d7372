"""Features of filtered images with the names and numbers of PyRadiomics 3.0.1.

All filters see one crop, which holds the reach of the largest: on equal arrays the numbers
are then those of PyRadiomics, whose filters have no end.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from equisite.core.errors import InputError
from equisite.protocol.filters import Filter, PyradiomicsLogFilter, PyradiomicsWaveletFilter
from equisite.radiomics.case import Case
from equisite.radiomics.filtered import keep_response
from equisite.radiomics.filters.as_pyradiomics import recursive_log, stationary_wavelet
from equisite.radiomics.filters.respond import margin_voxels
from equisite.radiomics.pyradiomics_chain import Engine, intensity_values, normalised
from equisite.radiomics.region import Box, Image, Mask, bounding_box
from equisite.radiomics.resampling import resample, target_spacing

Triple = tuple[float, float, float]
Values = NDArray[Any]


def compute(
    case: Case, image: Image, native: Mask, box: Box, spacing_mm: Triple, engine: Engine
) -> None:
    """Fill in the features of all filters of the settings, if the case stands so far.

    image: (z, y, x). native: the mask's voxels in `box`. spacing_mm: (x, y, z).
    """
    settings = case.settings
    if not settings.filters or not case.accepted:
        return
    if settings.normalize:
        image = normalised(image)
    values, region, new_mm = _on_grid(case, image, native, box, spacing_mm)
    lost = int(np.count_nonzero(~np.isfinite(values)))
    if lost:
        names = ", ".join(setting.name for setting in settings.filters)
        case.tell("FILTER_MARGIN_NAN", voxels=lost, filters=names)
        return
    used = region
    if settings.range is not None:
        low, high = settings.range
        used = region & (values >= low) & (values <= high)
    tight = bounding_box(used)
    if tight is None:
        return
    bands: dict[str, dict[str, Values]] = {}
    for setting in settings.filters:

        def fill_in(found: Case, setting: Filter = setting, tight: Box = tight) -> None:
            response = _response(values, new_mm, setting, tight, bands)
            intensity_values(found, response, used[tight.slices], new_mm, engine)

        keep_response(case, "pyradiomics", setting, {}, fill_in)


def _on_grid(
    case: Case, image: Image, native: Mask, box: Box, spacing_mm: Triple
) -> tuple[Values, Mask, Triple]:
    """Image and mask on the protocol's grid, with the margin of the filters."""
    new = target_spacing(spacing_mm, case.settings.spacing_mm, box)
    x, y, z = spacing_mm if new is None else (float(s) for s in new)
    margins = [margin_voxels((z, y, x), f) or (0, 0, 0) for f in case.settings.filters]
    reach_mm = np.max(margins, axis=0) * np.array((z, y, x))
    reach = np.ceil(reach_mm / np.array(spacing_mm[::-1]) - 1e-9).astype(int)
    low = np.maximum(np.array(box.low) - reach, 0).tolist()
    high = np.minimum(np.array(box.high) + reach, image.shape).tolist()
    wide = Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))
    mask = np.zeros(wide.size, dtype=np.bool_)
    inner = tuple(slice(a - w, b - w) for a, b, w in zip(box.low, box.high, low, strict=True))
    mask[inner] = native
    if new is None:
        return image[wide.slices], mask, spacing_mm
    values, region = resample(image, mask, wide, spacing_mm, new, case.settings.interpolator)
    return values, region, (x, y, z)


def _response(
    values: Values,
    new_mm: Triple,
    setting: Filter,
    box: Box,
    bands: dict[str, dict[str, Values]],
) -> Values:
    """Response in a box, in the type that PyRadiomics has: it decides edges of grey levels.

    bands: sub-bands by wavelet, which one transform gives together.
    """
    if isinstance(setting, PyradiomicsLogFilter):
        return recursive_log(values, new_mm[::-1], setting, box)
    if isinstance(setting, PyradiomicsWaveletFilter):
        if setting.wavelet not in bands:
            bands[setting.wavelet] = stationary_wavelet(values, setting.wavelet, box)
        return bands[setting.wavelet][setting.band]
    raise InputError("FILTER_OF_OTHER_MODE", filter=setting.name, mode="pyradiomics")
