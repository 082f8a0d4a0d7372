"""What is not defined: every kind of such a region must come back as NaN with the right reason.

    radiomics_refusals.py

Each kind is a made region that goes through the public functions of both modes (or, where
files are the matter, through the function that the rule's command calls). A kind is right if
no exception leaves the function, the columns are the fixed ones, the reason is the expected
one, every feature that is not defined is NaN, and every feature that is defined is a number.

The last line is a JSON object (docs: benchmarks.md); `wrong` names what was not as expected.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

UNIT = (1.0, 1.0, 1.0)
SHAPE = {"ibsi": {"morph"}, "pyradiomics": {"shape"}}
PLAIN = {"ibsi": {"stat"}, "pyradiomics": {"firstorder"}}
PEAK = {"ibsi": {"loc"}, "pyradiomics": set[str]()}
BINNED = {"ibsi": {"ih", "ivh"}, "pyradiomics": set[str]()}
TEXTURE = {
    "ibsi": {"cm", "rlm", "szm", "dzm", "ngt", "ngl"},
    "pyradiomics": {"glcm", "glrlm", "glszm", "gldm", "ngtdm"},
}
UNBINNED = {"ibsi": {"stat"}, "pyradiomics": set[str]()}
"""PyRadiomics counts entropy of grey levels among the intensities."""
ALONE = {
    "ibsi": {"rlm", "szm", "dzm", "ngl"},
    "pyradiomics": {"glrlm", "glszm", "gldm", "ngtdm"},
}
"""Texture of voxels without neighbours."""
Family = Mapping[str, set[str]]
BOTH = ("ibsi", "pyradiomics")


@dataclass(frozen=True)
class Kind:
    """A made region and what must be said of it.

    make: image, mask and settings of a mode. kept: families of which at least one feature
    is defined; all others must be NaN. whole: every feature must be a number.
    """

    name: str
    code: str
    make: Callable[[str], tuple[Any, Any, dict[str, Any]]]
    kept: tuple[Family, ...] = ()
    modes: tuple[str, ...] = BOTH
    whole: bool = False


def region() -> tuple[Any, Any]:
    """A lumpy image (z, y, x) and an ellipsoid in it."""
    rng = np.random.default_rng(7)
    noise = rng.normal(0, 120, (16, 30, 34))
    for axis in range(3):
        noise = (noise + np.roll(noise, 1, axis) + np.roll(noise, -1, axis)) / 3**0.5
    z, y, x = np.ogrid[:16, :30, :34]
    mask = ((z - 8) / 4.3) ** 2 + ((y - 15) / 7.2) ** 2 + ((x - 17) / 8.6) ** 2 <= 1
    return (noise + 40).astype(np.float32), mask


def count(**given: Any) -> dict[str, Any]:
    """Settings with a fixed number of bins."""
    return {"bin_count": 16, **given}


def width(mode: str, **given: Any) -> dict[str, Any]:
    """Settings with bins of fixed size; mode ibsi needs a range for their origin."""
    origin = {"range": (-5000.0, 1e9)} if mode == "ibsi" else {}
    return {"bin_width": 25.0, **origin, **given}


def changed(change: Callable[[Any, Any], tuple[Any, Any]], **given: Any) -> Any:
    """A kind with a fixed number of bins, from the region by a change of image and mask."""

    def make(_mode: str) -> tuple[Any, Any, dict[str, Any]]:
        image, mask = change(*region())
        return image, mask, count(**given)

    return make


def only(*where: Any) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Keep of the mask what lies in some slices."""

    def change(image: Any, mask: Any) -> tuple[Any, Any]:
        kept = np.zeros_like(mask)
        kept[where] = mask[where]
        return image, kept

    return change


