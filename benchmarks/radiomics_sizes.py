"""CPU seconds of radiomic features by size of region: PyRadiomics over ours, same arrays.

    radiomics_sizes.py [--voxels N,N,...] [--runs N]

Regions are made: 1,000 to 1,000,000 voxels, tightly cropped; like CT (int16, bins of 25) and
like MR (float32, 64 bins). One thread, imports and compilation left out, the three programs
alternating, median of the runs. PyRadiomics computes its default classes (107 features) on
SimpleITK images of the arrays; ours are `equisite.radiomics.extract` with mode pyradiomics
(`cpu_ratio`), and with mode ibsi, all families, 3D averaged and merged (`cpu_ratio_ibsi`).

The last line is a JSON object (docs: benchmarks.md).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from made_regions import SPACING_MM, made_region

SIZES = (1_000, 10_000, 100_000, 1_000_000)
BINS: Mapping[str, tuple[bool, dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "width 25": (True, {"bin_width": 25.0}, {"range": (-1000.0, 1000.0)}, {"binWidth": 25}),
    "count 64": (False, {"bin_count": 64}, {}, {"binCount": 64}),
}
"""Whole numbers, settings, what mode ibsi needs besides, settings of PyRadiomics."""


def programs(image: Any, mask: Any, name: str) -> dict[str, Callable[[], Mapping[str, Any]]]:
    """The three programs, ready to be called on arrays."""
    import logging

    import SimpleITK as sitk  # noqa: N813 (its customary name)

    from equisite.protocol.radiomics import RadiomicSettings
    from equisite.radiomics import extract
    from radiomics import featureextractor

    logging.getLogger("radiomics").setLevel(logging.CRITICAL + 1)
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    _, bins, besides, theirs = BINS[name]
    pixels, region = sitk.GetImageFromArray(image), sitk.GetImageFromArray(mask.astype("u1"))
    pixels.SetSpacing(SPACING_MM)
    region.SetSpacing(SPACING_MM)
    extractor = featureextractor.RadiomicsFeatureExtractor(**theirs)
    plain = RadiomicSettings.model_validate(bins)
    ibsi = RadiomicSettings.model_validate(
        {**bins, **besides, "aggregation": ("3D_avg", "3D_mrg")}
    )
    return {
        "peer": lambda: extractor.execute(pixels, region),
        "ours": lambda: extract(image, mask, SPACING_MM, plain, mode="pyradiomics").values,
        "ibsi": lambda: extract(image, mask, SPACING_MM, ibsi).values,
    }


def seconds(program: Callable[[], Any], enough: float) -> float:
    """CPU seconds of one call, the mean of as many as take about `enough` seconds."""
    calls = 0
    began = time.process_time()
    while calls == 0 or time.process_time() - began < enough:
        program()
        calls += 1
    return (time.process_time() - began) / calls


def largest_difference(peer: Mapping[str, Any], ours: Mapping[str, float]) -> float:
    """Largest relative difference of the features that both have."""
    from equisite.radiomics.engine_pyradiomics import identifiers

    names = identifiers()
    pairs = [(float(v), ours[names[k]]) for k, v in peer.items() if k in names]
    return max(abs(a - b) / max(abs(a), 1e-12) for a, b in pairs)


def measure(voxels: int, name: str, runs: int) -> dict[str, Any]:
    """Times of one size and one way of binning."""
    image, mask = made_region(voxels, integers=BINS[name][0])
    called = programs(image, mask, name)
    worst = largest_difference(called["peer"](), called["ours"]())
    called["ibsi"]()
    times: dict[str, list[float]] = {key: [] for key in called}
    for _ in range(runs):
        for key, program in called.items():
            times[key].append(seconds(program, 0.1))
    median = {key: statistics.median(found) for key, found in times.items()}
    row = {
        "voxels": voxels,
        "bins": name,
        "mask_voxels": int(mask.sum()),
        "cpu_ratio": round(median["peer"] / median["ours"], 2),
        "cpu_ratio_ibsi": round(median["peer"] / median["ibsi"], 2),
        "cpu_s_peer": round(median["peer"], 5),
        "cpu_s_ours": round(median["ours"], 5),
        "cpu_s_ibsi": round(median["ibsi"], 5),
        "max_relative_difference": worst,
    }
    print(
        f"{voxels:8d} {name:9s} PyRadiomics {median['peer']:.4f} s, ours {median['ours']:.4f} s"
        f" ({row['cpu_ratio']}), ibsi {median['ibsi']:.4f} s ({row['cpu_ratio_ibsi']}),"
        f" difference {worst:.1e}",
        flush=True,
    )
    return row


def main() -> int:
    """Entry point; see the module's text."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--voxels", default=",".join(map(str, SIZES)))
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    sizes = [int(n) for n in args.voxels.split(",")]
    found = [measure(n, name, args.runs) for n in sizes for name in BINS]
    print(json.dumps({"sizes": found}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
