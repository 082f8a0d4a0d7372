"""Features of filtered images in mode `ibsi`.

A filter sees the interpolated and rounded image around the region, never a masked one. The
masks are those of the image itself: no range is applied to a response.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from equisite.core.errors import InputError
from equisite.protocol.filters import Filter
from equisite.radiomics.case import Case
from equisite.radiomics.filtered import keep_response
from equisite.radiomics.filters.respond import margin_voxels, respond
from equisite.radiomics.grid import Gridded
from equisite.radiomics.histogram import statistics_values
from equisite.radiomics.ibsi_chain import (
    PREFIX,
    intensity_mask,
    level_values,
    prepared,
    spacing_of,
)
from equisite.radiomics.region import Box, Image, Mask, bounding_box, framed
from equisite.radiomics.statistics import summarise

Triple = tuple[float, float, float]
Margin = tuple[int, int, int]


def compute(case: Case, image: Image, native: Mask, box: Box, spacing_mm: Triple) -> None:
    """Fill in the features of all filters of the settings, if the case stands so far.

    image: (z, y, x). native: the mask's voxels in `box`. spacing_mm: (z, y, x).
    """
    settings = case.settings
    if not settings.filters or not case.accepted:
        return
    new_mm = spacing_of(settings, spacing_mm)
    reaches: list[tuple[Filter, Margin | None]] = []
    for setting in settings.filters:
        try:
            reaches.append((setting, margin_voxels(new_mm, setting)))
        except InputError as error:
            case.findings += error.findings
    ends = [margin for _, margin in reaches if margin is not None]
    if ends:
        margin: Margin = (
            max(m[0] for m in ends),
            max(m[1] for m in ends),
            max(m[2] for m in ends),
        )
        region = prepared(settings, image, native, box, spacing_mm, margin)
        _tell_clipped(case, region, [(f, m) for f, m in reaches if m is not None])
        _respond(case, region, [f for f, m in reaches if m is not None])
    if len(ends) < len(reaches):
        extent = np.array(image.shape) * np.array(spacing_mm) / np.array(new_mm)
        grown = np.ceil(extent).astype(int).tolist()
        region = prepared(
            settings, image, native, box, spacing_mm, (grown[0], grown[1], grown[2])
        )
        _respond(case, region, [f for f, m in reaches if m is None])


def _tell_clipped(case: Case, region: Gridded, reaches: list[tuple[Filter, Margin]]) -> None:
    """Tell which filters reach beyond the image, where their boundary stands in for it."""
    inner = bounding_box(region.mask)
    if inner is None:
        return
    room = [
        min(region.first[a] + inner.low[a], region.whole[a] - region.first[a] - inner.high[a])
        for a in range(3)
    ]
    clipped = [
        setting.name
        for setting, margin in reaches
        if any(m > r for m, r in zip(margin, room, strict=True))
    ]
    if clipped:
        case.tell("MARGIN_CLIPPED", filters=", ".join(clipped))


def _respond(case: Case, region: Gridded, settings: list[Filter]) -> None:
    lost = int(np.count_nonzero(~np.isfinite(region.intensities)))
    if lost:
        names = ", ".join(setting.name for setting in settings)
        case.tell("FILTER_MARGIN_NAN", voxels=lost, filters=names)
        return
    inner = bounding_box(region.mask)
    if inner is None:
        return
    used = intensity_mask(case.settings, region)
    frame = framed(region.mask[inner.slices])
    changed = {"bin_width": None, "bin_count": case.settings.filter_bin_count}
    for setting in settings:

        def fill_in(found: Case, setting: Filter = setting, inner: Box = inner) -> None:
            response = respond(region.intensities, region.spacing_mm, setting)
            _measure(found, response[used], used[inner.slices], frame, inner)

        keep_response(case, "ibsi", setting, changed, fill_in)


def _measure(
    found: Case,
    values: NDArray[np.float64],
    used: Mask,
    frame: NDArray[np.uint8],
    inner: Box,
) -> None:
    if "statistics" in found.classes:
        summary = statistics_values(summarise(values))
        found.keep({PREFIX + tag: value for tag, value in summary.items()})
    level_values(found, values, used, frame, inner.dimensions)
