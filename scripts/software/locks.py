"""The locks of `envs/`: which files, of which bytes, make the software."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .console import Stop

DEB_HEADER = "name\tversion\tarchitecture\tpool_path\tsha256\tbytes"
WHEEL_LINE = re.compile(
    r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+) --hash=sha256:(?P<sha256>[0-9a-f]{64})"
    r"  # (?P<filename>\S+) (?P<size>\d+)"
    r"(?: builds (?P<built>\S+) (?P<built_sha256>[0-9a-f]{64}))?$"
)


@dataclass(frozen=True)
class Item:
    """One file of a lock; `built` names the wheel that an archive of sources becomes."""

    kind: str
    name: str
    version: str
    filename: str
    sha256: str
    size: int
    pool_path: str = ""
    built: str = ""
    built_sha256: str = ""


def read_debs(path: Path) -> list[Item]:
    """Rows of a Debian lock, in file order."""
    lines = [x for x in path.read_text("utf-8").splitlines() if not x.startswith("#")]
    if not lines or lines[0] != DEB_HEADER:
        raise Stop(f"{path.name}: first line is not the header of a Debian lock")
    items = []
    for line in lines[1:]:
        name, version, arch, pool_path, sha256, size = line.split("\t")
        filename = f"{name}_{version.replace(':', '%3a')}_{arch}.deb"
        items.append(Item("deb", name, version, filename, sha256, int(size), pool_path))
    return items


def write_debs(
    path: Path, rows: Iterable[tuple[str, str, str, str, str, int]], note: str
) -> None:
    """Write a Debian lock sorted by name."""
    lines = [f"# {note}", DEB_HEADER]
    lines += ["\t".join(map(str, row)) for row in sorted(rows)]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def read_wheels(path: Path) -> list[Item]:
    """Rows of a wheel lock: requirements with hashes, file names behind the hash sign."""
    items = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        found = WHEEL_LINE.match(line)
        if found is None:
            raise Stop(f"{path.name} line {number}: not a row of a wheel lock")
        row = found.groupdict()
        items.append(
            Item(
                "wheel" if row["filename"].endswith(".whl") else "sdist",
                row["name"],
                row["version"],
                row["filename"],
                row["sha256"],
                int(row["size"]),
                built=row["built"] or "",
                built_sha256=row["built_sha256"] or "",
            )
        )
    return items


def wheel_row(item: Item) -> str:
    """One line of a wheel lock."""
    built = f" builds {item.built} {item.built_sha256}" if item.built else ""
    told = f"{item.filename} {item.size}{built}"
    return f"{item.name}=={item.version} --hash=sha256:{item.sha256}  # {told}"


def write_wheels(path: Path, items: Iterable[Item], note: str) -> None:
    """Write a wheel lock sorted by name; pip reads the same file with --require-hashes."""
    rows = [wheel_row(item) for item in sorted(items, key=lambda item: item.name.lower())]
    path.write_text("\n".join([f"# {note}", *rows]) + "\n", "utf-8")


def read_pins(path: Path) -> dict[str, str]:
    """The variables of `envs/pins.env`, in file order."""
    pins = {}
    for line in path.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            name, value = line.split("=", 1)
            pins[name] = value
    return pins


def sha256_of(path: Path) -> str:
    """Hexadecimal sha256 of a file."""
    state = hashlib.sha256()
    with path.open("rb") as source:
        for block in iter(lambda: source.read(1 << 20), b""):
            state.update(block)
    return state.hexdigest()


def digest_of(paths: Iterable[Path], *words: str) -> str:
    """One sha256 over the bytes of files and some words: the stamp of a part."""
    state = hashlib.sha256()
    for path in paths:
        state.update(sha256_of(path).encode() + b"\n")
    for word in words:
        state.update(word.encode() + b"\n")
    return state.hexdigest()
