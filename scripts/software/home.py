"""Where the software lies: one folder, by default `.software` in the checkout."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .console import say

CHECKOUT = Path(__file__).resolve().parents[2]
SOURCE_DATE_EPOCH = (
    1735689600  # 2025-01-01 00:00 UTC: every file of the image carries this time
)


@dataclass(frozen=True)
class Home:
    """Paths below the software home."""

    root: Path
    checkout: Path = CHECKOUT

    @property
    def envs(self) -> Path:
        """The locks, in the checkout."""
        return self.checkout / "envs"

    @property
    def cache(self) -> Path:
        """Downloaded files, by file name; each is verified before it is used."""
        return self.root / "cache"

    @property
    def runner(self) -> Path:
        """The virtual environment of Snakemake."""
        return self.root / "runner"

    @property
    def builder(self) -> Path:
        """The tree with a compiler; removed when what it makes is made."""
        return self.root / "builder"

    @property
    def images(self) -> Path:
        """One folder for each image, named by what it is made from."""
        return self.root / "images"

    @property
    def numba(self) -> Path:
        """Compiled kernels, copied to the private folder of every command."""
        return self.root / "numba"

    @property
    def layers(self) -> Path:
        """One folder for each optional layer that was asked for."""
        return self.root / "layers"

    @property
    def front(self) -> Path:
        """The front script; Snakemake knows a shell by its name, so it is called bash."""
        return self.root / "front" / "bash"

    @property
    def choice(self) -> Path:
        """Which front was chosen, and why not the others."""
        return self.root / "front.json"

    @property
    def bin(self) -> Path:
        """The commands for people: snakemake, equisite."""
        return self.root / "bin"

    @property
    def test(self) -> Path:
        """Tools of the tests."""
        return self.root / "test"

    @property
    def stamps(self) -> Path:
        """What is finished, and from what."""
        return self.root / "stamps"


def find_home() -> Home:
    """The software home: EQUISITE_HOME, else `.software` in the checkout."""
    given = os.environ.get("EQUISITE_HOME", "")
    return Home(Path(given).absolute() if given else CHECKOUT / ".software")


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """Let one process at a time make the software; a dead owner's lock falls with it."""
    home.root.mkdir(parents=True, exist_ok=True)
    with (home.root / "lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("equisite: another process makes the software; waiting for it ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def is_done(home: Home, part: str, digest: str) -> bool:
    """Whether a part was finished from just these locks and recipe."""
    stamp = home.stamps / part
    return stamp.is_file() and stamp.read_text("utf-8").strip() == digest


@contextmanager
def making(home: Home, part: str, digest: str) -> Iterator[None]:
    """Make a part, and record atomically that it is finished.

    What is left of a part that was broken off is no longer what its old stamp says, so the
    stamp goes first: another version of the checkout may ask for just the old one.
    """
    home.stamps.mkdir(parents=True, exist_ok=True)
    stamp = home.stamps / part
    stamp.unlink(missing_ok=True)
    yield
    fresh = home.stamps / f"{part}.tmp"
    fresh.write_text(digest + "\n", "utf-8")
    fresh.replace(stamp)
