"""Series and masks below folders, whatever lies between them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

from equisite.imaging.inventory import take_inventory
from equisite.protocol.imaging import RoiRule
from synthetic.dicom import Study, mr_series, nifti_mask, rtstruct
from synthetic.phantom import Ellipsoid, Grid, inside

GRID = Grid((6, 16, 16), (2.0, 2.0, 4.0), (-15.0, -15.0, 0.0))
BODY = Ellipsoid((0.0, 0.0, 10.0), (8.0, 8.0, 6.0))


def study(key: str, patient: str) -> Study:
    return Study(key, f"Made^{patient}", patient, "F", 50, "20240102", "MR1")


def put_series(folder: Path, one: Study) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    voxels = np.zeros(GRID.shape, dtype=np.int16)
    for number, content in enumerate(mr_series(one, voxels, GRID)):
        (folder / f"{one.key}{number}.dcm").write_bytes(content)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    first, second = study("a", "P1"), study("b", "P2")
    put_series(tmp_path / "p1" / "mr", first)
    put_series(tmp_path / "mixed", second)
    put_series(tmp_path / "mixed", study("c", "P2"))
    regions = [("GTV 1", BODY), ("Edema", BODY)]
    (tmp_path / "p1" / "rs").write_bytes(rtstruct(first, GRID, regions))
    (tmp_path / "mixed" / "mask_b.nii").write_bytes(nifti_mask(inside(BODY, GRID), GRID))
    (tmp_path / "mixed" / "t1.nii").write_bytes(nifti_mask(inside(BODY, GRID), GRID))
    (tmp_path / "mixed" / "broken_seg.nii.gz").write_bytes(b"no NIfTI")
    (tmp_path / "notes.txt").write_text("nothing")
    return tmp_path


def test_series_masks_and_the_rest(tree: Path) -> None:
    found = take_inventory([tree], [RoiRule(name="gtv", patterns=("gtv.*",))])
    assert [(s.patient, s.sex, s.modality, s.alone, s.images) for s in found.series] == [
        ("P1", "F", "MR", True, 6),
        ("P2", "F", "MR", False, 6),
        ("P2", "F", "MR", False, 6),
    ]
    assert [(m.kind, m.names, m.labels, m.rois) for m in found.masks] == [
        ("NIfTI", (), 1, ()),
        ("RTSTRUCT", ("GTV 1", "Edema"), 0, ("gtv",)),
    ]
    assert found.masks[1].series == (found.series[0].uid,)
    assert found.masks[1].frames == (found.series[0].frame,)
    assert {Path(o.what).name: o.why.split(":")[0] for o in found.left_out} == {
        "t1.nii": "nothing in its name says that it holds regions",
        "broken_seg.nii.gz": "MASK_UNREADABLE",
        tree.name: "1 file(s)",
    }


def test_a_series_of_two_patients_or_another_modality_is_left_out(tmp_path: Path) -> None:
    put_series(tmp_path / "x", study("a", "P1"))
    path = sorted((tmp_path / "x").iterdir())[0]
    path.write_bytes(path.read_bytes().replace(b"P1", b"P9"))
    assert [o.why for o in take_inventory([tmp_path], None).left_out] == ["it names 2 patients"]
    modality = b"\x08\0\x60\0CS\2\0"
    for other in (tmp_path / "x").iterdir():
        content = other.read_bytes().replace(b"P9", b"P1")
        other.write_bytes(content.replace(modality + b"MR", modality + b"US"))
    assert [o.why for o in take_inventory([tmp_path], None).left_out] == [
        "its modality is US, not CT, MR or PT"
    ]
