"""Starts Snakemake on a site folder as a user would, and follows it to its end."""

from __future__ import annotations

import os
import select
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from equisite.cli import guard
from equisite.cli.causes import explain
from equisite.cli.progress import Progress
from equisite.cli.run_lock import RunLock, kill_group
from equisite.core.errors import ConfigError

CHECKOUT = Path(__file__).parents[3]
_RAW = frozenset(
    ("-n", "--dry-run", "--dryrun", "--lint", "--unlock", "--summary", "--detailed-summary",
     "-D", "--list", "-l", "--dag", "--rulegraph", "--filegraph", "--report", "--help", "-h")
)  # fmt: skip
"""Options of Snakemake whose output is the answer: it is passed on as it is."""


def command_of(
    directory: Path,
    profile: str,
    cores: str | None,
    extra: Sequence[str],
    snakefile: str = "Snakefile",
) -> list[str]:
    """The Snakemake command of a folder. snakefile: relative to the checkout.

    Raises ConfigError PROFILE_UNKNOWN, SNAKEMAKE_MISSING.
    """
    profiles = CHECKOUT / "config" / "profiles"
    chosen = profiles / profile
    if not (chosen / "config.yaml").is_file():
        known = ", ".join(sorted(p.parent.name for p in profiles.glob("*/config.yaml")))
        raise ConfigError("PROFILE_UNKNOWN", profile=profile, known=known)
    command = [
        _snakemake(),
        "--snakefile",
        str(CHECKOUT / snakefile),
        "--directory",
        str(directory),
        "--workflow-profile",
        str(chosen),
    ]
    return [*command, *(["--cores", cores] if cores else []), *extra]


def run(
    directory: Path,
    profile: str,
    cores: str | None,
    extra: Sequence[str],
    snakefile: str = "Snakefile",
    config: str = "config.yaml",
    prepare: Callable[[], object] = lambda: None,
) -> int:
    """Run a folder under its lock; returns Snakemake's exit code, 70 for its faults.

    config: the file that a folder of this kind has. prepare: called under the lock, before
    Snakemake; not where Snakemake is only asked something.

    A lock that a killed run left behind is healed: what still runs of it is killed, then
    Snakemake's own lock is opened.
    Raises ConfigError of the lock and of `command_of`, SITE_FOLDER_MISSING.
    """
    directory = directory.absolute()
    if not (directory / config).is_file():
        raise ConfigError("SITE_FOLDER_MISSING", folder=str(directory))
    command = command_of(directory, profile, cores, extra, snakefile)
    with RunLock(directory) as lock:
        if lock.stale and _locked(directory):
            print("The last run was killed; its lock is opened.", flush=True)
            unlock = command_of(directory, profile, cores, ["--unlock"], snakefile)
            code = _follow(unlock, directory, lock, raw=True).code
            if code:
                return _our_code(code)
        raw = bool(_RAW & set(extra))
        if not raw:
            prepare()
        print(shlex.join(command), flush=True)
        ended = _follow(command, directory, lock, raw=raw)
        lock.leave = (ended.code < 0 or ended.code >= 128) and _locked(directory)
        if ended.progress is not None and (ended.code == 1 or ended.killed):
            left = ended.progress.total - ended.progress.done
            for line in explain(ended.progress.trouble, directory, left, killed=ended.killed):
                print(line, file=sys.stderr, flush=True)
            return ended.progress.trouble.refused or _our_code(ended.code)
        return _our_code(ended.code)


def _locked(directory: Path) -> bool:
    """Whether Snakemake's own lock stands in a site folder."""
    return any((directory / ".snakemake" / "locks").glob("*"))


def _our_code(code: int) -> int:
    """Snakemake's 1 is a fault of a machine or tool; mistakes of the user keep their code."""
    return code if code in (0, 2, 3, 4) or code >= 128 else 70


