"""One line that a person can follow."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.cli.progress import Progress


def run_of(steps: int) -> list[str]:
    lines = ["Building DAG of jobs...", "Job stats:", f"total          {steps}", ""]
    for step in range(1, steps + 1):
        lines += ["rule imaging_check_series:", "    output: work/x", "Finished jobid: 1"]
        lines.append(f"{step} of {steps} steps ({100 * step // steps}%) done")
    return lines


@given(st.integers(1, 300))
def test_without_a_terminal_one_line_per_ten_percent(steps: int) -> None:
    out = io.StringIO()
    progress = Progress(out, terminal=False)
    for line in run_of(steps):
        progress.line(line)
    written = out.getvalue().splitlines()
    assert len(written) <= 11
    assert written[-1].endswith(f"{steps} of {steps} steps  imaging: check series")


def test_on_a_terminal_one_line_is_rewritten() -> None:
    out = io.StringIO()
    progress = Progress(out, terminal=True, width=40)
    for line in run_of(20):
        progress.line(line)
    assert "\n" not in out.getvalue()
    assert all(len(text) < 40 + 5 for text in out.getvalue().split("\r"))
    progress.close()
    assert out.getvalue().endswith("\r\x1b[2K")


def test_mistakes_before_planning_are_passed_on_whole() -> None:
    out = io.StringIO()
    progress = Progress(out, terminal=False)
    text = "SHEET_MISSING patients.tsv: The sheet does not exist.\n        Mend: Put it there."
    for line in text.splitlines():
        progress.line(line)
    assert out.getvalue() == text + "\n"


def test_complaints_are_shown_and_chatter_is_not() -> None:
    out = io.StringIO()
    progress = Progress(out, terminal=False)
    for line in [
        "Building DAG of jobs...",
        "Select jobs to execute...",
        "2 jobs failed to end",
    ]:
        progress.line(line)
    assert out.getvalue() == "2 jobs failed to end\n"


@pytest.mark.parametrize("what", ["setup log file: ", "set marker file for job started ("])
def test_snakemake_s_own_notes_that_find_no_room_are_kept_for_the_end(what: str) -> None:
    out = io.StringIO()
    progress = Progress(out, terminal=False)
    text = f"Failed to {what}[Errno 28] No space left on device). Snakemake will work."
    for line in ["Building DAG of jobs...", text]:
        progress.line(line)
    assert out.getvalue() == ""
    assert progress.trouble.others == [text]
