"""CPU time of conversion against dcm2niix on the same series.

    dicom_speed.py DICOM_DIR [--rounds N]

DICOM_DIR holds `<case>/<kind>/image/` (a series) and `<case>/<kind>/mask/` (one structure set).
Both sides read every series and write one uncompressed NIfTI file each; ours also judges all
series and makes the checks of values. Rounds alternate; CPU seconds of the whole process tree,
median. A further run makes the masks too, in one process, as a site does.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from equisite.core.tables import read_rows, write_rows
from equisite.imaging.discovery import one_series, scan
from equisite.imaging.rows import RegionPair
from equisite.imaging.series import judge_series
from equisite.intake.index import ImagingItem
from equisite.protocol.imaging import SeriesLimits
from masks import MODALITIES, protocol


def cases(dicom: Path) -> list[ImagingItem]:
    """One row per series that has a mask."""
    found = []
    for folder in sorted(p for p in dicom.glob("*/*") if (p / "image").is_dir()):
        modality = MODALITIES.get(folder.name.split("_")[0])
        drawn = sorted(p for p in (folder / "mask").glob("*") if p.is_file())
        if modality and len(drawn) == 1:
            name = f"{folder.parent.name}_{folder.name}"
            found.append(
                ImagingItem(
                    name, name, str((folder / "image").resolve()), "", modality,
                    str(drawn[0].resolve()), "", "", "", "",
                )
            )  # fmt: skip
    return found


def convert(rows: list[ImagingItem], target: Path) -> None:
    """Judge and convert every series, without masks."""
    for row in rows:
        files = one_series(scan(Path(row.series)))
        judge_series(files, row.modality, SeriesLimits(), target / f"{row.token}.nii")


@cache
def peer_program() -> str | None:
    """dcm2niix of the PATH, or of the tools that `run.py test` installs."""
    installed = Path(os.environ.get("EQUISITE_HOME", ".software"), "test", "bin")
    return shutil.which("dcm2niix") or shutil.which("dcm2niix", path=installed)


def peer(rows: list[ImagingItem], target: Path) -> None:
    """The same by dcm2niix, one start per series as its users do."""
    for row in rows:
        command = [
            peer_program() or "",
            "-z",
            "n",
            "-b",
            "n",
            "-f",
            row.token,
            "-o",
            str(target),
            row.series,
        ]
        subprocess.run(command, check=False, capture_output=True)


def cpu() -> float:
    """CPU seconds of this process and its ended children."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, who))


def timed(work: Callable[[Path], None]) -> tuple[float, float]:
    """CPU and wall seconds of one round into an empty folder."""
    with tempfile.TemporaryDirectory() as scratch:
        start, wall = cpu(), time.perf_counter()
        work(Path(scratch))
        return cpu() - start, time.perf_counter() - wall


def whole(rows: list[ImagingItem]) -> tuple[float, float, int]:
    """CPU and wall seconds of `equisite imaging convert` in a new process, and its regions."""
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        settings = protocol(("gtv.*", ".*"))
        (work / "protocol.json").write_text(settings.model_dump_json(), encoding="utf-8")
        write_rows(work / "index.tsv", ImagingItem, rows)
        command = [
            sys.executable, "-m", "equisite.cli.main", "imaging", "convert",
            "--protocol", str(work / "protocol.json"), "--index", str(work / "index.tsv"),
            "--out", str(work / "out"),
        ]  # fmt: skip
        start, wall = cpu(), time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env=os.environ)
        used, passed = cpu() - start, time.perf_counter() - wall
        return used, passed, len(read_rows(work / "out/regions.tsv", RegionPair))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path, metavar="DICOM_DIR")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    rows = cases(args.folder)
    if not rows:
        print("no series with image and mask folders", file=sys.stderr)
        return 2
    if peer_program() is None:
        print("dcm2niix is not there: `run.py test` installs it, or set EQUISITE_PATH to the "
              "folder that holds it", file=sys.stderr)  # fmt: skip
        return 2
    ours, theirs = [], []
    for _ in range(args.rounds):
        ours.append(timed(lambda target: convert(rows, target)))
        theirs.append(timed(lambda target: peer(rows, target)))
        print(f"ours {ours[-1][0]:.2f} s, dcm2niix {theirs[-1][0]:.2f} s CPU")
    full = [whole(rows) for _ in range(args.rounds)]
    mine, other = (statistics.median(r[0] for r in runs) for runs in (ours, theirs))
    print(
        json.dumps(
            {
                "series": len(rows),
                "cpu_ratio_dcm2niix": round(mine / other, 3),
                "convert_cpu_s": round(mine, 3),
                "dcm2niix_cpu_s": round(other, 3),
                "cpu_s": round(statistics.median(f[0] for f in full), 3),
                "wall_s": round(statistics.median(f[1] for f in full), 3),
                "regions": full[0][2],
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
