"""The table of perturbed copies of a batch, by the command that the rule calls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from equisite.core.tables import read_table, table_text, write_table
from equisite.protocol.radiomics import Radiomics
from equisite.protocol.robustness import Robustness
from equisite.radiomics.extraction import extract
from equisite.radiomics.perturbation.batch import perturb_batch, perturbed_columns

SETTINGS = Radiomics.model_validate(
    {
        "mode": "pyradiomics",
        "modalities": {"MR": {"bin_count": 16}, "CT": {"bin_width": 25.0}},
    }
)
FEW = Robustness(translations=(0.0, 0.5), rotations_deg=(0, 5), copies=3)
COLUMNS = ["patient", "token", "modality", "roi", "reader", "image", "mask"]


@pytest.fixture
def folder(tmp_path: Path, case: Callable[..., Any]) -> Path:
    rows = []
    for number, modality in enumerate(("MR", "CT", "PT", "MR")):
        image, mask = case(seed=number)
        for kind, array in (("image", image), ("mask", mask.astype(np.uint8))):
            path = tmp_path / f"{number}.{kind}.nii"
            affine = np.diag([0.9, 0.9, 3.0, 1.0])
            nibabel.save(nibabel.Nifti1Image(array.transpose(2, 1, 0), affine), path)
        names = {"patient": f"p{number}", "token": f"t{number}", "modality": modality}
        files = {"image": f"{number}.image.nii", "mask": f"{number}.mask.nii"}
        rows.append({**names, "roi": "gtv", "reader": "", **files})
    (tmp_path / "3.mask.nii").write_bytes(b"broken" * 100)
    write_table(tmp_path / "regions.tsv", COLUMNS, rows)
    return tmp_path


def table(folder: Path, chain: Robustness = FEW) -> list[dict[str, Any]]:
    said: list[str] = []
    return list(perturb_batch(folder / "regions.tsv", SETTINGS, chain, said.append))


def test_one_row_per_case_and_copy(folder: Path) -> None:
    rows = table(folder, FEW.model_copy(update={"contour": False}))
    assert [(r["patient"], r["roi_status"]) for r in rows] == [
        *[("p0", "ok")] * 3,
        *[("p1", "ok")] * 3,
        *[("p2", "NO_SETTINGS")] * 3,
        *[("p3", "ROI_UNREADABLE")] * 3,
    ]
    assert len({tuple(r["copy"] for r in rows[i : i + 3]) for i in (0, 3, 6, 9)}) == 1
    volumes = [r["shape_voxel_volume"] for r in rows[:3]]
    assert len(set(volumes)) == 3
    assert 1.15 < max(volumes) / min(volumes) < 1.35


@pytest.mark.parametrize("normalize", [False, True])
def test_a_copy_that_moves_nothing_is_the_case_itself(
    folder: Path, case: Callable[..., Any], normalize: bool
) -> None:
    still = Robustness(
        translations=(0,), rotations_deg=(0, 3), volume_changes=(0,), noise=False, contour=False
    )
    one = {"bin_count": 16, "normalize": normalize}
    radiomics = Radiomics.model_validate({"mode": "pyradiomics", "modalities": {"MR": one}})
    row = next(iter(perturb_batch(folder / "regions.tsv", radiomics, still, lambda line: None)))
    image, mask = case(seed=0)
    settings = radiomics.modalities["MR"]
    expected = extract(image, mask, (0.9, 0.9, 3.0), settings, mode="pyradiomics").values
    for name in ("shape_voxel_volume", "firstorder_mean", "glcm_contrast"):
        assert row[name] == pytest.approx(expected[name], rel=1e-5)


def test_order_and_share_change_no_row(folder: Path) -> None:
    columns = perturbed_columns(SETTINGS)

    def texts(rows: list[dict[str, Any]]) -> set[str]:
        return set(table_text(columns, ([r[c] for c in columns] for r in rows)).splitlines())

    whole = texts(table(folder))
    rows = [dict(row) for row in read_table(folder / "regions.tsv")[1]]
    write_table(folder / "regions.tsv", COLUMNS, rows[::-1])
    assert texts(table(folder)) == whole
    half = texts(table(folder, FEW.model_copy(update={"share": 0.5})))
    assert half < whole
