"""What stands beside a volume: equal for equal images, and without a name."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dicom_making import ROOT, make_series, make_structures, save
from imaging_cases import REGION, run
from pydicom import dcmwrite
from pydicom.uid import JPEG2000Lossless, RLELossless

from equisite.imaging.nifti import read_volume
from equisite.imaging.syntaxes import DECODERS, LOSSY_DECODERS, PACKAGES


def about(folder: Path, **changes: Any) -> dict[str, Any]:
    made = make_series(8, rows=64, columns=64)
    for number, ds in enumerate(made):
        syntax = changes.get("syntax", {}).get(number)
        if syntax:
            ds.compress(syntax, encoding_plugin="pylibjpeg", generate_instance_uid=False)
    save(made, folder / "series", prefix=changes.get("prefix", "i"))
    dcmwrite(folder / "rs.dcm", make_structures(made, {"GTV": REGION}))
    run(folder)
    content: dict[str, Any] = json.loads((folder / "volumes/t1.image.json").read_bytes())
    return content


def test_digests_codes_and_geometry(tmp_path: Path) -> None:
    found = about(tmp_path)
    grid, voxels = read_volume(tmp_path / "volumes/t1.image.nii")
    assert found["voxels_sha256"] == hashlib.sha256(np.array(voxels).tobytes()).hexdigest()
    assert (found["codes"], found["decoders"], found["n4"], found["images"]) == (
        {},
        {},
        False,
        8,
    )
    assert found["size_ijk"] == [64, 64, 8]
    assert np.allclose(found["affine_lps"], grid.lps)
    text = (tmp_path / "volumes/t1.image.json").read_text()
    assert ROOT not in text and "MADE" not in text


def test_two_syntaxes_in_one_series_are_one_volume(tmp_path: Path) -> None:
    """As a PACS may return them; names and forms of files do not count."""
    plain = about(tmp_path / "plain")
    mixed = about(
        tmp_path / "mixed",
        prefix="z",
        syntax={0: JPEG2000Lossless, 3: RLELossless, 4: RLELossless},
    )
    assert mixed.pop("decoders") == {
        name: version(name) for name in ("pylibjpeg-openjpeg", "pylibjpeg-rle")
    }
    plain.pop("decoders")
    assert mixed == plain


@pytest.mark.parametrize("syntax", sorted(DECODERS | LOSSY_DECODERS))
def test_every_decoder_has_a_version(syntax: str) -> None:
    assert all(version(name) for name in PACKAGES[syntax])
