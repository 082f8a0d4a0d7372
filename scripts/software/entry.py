"""Run any command in the locked software: what `run.py exec` shows to it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .home import Home


def binds_for(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Folders and files among the words of a command that exist: (read-only, writable).

    An existing path is an input and is shown read-only; of a path that does not exist yet, the
    parent folder is where an output will be, so that is writable. `--option=/path` counts too.
    """
    readable: list[str] = []
    writable: list[str] = []
    for word in words:
        text = word.split("=", 1)[1] if word.startswith("-") and "=" in word else word
        if not text.startswith("/"):
            continue
        path = Path(text)
        if path.is_dir():
            readable.append(str(path))
        elif path.is_file():
            readable.append(str(path.parent))
        elif path.parent.is_dir() and str(path.parent) != "/":
            writable.append(str(path.parent))
    return readable, writable


def joined(*lists: Sequence[str] | str) -> str:
    """One colon list without repeats, in order."""
    found: dict[str, None] = {}
    for one in lists:
        for path in one.split(":") if isinstance(one, str) else one:
            if path:
                found[path] = None
    return ":".join(found)


def environment(
    home: Home,
    words: Sequence[str],
    *,
    ro: Sequence[str] = (),
    rw: Sequence[str] = (),
    extra: dict[str, str] | None = None,
) -> dict[str, str]:
    """Environment that tells the front what to show.

    The machine's /tmp is writable, and the runner's commands stand behind the image's on PATH.
    """
    readable, writable = binds_for(words)
    env = dict(os.environ)
    env.update(extra or {})
    shared = [os.environ.get("TMPDIR", ""), "/tmp"]  # noqa: S108 - the machine's, on purpose
    env["EQUISITE_BINDS"] = joined(
        env.get("EQUISITE_BINDS", ""), env.get("EQUISITE_DATA", ""), ro, readable
    )
    env["EQUISITE_BINDS_RW"] = joined(env.get("EQUISITE_BINDS_RW", ""), rw, writable, shared)
    paths = [env.get("EQUISITE_PATH", ""), str(home.runner / "bin")]
    env["EQUISITE_PATH"] = ":".join(path for path in paths if path)
    return env


def run_inside(
    home: Home,
    words: Sequence[str],
    *,
    ro: Sequence[str] = (),
    rw: Sequence[str] = (),
    extra: dict[str, str] | None = None,
    cwd: Path | None = None,
) -> int:
    """Run a command through the front and return its exit code."""
    env = environment(home, words, ro=ro, rw=rw, extra=extra)
    command = [str(home.front), "-c", 'exec "$@"', *words[:1], *words]
    return subprocess.run(command, env=env, cwd=cwd, check=False).returncode
