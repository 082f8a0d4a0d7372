"""A batch: one row per region, bad cases become outcomes, order and batches never matter."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from equisite.core.errors import InputError
from equisite.core.tables import read_table, table_text, write_table
from equisite.protocol.radiomics import Radiomics, RadiomicSettings
from equisite.radiomics import batch
from equisite.radiomics.batch import extract_batch, table_columns
from equisite.radiomics.settings import engine_text, settings_hash

SETTINGS = Radiomics.model_validate(
    {"modalities": {"MR": {"bin_count": 32}, "CT": {"bin_width": 25.0, "range": [-500, 900]}}}
)
ENGINE = engine_text("equisite", "ibsi")
COLUMNS = ["patient", "token", "modality", "roi", "reader", "image", "mask", "voxels", "flags"]
Row = dict[str, object]


def save(path: Path, array: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    affine = np.diag([0.9, 0.9, 3.0, 1.0])
    nibabel.save(nibabel.Nifti1Image(array.transpose(2, 1, 0), affine), path)


@pytest.fixture
def folder(tmp_path: Path, case: Callable[..., Any]) -> Path:
    """Three images; the first has two regions, one patient has a broken mask."""
    rows: list[Row] = []
    for number, modality in enumerate(("MR", "CT", "MR")):
        token = f"t{number}"
        image, mask = case(seed=number)
        save(tmp_path / f"volumes/{token}.image.nii", image)
        rois = {"gtv": mask, "node": mask & (image > 0)} if number == 0 else {"gtv": mask}
        for roi, region in rois.items():
            save(tmp_path / f"volumes/{token}.{roi}.mask.nii", region.astype(np.uint8))
            rows.append(
                {
                    "patient": f"p{9 - number}",
                    "token": token,
                    "modality": modality,
                    "roi": roi,
                    "image": f"volumes/{token}.image.nii",
                    "mask": f"volumes/{token}.{roi}.mask.nii",
                    "voxels": int(region.sum()),
                }
            )
    (tmp_path / "volumes/t2.gtv.mask.nii").write_bytes(b"broken" * 100)
    write_table(tmp_path / "regions.tsv", COLUMNS, rows)
    return tmp_path


def run(folder: Path, rows: Sequence[Row] | None = None) -> tuple[str, list[Any]]:
    """Text of the features table, and outcomes."""
    if rows is not None:
        write_table(folder / "regions.tsv", COLUMNS, rows)
    found, outcomes = extract_batch(folder / "regions.tsv", SETTINGS, lambda line: None)
    cells = [row.cells() for row in found]
    columns = table_columns(SETTINGS)
    return table_text(columns, ([c.get(n) for n in columns] for c in cells)), outcomes


def rows_of(folder: Path) -> list[Row]:
    return [dict(row) for row in read_table(folder / "regions.tsv")[1]]


def test_one_row_per_region_sorted_with_what_made_it(folder: Path) -> None:
    text, outcomes = run(folder)
    lines = [line.split("\t") for line in text.splitlines()]
    assert lines[0][:8] == [
        "patient",
        "token",
        "modality",
        "roi",
        "reader",
        "engine",
        "settings_hash",
        "roi_status",
    ]
    assert [line[:4] for line in lines[1:]] == [
        ["p7", "t2", "MR", "gtv"],
        ["p8", "t1", "CT", "gtv"],
        ["p9", "t0", "MR", "gtv"],
        ["p9", "t0", "MR", "node"],
    ]
    assert [line[7] for line in lines[1:]] == ["ROI_UNREADABLE", "ok", "ok", "ok"]
    assert lines[2][5:7] == [ENGINE, settings_hash(SETTINGS.modalities["CT"], ENGINE)]
    assert {len(line) for line in lines} == {len(table_columns(SETTINGS))}
    assert [o.code for o in outcomes if o.patient == "p7"] == ["ROI_UNREADABLE"]


def test_the_order_of_the_rows_does_not_matter(folder: Path) -> None:
    expected = run(folder)
    rows = rows_of(folder)
    for seed in range(4):
        random.Random(seed).shuffle(rows)
        assert run(folder, rows) == expected


def test_cutting_a_batch_in_two_does_not_matter(folder: Path) -> None:
    whole, _ = run(folder)
    rows = rows_of(folder)
    parts = [line for row in rows for line in run(folder, [row])[0].splitlines()[1:]]
    assert sorted(parts) == sorted(whole.splitlines()[1:])


def test_a_modality_without_settings_is_an_outcome(folder: Path) -> None:
    rows = [{**row, "modality": "PT"} for row in rows_of(folder)[:1]]
    text, outcomes = run(folder, rows)
    assert text.splitlines()[1].split("\t")[6:8] == ["", "NO_SETTINGS"]
    assert [o.code for o in outcomes] == ["NO_SETTINGS"]


def test_what_the_engine_cannot_do_is_an_outcome_and_tells_no_secret(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise ValueError("patient Smith")

    monkeypatch.setattr(batch, "extract", fails)
    _, outcomes = run(folder, rows_of(folder)[:1])
    assert [o.code for o in outcomes] == ["ENGINE_REFUSED"]
    assert "Smith" not in str(outcomes)
    assert "ValueError" in outcomes[0].sentence


def test_a_lack_of_memory_is_a_fault_of_the_machine(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(batch, "extract", fails)
    with pytest.raises(MemoryError):
        run(folder, rows_of(folder)[:1])


def test_an_absent_volume_is_a_fault_of_the_machine(folder: Path) -> None:
    (folder / "volumes/t0.image.nii").unlink()
    with pytest.raises(FileNotFoundError):
        run(folder)


def test_an_empty_batch_gives_an_empty_table(folder: Path) -> None:
    assert run(folder, []) == ("\t".join(table_columns(SETTINGS)) + "\n", [])


def test_a_table_without_a_needed_column_is_refused(folder: Path) -> None:
    write_table(folder / "regions.tsv", ["patient", "token"], [])
    with pytest.raises(InputError, match="no column modality, roi, reader, image, mask"):
        run(folder)


def test_an_image_is_opened_once_for_all_its_regions(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch._opened.cache_clear()
    run(folder)
    assert batch._opened.cache_info().misses == 3


def test_progress_names_tokens_only(folder: Path) -> None:
    lines: list[str] = []
    extract_batch(folder / "regions.tsv", SETTINGS, lines.append)
    assert lines[0] == "t0 gtv: ok (1 of 4)"
    assert not any(patient in line for line in lines for patient in ("p7", "p8", "p9"))


def test_the_hash_of_settings_is_of_what_is_effective() -> None:
    written = RadiomicSettings.model_validate({"bin_width": 25, "interpolator": "linear"})
    assert settings_hash(written, "e-1") == settings_hash(
        RadiomicSettings(bin_width=25.0), "e-1"
    )
    assert settings_hash(written, "e-1") != settings_hash(written, "e-2")
    other = RadiomicSettings(bin_width=25.0, minimum_voxels=65)
    assert settings_hash(written, "e-1") != settings_hash(other, "e-1")
