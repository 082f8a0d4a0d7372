"""Differential test: volumes and affines against dcm2niix, which many sites use."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import nibabel
import numpy as np
import pytest
from dicom_making import LIMITS, make_enhanced, make_series, rotation, save
from hypothesis import given, settings
from hypothesis import strategies as st

from equisite.imaging.discovery import one_series, scan
from equisite.imaging.series import judge_series

pytestmark = pytest.mark.skipif(
    shutil.which("dcm2niix") is None, reason="`run.py test` installs dcm2niix"
)


def canonical(path: Path) -> tuple[np.ndarray, np.ndarray]:
    image = nibabel.as_closest_canonical(nibabel.load(path))
    return np.asarray(image.dataobj, dtype=np.float64), image.affine


@settings(max_examples=12, deadline=None)
@given(
    angles=st.tuples(*[st.floats(-40, 40)] * 3),
    base=st.sampled_from([(0.0, 0, 0), (90.0, 0, 0), (0.0, 90, 0), (90.0, 0, 90)]),
    spacing=st.tuples(st.floats(0.3, 3), st.floats(0.3, 3)),
    gap=st.floats(0.5, 6),
    origin=st.tuples(*[st.floats(-300, 300)] * 3),
    modality=st.sampled_from(["CT", "MR"]),
    enhanced=st.booleans(),
)
def test_same_voxels_in_the_same_place(
    tmp_path_factory: pytest.TempPathFactory,
    angles: tuple[float, float, float],
    base: tuple[float, float, float],
    spacing: tuple[float, float],
    gap: float,
    origin: tuple[float, float, float],
    modality: str,
    enhanced: bool,
) -> None:
    folder = tmp_path_factory.mktemp("peer")
    axes = rotation(angles) @ rotation(base)
    made = make_series(8, modality=modality, spacing=spacing, gap=gap, origin=origin, axes=axes)
    for ds in made:
        ds.PatientName, ds.SeriesNumber, ds.Manufacturer = "MADE", 1, "NOBODY"
        ds.SeriesDescription = ds.ProtocolName = "made"
    save(
        [make_enhanced(made, order=[3, 1, 0, 2, 7, 6, 5, 4])] if enhanced else made,
        folder / "s",
    )
    out = folder / "out"
    out.mkdir()
    command = [
        "dcm2niix",
        "-z",
        "n",
        "-b",
        "n",
        "-f",
        "peer",
        "-o",
        str(out),
        str(folder / "s"),
    ]
    subprocess.run(command, check=True, capture_output=True)
    report = judge_series(one_series(scan(folder / "s")), modality, LIMITS, folder / "own.nii")
    assert not report.refused
    (theirs,) = out.glob("*.nii")
    (a, ours), (b, other) = canonical(folder / "own.nii"), canonical(theirs)
    assert a.shape == b.shape
    assert np.array_equal(a, b)
    assert np.abs(ours - other).max() < 1e-3  # the peer computes in single precision
