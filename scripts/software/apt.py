"""Debian packages through the machine's own apt, with private lists: no root, no dpkg."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from .console import Stop, run, say
from .locks import Item, sha256_of

HELPER = Path("/usr/lib/apt/apt-helper")


class Apt:
    """apt with its state in a private folder and an empty list of installed packages."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.updated = False

    def options(self) -> list[str]:
        """Options common to all calls; sources, keys and proxies stay the machine's."""
        for folder in ("lists/partial", "cache/archives/partial"):
            (self.state / folder).mkdir(parents=True, exist_ok=True)
        status = self.state / "status"
        status.touch()
        return [
            "-o", f"Dir::State::status={status}",
            "-o", f"Dir::State::lists={self.state / 'lists'}",
            "-o", f"Dir::Cache={self.state / 'cache'}",
            "-o", "APT::Install-Recommends=false",
            "-o", "APT::Sandbox::User=",
            "-o", "Acquire::Retries=3",
            "-qq",
        ]  # fmt: skip

    def update(self) -> None:
        """Fetch the package lists, once per process."""
        if self.updated:
            return
        if shutil.which("apt-get") is None:
            raise Stop(
                "apt-get is not here, and the Debian files are in no kit. Mend: give --kit DIR"
            )
        run(["apt-get", *self.options(), "update"], what="apt-get update")
        self.updated = True

    def get(self, items: Sequence[Item], into: Path) -> None:
        """Download exact versions into a folder; what apt cannot find stays absent."""
        self.update()
        env = {**os.environ, "LC_ALL": "C"}
        words = [f"{item.name}={item.version}" for item in items]
        try:
            run(["apt-get", *self.options(), "download", *words], cwd=into, env=env)
        except Stop:
            for item in items:
                if not (into / item.filename).is_file():
                    self.get_one(item, f"{item.name}={item.version}", into, env)

    def get_one(self, item: Item, word: str, into: Path, env: dict[str, str]) -> None:
        """Download one file by its version, else by its place in the pool of the archives."""
        try:
            run(["apt-get", *self.options(), "download", word], cwd=into, env=env)
            return
        except Stop:
            say(f"equisite: {word} is no longer listed; looking in the archives' pool")
        listing = run(
            ["apt-get", *self.options(), "indextargets", "--format", "$(REPO_URI)"], env=env
        )
        for base in sorted(set(listing.split())):
            target = into / item.filename
            try:
                words = [
                    f"{base.rstrip('/')}/{item.pool_path}",
                    str(target),
                    f"SHA256:{item.sha256}",
                ]
                run([HELPER, *self.options()[:-1], "download-file", *words], cwd=into, env=env)
            except Stop:
                target.unlink(missing_ok=True)
                continue
            if target.is_file() and sha256_of(target) == item.sha256:
                return
