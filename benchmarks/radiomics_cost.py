"""CPU seconds of radiomic features: PyRadiomics as shipped over ours, on the same files.

    radiomics_cost.py DICOM_DIR MASK_DIR [--classes default|clinical] [--cases N]

DICOM_DIR: one folder per patient with SERIES/image/*.dcm, or one archive PATIENT.tar.xz of that
each. MASK_DIR: PATIENT_SERIES_mask.nii.gz on the grid of the series. The series are converted
once; then each library reads the same NIfTI files and writes a table, with imports left out.
Native grid; bins of 25 for CT, of 0.5 for PET, 32 bins for MR.

Ours is mode pyradiomics, with the same names and numbers. --classes clinical: 1,223 features,
of the image, of its LoG of 1, 2, 3, 5 mm and of its 8 wavelet bands. There PyRadiomics and ours
see, for `cpu_ratio_same_crop`, one and the same crop with 50 mm around the region.

The last line is a JSON object (docs: benchmarks.md). `cpu_ratio` is files in, features out;
`cpu_ratio_same_crop` is arrays in memory that are already cropped, where what remains is the
arithmetic. Each is the ratio of medians of three runs, alternating, each in its own process.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from converted_series import CannotMeasure, converted, parser_of

RUNS = 3
BINS: dict[str, dict[str, float]] = {
    "CT": {"bin_width": 25.0},
    "PT": {"bin_width": 0.5},
    "MR": {"bin_count": 32},
}
SIGMAS_MM = (1, 2, 3, 5)
BANDS = ("LLH", "LHL", "LHH", "HLL", "HLH", "HHL", "HHH", "LLL")
IMAGE_TYPES = ("original_", "log-sigma-", "wavelet-")
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1",
}


def settings_of(modality: str, classes: str) -> dict[str, Any]:
    """Settings of a protocol, mode pyradiomics."""
    filters: list[dict[str, Any]] = []
    if classes == "clinical":
        filters = [
            {"kind": "pyradiomics_log", "name": f"log{sigma}", "sigma_mm": sigma}
            for sigma in SIGMAS_MM
        ] + [
            {"kind": "pyradiomics_wavelet", "name": f"w{band.lower()}", "band": band}
            for band in BANDS
        ]
    return {**BINS[modality], "filters": filters}


def ours(work: Path, classes: str) -> Callable[[], Any]:
    """Files in, table out, by the function that the rule's command calls."""
    from equisite.core.tables import write_table
    from equisite.protocol.radiomics import Radiomics
    from equisite.radiomics.batch import extract_batch, table_columns

    _import_all(classes)
    modalities = {name: settings_of(name, classes) for name in BINS}
    radiomics = Radiomics.model_validate({"mode": "pyradiomics", "modalities": modalities})
    columns = table_columns(radiomics)

    def run() -> None:
        rows, _ = extract_batch(work / "regions.tsv", radiomics, lambda line: None)
        write_table(work / "ours.tsv", columns, (row.cells() for row in rows))

    return run


def _import_all(classes: str) -> None:
    """Everything that is imported at first use: imports are left out of the time."""
    import nibabel  # noqa: F401

    from equisite.codebook.book import codebook
    from equisite.radiomics import pyradiomics_chain, warm  # noqa: F401

    codebook()
    if classes == "clinical":
        import pywt  # noqa: F401
        import SimpleITK as sitk  # noqa: N813 (its customary name)

        from equisite.radiomics import pyradiomics_filtered  # noqa: F401

        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)


def peer(work: Path, classes: str) -> Callable[[], Any]:
    """Files in, table out, by PyRadiomics' own extractor with its defaults."""
    from equisite.core.tables import write_table

    extractors = _extractors(classes)
    rows = _regions(work)

    def run() -> None:
        table = []
        for row in rows:
            extractor = extractors[row["modality"]]
            found = extractor.execute(str(work / row["image"]), str(work / row["mask"]))
            table.append(
                {k: float(np.real(v)) for k, v in found.items() if k.startswith(IMAGE_TYPES)}
            )
        write_table(work / "peer.tsv", sorted(table[0]), table)

    return run


