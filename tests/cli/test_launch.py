"""`equisite run`: the command it prints is the command it starts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from equisite.cli import launch
from equisite.cli.guard import descendants
from equisite.cli.run_lock import NAME
from equisite.core.errors import ConfigError

CHECKOUT = Path(__file__).parents[2]
FAKE = """#!{python}
import os, sys, time
from pathlib import Path
site = Path(sys.argv[sys.argv.index("--directory") + 1])
locks = site / ".snakemake" / "locks"
if "--unlock" in sys.argv:
    for lock in locks.iterdir():
        lock.unlink()
    raise SystemExit(0)
(site / "arguments").write_text("\\n".join(sys.argv[1:]))
(site / "cache").write_text(os.environ.get("XDG_CACHE_HOME", ""))
locks.mkdir(parents=True, exist_ok=True)
if list(locks.iterdir()):
    print("LockException", file=sys.stderr)
    raise SystemExit(1)
(locks / "0.input.lock").write_text("")
text = "Building DAG of jobs...\\ntotal 2\\nrule clinical_read_table:"
print(text, file=sys.stderr, flush=True)
time.sleep(float(os.environ.get("FAKE_SECONDS", "0")))
print("2 of 2 steps (100%) done", file=sys.stderr)
print(os.environ.get("FAKE_TEXT", ""), file=sys.stderr)
(locks / "0.input.lock").unlink()
raise SystemExit(int(os.environ.get("FAKE_CODE", "0")))
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site folder, and a Snakemake on the PATH that only pretends."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "snakemake").write_text(FAKE.format(python=sys.executable))
    (tools / "snakemake").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setattr(launch, "_snakemake", lambda: str(tools / "snakemake"))
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "config.yaml").write_text("")
    return folder


def test_what_is_prepared_comes_first_unless_snakemake_is_only_asked(site: Path) -> None:
    seen: list[bool] = []

    def prepare() -> None:
        seen.append((site / "arguments").exists())

    assert launch.run(site, "local", "2", ["--dry-run"], prepare=prepare) == 0
    assert seen == []
    (site / "arguments").unlink()
    assert launch.run(site, "local", "2", [], prepare=prepare) == 0
    assert seen == [False]


