"""What the maker of the software says while it works, and how it stops."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


class Stop(Exception):  # noqa: N818 - it ends the work, whoever is at fault
    """The machine cannot go on; the text says what, where and how to mend it."""


def say(text: str) -> None:
    """Print one progress line at once, on the error stream (the output belongs to commands)."""
    print(text, file=sys.stderr, flush=True)


def size_of(path: Path) -> int:
    """Bytes of a file, or of all regular files below a folder (hard links counted once)."""
    if not path.is_dir():
        return path.stat().st_size if path.exists() else 0
    seen = set()
    total = 0
    for entry in path.rglob("*"):
        state = entry.lstat()
        if (
            entry.is_file()
            and not entry.is_symlink()
            and (state.st_dev, state.st_ino) not in seen
        ):
            seen.add((state.st_dev, state.st_ino))
            total += state.st_size
    return total


class Steps:
    """Times the steps of an install and prints one line for each."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.rows: list[tuple[str, float, int]] = []

    @contextmanager
    def step(self, name: str, measured: Path | None = None) -> Iterator[None]:
        """Run the body as one step; `measured` is the file or folder whose size is told."""
        begun = time.monotonic()
        say(f"equisite: {name} ...")
        yield
        seconds = time.monotonic() - begun
        size = size_of(measured) if measured is not None else 0
        self.rows.append((name, seconds, size))
        told = f", {size / 1e6:,.1f} MB" if measured is not None else ""
        say(f"equisite: {name}: {seconds:.1f} s{told}")

    def total(self, label: str, size: int) -> None:
        """Print the sum of all steps."""
        say(f"equisite: {label}: {time.monotonic() - self.begun:.1f} s, {size / 1e6:,.0f} MB")


def run(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    what: str = "",
) -> str:
    """Run a command and return its output.

    Raises Stop with the last lines of its error stream when it fails.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            env=None if env is None else dict(env),
            cwd=cwd,
            capture_output=True,
            check=False,
            text=True,
        )
    except OSError as error:
        raise Stop(f"{what or words[0]}: cannot start {words[0]}: {error.strerror}") from error
    if done.returncode != 0:
        tail = "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-12:])
        raise Stop(f"{what or words[0]}: exit code {done.returncode}\n{tail}")
    return done.stdout