def ours_cropped(work: Path, classes: str) -> Callable[[], Any]:
    """Arrays in memory, cropped to the region, by `extract`."""
    from equisite.protocol.radiomics import RadiomicSettings
    from equisite.radiomics import extract

    settings = {
        m: RadiomicSettings.model_validate(settings_of(m, classes) | {"minimum_voxels": 1})
        for m in BINS
    }
    _import_all(classes)
    crops = _crops(work, classes)

    def run() -> list[dict[str, float]]:
        return [
            dict(extract(i, m, s, settings[name], mode="pyradiomics").values)
            for name, i, m, s in crops
        ]

    return run


def peer_cropped(work: Path, classes: str) -> Callable[[], Any]:
    """The same arrays as SimpleITK images, by PyRadiomics' own extractor."""
    import SimpleITK as sitk  # noqa: N813 (its customary name)

    extractors = _extractors(classes)
    names = _names(classes)
    pairs = []
    for name, image, mask, spacing in _crops(work, classes):
        pixels, region = (
            sitk.GetImageFromArray(image),
            sitk.GetImageFromArray(mask.astype("u1")),
        )
        pixels.SetSpacing(spacing)
        region.SetSpacing(spacing)
        pairs.append((name, pixels, region))

    def run() -> list[dict[str, float]]:
        found = [extractors[name].execute(pixels, region) for name, pixels, region in pairs]
        return [
            {names[k]: float(np.real(v)) for k, v in f.items() if k in names} for f in found
        ]

    return run


def _names(classes: str) -> dict[str, str]:
    """Our column of each name of PyRadiomics."""
    from equisite.radiomics.engine_pyradiomics import identifiers

    names = identifiers()
    if classes == "default":
        return names
    images = {f"log-sigma-{sigma}-0-mm-3D": f"log{sigma}" for sigma in SIGMAS_MM}
    images |= {f"wavelet-{band}": f"w{band.lower()}" for band in BANDS}
    filtered = {
        f"{image}_{name.partition('_')[2]}": f"{ours}__{identifier}"
        for image, ours in images.items()
        for name, identifier in names.items()
        if not identifier.startswith("shape_")
    }
    return names | filtered


WORKERS = {
    "ours": ours,
    "peer": peer,
    "ours_cropped": ours_cropped,
    "peer_cropped": peer_cropped,
}


def _regions(work: Path) -> list[dict[str, str]]:
    from equisite.radiomics.batch import read_regions

    return read_regions(work / "regions.tsv")


def _extractors(classes: str) -> dict[str, Any]:
    import logging

    import SimpleITK as sitk  # noqa: N813 (its customary name)

    from radiomics import featureextractor

    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    logging.getLogger("radiomics").setLevel(logging.CRITICAL + 1)
    names = {"bin_width": "binWidth", "bin_count": "binCount"}
    made = {}
    for modality, bins in BINS.items():
        extractor = featureextractor.RadiomicsFeatureExtractor(
            **{names[k]: v for k, v in bins.items()}
        )
        if classes == "clinical":
            sigmas = [float(sigma) for sigma in SIGMAS_MM]
            extractor.enableImageTypes(Original={}, LoG={"sigma": sigmas}, Wavelet={})
        made[modality] = extractor
    return made


