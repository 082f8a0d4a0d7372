"""The demo's judge is not easily pleased: each check fails when its truth is not found."""

import io
import sys
import tarfile
from pathlib import Path

import pytest

import demo
import watched
from synthetic.sheets import write_sheet

CELL = "analysis_set=genomics|gene={}|consequence={}"


@pytest.fixture
def directory(tmp_path):
    """A finished demo in small, where all is as planted."""
    for site in demo.SITES:
        cell = {
            "table": "germline_carriers",
            "key": CELL.format("SYNA", "missense"),
            "measure": "count",
            "value": "13",
            "status": "ok",
        }
        callable_patients = cell | {"key": "analysis_set=genomics|gene=SYNA", "measure": "n"}
        write_sheet(tmp_path / "cells.tsv", [callable_patients, cell])
        inbox = tmp_path / "lead" / "inbox"
        inbox.mkdir(parents=True, exist_ok=True)
        with tarfile.open(inbox / f"{site}-r0001.bundle", "w") as archive:
            archive.add(tmp_path / "cells.tsv", "cells.tsv")
        private = tmp_path / site / "private"
        volume = {"patient": "p1", "mr__gtv__ibsi_morph_vol_approx": "1005"}
        write_sheet(private / "cohort.tsv", [volume])
        status = [
            {"patient": "p1", "imaging": "done", "code": ""},
            {"patient": "p2", "imaging": "refused", "code": "MISSING_SLICE"},
        ]
        write_sheet(private / "status.tsv", status)
        (private / "status.html").write_text("<td>MISSING_SLICE</td>")
    truth = tmp_path / "truth"
    sites = [{"site": s} for s in demo.SITES]
    carriers = {"gene": "SYNA", "consequence": "missense", "carriers": 13}
    write_sheet(truth / "carriers.tsv", [s | carriers for s in sites])
    phantom = {"patient": "p1", "roi": "gtv", "volume_mm3": 1000.0, "tolerance_mm3": 10.0}
    write_sheet(truth / "phantoms.tsv", [s | phantom for s in sites])
    failing = {"patient": "p2", "code": "MISSING_SLICE"}
    write_sheet(truth / "failing.tsv", [s | failing for s in sites])
    ranking = [{"site": demo.SHIFTED, "rank": 1}, {"site": "north", "rank": 2}]
    write_sheet(tmp_path / "lead" / "report" / "suspects.tsv", ranking)
    return tmp_path


CHECKS = (demo.carriers, demo.volumes, demo.failing, demo.first_suspect)


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_all_is_well(directory):
    assert all(check(directory).passed for check in CHECKS)


@pytest.mark.parametrize(
    ("check", "file", "old", "new"),
    [
        (demo.carriers, "truth/carriers.tsv", "13", "14"),
        (demo.volumes, "north/private/cohort.tsv", "1005", "1011"),
        (demo.volumes, "north/private/cohort.tsv", "1005", ""),
        (demo.failing, "south/private/status.tsv", "MISSING_SLICE", "END_GAP"),
        (demo.failing, "south/private/status.html", "MISSING_SLICE", "nothing"),
        (demo.failing, "east/private/status.tsv", "p1\tdone", "p1\trefused"),
        (demo.failing, "east/private/status.tsv", "p2", "p3"),
        (demo.first_suspect, "lead/report/suspects.tsv", demo.SHIFTED, "south"),
    ],
)
def test_what_is_not_found_is_told(directory, check, file, old, new):
    edit(directory / file, old, new)
    found = check(directory)
    assert not found.passed
    assert found.wrong


def test_a_missing_bundle_is_no_success(directory):
    (directory / "lead" / "inbox" / "south-r0001.bundle").unlink()
    assert len(demo.carriers(directory).wrong) == 1


def test_success_with_nothing_is_impossible():
    assert not demo.Check("nothing judged", 0, []).passed


def test_a_foreign_folder_is_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(SystemExit, match="holds no demo"):
        list(demo.steps(tmp_path, 2))


def test_steps_name_the_users_commands(tmp_path):
    steps = list(demo.steps(tmp_path / "new", 2))
    names = [name for name, _, _ in steps]
    assert names[:3] == ["make the hospitals", "run north", "prepare north"]
    assert steps[-1][1][:2] == ["equisite", "compare"]
    assert len(steps) == 1 + 3 * len(demo.SITES) + 1


def test_memory_and_time_of_a_tree_are_seen(tmp_path):
    inner = "import time; x = bytearray(60_000_000); time.sleep(1)"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    used = watched.run([sys.executable, "-c", outer], tmp_path)
    assert used.code == 0
    assert 0.9 < used.wall_s < 20
    assert 50 < used.peak_mb < 400


def test_the_table_of_steps_is_printed(directory, capsys):
    used = watched.Used(0, 12.0, 20.0, 300.0)
    demo.show([("run north", used)], [check(directory) for check in CHECKS], 13.0)
    text = capsys.readouterr().out
    assert text.count("ok  ") == 4
    assert "300" in text


def test_rows_of_a_bundle_are_read(tmp_path):
    path = Path(tmp_path / "b.bundle")
    with tarfile.open(path, "w") as archive:
        about = tarfile.TarInfo("cells.tsv")
        content = b"a\tb\n1\t2\n"
        about.size = len(content)
        archive.addfile(about, io.BytesIO(content))
    assert demo.bundle_rows(path, "cells.tsv") == [{"a": "1", "b": "2"}]
