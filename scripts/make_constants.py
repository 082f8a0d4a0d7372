"""Make `resources/codebook/constants.tsv`: clips, centres and edges of every released number.

    make_constants.py DICOM_DIR      all rows, from public images
    make_constants.py --registered   only the rows that codebook entries fix by hand
    make_constants.py --check        whether those rows are up to date (exit 1 if not)

DICOM_DIR holds one folder per patient with {CT,MR_T1,PET}/image/*.dcm and mask/RS.dcm, as the
shared soft-tissue-sarcoma data have them after unpacking. The images go through the same
functions as a hospital's (`equisite.imaging`, `equisite.radiomics`).

The rule. Per column:

1. Transform: log10 (offset 0) for a feature that cannot be negative (`lower: 0`), that is
   above 0 in every public region, and whose 90th percentile is at least 4 times its 10th in
   one modality or more; else identity. One decision per feature, for all modalities.
2. Centre: median of the transformed values.
3. Spread: the larger of 1.4826 times the median absolute deviation and the standard
   deviation. The first alone is fooled by eight CT patients seven of which are alike.
4. Clips: centre - 8 spreads to centre + 8 spreads; never below what is possible.
5. Edges: centre - 4 spreads to centre + 4 spreads, in 20, 10 or 5 equal steps with two open
   ends: steps of 0.4, 0.8 and 1.6 spreads, close to Scott's rule for 700, 80 and 10 patients.

Shape is pooled over the modalities, because a region is the same whatever it was drawn on;
intensity and texture are taken per modality. Numbers are rounded to a hundredth of a spread.
A codebook entry with `constant:` is taken as it stands, for every instance that it has.
What went in, and its digest, is written to `constants.source.json` beside the table.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from equisite.codebook.book import (
    Codebook,
    codebook,
    column,
    read_constants,
    read_entries,
    resources_folder,
)
from equisite.codebook.constants import COLUMNS, Constant
from equisite.core.atomic import write_bytes, write_text
from equisite.core.canonical import sha256_bytes, sha256_file
from equisite.core.tables import table_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

ROI = "gtv"
FOLDERS = {"CT": "CT", "MR_T1": "MR", "PET": "PT"}
SETTINGS: Mapping[str, Mapping[str, object]] = {
    "CT": {"spacing_mm": (2.0, 2.0, 2.0), "interpolator": "linear", "bin_width": 25.0},
    "MR": {"spacing_mm": (1.0, 1.0, 1.0), "interpolator": "bspline", "bin_count": 32},
    "PT": {"bin_width": 0.5},
}
"""Defaults of the radiomics page by modality: CT and MR on an isotropic grid, PET native."""

AGGREGATIONS = ("2D_avg", "2D_smrg", "2.5D_dmrg", "2.5D_vmrg", "3D_avg", "3D_mrg")
IBSI_ONLY: Mapping[str, Mapping[str, object]] = {
    "CT": {"range": (-1000.0, 400.0), "round_intensities": True, "aggregation": AGGREGATIONS},
    "MR": {"outlier_sigma": 3.0, "aggregation": AGGREGATIONS},
    "PT": {"aggregation": AGGREGATIONS},
}
"""What mode `ibsi` needs besides."""

WIDE = 4.0
CLIP_SPREADS = 8.0
EDGE_SPREADS = 4.0
MAD_TO_SD = 1.4826

Features = dict[str, dict[str, "Values"]]
"""Values by modality and feature."""


def is_wide(values: Values) -> bool:
    """Whether the 90th percentile is at least 4 times the 10th; all values are positive."""
    import numpy as np

    low, high = np.percentile(values, [10, 90])
    return bool(high >= WIDE * low)


def limits(name: str, values: Values, transform: str, lower: float | None) -> Constant | None:
    """The constant of one column; None where all values are equal.

    values: of the public regions, not transformed. lower: smallest possible value.
    """
    import numpy as np

    scale = np.log10(values) if transform == "log10" else values
    centre = float(np.median(scale))
    robust = MAD_TO_SD * float(np.median(np.abs(scale - centre)))
    spread = max(robust, float(np.std(scale, ddof=1)))
    if spread <= 1e-9 * max(abs(centre), 1e-300):
        return None
    decimals = 2 - int(np.floor(np.log10(spread)))
    centre, spread = round(centre, decimals), round(spread, decimals)
    floor = lower if lower is not None and transform == "identity" else -np.inf
    low = [
        max(round(centre - k * spread, decimals), floor) for k in (CLIP_SPREADS, EDGE_SPREADS)
    ]
    high = [round(centre + k * spread, decimals) for k in (CLIP_SPREADS, EDGE_SPREADS)]
    return Constant(name, transform, 0.0, low[0], high[0], centre, low[1], high[1])


def measured(book: Codebook, features: Features) -> list[Constant]:
    """Constants of all features and counts of regions that have values."""
    import numpy as np

    found = []
    for entry in book.variables:
        if entry.instances != "modality_roi" or entry.constant or not entry.is_numeric:
            continue
        by_modality = {m: values[entry.id] for m, values in sorted(features.items())}
        everything = np.concatenate(list(by_modality.values()))
        positive = entry.lower == 0 and bool((everything > 0).all())
        log = positive and any(is_wide(v) for v in by_modality.values())
        pooled = entry.family == "shape"
        for modality, values in by_modality.items():
            made = limits(
                column(modality, ROI, entry.id),
                everything if pooled else values,
                "log10" if log else "identity",
                entry.lower,
            )
            if made is not None:
                found.append(made)
    return found


def registered(book: Codebook) -> list[Constant]:
    """Constants that entries of the codebook fix by hand, for every instance they have."""
    found = []
    for entry in book.variables:
        if entry.constant is None:
            continue
        names = [entry.id]
        if entry.instances == "modality_roi":
            names = [column(m, ROI, entry.id) for m in sorted(SETTINGS)]
        found += [Constant(column=name, **entry.constant.model_dump()) for name in names]
    return found


def write_constants(path: Path, constants: Iterable[Constant]) -> None:
    """Write the table, sorted by column."""
    rows = sorted((asdict(c) for c in constants), key=lambda row: str(row["column"]))
    write_text(path, table_text(COLUMNS, ([row[c] for c in COLUMNS] for row in rows)))


def with_registered(book: Codebook, present: Mapping[str, Constant]) -> dict[str, Constant]:
    """The present constants with those fixed by hand renewed, and none that has no variable."""
    fixed = {c.column: c for c in registered(book)}
    by_hand = {v.id for v in book.variables if v.constant is not None}
    known = {v.id for v in book.variables} - by_hand
    kept = {n: c for n, c in present.items() if n.rpartition("__")[2] in known}
    return kept | fixed


def extract_all(root: Path) -> Features:
    """Convert all series below a folder and extract the features of both modes."""
    import numpy as np

    from equisite.core.tables import write_rows
    from equisite.imaging.batch import run_batch
    from equisite.imaging.rows import RegionPair
    from equisite.intake.index import ImagingItem
    from equisite.protocol.imaging import Imaging, RoiRule
    from equisite.protocol.radiomics import Radiomics
    from equisite.radiomics.batch import extract_batch

    items = [
        ImagingItem(
            patient=patient.name,
            token=f"{patient.name}-{folder}".lower(),
            series=str(patient / folder / "image"),
            root="",
            modality=modality,
            mask=str(patient / folder / "mask" / "RS.dcm"),
            roi=ROI,
            roi_label="",
            reader="",
            stamp="",
        )
        for patient in sorted(p for p in root.iterdir() if p.is_dir())
        for folder, modality in FOLDERS.items()
        if (patient / folder / "image").is_dir()
    ]
    rules = Imaging(roi=(RoiRule(name=ROI, patterns=(".*gtv.*",)),))
    ibsi = {m: {**s, **IBSI_ONLY[m]} for m, s in SETTINGS.items()}
    modes = {"pyradiomics": SETTINGS, "ibsi": ibsi}
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (work / "volumes").mkdir()
        converted = run_batch(items, rules, work / "volumes")
        write_rows(work / "regions.tsv", RegionPair, sorted(converted.regions))
        found: Features = {}
        for mode, settings in modes.items():
            protocol = Radiomics.model_validate({"mode": mode, "modalities": settings})
            rows, _ = extract_batch(work / "regions.tsv", protocol, _progress)
            kept = [row for row in rows if row.roi_status == "ok"]
            print(f"{mode}: {len(kept)} of {len(items)} series gave features", file=sys.stderr)
            for m in sorted({row.modality for row in kept}):
                of_one = [r.values for r in kept if r.modality == m]
                for feature in kept[0].values:
                    values = np.array([v[feature] for v in of_one])
                    found.setdefault(m, {})[feature] = values
    return found


def digest_of_images(root: Path) -> str:
    """Sha256 over one line `sha256  relative/path` per file, sorted by path."""
    files = sorted(p for p in root.rglob("*") if p.is_file())
    lines = (f"{sha256_file(p)}  {p.relative_to(root).as_posix()}\n" for p in files)
    return sha256_bytes("".join(lines).encode())


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _source(root: Path, features: Features) -> bytes:
    import json

    from equisite.radiomics.settings import engine_text

    content = {
        "data": "TCIA Soft-tissue-Sarcoma (doi 10.7937/K9/TCIA.2015.7GO2GSKS), CC BY 3.0,"
        " as published by theibsi/data_sets, ibsi_validation",
        "images_sha256": digest_of_images(root),
        "regions": {m: len(next(iter(v.values()))) for m, v in features.items()},
        "engines": [engine_text("equisite", "pyradiomics"), engine_text("equisite", "ibsi")],
        "settings": {m: dict(s) for m, s in SETTINGS.items()},
        "settings_ibsi": {m: dict(s) for m, s in IBSI_ONLY.items()},
        "clip_spreads": CLIP_SPREADS,
        "edge_spreads": EDGE_SPREADS,
        "log10_from_ratio": WIDE,
    }
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()


def main(words: list[str] | None = None) -> int:
    """Entry point; see the module's text."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("dicom", nargs="?", type=Path, metavar="DICOM_DIR")
    what.add_argument("--registered", action="store_true")
    what.add_argument("--check", action="store_true")
    args = parser.parse_args(words)
    folder = resources_folder() / "codebook"
    table = folder / "constants.tsv"
    book = codebook_without_constants(folder)
    present, _ = read_constants(table)
    if args.check:
        stale = with_registered(book, present) != present
        print("constants.tsv is " + ("out of date" if stale else "up to date"))
        return int(stale)
    if args.registered:
        write_constants(table, with_registered(book, present).values())
        return 0
    features = extract_all(args.dicom)
    write_constants(table, [*measured(book, features), *registered(book)])
    write_bytes(folder / "constants.source.json", _source(args.dicom, features))
    return 0


def codebook_without_constants(folder: Path) -> Codebook:
    """The entries alone, so that a faulty or absent table can be made again."""
    entries, findings = read_entries(folder)
    if findings:
        return codebook()  # raises with every fault
    return Codebook("", tuple(v for _, v in entries), {}, "")


if __name__ == "__main__":
    sys.exit(main())
