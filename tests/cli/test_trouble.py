"""What failed in a run, read from what Snakemake 9.27.1 wrote, and told with its mend."""

from __future__ import annotations

import io
from collections import namedtuple
from pathlib import Path

import pytest

from equisite.cli import causes
from equisite.cli.causes import explain
from equisite.cli.progress import Progress
from equisite.cli.trouble import Trouble

STEP = """\
RuleException:
CalledProcessError in file "/x/workflow/rules/genomics.smk", line 233:
Command 'set -euo pipefail;  
        equisite genomics call --index work/intake/genomics/1.tsv 2>logs/genomics_call_variants/1.log
        ' returned non-zero exit status {status}.
[Fri Nov 27 18:31:12 2026]
Error in rule genomics_call_variants:
    message: None
    jobid: 10
    input: work/intake/genomics/1.tsv
    output: work/genomics/1/calls, work/genomics/1/call.tsv
    log: logs/genomics_call_variants/1.log (check log file(s) for error details)
    shell:
        
        equisite genomics call --index work/intake/genomics/1.tsv 2>logs/genomics_call_variants/1.log
        
        (command exited with non-zero exit code)
{log}
Removing output files of failed job genomics_call_variants since they might be corrupted:
work/genomics/1/calls
"""  # noqa: E501, W291, W293 - as it was written
AGAIN = "Trying to restart job 10.\n"
FULL = """\
Logfile logs/genomics_call_variants/1.log:
================================================================================
reads that failed: 0
grep: write error: No space left on device
================================================================================"""
EMPTY = "Logfile logs/genomics_call_variants/1.log: empty file"
END = """\
Exiting because a job execution failed. Look above for error messages
WorkflowError:
At least one job did not complete successfully.
"""
METADATA = """\
WorkflowError:
Error recording metadata for finished job ([Errno 28] No space left on device). Please ensure \
write permissions for the directory /site/.snakemake
"""
SHADOW = """\
Traceback (most recent call last):

  File "/x/snakemake/cli.py", line 2060, in args_to_api
    dag_api = workflow_api.dag(

PermissionError: [Errno 13] Permission denied: '/site/.snakemake/shadow'
"""
LOCKED = """\
LockException:
Error: Directory cannot be locked. Please make sure that no other Snakemake process is trying \
to create the same files in the following directory:
/site
"""
OWN_LOG = """\
--- Logging error ---
Traceback (most recent call last):
OSError: [Errno 28] No space left on device
Message: 'Error in rule x'
Arguments: ()
"""


