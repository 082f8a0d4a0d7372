"""NRRD label files: spaces, encodings, segments of 3D Slicer, and what is broken."""

from __future__ import annotations

import bz2
import gzip
from pathlib import Path

import numpy as np
import pytest
from dicom_making import make_series
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from test_segmentation import blob, draw, outcome_codes

from equisite.core.errors import InputError
from equisite.imaging.nrrd import is_nrrd, read_nrrd

SIGNS = {
    "left-posterior-superior": (1, 1, 1),
    "right-anterior-superior": (-1, -1, 1),
    "LAS": (1, -1, 1),
}
PACK = {"raw": bytes, "gzip": gzip.compress, "bzip2": bz2.compress}


def nrrd(
    labels: NDArray[np.integer],
    space: str = "left-posterior-superior",
    encoding: str = "gzip",
    extra: str = "",
    kind: str = "short",
    layers: bool = False,
) -> bytes:
    """A file of (slice, row, column) labels on the grid of `make_series`."""
    signs = SIGNS.get(space, (1, 1, 1))
    steps = np.diag([0.7, 0.8, 2.5]) * np.array(signs)
    vectors = " ".join("(" + ",".join(f"{v:.17g}" for v in step) + ")" for step in steps)
    origin = ",".join(f"{v:.17g}" for v in np.array([-10.0, 20.0, 30.0]) * signs)
    sizes = labels.shape[::-1]
    if layers:  # (layer, slice, row, column) becomes list axis first
        sizes = (labels.shape[0], *labels.shape[:0:-1])
        labels = np.moveaxis(labels, 0, -1)
        vectors = "none " + vectors
    header = (
        f"NRRD0004\n# made\ntype: {kind}\ndimension: {len(sizes)}\n"
        + (f"space: {space}\n" if space else "")
        + f"sizes: {' '.join(map(str, sizes))}\nspace directions: {vectors}\n"
        f"space origin: ({origin})\nendian: little\nencoding: {encoding}\n{extra}\n"
    )
    dtype = "<i2" if kind == "short" else "<f4"
    raw = np.ascontiguousarray(labels).astype(dtype).tobytes()
    if encoding == "ascii":
        return header.encode() + " ".join(str(int(v)) for v in labels.ravel()).encode()
    return header.encode() + PACK[encoding](raw)


@pytest.mark.parametrize("space", SIGNS)
@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2", "ascii"])
def test_space_and_encoding(tmp_path: Path, space: str, encoding: str) -> None:
    mask = blob()
    content = nrrd(mask.astype(np.int16), space, encoding)
    assert is_nrrd(content)
    _, masks = draw(tmp_path, make_series(), content, roi="gtv")
    assert np.array_equal(masks["gtv"], mask)


def test_several_labels(tmp_path: Path) -> None:
    labels = np.random.default_rng(5).integers(0, 4, (8, 12, 10))
    _, masks = draw(tmp_path / "a", make_series(), nrrd(labels), roi="node", label="3")
    assert np.array_equal(masks["node"], labels == 3)
    result, _ = draw(tmp_path / "b", make_series(), nrrd(labels), roi="node")
    assert outcome_codes(result) == ["MASK_LABELS"]


def test_segments_of_slicer_by_name_and_layer(tmp_path: Path) -> None:
    labels = np.stack([blob(1), 2 * blob(2)]).astype(np.int16)
    extra = (
        "Segment0_Name:=GTV primary\nSegment0_LabelValue:=1\nSegment0_Layer:=0\n"
        "Segment1_Name:=Node\nSegment1_LabelValue:=2\nSegment1_Layer:=1\n"
    )
    content = nrrd(labels, extra=extra, layers=True)
    _, masks = draw(tmp_path / "a", make_series(), content)
    assert np.array_equal(masks["gtv"], labels[0])
    assert np.array_equal(masks["node"], labels[1] == 2)
    _, masks = draw(tmp_path / "b", make_series(), content, roi="gtv", label="2")
    assert np.array_equal(masks["gtv"], labels[1] == 2)


def test_layers_without_names_are_refused(tmp_path: Path) -> None:
    content = nrrd(np.stack([blob(1), blob(2)]), layers=True)
    result, _ = draw(tmp_path, make_series(), content, roi="gtv")
    assert outcome_codes(result) == ["MASK_LABELS"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ((b"space: left-posterior-superior\n", b""), "MASK_GRID"),
        ((b"left-posterior-superior", b"scanner-xyz"), "MASK_GRID"),
        ((b"(0.69999999999999996,0,0)", b"none"), "MASK_GRID"),
        ((b"space origin: (-10,20,30)", b"space origin: (-10,20)"), "MASK_GRID"),
        ((b"space origin: (-10,20,30)", b"space origin: (-9.3,20,30)"), "MASK_GRID"),
        ((b"(0,0,2.5)", b"(0,0,0)"), "MASK_GRID"),
        ((b"sizes: 10 12 8", b"sizes: 10 96"), "MASK_GRID"),
        ((b"sizes: 10 12 8", b"sizes: 10 12 9"), "MASK_UNREADABLE"),
        ((b"sizes: 10 12 8", b"sizes: 10 12 x"), "MASK_UNREADABLE"),
        ((b"type: short", b"type: block"), "MASK_UNREADABLE"),
        ((b"encoding: gzip", b"encoding: hex"), "MASK_UNREADABLE"),
        ((b"encoding: gzip", b"data file: x.raw\nencoding: gzip"), "MASK_UNREADABLE"),
        ((b"\n\n", b"\n"), "MASK_UNREADABLE"),
    ],
)
def test_broken_files(tmp_path: Path, change: tuple[bytes, bytes], code: str) -> None:
    content = nrrd(blob())
    assert change[0] in content
    content = content.replace(*change, 1)
    if change[0] == b"\n\n":
        content = content[:200]
    result, _ = draw(tmp_path, make_series(), content, roi="gtv")
    assert outcome_codes(result) == [code]


def test_labels_are_whole_numbers(tmp_path: Path) -> None:
    result, _ = draw(tmp_path, make_series(), nrrd(blob() * 0.5, kind="float"), roi="gtv")
    assert outcome_codes(result) == ["MASK_LABELS"]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes
) -> None:
    path = tmp_path_factory.mktemp("n") / "n"
    head = b"NRRD0004\ntype: short\nsizes: 1 1 1\nencoding: raw\n"
    path.write_bytes(head + tail)
    with pytest.raises(InputError):
        read_nrrd(path)
