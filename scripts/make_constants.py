"""Make `resources/codebook/constants.tsv`: clips, centres and edges of every released number.

    make_constants.py DICOM_DIR      all rows, from public images
    make_constants.py DICOM_DIR --responses   only the rows of responses to filters
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

Responses to filters. A protocol may ask for any filter, so limits stand per kind of response
(`equisite.protocol.responses`), feature and modality, in rows `<modality>__*__<kind>__<id>`:
from the regions' responses to the filters of RESPONSES, pooled, so that they span scales,
wavelets and numbers of bins. In mode `ibsi` a response is cut into a number of bins, so what
has no unit of intensity does not depend on the modality: one row `*__*__<kind>__<id>`. The
steps are those above; intensities of kind `magnitude` cannot be negative; and there is one
transform more, because intensities of responses differ by decades:

1. asinh for a feature of both signs whose magnitude has a 90th percentile of at least 4 times
   its median in one modality or more (that of a Laplace distribution is 3.3 times); its offset
   is the lower quartile of the magnitude, one digit: three quarters are on a logarithm.

A codebook entry with `constant:` is taken as it stands, for every instance that it has.
What went in, and its digest, is written to `constants.source.json` beside the table.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from equisite.codebook.book import (
    ANY,
    MEASURED_ROI,
    SEPARATOR,
    Codebook,
    codebook,
    column,
    read_constants,
    read_entries,
    resources_folder,
    response_column,
)
from equisite.codebook.constants import COLUMNS, Constant
from equisite.codebook.model import Mode
from equisite.core.atomic import write_bytes, write_text
from equisite.core.canonical import sha256_bytes, sha256_file
from equisite.core.tables import table_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.float64]

ROI = MEASURED_ROI
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

SOURCE = "constants.source.json"
WIDE = 4.0
CLIP_SPREADS = 8.0
EDGE_SPREADS = 4.0
MAD_TO_SD = 1.4826

Features = dict[str, dict[str, "Values"]]
"""Values by modality and feature."""

Filters = Sequence[Mapping[str, object]]
RESPONSES: Mapping[Mode, Sequence[tuple[Mapping[str, object], Filters]]] = {
    "ibsi": (
        (
            {"filter_bin_count": 16},
            (
                {"kind": "mean", "support": 3},
                {"kind": "wavelet", "wavelet": "haar", "band": "LLL"},
                {"kind": "log", "sigma_mm": 4},
                {"kind": "wavelet", "wavelet": "coif1", "band": "HHH"},
                {"kind": "laws", "kernels": "E5L5S5", "energy_voxels": None},
                {"kind": "gabor", "sigma_mm": 10, "wavelength_mm": 4, "step_deg": 45},
                {"kind": "laws", "kernels": "L5E5E5", "energy_voxels": 7},
            ),
        ),
        (
            {"filter_bin_count": 32},
            (
                {"kind": "mean", "support": 7},
                {"kind": "wavelet", "wavelet": "coif1", "band": "LLL"},
                {"kind": "log", "sigma_mm": 2},
                {"kind": "wavelet", "wavelet": "coif1", "band": "LLH"},
                {"kind": "simoncelli", "level": 1},
                {"kind": "gabor", "sigma_mm": 5, "wavelength_mm": 2, "step_deg": 45},
                {"kind": "laws", "kernels": "L5E5", "energy_voxels": 7},
            ),
        ),
        (
            {"filter_bin_count": 64},
            (
                {"kind": "wavelet", "wavelet": "db3", "band": "LL", "level": 2},
                {"kind": "laws", "kernels": "L3L3L3", "energy_voxels": None},
                {"kind": "log", "sigma_mm": 1, "dimensions": 2},
                {"kind": "wavelet", "wavelet": "db3", "band": "HHL", "level": 2},
                {"kind": "simoncelli", "level": 2},
                {"kind": "gabor", "sigma_mm": 20, "wavelength_mm": 8, "step_deg": 45},
                {"kind": "laws", "kernels": "E3W5R5", "energy_voxels": 7},
            ),
        ),
    ),
    "pyradiomics": (
        (
            {},
            (
                *({"kind": "pyradiomics_log", "sigma_mm": mm} for mm in (1, 2, 3, 5)),
                *(
                    {"kind": "pyradiomics_wavelet", "wavelet": wavelet, "band": band}
                    for wavelet, band in (
                        ("coif1", "LLL"), ("haar", "LLL"), ("db3", "LLL"), ("coif1", "LLH"),
                        ("coif1", "LHL"), ("coif1", "HLL"), ("coif1", "HHL"), ("coif1", "HHH"),
                        ("haar", "HHL"),
                    )
                ),
            ),
        ),
    ),
}  # fmt: skip
"""By mode: settings, and filters without names."""

CUBES: Mapping[str, object] = {"spacing_mm": (4.0, 4.0, 4.0), "interpolator": "linear"}
"""Grid of PET where filters need it."""


def is_wide(values: Values) -> bool:
    """Whether the 90th percentile is at least 4 times the 10th; all values are positive."""
    import numpy as np

    low, high = np.percentile(values, [10, 90])
    return bool(high >= WIDE * low)


def has_wide_magnitude(values: Values) -> bool:
    """Whether the 90th percentile of the magnitude is at least 4 times its median."""
    import numpy as np

    middle, high = np.percentile(np.abs(values), [50, 90])
    return bool(high >= WIDE * middle)


def linear_below(values: Values) -> float:
    """Offset of asinh: the lower quartile of the magnitudes that are not 0, one digit."""
    import numpy as np

    sizes = np.abs(values[values != 0])
    return float(f"{np.percentile(sizes, 25):.0e}")


def limits(
    name: str, values: Values, transform: str, lower: float | None, offset: float = 0.0
) -> Constant | None:
    """The constant of one column; None where all values are equal.

    values: of the public regions, not transformed. lower: smallest possible value. offset:
    of the transform.
    """
    import numpy as np

    scale = Constant(name, transform, offset, 0, 0, 0, 0, 0).transformed(values)
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
    return Constant(name, transform, offset, low[0], high[0], centre, low[1], high[1])


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


def measured_responses(book: Codebook, found: Mapping[str, Features]) -> list[Constant]:
    """Constants of features of responses, per kind.

    found: by kind of response, the values of all filters and regions, by modality.
    """
    import numpy as np

    made = []
    for kind, features in sorted(found.items()):
        for entry in book.features():
            by_modality = {
                m: values[entry.id][np.isfinite(values[entry.id])]
                for m, values in sorted(features.items())
                if entry.id in values
            }
            if not by_modality or entry.constant:
                continue
            everything = np.concatenate(list(by_modality.values()))
            transform = "identity"
            intensity = kind == "magnitude" and entry.dimension != "0"
            if (entry.lower == 0 or intensity) and bool((everything > 0).all()):
                if any(is_wide(v) for v in by_modality.values()):
                    transform = "log10"
            elif any(has_wide_magnitude(v) for v in by_modality.values()):
                transform = "asinh"
            if entry.mode == "ibsi" and entry.dimension == "0":
                by_modality = {ANY: everything}
            for modality, values in by_modality.items():
                name = response_column(modality, kind, entry.id)
                offset = linear_below(values) if transform == "asinh" else 0.0
                constant = limits(name, values, transform, entry.lower, offset)
                if constant is not None:
                    made.append(constant)
    return made


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


def convert_all(root: Path, work: Path) -> Path:
    """Convert all series below a folder; the table of images and masks."""
    from equisite.core.tables import write_rows
    from equisite.imaging.batch import run_batch
    from equisite.imaging.rows import RegionPair
    from equisite.intake.index import ImagingItem
    from equisite.protocol.imaging import Imaging, RoiRule

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
    (work / "volumes").mkdir()
    converted = run_batch(items, rules, work / "volumes")
    write_rows(work / "regions.tsv", RegionPair, sorted(converted.regions))
    print(f"{len(converted.regions)} of {len(items)} series gave regions", file=sys.stderr)
    return work / "regions.tsv"


def settings_of(mode: Mode) -> dict[str, dict[str, object]]:
    """Settings by modality of a mode."""
    besides = IBSI_ONLY if mode == "ibsi" else {m: {} for m in SETTINGS}
    return {m: {**s, **besides[m]} for m, s in SETTINGS.items()}


def extracted(
    regions: Path, mode: Mode, settings: Mapping[str, Mapping[str, object]]
) -> Features:
    """Features of all accepted regions, by modality and column; NaN where one is missing."""
    import numpy as np

    from equisite.protocol.radiomics import Radiomics
    from equisite.radiomics.batch import extract_batch

    protocol = Radiomics.model_validate({"mode": mode, "modalities": settings})
    rows, _ = extract_batch(regions, protocol, _progress)
    kept = [row for row in rows if row.roi_status == "ok"]
    print(f"{mode}: features of {len(kept)} regions", file=sys.stderr)
    return {
        m: {
            feature: np.array([row.values[feature] for row in kept if row.modality == m])
            for feature in kept[0].values
        }
        for m in sorted({row.modality for row in kept})
    }


def extract_all(regions: Path) -> Features:
    """Features of both modes, by modality."""
    found: Features = {}
    for mode in ("pyradiomics", "ibsi"):
        for modality, values in extracted(regions, mode, settings_of(mode)).items():
            found.setdefault(modality, {}).update(values)
    return found


def extract_responses(regions: Path) -> dict[str, Features]:
    """Features of the responses to RESPONSES, by kind of response; filters are pooled."""
    import numpy as np
    from pydantic import TypeAdapter

    from equisite.protocol.filters import Filter
    from equisite.protocol.radiomics import FILTERED_CLASSES
    from equisite.protocol.responses import response_kind

    adapter: TypeAdapter[Filter] = TypeAdapter(Filter)
    parts: dict[str, dict[str, dict[str, list[Values]]]] = {}
    for mode, groups in RESPONSES.items():
        for besides, filters in groups:
            named = [{**chosen, "name": f"f{n}"} for n, chosen in enumerate(filters)]
            kinds = {str(f["name"]): response_kind(adapter.validate_python(f)) for f in named}
            wanted = {**besides, "classes": FILTERED_CLASSES[mode], "filters": named}
            settings = {
                m: {**s, **(CUBES if (mode, m) == ("ibsi", "PT") else {}), **wanted}
                for m, s in settings_of(mode).items()
            }
            for modality, values in extracted(regions, mode, settings).items():
                for column_name, numbers in values.items():
                    name, _, feature = column_name.partition(SEPARATOR)
                    if feature:
                        of_kind = parts.setdefault(kinds[name], {})
                        of_kind.setdefault(modality, {}).setdefault(feature, []).append(numbers)
    return {
        kind: {
            m: {f: np.concatenate(values) for f, values in features.items()}
            for m, features in of_kind.items()
        }
        for kind, of_kind in parts.items()
    }


def digest_of_images(root: Path) -> str:
    """Sha256 over one line `sha256  relative/path` per file, sorted by path."""
    files = sorted(p for p in root.rglob("*") if p.is_file())
    lines = (f"{sha256_file(p)}  {p.relative_to(root).as_posix()}\n" for p in files)
    return sha256_bytes("".join(lines).encode())


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _source(root: Path, features: Features) -> bytes:
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
    return _text_of(content | _source_of_responses())


def _source_of_responses() -> dict[str, object]:
    return {
        "responses": {
            mode: [{**besides, "filters": list(filters)} for besides, filters in groups]
            for mode, groups in RESPONSES.items()
        },
        "responses_grid_PT": dict(CUBES),
    }


def _text_of(content: Mapping[str, object]) -> bytes:
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
    parser.add_argument("--responses", action="store_true")
    args = parser.parse_args(words)
    if args.responses and not args.dicom:
        parser.error("--responses needs DICOM_DIR")
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
    with tempfile.TemporaryDirectory() as name:
        regions = convert_all(args.dicom, Path(name))
        responses = measured_responses(book, extract_responses(regions))
        if args.responses:
            kept = [c for n, c in present.items() if SEPARATOR + ANY + SEPARATOR not in n]
            write_constants(table, [*kept, *responses])
            before = json.loads((folder / SOURCE).read_bytes())
            write_bytes(folder / SOURCE, _text_of(before | _source_of_responses()))
            return 0
        features = extract_all(regions)
    write_constants(table, [*measured(book, features), *responses, *registered(book)])
    write_bytes(folder / SOURCE, _source(args.dicom, features))
    return 0


def codebook_without_constants(folder: Path) -> Codebook:
    """The entries alone, so that a faulty or absent table can be made again."""
    entries, findings = read_entries(folder)
    if findings:
        return codebook()  # raises with every fault
    return Codebook("", tuple(v for _, v in entries), {}, "")


if __name__ == "__main__":
    sys.exit(main())
