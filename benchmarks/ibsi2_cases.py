"""IBSI-2: filter settings of phases 1 and 2 as filters of a protocol, and how far we agree.

Source: IBSI-2 reference manual (arXiv 2006.05470), tables of phase 1 and phase 2.
Phase 1 calls the public function of a filter on a phantom; phase 2 is `extract` with the
filter among its settings, as a protocol has it.
"""

from __future__ import annotations

import csv
import math
import time
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


def measure_maps(folder: Path) -> list[dict[str, Any]]:
    """Largest deviation of every response map of phase 1; folder: `imaging/ibsi2`.

    A map that no filter of a protocol makes has no deviation, and does not agree.
    """
    from equisite.radiomics.filters.respond import respond

    found = []
    for path in sorted((folder / "response_maps").glob("*.nii.gz")):
        name = path.name.removesuffix(".nii.gz")
        apart = math.nan
        if name in PHASE_1:
            phantom, setting = PHASE_1[name]
            image, spacing_mm = open_volume(folder / f"phantoms/{phantom}.nii.gz")
            apart = deviation(respond(image, spacing_mm, setting), open_volume(path)[0])
        words = "no such filter" if math.isnan(apart) else f"{apart:.2g} of the range"
        print(f"map {name:8s} {words}", flush=True)
        found.append({"map": name, "deviation": apart, "within": apart <= MAP_TOLERANCE})
    return found


def measure_values(folder: Path, phantom: Path) -> list[dict[str, Any]]:
    """Statistics of phase 2 beside their references; those without consensus are left out.

    folder: `imaging/ibsi2`. phantom: folder of the CT image and its mask.
    """
    from equisite.protocol.radiomics import RadiomicSettings
    from equisite.radiomics import extract

    table = folder / "ibsi2_phase2_reference_values.tsv"
    with table.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines, delimiter="\t") if row["value"]]
    image, (z, y, x) = open_volume(phantom / "image.nii.gz")
    mask = open_volume(phantom / "mask.nii.gz")[0] != 0
    found = []
    for name, setting in PHASE_2.items():
        given: dict[str, Any] = {
            "range": (-1000.0, 400.0),
            "classes": ("statistics",),
            "filters": () if setting is None else (setting,),
        }
        if name.endswith("B"):
            given |= {"spacing_mm": (1.0, 1.0, 1.0), "interpolator": "bspline"}
            given |= {"round_intensities": True}
        settings = RadiomicSettings.model_validate(given)
        began = time.process_time()
        values = extract(image, mask, (x, y, z), settings).values
        seconds = time.process_time() - began
        start = "" if setting is None else "case__"
        own = [row for row in rows if row["filter_id"] == name]
        for row in own:
            got = values[f"{start}ibsi_{row['tag']}"]
            reference, tolerance = float(row["value"]), float(row["tolerance"])
            within = abs(got - reference) <= tolerance
            names = {"filter": name, "tag": row["tag"], "code": row["ibsi_code"]}
            numbers = {"got": got, "reference": reference, "tolerance": tolerance}
            found.append({**names, **numbers, "within": within})
        good = sum(one["within"] for one in found[-len(own) :])
        print(f"filter {name} {good} of {len(own)} values, {seconds:.1f} s CPU", flush=True)
    return found


def told(maps: list[dict[str, Any]], values: list[dict[str, Any]]) -> dict[str, Any]:
    """What the benchmark tells under `filters`.

    Of a map, `got` is its largest deviation as a share of the range, None without a filter.
    """
    tables: list[dict[str, Any]] = [{"configuration": "maps", "values": len(maps)}]
    tables[0]["within"] = sum(one["within"] for one in maps)
    for name in PHASE_2:
        own = [one for one in values if one["filter"] == name]
        within = sum(one["within"] for one in own)
        tables.append({"configuration": name, "values": len(own), "within": within})
    outside = [
        {
            "configuration": one["map"],
            "code": "",
            "got": None if math.isnan(one["deviation"]) else one["deviation"],
            "reference": 0.0,
            "tolerance": MAP_TOLERANCE,
        }
        for one in maps
        if not one["within"]
    ]
    outside += [
        {"configuration": one["filter"], "code": one["code"]}
        | {key: one[key] for key in ("got", "reference", "tolerance")}
        for one in values
        if not one["within"]
    ]
    return {"tables": tables, "outside": outside}


def page_parts(maps: list[dict[str, Any]], values: list[dict[str, Any]]) -> list[str]:
    """Lines of the documentation's page: every map, every value."""
    good, close = sum(one["within"] for one in maps), sum(one["within"] for one in values)
    parts = [
        "",
        "# IBSI-2: response maps and values of filtered images",
        "",
        f"{good} of {len(maps)} maps within {MAP_TOLERANCE:.0%} of the range of the reference"
        " (the others are Riesz transforms, which no filter of a protocol is), and"
        f" {close} of {len(values)} values within tolerance. Filters: docs/filters.md.",
        "",
        "| map | largest deviation, share of the range | pass |",
        "|---|---|---|",
    ]
    for one in maps:
        apart = "no such filter" if math.isnan(one["deviation"]) else f"{one['deviation']:.2g}"
        parts.append(f"| {one['map']} | {apart} | {'yes' if one['within'] else '**no**'} |")
    parts += [
        "",
        "| filter | tag | code | ours | reference | tolerance | pass |",
        "|---|---|---|---|---|---|---|",
    ]
    parts += [
        f"| {one['filter']} | {one['tag']} | {one['code']} | {one['got']:.6g} |"
        f" {one['reference']:g} | {one['tolerance']:g} |"
        f" {'yes' if one['within'] else '**no**'} |"
        for one in values
    ]
    return parts
