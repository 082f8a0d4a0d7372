"""The cache of headers, DICOMDIR, and series that were split."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from dicom_making import LIMITS, ROOT, codes, judge, make_series, save, sentence
from pydicom.dataset import Dataset
from test_segmentation import GTV, blob, make_segmentation

from equisite.imaging import discovery
from equisite.imaging import index as headers_index
from equisite.imaging.batch import BatchResult, run_batch
from equisite.imaging.discovery import Found, scan, series_by_uid
from equisite.imaging.index import HeaderIndex, packed, unpacked
from equisite.imaging.series import judge_series
from equisite.intake.index import ImagingItem
from equisite.protocol.imaging import Imaging


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are opened."""
    names: list[str] = []
    real = discovery.read_header

    def counting(path: Path) -> object:
        names.append(path.name)
        return real(path)

    monkeypatch.setattr(discovery, "read_header", counting)
    return names


def look(root: Path, cache: Path, wanted: set[str] | None = None) -> Found:
    with HeaderIndex(cache) as index:
        return scan(root, wanted, index)


def test_only_what_is_new_or_changed_is_opened(tmp_path: Path, opened: list[str]) -> None:
    root, cache = tmp_path / "in", tmp_path / "c" / "headers.sqlite"
    made = make_series(5)
    paths = save(made, root)
    (root / "notes").write_text("x" * 300, encoding="utf-8")
    (root / "empty").touch()
    first = look(root, cache)
    assert len(opened) == 7
    assert look(root, cache) == first == scan(root)
    assert opened[7:14] == sorted(opened[7:14]) and len(opened) == 14  # by the plain scan only
    del opened[:]
    made[2].SeriesInstanceUID = f"{ROOT}.8"
    save([made[2]], root, prefix="new")
    made[3].PatientID = "OTHER ONE"
    save(made[:4], tmp_path / "other")
    (tmp_path / "other" / "i003").replace(paths[3])
    paths[4].unlink()
    second = look(root, cache)
    assert sorted(opened) == ["i003", "new000"]
    assert second == scan(root)
    assert second.images[f"{ROOT}.1"][-1].patient_id == "OTHER ONE"


def test_a_changed_time_alone_is_a_change(tmp_path: Path, opened: list[str]) -> None:
    root, cache = tmp_path / "in", tmp_path / "h"
    (path,) = save(make_series(1), root)
    look(root, cache)
    os.utime(path, ns=(1, 1))
    look(root, cache)
    assert len(opened) == 2


def test_names_that_are_no_utf_8(tmp_path: Path, opened: list[str]) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/Befund M\xfcller"))
    paths = save(make_series(4), folder)
    paths[1].rename(os.fsdecode(os.fsencode(folder) + b"/Schicht \xe9"))
    for _ in range(2):
        with HeaderIndex(tmp_path / "headers.sqlite") as index:
            found = scan(folder, None, index)
        assert sum(map(len, found.images.values())) == 4
    assert len(opened) == 4
    assert not judge(folder).refused


