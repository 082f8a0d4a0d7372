import io
import struct

import numpy as np
import pytest

from synthetic.dicom import Study, element, mr_series, mr_slice, nifti_mask, rtstruct
from synthetic.phantom import Ellipsoid, Grid, inside, rings

pydicom = pytest.importorskip("pydicom")

GRID = Grid((9, 30, 34), (1.25, 1.5, 4.0), (-20.5, -22.0, 7.25))
BODY = Ellipsoid((0.4, -0.2, 22.0), (11.0, 9.0, 13.0), 0.3)
STUDY = Study("key", "Made^One", "p1", "F", 44, "20120304", "MR-1")


def read(content):
    return pydicom.dcmread(io.BytesIO(content))


def voxels():
    return np.arange(np.prod(GRID.shape), dtype=np.int16).reshape(GRID.shape) - 300


def test_slices_are_read_as_written():
    image = voxels()
    files = [read(f) for f in mr_series(STUDY, image, GRID)]
    assert len({f.SOPInstanceUID for f in files}) == len(files) == 9
    for index, f in enumerate(files):
        assert (f.pixel_array == image[index]).all()
        assert f.file_meta.MediaStorageSOPInstanceUID == f.SOPInstanceUID
        assert [float(v) for v in f.ImagePositionPatient] == [-20.5, -22.0, 7.25 + 4.0 * index]
        assert [float(v) for v in f.PixelSpacing] == [1.5, 1.25]
        assert f.InstanceNumber == index + 1
        assert (f.PatientName, f.PatientID, f.PatientSex) == ("Made^One", "p1", "F")
        assert f.SeriesInstanceUID == STUDY.series_uid
        elements = [e.tag for e in f]
        assert elements == sorted(elements)
        str(f)  # every value can be decoded


def test_a_scout_lies_across_the_series():
    scout = read(
        mr_slice(STUDY, voxels()[:, :, 0], GRID, 9, "0\\1\\0\\0\\0\\-1", "ORIGINAL\\LOCALIZER")
    )
    assert (scout.Rows, scout.Columns) == (9, 30)
    assert "LOCALIZER" in scout.ImageType
    assert scout.SeriesInstanceUID == STUDY.series_uid


def test_contours_are_read_as_drawn():
    structure = read(rtstruct(STUDY, GRID, [("Other", BODY), ("GTV-1", BODY)]))
    str(structure)
    assert [r.ROIName for r in structure.StructureSetROISequence] == ["Other", "GTV-1"]
    contours = structure.ROIContourSequence[1].ContourSequence
    drawn = rings(BODY, GRID)
    assert len(contours) == len(drawn)
    for contour, (index, points) in zip(contours, drawn, strict=True):
        data = np.array(contour.ContourData, dtype=float).reshape(-1, 3)
        assert np.abs(data - points).max() < 1e-6
        named = contour.ContourImageSequence[0].ReferencedSOPInstanceUID
        assert named == STUDY.instance_uid(index)
    frame = structure.ReferencedFrameOfReferenceSequence[0]
    series = frame.RTReferencedStudySequence[0].RTReferencedSeriesSequence[0]
    assert series.SeriesInstanceUID == STUDY.series_uid
    assert len(series.ContourImageSequence) == 9


def test_odd_values_are_padded():
    assert element(0x10, 0x20, "LO", "abc") == struct.pack("<HH", 16, 32) + b"LO\x04\0abc "
    assert element(0x08, 0x18, "UI", "1.2").endswith(b"1.2\0")


def test_a_mask_lies_on_the_image_grid(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    mask = inside(BODY, GRID)
    path = tmp_path / "m.nii"
    path.write_bytes(nifti_mask(mask, GRID))
    image = nibabel.load(path)
    assert (np.asarray(image.dataobj).transpose(2, 1, 0) == mask).all()
    # LPS of voxel (x=3, y=5, z=2) against the RAS of the NIfTI header.
    ras = image.affine @ [3, 5, 2, 1]
    lps = [-20.5 + 3 * 1.25, -22.0 + 5 * 1.5, 7.25 + 2 * 4.0]
    assert ras[:3] == pytest.approx([-lps[0], -lps[1], lps[2]])
    assert image.header.get_qform() == pytest.approx(image.header.get_sform())
    assert (int(image.header["qform_code"]), int(image.header["sform_code"])) == (1, 1)