def test_prints_what_it_starts(site: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert launch.run(site, "local", "2", ["--quiet", "all"]) == 0
    printed = capfd.readouterr().out.splitlines()
    arguments = (site / "arguments").read_text().splitlines()
    assert printed[0].split()[1:] == arguments
    assert arguments == [
        "--snakefile", str(CHECKOUT / "Snakefile"), "--directory", str(site),
        "--workflow-profile", str(CHECKOUT / "config" / "profiles" / "local"),
        "--cores", "2", "--quiet", "all",
    ]  # fmt: skip
    assert printed[-1].endswith("2 of 2 steps  clinical: read table")
    assert not (site / NAME).exists()


@pytest.mark.parametrize(("theirs", "ours"), [(0, 0), (1, 70), (2, 2), (3, 3)])
def test_exit_codes(
    site: Path, monkeypatch: pytest.MonkeyPatch, theirs: int, ours: int
) -> None:
    monkeypatch.setenv("FAKE_CODE", str(theirs))
    assert launch.run(site, "local", None, []) == ours


def test_a_user_without_a_home_has_a_cache_in_the_site(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(site))
    assert launch.run(site, "local", None, []) == 0
    assert (site / "cache").read_text() == ""
    monkeypatch.setenv("HOME", str(site / "none"))
    assert launch.run(site, "local", None, []) == 0
    assert (site / "cache").read_text() == str(site / ".snakemake" / "cache")


def test_why_it_failed_is_told_at_the_end(
    site: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAKE_CODE", "1")
    monkeypatch.setenv("FAKE_TEXT", "OSError: [Errno 28] No space left on device")
    assert launch.run(site, "local", None, []) == 70
    out, told = capfd.readouterr()
    assert told.startswith(f"RUN_DISK_FULL: The disk of {site} is full: ")
    assert "0 steps are left" in told
    assert "Errno" not in out + told


def test_a_stale_lock_is_opened(site: Path, capfd: pytest.CaptureFixture[str]) -> None:
    locks = site / ".snakemake" / "locks"
    locks.mkdir(parents=True)
    (locks / "1.output.lock").write_text("")
    left = {"host": os.uname().nodename, "boot": "other", "pid": 1, "started": "1"}
    (site / NAME).write_text(json.dumps(left))
    assert launch.run(site, "local", None, []) == 0
    assert "killed" in capfd.readouterr().out


def test_a_lock_that_is_not_ours_stays(site: Path) -> None:
    locks = site / ".snakemake" / "locks"
    locks.mkdir(parents=True)
    (locks / "1.output.lock").write_text("")
    assert launch.run(site, "local", None, []) == 70


def test_wrong_words(site: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"PROFILE_UNKNOWN(.|\n)*Choose one of: apptainer, local, slurm"
    ):
        launch.run(site, "cloud", None, [])
    with pytest.raises(ConfigError, match="SITE_FOLDER_MISSING"):
        launch.run(tmp_path / "none", "local", None, [])


def test_without_snakemake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match="SNAKEMAKE_MISSING"):
        launch.command_of(tmp_path, "local", None, [])


DRIVER = """
import sys
from pathlib import Path
from equisite.cli import launch
launch._snakemake = lambda: sys.argv[2]
sys.exit(launch.run(Path(sys.argv[1]), "local", None, []))
"""


def start(site: Path, before: str = "") -> subprocess.Popen[bytes]:
    environment = {**os.environ, "FAKE_SECONDS": "30", "PYTHONPATH": str(CHECKOUT / "src")}
    snakemake = site.parent / "bin" / "snakemake"
    process = subprocess.Popen(
        [sys.executable, "-c", before + DRIVER, str(site), str(snakemake)],
        env=environment,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 20
    lock = site / ".snakemake" / "locks" / "0.input.lock"
    while not lock.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert lock.exists()
    return process


def test_killed_whole_and_healed(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    process = start(site)
    below = descendants(process.pid)
    assert len(below) == 2
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{p}").exists() for p in below) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(Path(f"/proc/{p}").exists() for p in below)
    assert (site / NAME).exists()
    assert list((site / ".snakemake" / "locks").iterdir())
    assert launch.run(site, "local", None, []) == 0


def test_snakemake_killed_alone_is_healed_by_the_next_start(site: Path) -> None:
    process = start(site)
    for child in descendants(process.pid):
        if "--directory" in Path(f"/proc/{child}/cmdline").read_text().split("\0"):
            snakemake = child  # the guard comes first, Snakemake last
    os.kill(snakemake, signal.SIGKILL)
    assert process.wait(10) == 128 + signal.SIGKILL
    assert launch.run(site, "local", None, []) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_reach_snakemake(site: Path, number: signal.Signals) -> None:
    process = start(site)
    begin = time.monotonic()
    process.send_signal(number)
    assert process.wait(10) == 128 + number
    assert time.monotonic() - begin < 10
    assert launch.run(site, "local", None, []) == 0


def test_interrupts_are_heeded_in_the_background_of_a_script(site: Path) -> None:
    ignored = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    process = start(site, ignored)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 128 + signal.SIGINT


EARLY = """
import os, signal, sys
from pathlib import Path
from equisite.cli import launch
launch._snakemake = lambda: sys.argv[2]
record = launch.RunLock.record
def interrupted(lock, guard, group):
    if group:  # Snakemake has just been started
        os.kill(os.getpid(), int(sys.argv[3]))
    record(lock, guard, group)
launch.RunLock.record = interrupted
sys.exit(launch.run(Path(sys.argv[1]), "local", None, []))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_snakemake_starts_is_not_lost(
    site: Path, number: signal.Signals
) -> None:
    environment = {**os.environ, "FAKE_SECONDS": "30", "PYTHONPATH": str(CHECKOUT / "src")}
    snakemake = site.parent / "bin" / "snakemake"
    ended = subprocess.run(
        [sys.executable, "-c", EARLY, str(site), str(snakemake), str(int(number))],
        env=environment,
        capture_output=True,
        check=False,
        timeout=20,
    )
    assert ended.returncode == 128 + number
    assert b"Traceback" not in ended.stderr
    assert launch.run(site, "local", None, []) == 0
