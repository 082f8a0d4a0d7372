from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from dicom_making import codes, judge, make_series, save, sentence
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from equisite.imaging import decode
from equisite.imaging.fields import ImageHeader
from equisite.imaging.header import read_header
from equisite.imaging.nifti import read_volume


def compressed(folder: Path, syntax: str = RLELossless, slices: int = 4) -> list[Path]:
    made = make_series(slices, rows=32, columns=34)
    for ds in made:
        ds.compress(syntax, generate_instance_uid=False)
    return save(made, folder)


def header(path: Path) -> ImageHeader:
    found = read_header(path).header
    assert found is not None
    return found


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_lossless_syntaxes_give_the_native_volume(tmp_path: Path, syntax: str) -> None:
    save(make_series(4, rows=32, columns=34), tmp_path / "native")
    compressed(tmp_path / "small", syntax)
    for name in ("native", "small"):
        assert codes(judge(tmp_path / name, "CT", tmp_path / f"{name}.nii")) == []
    assert (tmp_path / "native.nii").read_bytes() == (tmp_path / "small.nii").read_bytes()


@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_uncompressed_other_forms_give_the_native_volume(tmp_path: Path, syntax: str) -> None:
    made = make_series(4)
    save(made, tmp_path / "native")
    (tmp_path / "other").mkdir()
    for number, ds in enumerate(made):
        ds.file_meta.TransferSyntaxUID = syntax
        big = syntax == ExplicitVRBigEndian
        if big:
            ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
        ds["PixelData"].VR = "OW"
        ds.save_as(tmp_path / "other" / str(number), little_endian=not big, implicit_vr=False)
    for name in ("native", "other"):
        assert codes(judge(tmp_path / name, "CT", tmp_path / f"{name}.nii")) == []
    assert (tmp_path / "native.nii").read_bytes() == (tmp_path / "other.nii").read_bytes()


def test_flipped_bytes_in_a_stream_are_corrupt(tmp_path: Path) -> None:
    paths = compressed(tmp_path / "in", JPEG2000Lossless)
    content = bytearray(paths[2].read_bytes())
    at = content.index(b"\xff\x4f\xff\x51")
    content[at + 8 : at + 16] = b"\xff" * 8  # a size that no header promises
    paths[2].write_bytes(content)
    report = judge(tmp_path / "in", "CT", tmp_path / "v.nii")
    assert codes(report) == ["CORRUPT_PIXELS"]
    assert "slice 3:" in sentence(report, "CORRUPT_PIXELS")
    assert not (tmp_path / "v.nii").exists()


def test_a_stream_of_another_size_is_corrupt(tmp_path: Path) -> None:
    small = make_series(4, rows=32, columns=34)
    big = make_series(4, rows=40, columns=34)
    for one, other in zip(small, big, strict=True):
        one.compress(JPEG2000Lossless, generate_instance_uid=False)
        other.compress(JPEG2000Lossless, generate_instance_uid=False)
    small[1].PixelData = big[1].PixelData
    save(small, tmp_path)
    assert codes(judge(tmp_path)) == ["CORRUPT_PIXELS"]


def test_sign_of_the_codestream_against_the_header_warns(tmp_path: Path) -> None:
    made = make_series(4, rows=32, columns=34)
    for ds in made:
        ds.compress(JPEG2000Lossless, generate_instance_uid=False)
        ds.PixelRepresentation = 1
    save(made, tmp_path)
    assert "BITS_INCONSISTENT" in codes(judge(tmp_path), "warn")


def test_lossy_streams_are_refused_by_their_syntax(tmp_path: Path) -> None:
    made = make_series(4, rows=32, columns=34)
    for ds in made:
        ds.compress(JPEG2000Lossless, generate_instance_uid=False)
        ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.91"
    save(made, tmp_path)
    assert codes(judge(tmp_path)) == ["LOSSY"]


def die(number: int) -> object:
    def decoder(dataset: Dataset, plugin: str, frame: int | None) -> object:
        if str(dataset.filename).endswith("001"):
            os.kill(os.getpid(), number)
        return np.full((32, 34), 7, dtype=np.uint16)

    return decoder


def test_a_decoder_that_crashes_spoils_one_frame_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = compressed(tmp_path)
    monkeypatch.setattr(decode, "_decode", die(signal.SIGTERM))
    with decode.FrameReader() as reader:
        reader.read(header(paths[0]))
        with pytest.raises(decode.DecodeError, match="crashed"):
            reader.read(header(paths[1]))
        assert reader.read(header(paths[2])).shape == (32, 34)


def test_a_killed_decoder_is_a_fault_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = compressed(tmp_path)
    monkeypatch.setattr(decode, "_decode", die(signal.SIGKILL))
    with decode.FrameReader() as reader, pytest.raises(MemoryError):
        reader.read(header(paths[1]))


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (MemoryError(), MemoryError),
        (OSError(5, "disk"), OSError),
        (OSError("bad stream"), decode.DecodeError),
        (RuntimeError("secret header value"), decode.DecodeError),
    ],
)
def test_machine_and_stream_are_told_apart(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    raised: Exception,
    expected: type[Exception],
) -> None:
    paths = compressed(tmp_path)

    def decoder(dataset: Dataset, plugin: str, frame: int | None) -> object:
        raise raised

    monkeypatch.setattr(decode, "_decode", decoder)
    with decode.FrameReader() as reader, pytest.raises(expected) as error:
        reader.read(header(paths[0]))
    assert "secret" not in str(error.value)


def test_a_decoder_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = compressed(tmp_path)
    monkeypatch.setattr(decode, "_decode", lambda dataset, plugin, frame: time.sleep(60))
    start = time.monotonic()
    with (
        decode.FrameReader(seconds=0.3) as reader,
        pytest.raises(decode.DecodeError, match="did not end"),
    ):
        reader.read(header(paths[0]))
    assert time.monotonic() - start < 10


def test_equal_copies_in_two_syntaxes_are_copies(tmp_path: Path) -> None:
    save(make_series(4, rows=32, columns=34)[:1], tmp_path, prefix="n")
    compressed(tmp_path)
    report = judge(tmp_path, "CT", tmp_path / "v.nii")
    assert (codes(report), codes(report, "warn")) == ([], ["DUPLICATE_INSTANCE"])
    assert read_volume(tmp_path / "v.nii")[1].shape == (4, 32, 34)
