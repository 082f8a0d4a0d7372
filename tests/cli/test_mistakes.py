"""What a user may do wrong at the command line: each is told what, where and how to mend it."""

from __future__ import annotations

import argparse
import errno
import os
from pathlib import Path

import pytest

from equisite.cli import launch, site
from equisite.cli.main import main
from equisite.core.machine import machine_error


def told(capsys: pytest.CaptureFixture[str]) -> str:
    written = capsys.readouterr()
    assert "Traceback" not in written.err + written.out
    return written.err


def test_a_mistyped_command_is_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["runn", "--directory", "x"]) == 2
    text = told(capsys)
    assert text.startswith("equisite: there is no command runn. Did you mean run?")
    assert "a site:    equisite init | check" in text


@pytest.mark.parametrize("cores", ["0", "-1", "zero", "1.5", ""])
def test_cores_that_are_none(cores: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["run", f"--cores={cores}"])
    assert caught.value.code == 2
    assert "give a whole number of at least 1, or all" in told(capsys)


def test_a_folder_that_is_no_site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in (tmp_path / "none", tmp_path):
        assert main(["run", "--directory", str(folder)]) == 2
        assert "SITE_FOLDER_MISSING" in (text := told(capsys)) and str(folder) in text


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "DISK_FULL"),
        (errno.EDQUOT, "DISK_FULL"),
        (errno.EACCES, "NOT_ALLOWED"),
        (errno.EROFS, "NOT_ALLOWED"),
        (errno.EIO, "PATH_UNUSABLE"),
        (errno.ENOTDIR, "PATH_UNUSABLE"),
    ],
)
def test_what_the_machine_refuses_is_told_without_a_traceback(
    number: int,
    code: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fails(args: argparse.Namespace) -> int:
        raise OSError(number, os.strerror(number), "/data/site/work")

    monkeypatch.setattr(site, "_check", fails)
    assert main(["check"]) == (70 if code == "DISK_FULL" else 2)
    text = told(capsys)
    assert text.startswith(f"{code}: ") and "/data/site/work" in text and "Mend: " in text


@pytest.mark.parametrize("words", [["inspect"], ["verify", "--protocol", "p.yaml"]])
def test_a_file_that_is_not_there_is_the_users(
    words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    absent = str(tmp_path / "none.bundle")
    assert main([*words, absent]) == 2
    assert told(capsys).startswith(f"ARGUMENT_UNUSABLE: {absent} does not exist.")
    assert main([*words, str(tmp_path)]) == 2
    assert told(capsys).startswith(f"ARGUMENT_UNUSABLE: {tmp_path} is a folder, not a file.")


def test_a_log_names_no_path_and_a_fault_of_the_program_stays_one() -> None:
    error = PermissionError(errno.EACCES, "Permission denied", "/data/P001/x.dcm")
    found = machine_error(error, named=False)
    assert found is not None and "P001" not in found.render()
    assert (
        machine_error(FileNotFoundError(errno.ENOENT, "No such file", "x"), named=True) is None
    )


def test_a_fault_of_the_program_shows_its_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(args: argparse.Namespace) -> int:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", "x")

    monkeypatch.setattr(site, "_check", fails)
    assert main(["check"]) == 70
    assert "FileNotFoundError" in capsys.readouterr().err


def test_ctrl_c_says_that_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(launch, "run", lambda *args, **more: 130)
    assert main(["run", "--directory", str(tmp_path)]) == 130
    assert "What is finished is kept" in capsys.readouterr().out

    def stopped(args: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(site, "_check", stopped)
    assert main(["check"]) == 130
    assert told(capsys) == "Stopped.\n"
