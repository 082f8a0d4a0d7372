"""PyRadiomics 3.0.1 as the engine behind `extraction`: its classes, none of its plumbing.

The feature classes are called on arrays that are already cropped, and grey levels are
made once instead of once per class. The numbers are those of its own extractor.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equisite.codebook.book import codebook
from equisite.protocol.radiomics import RadiomicSettings
from equisite.radiomics.region import Mask

VERSION = "3.0.1"

Levels = NDArray[np.int64]


@cache
def feature_classes() -> dict[str, Any]:
    """Feature classes by name, with grey levels given instead of made.

    Imports PyRadiomics, silences its log (what it cannot compute comes back as NaN and is
    judged there) and pins SimpleITK to one thread: cases are the unit of parallel work.
    Raises RuntimeError for any other version: its numbers would be others.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import SimpleITK as sitk  # noqa: N813 (its customary name)

        import radiomics
        from radiomics import firstorder, glcm, gldm, glrlm, glszm, ngtdm, shape

    logging.getLogger("radiomics").setLevel(logging.CRITICAL + 1)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    found = radiomics.__version__.removeprefix("v")
    if found != VERSION:
        raise RuntimeError(f"PyRadiomics {found} is installed, {VERSION} is needed")
    classes = {
        "firstorder": firstorder.RadiomicsFirstOrder,
        "glcm": glcm.RadiomicsGLCM,
        "glrlm": glrlm.RadiomicsGLRLM,
        "glszm": glszm.RadiomicsGLSZM,
        "gldm": gldm.RadiomicsGLDM,
        "ngtdm": ngtdm.RadiomicsNGTDM,
    }
    return {"shape": shape.RadiomicsShape} | {n: _prepared(c) for n, c in classes.items()}


def _prepared(feature_class: Any) -> Any:
    """The class with grey levels given; it keeps its module, by which its logger is named."""
    body = {"_applyBinning": _given, "__module__": feature_class.__module__}
    return type(feature_class.__name__, (feature_class,), body)


def _given(self: Any, _matrix: object) -> Levels:
    """Stands in for the discretisation that every class would repeat."""
    levels: Levels = self.settings["levels"]
    self.coefficients["grayLevels"] = self.settings["present"]
    self.coefficients["Ng"] = int(self.settings["present"][-1])
    return levels


def number_of_levels(lowest: float, highest: float, settings: RadiomicSettings) -> float:
    """How many grey levels values between two limits would need, without making any."""
    if settings.bin_width is None:
        return float(settings.bin_count or 1)
    return float(
        np.floor(highest / settings.bin_width) - np.floor(lowest / settings.bin_width) + 1
    )


def grey_levels(image: NDArray[np.float32], mask: Mask, settings: RadiomicSettings) -> Levels:
    """Grey levels from 1 on inside the mask, 0 outside.

    Edges are made by PyRadiomics from the smallest and largest value alone: they depend
    on nothing else. Source: PyRadiomics 3.0.1, imageoperations.getBinEdges.
    """
    from radiomics import imageoperations

    values = image[mask]
    extremes = np.array([values.min(), values.max()])
    edges = imageoperations.getBinEdges(extremes, **_binning(settings))
    levels = np.zeros(image.shape, dtype=np.int64)
    levels[mask] = np.digitize(values, edges)
    return levels


def compute(
    image: NDArray[np.float32],
    mask: Mask,
    spacing_mm: tuple[float, float, float],
    classes: Iterable[str],
    levels: Levels | None,
) -> dict[str, float]:
    """Features of some classes by codebook id; what PyRadiomics cannot compute is NaN.

    image, mask: (z, y, x), cropped to the mask's bounding box. spacing_mm: (x, y, z).
    levels: of `grey_levels`; None if only shape is asked for.
    """
    available = feature_classes()
    import SimpleITK as sitk  # noqa: N813 (its customary name)

    pixels = sitk.GetImageFromArray(np.ascontiguousarray(image))
    region = sitk.GetImageFromArray(np.ascontiguousarray(mask).view(np.uint8))
    for volume in (pixels, region):
        volume.SetSpacing(spacing_mm)
    given = {} if levels is None else {"levels": levels, "present": np.unique(levels[mask])}
    names = identifiers()
    found: dict[str, float] = {}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in classes:
            feature_class = available[name](pixels, region, label=1, **given)
            feature_class.enableAllFeatures()
            for feature, value in feature_class.execute().items():
                found[names[f"original_{name}_{feature}"]] = float(np.real(value))
    return found


@cache
def identifiers() -> dict[str, str]:
    """Codebook id of each PyRadiomics name."""
    return {v.external("PyRadiomics"): v.id for v in codebook().features("pyradiomics")}


def _binning(settings: RadiomicSettings) -> dict[str, float | int]:
    if settings.bin_count is not None:
        return {"binCount": settings.bin_count}
    if settings.bin_width is not None:
        return {"binWidth": settings.bin_width}
    raise ValueError("the settings have neither a bin width nor a bin count")
