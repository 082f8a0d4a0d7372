"""init, check and the summary, as a user meets them."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from equisite.cli.main import main
from equisite.cli.summary import summary


def test_the_example_is_sound_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "site"
    assert main(["init", str(folder)]) == 0
    assert main(["check", "--directory", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "Patients: 1" in out
    assert "Genomics: 1 patients" in out
    assert "Imaging: 1 patients" in out
    assert not (folder / "work").exists(), "check writes nothing"
    assert not (folder / "private").exists()


def test_commands_that_are_shown_can_be_pasted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "my 'study' {x}"
    assert main(["init", str(folder)]) == 0
    assert main(["check", "--directory", str(folder)]) == 0
    out = capsys.readouterr().out
    for command in ("check", "run"):
        told = out.partition(f"equisite {command} --directory ")[2].splitlines()[0]
        assert shlex.split(told) == [str(folder)]


def test_init_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").write_text("x")
    assert main(["init", str(tmp_path)]) == 2
    assert "FOLDER_IN_USE" in capsys.readouterr().err
    assert (tmp_path / "mine").read_text() == "x"


def test_check_tells_all_and_returns_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "site"
    main(["init", str(folder)])
    (folder / "example" / "reads_1.fastq.gz").unlink()
    (folder / "patients.tsv").write_text(
        "patient\tsex\tage\tdiagnosis\nexample-1\tf\t50\tC49\n"
    )
    capsys.readouterr()
    assert main(["check", "--directory", str(folder)]) == 2
    told = capsys.readouterr().err
    assert "FILE_MISSING sequencing.tsv line 2, column fastq_1" in told
    assert "CELL_VALUE patients.tsv line 2, column sex" in told
    assert told.endswith("2 problems in all. Nothing was run.\n")


def test_check_tells_when_there_will_be_many_jobs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "site"
    main(["init", str(folder)])
    assert main(["check", "--directory", str(folder)]) == 0
    assert "MANY_JOBS" not in capsys.readouterr().out
    monkeypatch.setattr("equisite.cli.plan.MANY_JOBS", 90)
    monkeypatch.setattr("equisite.genomics.pieces.BASES", 10)
    with (folder / "config.yaml").open("a") as stream:
        stream.write("batches: {genomics: 1, calling: 80}\n")
    assert main(["check", "--directory", str(folder)]) == 0
    told = capsys.readouterr().out
    assert "MANY_JOBS: A run has up to 99 jobs" in told
    assert "lower `batches.calling`" in told


def test_protocol_check_and_hash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "site"
    main(["init", str(folder)])
    capsys.readouterr()
    assert main(["protocol", "check", str(folder / "protocol.yaml")]) == 0
    told = capsys.readouterr().out
    assert main(["protocol", "hash", str(folder / "protocol.yaml")]) == 0
    assert capsys.readouterr().out.strip() in told
    (folder / "genes.gff3").write_text("x")
    assert main(["protocol", "check", str(folder / "protocol.yaml")]) == 2
    assert "PINNED_DIFFERS" in capsys.readouterr().err


def test_summary_counts_and_names_nobody(tmp_path: Path) -> None:
    private = tmp_path / "private"
    (private / "review").mkdir(parents=True)
    (private / "review" / "prepared.bundle").write_text("x")
    header = ["patient"]
    for room in ("clinical", "genomics", "imaging", "radiomics"):
        header += [room, f"{room}_code"]
    header.append("set_all")
    rows = [
        ["P01", "done", "", "refused", "TRUNCATED_FASTQ", "absent", "", "absent", "", "0"],
        ["P02", "done", "", "refused", "LOW_DEPTH", "partly", "MISSING_SLICE", "done", "", "1"],
        ["P03", "done", "", "done", "", "flagged", "X", "done", "", "1"],
    ]
    (private / "status.tsv").write_text("\n".join("\t".join(r) for r in [header, *rows]) + "\n")
    lines = list(summary(tmp_path))
    assert lines[0] == "2 of 3 patients are in the cohort."
    assert "  genomics   3 patients, 2 refused: LOW_DEPTH 1, TRUNCATED_FASTQ 1" in lines
    assert (
        "  imaging    2 patients, 0 refused, 1 in part, 1 with a remark: MISSING_SLICE 1"
        in lines
    )
    assert any("prepared.bundle" in line for line in lines)
    assert not any("P0" in line for line in lines)
    assert list(summary(tmp_path / "none")) == []
