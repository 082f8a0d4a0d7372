"""The lock: alive, stale, elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from equisite.cli import run_lock
from equisite.cli.run_lock import NAME, Owner, RunLock, boot_id, members, start_time
from equisite.core.errors import ConfigError


def owner() -> Owner:
    return Owner(os.uname().nodename, boot_id(), os.getpid(), start_time(os.getpid()))


def leave(folder: Path, left: Owner) -> None:
    (folder / NAME).write_text(json.dumps(asdict(left)))


def test_taken_once_and_given_back(tmp_path: Path) -> None:
    with RunLock(tmp_path) as lock:
        assert not lock.stale
        lock.record(1, 2)
        assert json.loads((tmp_path / NAME).read_text())["group"] == 2
        with pytest.raises(ConfigError, match="RUN_ALREADY"), RunLock(tmp_path):
            pass
    assert not (tmp_path / NAME).exists()
    with RunLock(tmp_path) as lock:
        assert not lock.stale


def test_the_lock_of_a_dead_process_is_stale(tmp_path: Path) -> None:
    leave(tmp_path, replace(owner(), started="1"))
    with RunLock(tmp_path) as lock:
        assert lock.stale


def test_the_lock_of_another_start_of_the_machine_is_stale(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        left = replace(owner(), boot="other", pid=child.pid, started=start_time(child.pid))
        leave(tmp_path, replace(left, group=os.getpgrp()))
        with RunLock(tmp_path) as lock:  # and nobody of today's processes is killed for it
            assert lock.stale
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()


def test_a_living_owner_without_a_file_lock_is_respected(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        leave(tmp_path, replace(owner(), pid=child.pid, started=start_time(child.pid)))
        with pytest.raises(ConfigError, match="RUN_ALREADY"), RunLock(tmp_path):
            pass
    finally:
        child.kill()
        child.wait()


def test_another_machine_is_refused(tmp_path: Path) -> None:
    leave(tmp_path, replace(owner(), host="elsewhere"))
    with pytest.raises(ConfigError, match="RUN_ELSEWHERE") as caught, RunLock(tmp_path):
        pass
    assert "elsewhere" in caught.value.findings[0].sentence


def test_what_is_left_of_a_group_is_killed(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, os;"
        "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        "print(os.getpid(), flush=True)"
    )
    leader = subprocess.Popen(
        [sys.executable, "-c", code], start_new_session=True, stdout=subprocess.PIPE, text=True
    )
    assert leader.stdout is not None
    group = int(leader.stdout.readline())
    leader.wait()
    leader.stdout.close()
    assert len(members(group)) == 1
    leave(tmp_path, replace(owner(), started="1", group=group))
    with RunLock(tmp_path) as lock:
        assert lock.stale
    assert members(group) == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"host": 1}'])
def test_a_lock_without_sense_is_stale_at_most(tmp_path: Path, content: str) -> None:
    (tmp_path / NAME).write_text(content)
    with RunLock(tmp_path) as lock:
        assert lock.stale is bool(content)


def test_a_process_that_cannot_be_killed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_lock, "_PATIENCE_S", 0.1)
    monkeypatch.setattr(run_lock, "members", lambda group: [group])
    monkeypatch.setattr(run_lock, "_kill", lambda process: None)
    with pytest.raises(ConfigError, match="RUN_LEFTOVERS"):
        run_lock.kill_group(4711)
