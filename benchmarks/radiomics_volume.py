"""A user's CT: 512 x 512 x 120 voxels, read from plain NIfTI files, features of its regions.

    radiomics_volume.py [--voxels N] [--runs N] [--filters]

Volume and masks are made, written as uncompressed .nii, and read once so that the page cache is
warm. PyRadiomics: its extractor with its defaults on the two files. Ours: the function that the
rule's command calls, mode pyradiomics, on a table of the same files. Imports are left out;
reading counts on both sides; each run in a process of its own, alternating, median of the runs.
Besides: 10 regions of one image beside 1, and peak memory. --filters: 1,223 features.

The last line is a JSON object: `cpu_ratio`, `ten_over_one` (CPU of ten regions over ten times
that of one), `peak_mb_ours`, `peak_mb_peer`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from made_regions import made_region
from radiomics_cost import ONE_THREAD, WORKERS, peak_mb

SHAPE = (120, 512, 512)
SPACING_MM = (0.9, 0.9, 3.0)
REGIONS = 10


def write_case(work: Path, voxels: int) -> None:
    """One image, ten masks, and a table with one region and one with ten."""
    import nibabel

    from equisite.core.tables import write_table
    from equisite.radiomics.batch import NEEDED

    rng = np.random.default_rng(5)
    image = rng.integers(-1000, 1000, SHAPE, dtype=np.int16)
    affine = np.diag([*SPACING_MM, 1.0])
    rows = []
    for number in range(REGIONS):
        pixels, mask = made_region(voxels, integers=True, seed=number)
        at = (
            40 + (number % 2) * 5,
            60 + 70 * (number % 5),
            80 + 180 * (number // 5),
        )
        place = tuple(slice(a, a + n) for a, n in zip(at, mask.shape, strict=True))
        image[place] = pixels
        labels = np.zeros(SHAPE, np.uint8)
        labels[place] = mask
        name = f"m{number}.nii"
        nibabel.save(nibabel.Nifti1Image(labels.transpose(2, 1, 0), affine), work / name)
        rows.append(
            dict.fromkeys(NEEDED, f"r{number}")
            | {"modality": "CT", "image": "i.nii", "mask": name}
        )
    nibabel.save(nibabel.Nifti1Image(image.transpose(2, 1, 0), affine), work / "i.nii")
    for folder, count in (("one", 1), ("ten", REGIONS)):
        (work / folder).mkdir()
        for path in ("i.nii", *(f"m{n}.nii" for n in range(REGIONS))):
            (work / folder / path).hardlink_to(work / path)
        write_table(work / folder / "regions.tsv", list(NEEDED), rows[:count])
    for path in work.glob("*.nii"):
        path.read_bytes()


def run_once(name: str, work: Path, classes: str) -> dict[str, float]:
    """In a process of its own: CPU seconds and peak memory of one run."""
    command = [sys.executable, __file__, "--measure", name, "--work", str(work)]
    command += ["--filters"] if classes == "clinical" else []
    ended = subprocess.run(
        command, env={**os.environ, **ONE_THREAD}, capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    seconds, peak = found["seconds"], found["peak_mb"]
    print(f"{name} {work.name}: {seconds:.4f} s CPU, {peak:.0f} MB", flush=True)
    return found


def measure(name: str, work: Path, classes: str) -> dict[str, Any]:
    """Seconds of CPU and peak memory of one run in this process."""
    run = WORKERS[name](work, classes)
    began = time.process_time()
    run()
    seconds = time.process_time() - began
    return {"seconds": seconds, "peak_mb": peak_mb()}


def main() -> int:
    """Entry point; see the module's text."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--voxels", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--filters", action="store_true")
    parser.add_argument("--measure", choices=("ours", "peer"), help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    classes = "clinical" if args.filters else "default"
    if args.measure:
        print(json.dumps(measure(args.measure, args.work, classes)))
        return 0
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        write_case(work, args.voxels)
        runs: dict[str, list[dict[str, float]]] = {"peer": [], "one": [], "ten": []}
        for _ in range(args.runs):
            runs["peer"].append(run_once("peer", work / "one", classes))
            runs["one"].append(run_once("ours", work / "one", classes))
            runs["ten"].append(run_once("ours", work / "ten", classes))
    seconds = {n: statistics.median(r["seconds"] for r in rs) for n, rs in runs.items()}
    peak = {n: statistics.median(r["peak_mb"] for r in rs) for n, rs in runs.items()}
    result = {
        "voxels": args.voxels,
        "features": 1223 if args.filters else 107,
        "cpu_ratio": round(seconds["peer"] / seconds["one"], 1),
        "cpu_s_peer": round(seconds["peer"], 3),
        "cpu_s_one": round(seconds["one"], 4),
        "cpu_s_ten": round(seconds["ten"], 4),
        "ten_over_one": round(seconds["ten"] / (REGIONS * seconds["one"]), 2),
        "peak_mb_ours": round(peak["one"]),
        "peak_mb_peer": round(peak["peer"]),
    }
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