def test_a_great_archive_is_written_in_pieces(
    tmp_path: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(headers_index, "AT_ONCE", 3)
    save(make_series(8), tmp_path / "s")
    with HeaderIndex(tmp_path / "headers.sqlite") as index:
        scan(tmp_path / "s", None, index)
        assert len(index._new) < 3
    with HeaderIndex(tmp_path / "headers.sqlite") as index:
        scan(tmp_path / "s", None, index)
    assert len(opened) == 8


def test_headers_come_back_as_they_were(tmp_path: Path) -> None:
    save(make_series(2, modality="PT"), tmp_path)
    for headers in scan(tmp_path).images.values():
        assert [unpacked(packed(h)) for h in headers] == headers


@pytest.mark.parametrize("content", [b"", b"no database" * 100])
def test_a_spoilt_cache_is_made_anew(tmp_path: Path, content: bytes) -> None:
    root, cache = tmp_path / "in", tmp_path / "h"
    save(make_series(3), root)
    cache.write_bytes(content)
    assert look(root, cache) == scan(root)
    assert look(root, cache) == scan(root)
    assert cache.read_bytes()[:6] == b"SQLite"


def test_a_cache_that_cannot_be_written_is_none(tmp_path: Path) -> None:
    root = tmp_path / "in"
    save(make_series(3), root)
    (tmp_path / "h").mkdir()
    assert look(root, tmp_path / "h") == scan(root)


def test_only_wanted_headers_are_unpacked(tmp_path: Path) -> None:
    root, cache = tmp_path / "in", tmp_path / "h"
    save(make_series(3), root / "a")
    save(make_series(4, uid=2), root / "b")
    look(root, cache)
    found = look(root, cache, {f"{ROOT}.2"})
    assert list(found.images) == [f"{ROOT}.2"]
    assert found == scan(root, {f"{ROOT}.2"})


def test_results_do_not_depend_on_the_cache(tmp_path: Path) -> None:
    made = make_series(8)
    save(made, tmp_path / "in" / "deep")
    (mask,) = save([make_segmentation(made, {"gtv": blob()})], tmp_path / "in" / "mask")
    row = ImagingItem(
        "p", "t", f"{ROOT}.1", str(tmp_path / "in"), "CT", str(mask), "", "", "", ""
    )

    def run(name: str, headers: Path | None) -> tuple[BatchResult, bytes]:
        imaging = Imaging(roi=(GTV,))
        result = run_batch([row], imaging, tmp_path / name, headers=headers)
        return result, (tmp_path / name / "t.image.nii").read_bytes()

    plain = run("a", None)
    assert run("b", tmp_path / "h") == run("c", tmp_path / "h") == plain


def test_a_split_series_is_told(tmp_path: Path) -> None:
    made = make_series(12)
    for ds in made[7:]:
        ds.SeriesInstanceUID = f"{ROOT}.2"
    save(made, tmp_path)
    found = scan(tmp_path)
    for uid, images in ((1, 5), (2, 7)):
        report = judge_series(series_by_uid(found, f"{ROOT}.{uid}"), "CT", LIMITS)
        assert codes(report) == []
        assert "SERIES_SPLIT" in codes(report, "warn")
        assert f"2.5 mm beyond this one ({images} images" in sentence(report, "SERIES_SPLIT")


@pytest.mark.parametrize(
    ("keyword", "value"),
    [("StudyInstanceUID", f"{ROOT}.7"), ("PixelSpacing", [0.9, 0.9]), (None, 0), (None, 20)],
)
def test_series_that_are_no_split(tmp_path: Path, keyword: str | None, value: object) -> None:
    """Another study or matrix; the same place; far away."""
    save(make_series(6), tmp_path, prefix="a")
    start = 6 if keyword else value
    other = make_series(5, uid=2, origin=(-10, 20, 30 + 2.5 * float(str(start))))
    for ds in other:
        if keyword:
            setattr(ds, keyword, value)
    save(other, tmp_path, prefix="b")
    report = judge_series(series_by_uid(scan(tmp_path), f"{ROOT}.1"), "CT", LIMITS)
    assert "SERIES_SPLIT" not in codes(report, "warn")


def directory(names: list[list[str]]) -> Dataset:
    (ds,) = make_series(1)
    made = Dataset()
    made.file_meta = ds.file_meta
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = f"{ROOT}.600"
    records = []
    for name in names:
        record = Dataset()
        record.DirectoryRecordType = "IMAGE"
        record.ReferencedFileID = name
        records.append(record)
    made.DirectoryRecordSequence = records
    return made


def test_a_directory_names_what_is_missing(tmp_path: Path) -> None:
    save(make_series(5), tmp_path / "images")
    listed = [["IMAGES", f"I00{k}"] for k in range(5)] + [["IMAGES", "I005"], ["GONE", "X"]]
    save([directory(listed)], tmp_path, prefix="DICOMDIR")
    report = judge(tmp_path)
    assert codes(report) == []
    assert "DICOMDIR_GAP" in codes(report, "warn")
    assert "lists 2 images" in sentence(report, "DICOMDIR_GAP")


def test_a_cut_directory_is_no_cut_image(tmp_path: Path) -> None:
    save(make_series(5), tmp_path)
    (path,) = save([directory([["GONE", "X"]])], tmp_path, prefix="DICOMDIR")
    path.write_bytes(path.read_bytes()[:300])
    found = scan(tmp_path)
    assert (found.missing, found.broken, found.not_image) == (set(), [], 1)
    assert codes(judge(tmp_path)) == []
