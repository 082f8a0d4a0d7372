"""The filter settings of IBSI-2, phases 1 and 2, as filters of a protocol.

Source: IBSI-2 reference manual (arXiv 2006.05470), tables of phase 1 and phase 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
from numpy.typing import NDArray

from equisite.protocol.filters import (
    Filter,
    GaborFilter,
    LaplacianFilter,
    LawsFilter,
    MeanFilter,
    SimoncelliFilter,
    WaveletFilter,
)


def _mean(**given: Any) -> MeanFilter:
    return MeanFilter(name="case", kind="mean", **given)


def _log(sigma_mm: float, **given: Any) -> LaplacianFilter:
    return LaplacianFilter(name="case", kind="log", sigma_mm=sigma_mm, **given)


def _laws(kernels: str, pooling: str, energy: int | None, boundary: str) -> LawsFilter:
    given: dict[str, Any] = {"pooling": pooling, "energy_voxels": energy}
    return LawsFilter(name="case", kind="laws", kernels=kernels, boundary=boundary, **given)


def _gabor(sigma: float, wavelength: float, aspect: float, **given: Any) -> GaborFilter:
    shape = {"sigma_mm": sigma, "wavelength_mm": wavelength, "aspect": aspect}
    return GaborFilter(name="case", kind="gabor", **shape, **given)


def _wavelet(wavelet: str, band: str, level: int, **given: Any) -> WaveletFilter:
    given |= {"wavelet": wavelet, "band": band, "level": level}
    return WaveletFilter(name="case", kind="wavelet", **given)


def _simoncelli(level: int, **given: Any) -> SimoncelliFilter:
    return SimoncelliFilter(name="case", kind="simoncelli", level=level, **given)


PHASE_1: Mapping[str, tuple[str, Filter]] = {
    "1.a.1": ("checkerboard", _mean(support=15, boundary="zero")),
    "1.a.2": ("checkerboard", _mean(support=15, boundary="nearest")),
    "1.a.3": ("checkerboard", _mean(support=15, boundary="periodic")),
    "1.a.4": ("checkerboard", _mean(support=15, boundary="mirror")),
    "1.b.1": ("impulse", _mean(support=15, boundary="zero", dimensions=2)),
    "2.a": ("impulse", _log(3, boundary="zero")),
    "2.b": ("checkerboard", _log(5)),
    "2.c": ("checkerboard", _log(5, dimensions=2)),
    "3.a.1": ("impulse", _laws("E5L5S5", "none", None, "zero")),
    "3.a.2": ("impulse", _laws("E5L5S5", "max", None, "zero")),
    "3.a.3": ("impulse", _laws("E5L5S5", "max", 7, "zero")),
    "3.b.1": ("checkerboard", _laws("E3W5R5", "none", None, "mirror")),
    "3.b.2": ("checkerboard", _laws("E3W5R5", "max", None, "mirror")),
    "3.b.3": ("checkerboard", _laws("E3W5R5", "max", 7, "mirror")),
    "3.c.1": ("checkerboard", _laws("L5S5", "none", None, "mirror")),
    "3.c.2": ("checkerboard", _laws("L5S5", "max", None, "mirror")),
    "3.c.3": ("checkerboard", _laws("L5S5", "max", 7, "mirror")),
    "4.a.1": ("impulse", _gabor(10, 4, 0.5, orientation_deg=60, boundary="zero")),
    "4.a.2": ("impulse", _gabor(10, 4, 0.5, step_deg=45, planes="orthogonal", boundary="zero")),
    "4.b.1": ("sphere", _gabor(20, 8, 2.5, orientation_deg=225)),
    "4.b.2": ("sphere", _gabor(20, 8, 2.5, step_deg=22.5, planes="orthogonal")),
    "5.a.1": ("impulse", _wavelet("db2", "LHL", 1, pooling="none", boundary="zero")),
    "5.a.2": ("impulse", _wavelet("db2", "LHL", 1, boundary="zero")),
    "6.a.1": ("sphere", _wavelet("coif1", "HHL", 1, pooling="none", boundary="periodic")),
    "6.a.2": ("sphere", _wavelet("coif1", "HHL", 1, boundary="periodic")),
    "7.a.1": ("checkerboard", _wavelet("haar", "LLL", 2)),
    "7.a.2": ("checkerboard", _wavelet("haar", "HHH", 2)),
    "8.a.1": ("checkerboard", _simoncelli(1)),
    "8.a.2": ("checkerboard", _simoncelli(2)),
    "8.a.3": ("checkerboard", _simoncelli(3)),
}
"""Response map -> phantom and filter. The three Riesz maps (9.a, 9.b.1, 10.b.1) are not
here: Riesz transforms are no filter of a protocol."""

PHASE_2: Mapping[str, Filter | None] = {
    "1.A": None,
    "1.B": None,
    "2.A": _mean(support=5, dimensions=2),
    "2.B": _mean(support=5),
    "3.A": _log(1.5, dimensions=2),
    "3.B": _log(1.5),
    "4.A": _laws("L5E5", "max", 7, "mirror"),
    "4.B": _laws("L5E5E5", "max", 7, "mirror"),
    "5.A": _gabor(5, 2, 1.5, step_deg=22.5),
    "5.B": _gabor(5, 2, 1.5, step_deg=22.5, planes="orthogonal"),
    "6.A": _wavelet("db3", "LH", 1),
    "6.B": _wavelet("db3", "LLH", 1),
    "7.A": _wavelet("db3", "HH", 2),
    "7.B": _wavelet("db3", "HHH", 2),
    "8.A": _simoncelli(1, dimensions=2),
    "8.B": _simoncelli(1),
    "9.A": _simoncelli(2, dimensions=2),
    "9.B": _simoncelli(2),
}
"""Filter -> setting. `A`: planes as they are. `B`: volume resampled to 1 mm, tricubic."""

MAP_TOLERANCE = 0.01
"""A map agrees if no voxel is further from the reference than this share of its range."""


def open_volume(path: Path) -> tuple[NDArray[np.float64], tuple[float, float, float]]:
    """Voxels (z, y, x) as float64 and edge lengths in mm (z, y, x) of a NIfTI file."""
    image = nibabel.load(path)
    x, y, z = (float(edge) for edge in image.header.get_zooms())
    voxels = np.asarray(image.get_fdata(dtype=np.float64)).transpose(2, 1, 0)
    return np.ascontiguousarray(voxels), (z, y, x)


def deviation(response: NDArray[np.float64], reference: NDArray[np.float64]) -> float:
    """Largest difference of a voxel, as a share of the range of the reference."""
    return float(np.abs(response - reference).max() / np.ptp(reference))
