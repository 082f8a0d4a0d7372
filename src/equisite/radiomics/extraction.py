"""One region of one image to feature values: the interface of this room.

Nothing is emitted that is not defined: a value is finite or it is missing with a reason.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equisite.codebook.model import Mode
from equisite.core.errors import Finding, InputError
from equisite.protocol.radiomics import RadiomicSettings
from equisite.radiomics.case import Case, refuse_unless_finite
from equisite.radiomics.columns import feature_columns, of_classes, quality_columns
from equisite.radiomics.region import Box, Image, Mask, bounding_box, connected_parts

OK = "ok"


@dataclass(frozen=True)
class Extraction:
    """Values of all columns by codebook id, and what is to be said about the case.

    values: every feature of the mode and every quality number of the codebook, in its
    order; NaN where not defined or not asked for. findings: of severity `refuse` (the case
    leaves the cohort; what is defined stays in the private table) or `info`.
    """

    values: dict[str, float]
    findings: tuple[Finding, ...]

    @property
    def status(self) -> str:
        """`ok`, or the code of the first refusal."""
        refusals = (f.code for f in self.findings if f.severity == "refuse")
        return next(refusals, OK)


def extract(
    image: Image,
    mask: NDArray[Any],
    spacing_mm: tuple[float, float, float],
    settings: RadiomicSettings,
    *,
    mode: Mode = "ibsi",
    engine: str = "equisite",
) -> Extraction:
    """Features of one region.

    image: (z, y, x), in the modality's unit; only the region and its surroundings are read
    from it. mask: (z, y, x) of the same shape; every voxel that is not 0 is inside.
    spacing_mm: (x, y, z). settings: of the modality. mode: `ibsi`, or `pyradiomics` for the
    names and numbers of PyRadiomics 3.0.1. engine: `equisite`, or `pyradiomics` to have the
    latter computed by PyRadiomics itself.
    A case that cannot be computed is a finding of the result, never an exception.

    >>> z, y, x = np.ogrid[-8:9, -8:9, -8:9]
    >>> ball = z**2 + y**2 + x**2 <= 36
    >>> image = np.cos(z) * 40.0 + np.sin(y * x) * 25.0
    >>> row = extract(image, ball, (1.0, 1.0, 2.0), RadiomicSettings(bin_count=16))
    >>> row.status, round(row.values["ibsi_morph_vol_approx"])
    ('ok', 1850)
    """
    columns = feature_columns(mode, [settings])
    classes = settings.classes_of(mode)
    case = Case(settings, classes, dict.fromkeys(columns, math.nan))
    try:
        _run(case, image, np.asarray(mask), spacing_mm, mode, engine)
    except InputError as error:
        case.findings += error.findings
    case.finish(_wanted(columns, mode, classes))
    return Extraction(case.values, tuple(case.findings))


def _run(
    case: Case,
    image: Image,
    mask: NDArray[Any],
    spacing_mm: tuple[float, float, float],
    mode: Mode,
    engine: str,
) -> None:
    """Checks on the native grid, then the chain of the mode."""
    if image.shape != mask.shape or image.ndim != 3:
        raise InputError("ROI_GEOMETRY", problem="the numbers of voxels differ")
    box = bounding_box(mask)
    if box is None:
        raise InputError("ROI_EMPTY", when="in the mask")
    native: Mask = mask[box.slices] != 0
    _describe(case, native, box, image.shape, spacing_mm)
    refuse_unless_finite(image[box.slices][native])
    if mode == "ibsi":
        from equisite.radiomics import ibsi_chain, ibsi_filtered

        ibsi_chain.compute(case, image, native, box, spacing_mm[::-1])
        ibsi_filtered.compute(case, image, native, box, spacing_mm[::-1])
    else:
        from equisite.radiomics import pyradiomics_chain, pyradiomics_filtered

        program = pyradiomics_chain.engine_of(engine)
        pyradiomics_chain.compute(case, image, native, box, spacing_mm, program)
        pyradiomics_filtered.compute(case, image, native, box, spacing_mm, program)


def _describe(
    case: Case,
    native: Mask,
    box: Box,
    shape: tuple[int, ...],
    spacing_mm: tuple[float, float, float],
) -> None:
    parts = connected_parts(native)
    case.values["roi_voxels"] = float(np.count_nonzero(native))
    case.values["roi_components"] = float(parts)
    case.values["pixel_spacing"] = max(spacing_mm[:2])
    case.values["slice_spacing"] = spacing_mm[2]
    if box.touches((shape[0], shape[1], shape[2])):
        case.tell("ROI_BORDER")
    if parts > 1:
        case.tell("ROI_COMPONENTS", parts=parts)


@cache
def _wanted(columns: tuple[str, ...], mode: Mode, classes: tuple[str, ...]) -> tuple[str, ...]:
    """Features among the columns that belong to classes."""
    quality = set(quality_columns())
    return tuple(n for n in of_classes(columns, mode, classes) if n not in quality)
