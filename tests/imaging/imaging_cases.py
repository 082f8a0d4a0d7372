"""Cases of images with regions, and rows of the room's tables, for several tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydicom
from dicom_making import make_series, make_structures, save, square
from pydicom.dataset import Dataset

from equisite.core.outcomes import Outcome
from equisite.imaging.batch import BatchResult, run_batch
from equisite.imaging.rows import SeriesRow
from equisite.intake.index import ImagingItem
from equisite.protocol.imaging import Imaging, RoiRule

IMAGING = Imaging(
    roi=(
        RoiRule(name="gtv", patterns=("gtv_primary", "gtv.*")),
        RoiRule(name="edema", patterns=("edema.*",), combine="union"),
    )
)
REGION = [square(k) for k in range(2, 6)]


def row(folder: Path, name: str = "t1", **changes: str) -> ImagingItem:
    cells = {
        "patient": f"patient-{name}",
        "token": name,
        "series": str(folder / "series"),
        "root": "",
        "modality": "CT",
        "mask": str(folder / "rs.dcm"),
        "roi": "",
        "roi_label": "",
        "reader": "",
        "stamp": "",
    }
    return ImagingItem(**(cells | changes))


def make_case(
    folder: Path, rings: dict[str, Any] | None = None, uid: int = 1, **options: Any
) -> list[Dataset]:
    """A series and its structure set; returns the slices."""
    made = make_series(8, uid=uid, seed=uid)
    save(made, folder / "series")
    structures = make_structures(made, rings or {"GTV": REGION}, **options)
    pydicom.dcmwrite(folder / "rs.dcm", structures, enforce_file_format=True)
    return made


def change(path: Path, edit: Callable[[Dataset], None]) -> None:
    ds = pydicom.dcmread(path)
    edit(ds)
    pydicom.dcmwrite(path, ds, enforce_file_format=True)


def said(result: BatchResult, outcome: str) -> list[str]:
    return sorted({o.code for o in result.outcomes if o.outcome == outcome})


def only(result: BatchResult, code: str) -> Outcome:
    (found,) = [o for o in result.outcomes if o.code == code]
    return found


def run(folder: Path, *rows: ImagingItem, imaging: Imaging = IMAGING) -> BatchResult:
    return run_batch(rows or [row(folder)], imaging, folder / "volumes")


def series_row(token: str, verdict: str, code: str, severity: str, sentence: str) -> SeriesRow:
    return SeriesRow(
        "P&1", token, "CT", "", verdict, 8, code, severity, "", "", "", sentence, "Mend it."
    )


def outcome_row(item: str, word: str, code: str, sentence: str) -> Outcome:
    return Outcome("P&1", "imaging", item, word, code, "{}", sentence, "Mend it.")