@pytest.fixture(autouse=True)
def _roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk on which the tests run says nothing."""
    monkeypatch.setattr(causes, "little_room", lambda folder: False)


def follow(text: str) -> tuple[str, Progress]:
    out = io.StringIO()
    progress = Progress(out, terminal=False)
    for line in ["Building DAG of jobs...", "total   35", *text.splitlines()]:
        progress.line(line)
    progress.close()
    return out.getvalue(), progress


def explained(text: str, folder: Path, *, killed: bool = False) -> str:
    trouble = Trouble()
    for line in text.splitlines():
        trouble.line(line)
    return "\n".join(explain(trouble, folder, 17, killed=killed))


def test_a_step_that_failed_is_one_line() -> None:
    first = STEP.format(status=1, log=FULL)
    shown, progress = follow(first + AGAIN + "[date]\nrule imaging_write_page:\n" + first + END)
    assert shown.splitlines() == [
        "0:00:00  0 of 35 steps",
        "genomics: call variants, batch 1: failed, is tried again",
        "genomics: call variants, batch 1: failed",
    ]
    assert [f.again for f in progress.trouble.failures] == [True, False]
    assert [f.log for f in progress.trouble.final] == ["logs/genomics_call_variants/1.log"]
    assert progress.stage == "imaging: write page"


def test_a_step_that_was_done_at_the_second_try_is_no_trouble_in_the_end() -> None:
    _, progress = follow(STEP.format(status=137, log=EMPTY) + AGAIN)
    assert progress.trouble.final == []


def test_a_full_disk_is_told_with_folder_room_and_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(
        causes.shutil, "disk_usage", lambda folder: usage(105_000_000, 104_992_000, 8_000)
    )
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "x").write_bytes(bytes(3_200_000))
    (tmp_path / ".snakemake" / "log").mkdir(parents=True)
    (tmp_path / ".snakemake" / "log" / "2026-11-27.log").write_text("")
    told = explained(STEP.format(status=1, log=FULL) + METADATA + END, tmp_path)
    assert told.splitlines() == [
        "1 step failed for a reason of the machine, not of the data:",
        "  genomics: call variants, batch 1 (logs/genomics_call_variants/1.log)",
        "      grep: write error: No space left on device",
        f"RUN_DISK_FULL: The disk of {tmp_path} is full: 8 kB of 105 MB are free; the run has "
        "put 3 MB there, and 17 steps are left.",
        "        Mend: Free some room on that disk, or move the site folder to a larger one, "
        "and start the same command again: what is finished is kept.",
        "Start the same command again when it is mended: what is finished is kept. The whole "
        f"story: {tmp_path}/.snakemake/log/2026-11-27.log.",
    ]


@pytest.mark.parametrize("text", [METADATA, OWN_LOG, "OSError: x: Disk quota exceeded"])
def test_a_full_disk_that_snakemake_met_is_told_in_our_words(text: str, tmp_path: Path) -> None:
    shown, progress = follow(text)
    assert shown == "0:00:00  0 of 35 steps\n"
    told = "\n".join(explain(progress.trouble, tmp_path, 1))
    assert told.startswith("RUN_DISK_FULL: ")
    assert "Traceback" not in told and "Errno" not in told


def test_a_killed_step_points_to_memory(tmp_path: Path) -> None:
    for text in (
        STEP.format(status=137, log=EMPTY),
        STEP.format(
            status=70,
            log=FULL.replace(
                "grep: write error: No space left on device",
                "c04b26: a step ended with code 137",
            ),
        ),
    ):
        told = explained(text + END, tmp_path)
        assert "RUN_MEMORY: A step was killed from outside" in told
        assert "--cores 1" in told
        assert "RUN_DISK_FULL" not in told
    died = STEP.replace(
        "returned non-zero exit status {status}", "died with <Signals.SIGKILL: 9>"
    )
    assert "RUN_MEMORY" in explained(died.format(log=EMPTY), tmp_path)


def test_one_mend_is_told_that_of_the_cause(tmp_path: Path) -> None:
    ours = "DISK_FULL: There is no room left\n        Mend: Free some room."
    text = STEP.format(status=70, log=FULL.replace("reads that failed: 0", ours))
    assert explained(text, tmp_path).count("Mend: ") == 1
    other = ours.replace("DISK_FULL: There is no room left", "OTHER_THING: it failed")
    log = EMPTY.replace(" empty file", "") + f"\n====\n{other}\n===="
    told = explained(STEP.format(status=70, log=log), tmp_path).splitlines()
    assert "              Mend: Free some room." in told


def test_what_our_own_step_found_is_told_whole(tmp_path: Path) -> None:
    found = "INBOX_EMPTY: There is no bundle in the inbox.\n        Mend: Put one there."
    log = EMPTY.replace(" empty file", "") + f"\n====\n2 error lines\n{found}\n===="
    text = STEP.format(status=2, log=log)
    told = explained(text + END, tmp_path).splitlines()
    assert told[0] == "1 step failed:"
    assert told[2:4] == ["      " + line for line in found.splitlines()]
    _, progress = follow(text + END)
    assert progress.trouble.refused == 2
    _, progress = follow(text + STEP.format(status=1, log=EMPTY) + END)
    assert progress.trouble.refused == 0


def test_snakemake_itself_was_killed(tmp_path: Path) -> None:
    told = explained("", tmp_path, killed=True)
    assert told.startswith("Snakemake itself was killed from outside")
    assert "RUN_MEMORY" in told


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    shown, progress = follow(SHADOW)
    assert shown == "0:00:00  0 of 35 steps\n"
    told = "\n".join(explain(progress.trouble, tmp_path, 1))
    assert told.startswith("RUN_FORBIDDEN: /site/.snakemake/shadow may not be used: permission")
    assert "Traceback" not in told


def test_the_lock_of_a_plain_snakemake_is_explained(tmp_path: Path) -> None:
    told = explained(LOCKED, tmp_path)
    assert told.startswith(f"RUN_LOCKED: A run of plain snakemake has locked {tmp_path}")
    assert "--unlock" in told


def test_what_has_no_name_of_ours_is_shown_whole(tmp_path: Path) -> None:
    text = (
        "MissingInputException in rule x in file y, line 3:\nMissing input files for rule x:\n"
    )
    shown, _ = follow(text)
    assert "Missing" not in shown
    assert explained(text + END, tmp_path).splitlines()[:3] == [
        "Snakemake says:",
        "  MissingInputException in rule x in file y, line 3:",
        "  Missing input files for rule x:",
    ]
    failed = explained(
        STEP.format(status=1, log=FULL.replace("No space left on device", "x")), tmp_path
    )
    assert "      grep: write error: x" in failed
    assert "RUN_" not in failed


def test_a_line_of_equal_signs_within_a_log_does_not_end_it() -> None:
    log = FULL.replace("reads that failed: 0", "====\nerror: told in the log")
    _, progress = follow(STEP.format(status=1, log=log))
    assert progress.trouble.failures[0].lines[:2] == ["====", "error: told in the log"]


def test_what_a_scheduler_says_is_kept() -> None:
    text = STEP.format(status=1, log=EMPTY).replace(
        "message: None", "message: SLURM-job 7 failed"
    )
    _, progress = follow(text)
    assert progress.trouble.failures[0].lines == ["SLURM-job 7 failed"]
