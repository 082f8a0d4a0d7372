"""Files are whole or absent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from equisite.core.atomic import replacing, write_if_changed, write_text


def test_an_exception_leaves_the_old_file_and_no_rest(tmp_path: Path):
    target = tmp_path / "a.tsv"
    write_text(target, "old")
    with pytest.raises(RuntimeError), replacing(target) as stream:
        stream.write(b"half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_nobody_else_reads_a_file_before_it_is_whole(tmp_path: Path, mode: int):
    target = tmp_path / "private.tsv"
    with replacing(target, mode) as stream:
        stream.write(b"half")
        (temporary,) = tmp_path.iterdir()
        assert temporary.stat().st_mode & 0o777 == 0o600
    assert target.stat().st_mode & 0o777 == mode


def test_a_kill_leaves_nothing_under_the_final_name(tmp_path: Path):
    target = tmp_path / "a.tsv"
    program = (
        "import sys, time, pathlib\n"
        "from equisite.core.atomic import replacing\n"
        "with replacing(pathlib.Path(sys.argv[1])) as s:\n"
        "    s.write(b'half'); s.flush(); print('ready', flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(target)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert not target.exists()


def test_an_equal_file_keeps_its_time(tmp_path: Path):
    target = tmp_path / "a.json"
    assert write_if_changed(target, b"{}")
    os.utime(target, ns=(1, 1))
    assert not write_if_changed(target, b"{}")
    assert target.stat().st_mtime_ns == 1
    assert write_if_changed(target, b"[]")
