"""A disk that runs full: one message, exit code 70, and the same bundle when there is room."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.workflow, pytest.mark.long]

SCRIPT = """
import ctypes, os, shutil, subprocess, sys
made, disk, out, room = sys.argv[1:]
libc = ctypes.CDLL(None, use_errno=True)
new_mounts, private = 0x20000, 0x44000
if (
    libc.unshare(new_mounts)
    or libc.mount(None, b"/", None, private, None)
    or libc.mount(b"tmpfs", disk.encode(), b"tmpfs", 0, b"size=64m")
):
    print("no disk can be mounted here:", os.strerror(ctypes.get_errno()))
    sys.exit(77)
shutil.copytree(made, disk, dirs_exist_ok=True)
filler = os.path.join(disk, "filler")
with open(filler, "wb") as stream:
    stream.write(bytes(shutil.disk_usage(disk).free - int(room)))
site = os.path.join(disk, "nano")
command = ["equisite", "run", "--cores", "2"]
code = subprocess.run(command, cwd=site).returncode
assert code == 70, code
print("===", flush=True)
os.unlink(filler)
code = subprocess.run(command, cwd=site).returncode
assert code == 0, code
shutil.copy(os.path.join(site, "private", "review", "prepared.bundle"), out)
"""


@pytest.mark.parametrize("room", [20_000, 1_500_000, 3_000_000])
def test_a_full_disk_is_told_and_the_same_command_goes_on(
    nano, tmp_path: Path, room: int, environment: dict[str, str]
) -> None:
    """With so many bytes: before the plan, while it runs, and late."""
    made, disk, out = (tmp_path / name for name in ("made", "disk", "out"))
    disk.mkdir()
    from synthetic.nano import write_nano

    write_nano(made)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(made), str(disk), str(out), str(room)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode == 77:
        pytest.skip(done.stdout)
    assert done.returncode == 0, done.stdout
    told, _, later = done.stdout.partition("===")
    assert "DISK_FULL: " in told
    assert f"{disk}" in told
    assert told.count("Mend: ") == 1
    for word in ("Traceback", "Errno", "Exception", "WorkflowError", "Logging error"):
        assert word not in told, told
    assert "The bundle waits for approval" in later
    assert out.read_bytes() == nano.bundle
