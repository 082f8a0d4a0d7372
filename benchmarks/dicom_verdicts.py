"""Verdicts on series whose faults are known, and SUV factors against published ones.

    dicom_verdicts.py DIR [--truth FILE]

DIR holds `truth.json` (per case `reject_codes`: exactly these, `info_codes`: at least these,
and for PET `published_factor` or `formula_factor`) and the series of each case in a folder or
archive of its name.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from dicom_cases import known_cases
from equisite.core.errors import InputError
from equisite.imaging.discovery import one_series, scan
from equisite.imaging.findings import REFUSE
from equisite.imaging.series import judge_series
from equisite.imaging.suv import suv_factor
from equisite.protocol.imaging import SeriesLimits


def verdict(folder: Path) -> tuple[set[str], set[str], float | None]:
    """Refusing codes, other codes, and the SUV factor of a PET series that passes."""
    try:
        files = one_series(scan(folder))
    except InputError as error:
        return {error.code}, set(), None
    report = judge_series(files, files.headers[0].modality, SeriesLimits())
    factor = None
    if report.stack is not None and not report.refused and files.headers[0].modality == "PT":
        factor = suv_factor(report.stack.headers)[0]
    return (
        {f.code for f in report.findings if f.severity == REFUSE},
        {f.code for f in report.findings if f.severity != REFUSE},
        factor,
    )


def main() -> int:
    """Judge, compare and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--truth", type=Path)
    args = parser.parse_args()
    wrong = []
    worst = 0.0
    with known_cases(args.folder, args.truth) as cases:
        for case, (folder, about) in cases.items():
            refusing, others, factor = verdict(folder)
            right = refusing == set(about["reject_codes"])
            right &= set(about.get("info_codes", ())) <= others | refusing
            line = " ".join(sorted(refusing)) or "ok"
            known = about.get("published_factor") or about.get("formula_factor")
            if factor is not None and known:
                error = abs(factor - known) / known
                worst = max(worst, error)
                line += f"  SUV factor {factor:.12g}, relative error {error:.1e}"
            print(f"{'right' if right else 'WRONG'}  {case:28} {line}")
            if not right:
                wrong.append(
                    {
                        "case": case,
                        "got": sorted(refusing),
                        "expected": sorted(about["reject_codes"]),
                        "missing": sorted(set(about.get("info_codes", ())) - others),
                    }
                )
    print(
        json.dumps(
            {
                "series": len(cases),
                "right": len(cases) - len(wrong),
                "wrong": wrong,
                "max_suv_factor_error": worst,
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
