"""Voxels and affines of the written volumes of all valid series with a known geometry.

    dicom_geometry.py DIR [--truth FILE]

DIR as for `dicom_verdicts.py`; a case counts when nothing refuses it and its truth has
`affine_lps_ijk` and `stored_sha256_i4` (of the stored values, int32, slice by slice). Stored
values are taken back from the written volume through scale and SUV factor.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from pathlib import Path

import nibabel
import numpy as np

from dicom_cases import known_cases
from equisite.imaging.discovery import one_series, scan
from equisite.imaging.series import judge_series
from equisite.imaging.suv import suv_factor
from equisite.protocol.imaging import SeriesLimits


def main() -> int:
    """Convert, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--truth", type=Path)
    args = parser.parse_args()
    series = different = 0
    worst = 0.0
    with (
        known_cases(args.folder, args.truth) as cases,
        tempfile.TemporaryDirectory() as scratch,
    ):
        for case, (folder, about) in cases.items():
            if about["reject_codes"] or "affine_lps_ijk" not in about:
                continue
            series += 1
            files = one_series(scan(folder))
            modality = files.headers[0].modality
            volume = Path(scratch) / f"{case}.nii"
            report = judge_series(files, modality, SeriesLimits(), volume)
            if report.stack is None or report.grid is None:
                print(f"{case:24} refused: {sorted({f.code for f in report.findings})}")
                different += int(np.prod(about["shape_kji"]))
                continue
            image = nibabel.load(volume)
            lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine
            apart = float(np.abs(lps - np.array(about["affine_lps_ijk"])).max())
            worst = max(worst, apart)
            values = np.asarray(image.dataobj).T.astype(np.float64)
            factor = suv_factor(report.stack.headers)[0] if modality == "PT" else 1.0
            for k, header in enumerate(report.stack.headers):
                values[k] = (values[k] / factor - header.intercept) / header.slope
            stored = np.round(values).astype("<i4")
            same = hashlib.sha256(stored.tobytes()).hexdigest() == about["stored_sha256_i4"]
            if not same:
                different += stored.size
            print(
                f"{case:24} {stored.size:9d} voxels {'equal' if same else 'DIFFERENT'}, "
                f"affine {apart:.1e} mm"
            )
    if not series:
        print("no valid series with a known geometry", file=sys.stderr)
        return 2
    print(json.dumps({"series": series, "max_affine_mm": worst, "voxels_different": different}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
