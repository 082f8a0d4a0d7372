"""Real series of many makers, with the verdicts and voxels that are known of them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from dicom_making import LIMITS, codes

from equisite.core.errors import InputError
from equisite.imaging.batch import run_batch
from equisite.imaging.checks.pixel_format import check_pixel_format
from equisite.imaging.decode import FrameReader
from equisite.imaging.discovery import one_series, scan
from equisite.imaging.header import read_header
from equisite.imaging.nifti import read_volume
from equisite.imaging.series import judge_series
from equisite.imaging.stack import Stack
from equisite.imaging.suv import suv_factor
from equisite.intake.index import ImagingItem
from equisite.protocol.imaging import Imaging, RoiRule

pytestmark = pytest.mark.data

MODALITIES = {"CT": "CT", "PET": "PT", "MR_T1": "MR"}


def truth(shared: Path, part: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((shared / part / "truth.json").read_text("utf-8"))
    return content


def test_masks_equal_the_published_ones(
    unpacked: Path, shared_imaging: Path, tmp_path: Path
) -> None:
    rows = [
        ImagingItem(
            p.parent.name, f"{p.parent.name}_{p.name}", str(p / "image"), "",
            MODALITIES[p.name], str(p / "mask/RS.dcm"), "", "", "", "",
        )
        for p in sorted((unpacked / "sts_dicom").glob("*/*"))
    ]  # fmt: skip
    imaging = Imaging(roi=(RoiRule(name="gtv", patterns=("gtv.*",)),))
    result = run_batch(rows, imaging, tmp_path / "volumes")
    assert [o for o in result.outcomes if o.outcome == "refused"] == []
    assert len(result.regions) == len(rows) >= 6
    for pair in result.regions:
        name = f"{pair.token}_mask.nii.gz"
        reference = nibabel.load(shared_imaging / "sts_reference_masks" / name)
        mine = nibabel.load(tmp_path / pair.mask)
        one, other = (nibabel.as_closest_canonical(m) for m in (mine, reference))
        assert np.array_equal(np.asarray(one.dataobj), np.asarray(other.dataobj)), pair.token
        assert np.allclose(one.affine, other.affine, atol=1e-4)
    flags = {p.token: p.flags for p in result.regions}
    assert "ROI_IN_EMPTY" in flags["STS_004_MR_T1"]
    assert "ROI_IN_EMPTY" not in flags["STS_008_MR_T1"]


@pytest.mark.parametrize(
    ("mask", "image", "known"),
    [
        ("liver.dcm", "ct-3slice", {1: ("liver_seg.nrrd", 1, 107098)}),
        (
            "partial_overlaps.dcm",
            "ct-3slice",
            {
                1: ("partial_overlaps-1.nrrd", 1, 9602),
                2: ("partial_overlaps-2.nrrd", 2, 11888),
                3: ("partial_overlaps-3.nrrd", 3, 10743),
                4: ("partial_overlaps-1.nrrd", 4, 6693),
                5: ("partial_overlaps-1.nrrd", 5, 4713),
            },
        ),
        (
            "sparse-labelmap-ppv5.dcm",
            "24x38x3/image",
            {1: ("sparse_labelmap_ppv5_seg.nrrd", 1, 630)},
        ),
    ],
)
def test_segments_equal_their_nrrd(
    unpacked: Path,
    tmp_path: Path,
    mask: str,
    image: str,
    known: dict[int, tuple[str, int, int]],
) -> None:
    root = unpacked / "seg/seg"
    imaging = Imaging(roi=(RoiRule(name="r", patterns=("r",)),))
    rows = []
    for number, (reference, label, _) in known.items():
        for kind, path, chosen in (("seg", mask, number), ("nrrd", reference, label)):
            rows.append(
                ImagingItem(
                    "p", f"{kind}{number}", str(root / image), "", "CT", str(root / path), "r",
                    str(chosen), "", "",
                )
            )  # fmt: skip
    result = run_batch(rows, imaging, tmp_path / "volumes")
    drawn = {r.token: np.asarray(read_volume(tmp_path / r.mask)[1]) for r in result.regions}
    for number, (_, _, voxels) in known.items():
        assert int(drawn[f"seg{number}"].sum()) == voxels
        assert np.array_equal(drawn[f"seg{number}"], drawn[f"nrrd{number}"])


def test_verdicts_on_vendors_series(
    unpacked: Path, shared_imaging: Path, tmp_path: Path
) -> None:
    wrong = []
    for case, known in truth(shared_imaging, "vendors").items():
        files = one_series(scan(unpacked / "vendors" / case))
        volume = tmp_path / f"{case}.nii"
        report = judge_series(files, files.headers[0].modality, LIMITS, volume)
        if codes(report) != sorted(known["reject_codes"]):
            wrong.append((case, codes(report)))
        assert set(known["info_codes"]) <= {f.code for f in report.findings}
        if report.grid is None or report.stack is None:
            continue
        assert np.abs(report.grid.lps - known["affine_lps_ijk"]).max() < 1e-5, case
        with FrameReader() as reader:
            stored = np.stack([reader.read(h) for h in report.stack.headers]).astype("<i4")
        assert hashlib.sha256(stored.tobytes()).hexdigest() == known["stored_sha256_i4"], case
    assert wrong == []


def test_suv_factors_are_the_published_ones(
    unpacked: Path, shared_imaging: Path, tmp_path: Path
) -> None:
    for case, known in truth(shared_imaging, "suv").items():
        files = one_series(scan(unpacked / "suv" / case))
        report = judge_series(files, "PT", LIMITS, tmp_path / f"{case}.nii")
        assert codes(report) == sorted(known["reject_codes"]), case
        assert set(known["info_codes"]) <= {f.code for f in report.findings}
        if report.grid is None:
            continue
        factor, _ = suv_factor(files.headers)
        expected = known.get("formula_factor") or known["published_factor"]
        assert factor == pytest.approx(expected, rel=1e-9), case
        _, values = read_volume(tmp_path / f"{case}.nii")
        assert values.mean(dtype=np.float64) == pytest.approx(known["suv_mean"], rel=1e-6)


def test_a_directory_with_missing_files(unpacked: Path) -> None:
    """31 images are listed, 24 are there; every variant of the directory lists the same."""
    found = scan(unpacked / "odd_files/dicomdirtests")
    assert sum(len(h) for h in found.images.values()) == 24
    assert len(found.missing) == 7


def test_lossy_files_are_known_by_syntax_or_tag(unpacked: Path) -> None:
    lossy = []
    for name in (
        "JPEG2000",
        "693_J2KI",
        "JPGExtended",
        "JPEGLSNearLossless_16",
        "MR_small_RLE",
    ):
        header = read_header(unpacked / f"odd_files/odd_files/{name}.dcm").header
        assert header is not None
        found, _ = check_pixel_format(Stack((header,)), 0, LIMITS)
        lossy += [name for f in found if f.code == "LOSSY"]
    assert lossy == ["JPEG2000", "693_J2KI", "JPGExtended", "JPEGLSNearLossless_16"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("MR_small.dcm", []),
        ("MR_small_bigendian.dcm", []),
        ("MR_small_implicit.dcm", []),
        ("MR_small_RLE.dcm", []),
        ("MR_small_jp2klossless.dcm", []),
        ("MR_small_jpeg_ls_lossless.dcm", []),
        ("MR_small_padded.dcm", []),
        ("MR_truncated.dcm", ["TRUNCATED_PIXELS"]),
        ("JPGExtended.dcm", ["SECONDARY_CAPTURE"]),
        ("SC_rgb_jpeg.dcm", ["COLOUR", "SECONDARY_CAPTURE"]),
        ("parametric_map_float.dcm", ["SOP_UNSUPPORTED"]),
        ("rtplan.dcm", ["SERIES_NOT_FOUND"]),
        ("test-SR.dcm", ["SERIES_NOT_FOUND"]),
        ("rtdose_1frame.dcm", ["SERIES_NOT_FOUND"]),
    ],
)
def test_odd_files(unpacked: Path, tmp_path: Path, name: str, expected: list[str]) -> None:
    (tmp_path / "image").write_bytes((unpacked / "odd_files/odd_files" / name).read_bytes())
    limits = LIMITS.model_copy(update={"minimum_slices": 1})
    try:
        files = one_series(scan(tmp_path))
    except InputError as error:
        assert [error.code] == expected
        return
    report = judge_series(files, files.headers[0].modality, limits, tmp_path / "v.nii")
    found = [c for c in codes(report) if c != "MISSING_GEOMETRY"]
    assert found == expected
    if not expected:
        _, values = read_volume(tmp_path / "v.nii")
        assert values.sum() == 2125338
        assert ("EXCESS_PIXELS" in codes(report, "warn")) == ("padded" in name)