def _snakemake() -> str:
    """Snakemake of the environment in which this command runs, else of the PATH."""
    beside = Path(sys.executable).parent / "snakemake"
    found = str(beside) if beside.is_file() else shutil.which("snakemake")
    if found is None:
        raise ConfigError("SNAKEMAKE_MISSING")
    return found


@dataclass(frozen=True)
class _Ended:
    """How Snakemake ended. progress: what it said, None where it was passed on as it was.
    stopped: by a signal that its user sent to us.
    """

    code: int
    progress: Progress | None
    stopped: bool

    @property
    def killed(self) -> bool:
        """Whether somebody else ended it by a signal."""
        return not self.stopped and (self.code < 0 or self.code >= 128)


def _environment(directory: Path) -> dict[str, str]:
    """Ours; Snakemake's cache moves into the folder where its user has no home to write to."""
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.expanduser fails without one
    if os.access(home, os.W_OK | os.X_OK) or "XDG_CACHE_HOME" in os.environ:
        return dict(os.environ)
    return {**os.environ, "XDG_CACHE_HOME": str(directory / ".snakemake" / "cache")}


def _follow(command: Sequence[str], directory: Path, lock: RunLock, *, raw: bool) -> _Ended:
    """Start the guard, forward signals to it, show progress until the end."""
    report_in, report_out = os.pipe()
    with _Orders() as orders:  # before the guard starts, so that no signal is missed
        process = subprocess.Popen(
            [sys.executable, guard.__file__, str(orders.source), str(report_out), *command],
            stdin=subprocess.DEVNULL,
            stdout=None if raw else subprocess.PIPE,
            stderr=None if raw else subprocess.STDOUT,
            pass_fds=(orders.source, report_out),
            env=_environment(directory),
            start_new_session=True,
        )
        os.close(orders.source)
        os.close(report_out)
        group, progress = 0, None
        try:
            with os.fdopen(report_in, encoding="ascii") as report:
                group = int(report.readline() or 0)
            lock.record(process.pid, group)
            if process.stdout is not None:
                progress = _show(process.stdout.fileno(), orders.signals)
            code = process.wait()
            if orders.signals and code:
                code = 128 + orders.signals[0]  # stopped by the user, no fault of a machine
        finally:
            orders.close()  # from here on the guard kills what is left
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
            kill_group(group)  # only if somebody killed the guard itself
    return _Ended(code, progress, bool(orders.signals))


class _Orders:
    """The pipe to the guard, and the handlers that write SIGINT and SIGTERM into it.

    A second signal orders to kill everything. The handlers stand within the `with`.

    source: the end that the guard reads. signals: those that came, in their order.
    """

    def __init__(self) -> None:
        self.source, self._sink = os.pipe()
        self.signals: list[int] = []

    def __enter__(self) -> Self:
        numbers = (signal.SIGINT, signal.SIGTERM)
        self._before = {number: signal.signal(number, self._forward) for number in numbers}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def close(self) -> None:
        """Close our end: the guard kills what still runs; later signals are only noted."""
        sink, self._sink = self._sink, -1
        os.close(sink)

    def _forward(self, number: int, frame: object) -> None:
        first = guard.INTERRUPT if number == signal.SIGINT else guard.TERMINATE
        order = guard.KILL if self.signals else first
        self.signals.append(number)
        if self._sink >= 0:
            with suppress(BrokenPipeError):  # the guard has ended already
                os.write(self._sink, order)


def _show(descriptor: int, signals: Sequence[int]) -> Progress:
    """Show progress until the output ends; what tools say while they are stopped is noise."""
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns
    progress = Progress(sys.stdout, terminal=terminal, width=width)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN | select.POLLHUP)
    rest = b""
    while True:
        if not poll.poll(1000):
            if terminal:
                progress.show()
            continue
        piece = os.read(descriptor, 65536)
        if not piece:
            break
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines if not signals else ():
            progress.line(line.decode("utf-8", "replace"))
    if rest and not signals:
        progress.line(rest.decode("utf-8", "replace"))
    progress.close()
    return progress
