"""All values of IBSI: ours against the reference, by the rule of its submission sheet.

    ibsi.py [DATA] [--page FILE]

DATA: folder with `imaging/ibsi1` and `imaging/ibsi2` as shared (default: EQUISITE_DATA, or
shared/data beside the checkout): the digital phantom, the CT phantom in configurations A to E,
their reference values and diagnostics. Features come from the public function
`equisite.radiomics.extract`, with the settings of a protocol; diagnostics from
`equisite.radiomics.diagnostics`. IBSI-2 (response maps of phase 1, values of phase 2; settings
in `ibsi2_cases`) stands under `filters`.

A value passes if reference minus value, truncated to three significant digits of the
reference, is at most the tolerance. --page writes every value as a page of the documentation.
The last line is a JSON object (docs: benchmarks.md).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibsi2_cases

CHECKOUT = Path(__file__).resolve().parent.parent
IN_PLANE = ("2D_avg", "2D_smrg", "2.5D_dmrg", "2.5D_vmrg")
SOLID = ("3D_avg", "3D_mrg")
FLAT: dict[str, Any] = {"round_intensities": True, "aggregation": IN_PLANE}
CUBES: dict[str, Any] = {
    "spacing_mm": (2.0, 2.0, 2.0),
    "round_intensities": True,
    "aggregation": SOLID,
}
CONFIGURATIONS: Mapping[str, Mapping[str, Any]] = {
    "digital_phantom": {
        "bin_width": 1.0,
        "range": (1.0, 9.0),
        "round_intensities": True,
        "aggregation": (*IN_PLANE, *SOLID),
    },
    "config_A": FLAT | {"range": (-500.0, 400.0), "bin_width": 25.0},
    "config_B": FLAT
    | {"spacing_mm": (2.0, 2.0, 0.0), "range": (-500.0, 400.0), "bin_count": 32},
    "config_C": CUBES | {"range": (-1000.0, 400.0), "bin_width": 25.0, "ivh_bin_width": 2.5},
    "config_D": CUBES | {"outlier_sigma": 3.0, "bin_count": 32},
    "config_E": CUBES
    | {
        "interpolator": "bspline",
        "range": (-1000.0, 400.0),
        "outlier_sigma": 3.0,
        "bin_count": 32,
        "ivh_bin_count": 1000,
    },
}
"""The configurations of the reference manual as settings of a protocol."""


class CannotMeasure(Exception):  # noqa: N818 - reads as what happened
    """There is nothing to measure; the text says why."""


@dataclass(frozen=True)
class Comparison:
    """One value beside its reference."""

    configuration: str
    tag: str
    code: str
    label: str
    got: float
    reference: float
    tolerance: float

    @property
    def within(self) -> bool:
        """Whether it passes, by the rule of the IBSI submission sheet."""
        return truncated(self.reference, self.got) <= self.tolerance + 1e-12 * abs(
            self.reference
        )


def truncated(reference: float, got: float) -> float:
    """|reference - got| without what lies behind three significant digits of the reference."""
    apart = abs(reference - got)
    if reference == 0 or math.isnan(got):
        return apart
    unit = 10.0 ** (math.floor(math.log10(abs(reference))) - 2)
    return math.trunc(round(apart / unit, 9)) * unit


def measure(folder: Path) -> tuple[list[Comparison], list[Comparison]]:
    """Features and diagnostics of all configurations beside their references."""
    from equisite.protocol.radiomics import RadiomicSettings
    from equisite.radiomics import extract
    from equisite.radiomics.diagnostics import diagnose
    from equisite.radiomics.volumes import open_volume

    references = _rows(folder / "ibsi1_reference_values.tsv")
    steps = _rows(folder / "ibsi1_diagnostics.tsv")
    features: list[Comparison] = []
    diagnostics: list[Comparison] = []
    for name, given in CONFIGURATIONS.items():
        place = folder / ("digital_phantom" if name == "digital_phantom" else "ct_phantom")
        image, mask = (open_volume(place / f"{n}.nii.gz") for n in ("image", "mask"))
        settings = RadiomicSettings.model_validate(given)
        began = time.process_time()
        result = extract(image.voxels, mask.voxels, image.spacing_mm, settings)
        seconds = time.process_time() - began
        found = [
            _compared(row, result.values.get(f"ibsi_{row['tag'].lower()}", math.nan))
            for row in references
            if row["configuration"] == name
        ]
        told = [row for row in steps if row["configuration"] == name]
        checked = (
            diagnose(image.voxels, mask.voxels != 0, image.spacing_mm, settings) if told else {}
        )
        seen = [_compared(row, checked.get(row["tag"], math.nan)) for row in told]
        print(
            f"{name:16s} {sum(c.within for c in found):4d} of {len(found)} values, "
            f"{sum(c.within for c in seen)} of {len(seen)} diagnostics, {seconds:.2f} s CPU",
            flush=True,
        )
        features += found
        diagnostics += seen
    return features, diagnostics


def _rows(path: Path) -> list[dict[str, str]]:
    from equisite.core.tables import read_table

    if not path.is_file():
        raise CannotMeasure(f"{path} is not there")
    return read_table(path)[1]


def _compared(row: Mapping[str, str], got: float) -> Comparison:
    return Comparison(
        row["configuration"],
        row["tag"],
        row.get("ibsi_code", ""),
        row.get("feature", ""),
        got,
        float(row["value"]),
        float(row["tolerance"] or 0),
    )


def counted(comparisons: Iterable[Comparison]) -> list[dict[str, Any]]:
    """Per configuration, the number of values and of those within tolerance."""
    found: dict[str, list[bool]] = {}
    for comparison in comparisons:
        found.setdefault(comparison.configuration, []).append(comparison.within)
    return [
        {"configuration": name, "values": len(passed), "within": sum(passed)}
        for name, passed in found.items()
    ]


def outside(comparisons: Iterable[Comparison]) -> list[dict[str, Any]]:
    """Those that do not pass."""
    return [
        {
            "configuration": c.configuration,
            "code": c.code,
            "tag": c.tag,
            "got": None if math.isnan(c.got) else c.got,
            "reference": c.reference,
            "tolerance": c.tolerance,
        }
        for c in comparisons
        if not c.within
    ]


def page(features: list[Comparison], diagnostics: list[Comparison]) -> str:
    """All values as a page of the documentation."""
    parts = [
        "# IBSI-1: every value, ours and the reference",
        "",
        "Made by `python3 scripts/run.py exec --rw . python benchmarks/ibsi.py --page"
        " docs/ibsi.md`. A value passes if reference minus value, truncated to three"
        " significant digits of the reference, is at most the tolerance. Phantoms and"
        " reference values: theibsi/data_sets and the IBSI reference manual.",
        "",
        "| configuration | values | within tolerance | diagnostics | within tolerance |",
        "|---|---|---|---|---|",
    ]
    steps = {row["configuration"]: row for row in counted(diagnostics)}
    for row in counted(features):
        other = steps.get(row["configuration"], {"values": 0, "within": 0})
        parts.append(
            f"| {row['configuration']} | {row['values']} | {row['within']} |"
            f" {other['values']} | {other['within']} |"
        )
    for title, comparisons in (("values", features), ("diagnostics", diagnostics)):
        for name in dict.fromkeys(c.configuration for c in comparisons):
            parts += [
                "",
                f"## {name}: {title}",
                "",
                "| tag | code | ours | reference | tolerance | pass |",
                "|---|---|---|---|---|---|",
            ]
            parts += [
                f"| {c.tag} | {c.code} | {c.got:.6g} | {c.reference:g} | {c.tolerance:g} |"
                f" {'yes' if c.within else '**no**'} |"
                for c in comparisons
                if c.configuration == name
            ]
    return "\n".join(parts) + "\n"


def main() -> int:
    """Entry point; see the module's text."""
    default = Path(os.environ.get("EQUISITE_DATA", CHECKOUT.parent / "shared/data"))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, nargs="?", default=default, metavar="DATA")
    parser.add_argument("--page", type=Path, metavar="FILE")
    args = parser.parse_args()
    try:
        features, diagnostics = measure(args.data / "imaging" / "ibsi1")
        if not (args.data / "imaging" / "ibsi2").is_dir():
            raise CannotMeasure(f"{args.data / 'imaging' / 'ibsi2'} is not there")
        maps = ibsi2_cases.measure_maps(args.data / "imaging" / "ibsi2")
        values = ibsi2_cases.measure_values(
            args.data / "imaging" / "ibsi2", args.data / "imaging" / "ibsi1" / "ct_phantom"
        )
    except CannotMeasure as error:
        print(f"cannot measure: {error}", file=sys.stderr)
        return 2
    if args.page:
        lines = ibsi2_cases.page_parts(maps, values)
        text = page(features, diagnostics) + "\n".join(lines) + "\n"
        args.page.write_text(text, encoding="utf-8")
    result = {
        "tables": counted(features),
        "outside": outside(features),
        "values": len(features),
        "within": sum(c.within for c in features),
        "diagnostics": {
            "values": len(diagnostics),
            "within": sum(c.within for c in diagnostics),
            "outside": outside(diagnostics),
        },
        "filters": ibsi2_cases.told(maps, values),
    }
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
