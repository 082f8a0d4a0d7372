"""Masks that were copied from the PACS: the one object in the folder of their series."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
from dicom_making import make_structures
from imaging_cases import IMAGING, REGION, make_case, row

from equisite.core.errors import InputError
from equisite.imaging.batch import run_batch
from equisite.imaging.mask_file import mask_file
from equisite.intake.pacs import COPIES


def test_the_one_object_of_a_copied_series_is_the_mask(tmp_path: Path) -> None:
    make_case(tmp_path)
    copy = tmp_path / "copy"
    copy.mkdir()
    (tmp_path / "rs.dcm").rename(copy / "0123456789ab")
    found = run_batch([row(tmp_path, mask=str(copy))], IMAGING, tmp_path / "volumes")
    assert [(r.roi, r.voxels) for r in found.regions] == [("gtv", 64)]


@pytest.mark.parametrize(("objects", "code"), [(0, "MASK_NOT_COPIED"), (2, "MASK_OF_SEVERAL")])
def test_no_object_and_several_are_told(tmp_path: Path, objects: int, code: str) -> None:
    made = make_case(tmp_path)
    copy = tmp_path / "copy"
    copy.mkdir()
    for number in range(objects):
        structures = make_structures(made, {"GTV": REGION})
        pydicom.dcmwrite(copy / str(number), structures, enforce_file_format=True)
    found = run_batch([row(tmp_path, mask=str(copy))], IMAGING, tmp_path / "volumes")
    assert [o.code for o in found.outcomes if o.outcome == "refused"] == [code]
    assert found.regions == []


def test_a_folder_that_was_never_copied(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="MASK_NOT_COPIED"):
        mask_file(tmp_path / COPIES / "0123456789ab")