def _crops(work: Path, classes: str) -> list[tuple[str, Any, Any, tuple[float, float, float]]]:
    from equisite.radiomics.region import bounding_box
    from equisite.radiomics.volumes import open_volume

    margin_mm = 10.0 * max(SIGMAS_MM) if classes == "clinical" else 0.0
    crops = []
    for row in _regions(work):
        image, inside = open_volume(work / row["image"]), open_volume(work / row["mask"])
        mask = inside.voxels != 0
        box = bounding_box(mask)
        if box is not None:
            margin = [math.ceil(margin_mm / s) for s in image.spacing_mm[::-1]]
            crop = tuple(
                slice(max(a - m, 0), b + m)
                for a, b, m in zip(box.low, box.high, margin, strict=True)
            )
            pixels = np.ascontiguousarray(image.voxels[crop])
            region = np.ascontiguousarray(mask[crop])
            crops.append((row["modality"], pixels, region, image.spacing_mm))
    return crops


def peak_mb() -> float:
    """Largest resident size of this process; `ru_maxrss` would count its parent's, too."""
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    line = next(line for line in lines if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def measure(name: str, work: Path, classes: str, values: Path | None) -> None:
    """In a process of its own: print seconds of CPU and peak memory of one run."""
    run = WORKERS[name](work, classes)
    began = time.process_time()
    found = run()
    seconds = time.process_time() - began
    if values is not None:
        values.write_text(json.dumps(found))
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb()}))


def start(name: str, work: Path, classes: str, values: Path | None = None) -> dict[str, float]:
    """Start `measure` and wait for it."""
    command = [sys.executable, __file__, "--measure", name, "--work", str(work)]
    command += ["--classes", classes]
    if values is not None:
        command += ["--values", str(values)]
    ended = subprocess.run(
        command, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise CannotMeasure(f"{name} failed:\n{ended.stderr}")
    found: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    print(f"{name:14s} {found['seconds']:9.3f} s CPU {found['peak_mb']:7.0f} MB", flush=True)
    return found


def largest_difference(work: Path) -> tuple[int, float]:
    """Number of features, and the largest relative difference on the same crops."""
    mine = json.loads((work / "ours.json").read_text())
    theirs = json.loads((work / "peer.json").read_text())
    worst = 0.0
    for ours_row, peer_row in zip(mine, theirs, strict=True):
        for name, expected in peer_row.items():
            scale = max(abs(expected), 1e-12)
            difference = abs(ours_row[name] - expected) / scale
            if not difference <= worst:  # NaN is a difference too
                worst = difference if difference == difference else float("inf")
    return len(theirs[0]), worst


def compare(work: Path, classes: str) -> dict[str, float | int]:
    """Alternate the libraries and take medians."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in WORKERS}
    for _ in range(RUNS):
        for name in ("peer", "ours"):
            runs[name].append(start(name, work, classes))
        for name in ("peer", "ours"):
            values = work / f"{name}.json"
            runs[name + "_cropped"].append(start(name + "_cropped", work, classes, values))
    seconds = {n: statistics.median(r["seconds"] for r in rs) for n, rs in runs.items()}
    peak = {n: statistics.median(r["peak_mb"] for r in rs) for n, rs in runs.items()}
    features, worst = largest_difference(work)
    return {
        "features": features,
        "cpu_ratio": round(seconds["peer"] / seconds["ours"], 2),
        "cpu_ratio_same_crop": round(seconds["peer_cropped"] / seconds["ours_cropped"], 2),
        "max_relative_difference": worst,
        "peak_mb_ours": round(peak["ours"]),
        "peak_mb_peer": round(peak["peer"]),
        "cpu_s_ours": round(seconds["ours"], 3),
        "cpu_s_peer": round(seconds["peer"], 3),
    }


def main() -> int:
    """Entry point; see the module's text."""
    parser = parser_of(__doc__)
    parser.add_argument("--classes", choices=("default", "clinical"), default="default")
    parser.add_argument("--measure", choices=WORKERS, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--values", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        measure(args.measure, args.work, args.classes, args.values)
        return 0
    try:
        with converted(args) as (work, cases):
            print(f"{cases} cases, {RUNS} runs each, alternating")
            found = {"cases": cases, **compare(work, args.classes)}
    except CannotMeasure as error:
        print(f"cannot measure: {error}", file=sys.stderr)
        return 2
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
