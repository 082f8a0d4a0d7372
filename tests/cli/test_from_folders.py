"""`equisite init` from folders: what is refused, and that nothing is left behind."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from equisite.cli import from_folders
from equisite.cli.main import main
from equisite.core.errors import ConfigError
from equisite.intake.check import check_site
from equisite.intake.found import FoundMask, FoundSeries, Inventory


@pytest.fixture
def reads(tmp_path: Path) -> Path:
    folder = tmp_path / "reads"
    folder.mkdir()
    for mate in (1, 2):
        content = gzip.compress(f"@r{mate}\nA\n+\nI\n".encode())
        (folder / f"P1_S1_L001_R{mate}_001.fastq.gz").write_bytes(content)
    return folder


def refused(*words: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["init", *words]) == 2
    return capsys.readouterr().err


def test_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = tmp_path / "site"
    told = refused(str(site), "--from-fastq", str(tmp_path / "raeds"), capsys=capsys)
    assert told.startswith("SOURCE_MISSING: There is no folder")
    assert not site.exists()


def test_folders_without_anything_of_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    site = tmp_path / "site"
    told = refused(str(site), "--from-fastq", str(tmp_path / "empty"), capsys=capsys)
    assert told.startswith("NOTHING_FOUND: ")
    assert not site.exists() and [p.name for p in tmp_path.iterdir()] == ["empty"]


def test_a_protocol_with_mistakes_is_told_before_anything_is_written(
    tmp_path: Path, reads: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    protocol = tmp_path / "protocol.yaml"
    protocol.write_text("protocol: {}\n")
    words = ["--from-fastq", str(reads), "--protocol", str(protocol)]
    assert "KEY_MISSING" in refused(str(tmp_path / "site"), *words, capsys=capsys)
    assert not (tmp_path / "site").exists()


def test_the_program_of_the_image_may_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EQUISITE_UNLOCKED", "1")
    monkeypatch.setenv("PATH", str(tmp_path))
    program = tmp_path / "equisite"
    program.write_text("#!/bin/sh\nexit 70\n")
    program.chmod(0o755)
    monkeypatch.setenv("EQUISITE_INSIDE", "1")
    with pytest.raises(ConfigError, match="INVENTORY_FAILED") as caught:
        list(from_folders.write_site(tmp_path / "site", [], [tmp_path], None))
    assert caught.value.findings[0].numbers == {"ended": 70}
    assert not (tmp_path / "site").exists()


def test_an_empty_folder_is_taken_and_series_by_uid_bring_their_root(
    tmp_path: Path, reads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    images = tmp_path / "images"
    images.mkdir()
    series = FoundSeries("P1", "F", "MR", "1.2.3.4", str(images), False, 9, "1.9")
    mask = FoundMask(str(images / "rs"), "RTSTRUCT", "P1", ("x",), 0, ("1.2.3.4",), (), None)
    found = Inventory((series,), (mask,))
    monkeypatch.setattr(from_folders, "_inventory", lambda roots, protocol: found)
    told = list(from_folders.write_site(site, [reads], [images], None))
    assert told[0] == "Written: patients.tsv, sequencing.tsv, imaging.tsv and config.yaml"
    assert f"images: {json.dumps(str(images))}" in (site / "config.yaml").read_text()
    assert "P1\t1.2.3.4\tMR" in (site / "imaging.tsv").read_text()
    with pytest.raises(ConfigError) as caught:
        check_site(site)
    codes = {finding.code for finding in caught.value.findings}
    assert {"KEY_NOT_KNOWN", "CELL_NOT_KNOWN", "PROTOCOL_MISSING", "FILE_MISSING"} == codes - {
        "MORE_OF_A_KIND"
    }


def test_names_of_other_encodings_are_told_and_stop_nothing(
    reads: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("M\udcfcller_R1.fastq.gz", "two\nlines_R1.fastq.gz"):
        (reads / name).write_bytes(b"@r\nA\n+\nI\n")
    site = tmp_path / "site"
    assert main(["init", str(site), "--from-fastq", str(reads)]) == 0
    assert (
        "M<U+DCFC>ller_R1.fastq.gz: its name cannot stand in a sheet" in capsys.readouterr().out
    )
    assert "two<U+000A>lines_R1.fastq.gz" in (site / from_folders.FOUND).read_text()
    assert len((site / "sequencing.tsv").read_text().splitlines()) == 2
