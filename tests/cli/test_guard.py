"""Nobody outlives the run, whoever is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from equisite.cli import guard

TREE = """
import subprocess, sys, time, os
inner = "import time; time.sleep(60)"
subprocess.Popen([sys.executable, "-c", inner])
subprocess.Popen([sys.executable, "-c", inner], start_new_session=True)
open(sys.argv[1], "w").write("up")
time.sleep(60)
"""


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def start(command: list[str]) -> tuple[subprocess.Popen[bytes], int, int]:
    """The guard, the pipe that holds it, the id of its command."""
    control_in, control_out = os.pipe()
    report_in, report_out = os.pipe()
    process = subprocess.Popen(
        [sys.executable, guard.__file__, str(control_in), str(report_out), *command],
        pass_fds=(control_in, report_out),
        start_new_session=True,
    )
    os.close(control_in)
    os.close(report_out)
    with os.fdopen(report_in) as report:
        return process, control_out, int(report.readline())


def start_tree(folder: Path) -> tuple[subprocess.Popen[bytes], int, list[int]]:
    flag = folder / "up"
    process, control, _ = start([sys.executable, "-c", TREE, str(flag)])
    assert wait_for(flag.exists)
    below = guard.descendants(process.pid)
    assert len(below) == 3
    return process, control, below


def all_gone(processes: list[int]) -> bool:
    return not any(Path(f"/proc/{p}").exists() for p in processes)


def test_exit_codes_come_through() -> None:
    for code in (0, 2, 7):
        process, control, _ = start([sys.executable, "-c", f"raise SystemExit({code})"])
        assert process.wait(10) == code
        os.close(control)


def test_when_the_pipe_closes_everything_below_is_killed(tmp_path: Path) -> None:
    process, control, below = start_tree(tmp_path)
    os.close(control)
    assert process.wait(10) == 128 + signal.SIGKILL
    assert wait_for(lambda: all_gone(below))


def test_an_order_to_kill(tmp_path: Path) -> None:
    process, control, below = start_tree(tmp_path)
    os.write(control, guard.KILL)
    process.wait(10)
    os.close(control)
    assert wait_for(lambda: all_gone(below))


def test_what_the_command_leaves_behind_is_killed(tmp_path: Path) -> None:
    process, control, below = start_tree(tmp_path)
    os.write(control, guard.INTERRUPT)  # the command ends, one child has a session of its own
    process.wait(10)
    os.close(control)
    assert wait_for(lambda: all_gone(below))


def test_term_reaches_the_command_alone() -> None:
    code = "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(9)); time.sleep(60)"
    process, control, child = start([sys.executable, "-c", code])
    time.sleep(0.3)
    assert child in guard.descendants(process.pid)
    os.write(control, guard.TERMINATE)
    assert process.wait(10) == 9
    os.close(control)


def test_the_command_dies_with_the_guard() -> None:
    process, control, child = start([sys.executable, "-c", "import time; time.sleep(60)"])
    process.kill()
    process.wait(10)
    os.close(control)
    assert wait_for(lambda: all_gone([child]))