def valued(value: float, *where: Any) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Give some voxels of the image a value."""

    def change(image: Any, mask: Any) -> tuple[Any, Any]:
        image[where] = value
        return image, mask

    return change


def _scattered(image: Any, mask: Any) -> tuple[Any, Any]:
    mask[:] = False
    mask[::3, ::3, ::3] = True
    return image, mask


def _vanishing(image: Any, mask: Any) -> tuple[Any, Any]:
    mask[:] = False
    mask[8, 10, 11:13] = True
    return image, mask


def _small(image: Any, mask: Any) -> tuple[Any, Any]:
    z, y, x = np.ogrid[:16, :30, :34]
    return image, (z - 8) ** 2 + (y - 15) ** 2 + (x - 17) ** 2 <= 4.4


def _parts(image: Any, mask: Any) -> tuple[Any, Any]:
    mask[2, 2, 2:4] = True
    mask[3, 5, 5] = True
    return image, mask


def _balanced(image: Any, mask: Any) -> tuple[Any, Any]:
    image = np.zeros(image.shape)
    places = np.flatnonzero(mask)
    half = len(places) // 2
    image.ravel()[places[:half]] = 8.0
    image.ravel()[places[half : 2 * half]] = -8.0
    return image, mask


def _one_level(mode: str) -> tuple[Any, Any, dict[str, Any]]:
    image, mask = region()
    image = np.abs(image) / np.abs(image).max()
    return image, mask, width(mode, **({"range": (0.0, 900.0)} if mode == "ibsi" else {}))


def _wide(value: float) -> Callable[[str], tuple[Any, Any, dict[str, Any]]]:
    def make(mode: str) -> tuple[Any, Any, dict[str, Any]]:
        image, mask = region()
        image[8, 15, 17] = value
        return image, mask, width(mode)

    return make


KINDS = (
    Kind("mask without a voxel", "ROI_EMPTY", changed(lambda i, m: (i, m & False))),
    Kind("label that is not in the mask", "ROI_EMPTY", changed(lambda i, m: (i, m * 2 == 3))),
    Kind("one voxel", "ROI_ONE_VOXEL", changed(only(8, 15, slice(17, 18))), (PLAIN, PEAK)),
    Kind("line along x", "ROI_1D", changed(only(8, 15)), (PLAIN, PEAK, BINNED)),
    Kind(
        "line along z",
        "ROI_1D",
        changed(only(slice(None), slice(15, 16), slice(17, 18))),
        (PLAIN, PEAK, BINNED),
    ),
    Kind(
        "one slice, 3D texture asked for",
        "ROI_2D",
        changed(only(slice(8, 9))),
        (PLAIN, PEAK, BINNED),
    ),
    Kind(
        "one slice, 2.5D texture asked for",
        "ROI_2D",
        changed(only(slice(8, 9)), aggregation=("2.5D_vmrg",)),
        (PLAIN, PEAK, BINNED, TEXTURE),
        ("ibsi",),
    ),
    Kind(
        "one column of voxels wide",
        "ROI_2D",
        changed(only(slice(None), slice(None), slice(17, 18)), aggregation=("2D_avg",)),
        (PLAIN, PEAK, BINNED),
        ("ibsi",),
    ),
    Kind("flat region", "ROI_FLAT", changed(valued(7.0, ...)), (SHAPE, PLAIN, PEAK)),
    Kind("flat at 0", "ROI_FLAT", changed(valued(0.0, ...)), (SHAPE, PLAIN, PEAK)),
    Kind("one grey level", "ROI_ONE_LEVEL", _one_level, (SHAPE, PLAIN, PEAK, BINNED)),
    Kind("NaN voxel", "ROI_NAN", changed(valued(math.nan, 8, 15, 17))),
    Kind("NaN in all voxels", "ROI_NAN", changed(valued(math.nan, ...))),
    Kind("infinite voxel", "ROI_INF", changed(valued(math.inf, 8, 15, 17))),
    Kind("voxel at minus infinity", "ROI_INF", changed(valued(-math.inf, 8, 15, 17))),
    Kind("range of 2e8 in bins of 25", "TOO_MANY_BINS", _wide(2e8), (SHAPE, UNBINNED, PEAK)),
    Kind("more than 1,000 levels", "TOO_MANY_BINS", _wide(6e4), (SHAPE, UNBINNED, PEAK)),
    Kind(
        "nothing inside the range",
        "RESEG_EMPTY",
        changed(lambda i, m: (i, m), range=(1e6, 2e6)),
        (SHAPE,),
    ),
    Kind(
        "five voxels inside the range",
        "RESEG_SMALL",
        changed(valued(1.5e6, 8, 15, slice(14, 19)), range=(1e6, 2e6)),
        (SHAPE,),
    ),
    Kind("33 voxels", "ROI_SMALL", changed(_small), (SHAPE, PLAIN, PEAK, BINNED)),
    Kind(
        "scattered single voxels",
        "FEATURE_UNDEFINED",
        changed(_scattered),
        (SHAPE, PLAIN, PEAK, BINNED, ALONE),
    ),
    Kind(
        "nothing left on a coarse grid",
        "ROI_EMPTY",
        changed(_vanishing, spacing_mm=(9.0, 9.0, 9.0)),
        modes=("ibsi",),
    ),
    Kind(
        "NaN beside the region, interpolated into it",
        "MARGIN_NAN",
        changed(lambda i, m: (np.where(m, i, np.nan), m), spacing_mm=(0.7, 0.7, 0.7)),
        (SHAPE,),
    ),
    Kind(
        "NaN beside the region, native grid",
        "PEAK_UNDEFINED",
        changed(lambda i, m: (np.where(m, i, np.nan), m)),
        (SHAPE, PLAIN, BINNED, TEXTURE),
        ("ibsi",),
    ),
    Kind("image of another size", "ROI_GEOMETRY", changed(lambda i, m: (i[1:], m))),
    Kind("image of two dimensions", "ROI_GEOMETRY", changed(lambda i, m: (i[0], m[0]))),
    Kind(
        "bins of fixed size without an origin",
        "BIN_ORIGIN",
        lambda _mode: (*region(), {"bin_width": 25.0}),
        (SHAPE, PLAIN, PEAK),
        ("ibsi",),
    ),
    Kind(
        "intensities that sum to 0",
        "RATIO_UNDEFINED",
        changed(_balanced),
        (SHAPE, PLAIN, PEAK, BINNED, TEXTURE),
        ("ibsi",),
    ),
    Kind(
        "region at the border",
        "ROI_BORDER",
        changed(lambda i, m: (i[:, :, 12:], m[:, :, 12:])),
        (SHAPE, PLAIN, PEAK, BINNED, TEXTURE),
        whole=True,
    ),
    Kind(
        "three parts",
        "ROI_COMPONENTS",
        changed(_parts),
        (SHAPE, PLAIN, PEAK, BINNED, TEXTURE),
        whole=True,
    ),
)


def judge(
    values: Mapping[str, float],
    codes: Iterable[str],
    columns: tuple[str, ...],
    kind: Kind,
    mode: str,
) -> str:
    """What is wrong with a result; empty if nothing."""
    if tuple(values) != columns:
        return "other columns"
    if kind.code not in codes:
        return f"reason {', '.join(codes) or 'none'} instead of {kind.code}"
    kept = {family for families in kind.kept for family in families[mode]}
    position = 1 if mode == "ibsi" else 0
    prefixes = {f for group in (SHAPE, PLAIN, PEAK, BINNED, TEXTURE) for f in group[mode]}
    features = {
        name: value
        for name, value in values.items()
        if len(name.split("_")) > position
        and name.split("_")[position] in prefixes
        and (mode == "pyradiomics" or name.startswith("ibsi_"))
    }
    if any(math.isinf(value) for value in features.values()):
        return "an infinite value"
    found = {n.split("_")[position] for n, v in features.items() if math.isfinite(v)}
    if found - kept:
        return f"numbers in {', '.join(sorted(found - kept))}"
    if kept - found:
        return f"no number in {', '.join(sorted(kept - found))}"
    if kind.whole and not all(map(math.isfinite, features.values())):
        return "missing values"
    return ""


def run_arrays() -> list[tuple[str, str]]:
    """All kinds of arrays in their modes: name, and what is wrong."""
    from equisite.protocol.radiomics import RadiomicSettings
    from equisite.radiomics import extract
    from equisite.radiomics.columns import feature_columns

    told = []
    for kind in KINDS:
        for mode in kind.modes:
            image, mask, given = kind.make(mode)
            if mode == "pyradiomics":
                given.pop("aggregation", None)
            settings = RadiomicSettings.model_validate(given)
            columns = feature_columns(mode, [settings])  # type: ignore[arg-type]
            try:
                found = extract(image, mask, UNIT, settings, mode=mode)  # type: ignore[arg-type]
                codes = [f.code for f in found.findings]
                problem = judge(found.values, codes, columns, kind, mode)
            except Exception as error:  # noqa: BLE001 - an exception is what is looked for
                problem = f"{type(error).__name__} was raised"
            told.append((f"{kind.name}, {mode}", problem))
    return told


def _file(path: Path, array: Any, affine: Any) -> None:
    import nibabel

    nibabel.save(nibabel.Nifti1Image(array.transpose(range(array.ndim)[::-1]), affine), path)


def run_files() -> list[tuple[str, str]]:
    """Kinds that lie in files or in the table: name, and what is wrong."""
    from equisite.core.tables import write_table
    from equisite.protocol.radiomics import Radiomics
    from equisite.radiomics.batch import NEEDED, extract_batch, table_columns

    image, mask = region()
    labels = mask.astype(np.uint8)
    plain = np.diag([1.0, 1.0, 1.0, 1.0])
    wider = np.diag([1.01, 1.01, 1.0, 1.0])
    moved = plain.copy()
    moved[0, 3] = 0.5
    turned = plain.copy()
    turned[:2, :2] = [[math.cos(0.01), -math.sin(0.01)], [math.sin(0.01), math.cos(0.01)]]
    pairs: dict[str, tuple[Any, Any, str, str]] = {
        "voxel size 1 % apart": (labels, wider, "MR", "ROI_GEOMETRY"),
        "origin half a millimetre apart": (labels, moved, "MR", "ROI_GEOMETRY"),
        "directions 0.6 degrees apart": (labels, turned, "MR", "ROI_GEOMETRY"),
        "mask of other size": (labels[:, :-1], plain, "MR", "ROI_GEOMETRY"),
        "mask of four dimensions": (np.stack([labels, labels]), plain, "MR", "ROI_UNREADABLE"),
        "mask that is no NIfTI file": (None, plain, "MR", "ROI_UNREADABLE"),
        "modality without settings": (labels, plain, "CT", "NO_SETTINGS"),
    }
    radiomics = Radiomics.model_validate({"modalities": {"MR": count()}})
    told = []
    for name, (array, affine, modality, code) in pairs.items():
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            _file(place / "i.nii", image, plain)
            if array is None:
                (place / "m.nii").write_bytes(b"broken" * 200)
            else:
                _file(place / "m.nii", array, affine)
            row = dict.fromkeys(NEEDED, "x") | {
                "modality": modality,
                "image": "i.nii",
                "mask": "m.nii",
            }
            write_table(place / "regions.tsv", list(NEEDED), [row])
            rows, outcomes = extract_batch(place / "regions.tsv", radiomics, lambda line: None)
        problem = ""
        if [o.code for o in outcomes] != [code] or rows[0].roi_status != code:
            problem = f"reason {outcomes[0].code} instead of {code}"
        elif list(rows[0].cells()) != table_columns(radiomics):
            problem = "other columns"
        elif any(not math.isnan(v) for v in rows[0].values.values()):
            problem = "a number"
        told.append((name, problem))
    return told


def main() -> int:
    """Entry point; see the module's text."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    told = run_arrays() + run_files()
    for name, problem in told:
        print(f"{name:60s} {problem or 'right'}")
    wrong = [f"{name}: {problem}" for name, problem in told if problem]
    names = {name.rpartition(", ")[0] or name for name, _ in told}
    print(
        json.dumps(
            {
                "kinds": len(told),
                "right": len(told) - len(wrong),
                "wrong": wrong,
                "situations": len(names),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
