"""Wheels: unpacked into a tree, and made from sources with the same bytes each time."""

from __future__ import annotations

import base64
import hashlib
import re
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .console import Stop
from .parallel import on_all_cores

SITE = "usr/local/lib/python3.11/dist-packages"
# Test suites of the largest packages: never imported by the packages themselves, 60 MB.
DROPPED = re.compile(
    r"^(numpy|scipy|pandas|matplotlib|mpl_toolkits|nibabel|pywt|highdicom|PIL)/(.*/)?tests/"
    r"|^numba/tests/"
)


def place_of(name: str) -> str | None:
    """Where a member of a wheel goes in the tree; None when it is not wanted."""
    parts = name.split("/")
    if name.startswith("/") or ".." in parts:
        raise Stop(f"refused: the wheel names a path outside its folder: {name}")
    if parts[0].endswith(".data"):
        if parts[1] in ("purelib", "platlib"):
            return f"{SITE}/{'/'.join(parts[2:])}"
        if parts[1] == "data":
            return f"usr/local/{'/'.join(parts[2:])}"
        return None
    if DROPPED.search(name):
        return None
    return f"{SITE}/{name}"


def unpack_wheel(path: Path, root: Path) -> None:
    """Unpack one wheel into the tree; its scripts are left out (call `python -m`)."""
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            place = None if member.is_dir() else place_of(member.filename)
            if place is None:
                continue
            target = root / place
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(member))
            mode = member.external_attr >> 16
            target.chmod(0o755 if mode & 0o111 else 0o644)


def unpack_wheels(paths: Sequence[Path], root: Path) -> None:
    """Unpack wheels on all cores."""
    on_all_cores(lambda path: unpack_wheel(path, root), paths)


@dataclass(frozen=True)
class Recipe:
    """What of the sources is the package; `extensions` maps a module to its C files."""

    members: tuple[str, ...]
    extensions: Mapping[str, tuple[str, ...]]
    dropped: str = "(?!)"


RECIPES = {
    "connection-pool": Recipe(("connection_pool",), {}),
    "docopt": Recipe(("docopt.py",), {}),
    "pyradiomics": Recipe(
        ("radiomics",),
        {
            "radiomics/_cmatrices": ("radiomics/src/_cmatrices.c", "radiomics/src/cmatrices.c"),
            "radiomics/_cshape": ("radiomics/src/_cshape.c", "radiomics/src/cshape.c"),
        },
        dropped=r"^radiomics/src/",
    ),
}


def recipe_for(name: str) -> Recipe:
    """The recipe of a package that comes as sources only."""
    key = name.lower().replace("_", "-")
    if key not in RECIPES:
        raise Stop(
            f"{name}: only sources are published; scripts/software/wheels.py has no recipe"
        )
    return RECIPES[key]


def read_sources(archive: Path) -> dict[str, bytes]:
    """Files of an archive of sources, by path below its one top folder."""
    found = {}
    with tarfile.open(archive) as sources:
        for member in sources:
            name = "/".join(member.name.split("/")[1:])
            body = sources.extractfile(member) if member.isreg() else None
            if body is not None:
                found[name] = body.read()
    return found


def record_hash(body: bytes) -> str:
    """Digest of a file as RECORD writes it: sha256, URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode().rstrip("=")


def wheel_from(
    archive: Path, name: str, version: str, target: Path, compiled: Mapping[str, bytes]
) -> None:
    """Write the wheel of an archive of sources: members in order, one fixed date, stored.

    compiled: the built extensions, by file name. The same input gives the same bytes.
    """
    recipe = recipe_for(name)
    sources = read_sources(archive)
    files = {
        path: body
        for path, body in sources.items()
        if any(path == member or path.startswith(f"{member}/") for member in recipe.members)
        and not re.search(recipe.dropped, path)
    }
    if not files:
        raise Stop(f"{archive.name}: the recipe of {name} found no file")
    files.update(compiled)
    tag = "cp311-cp311-linux_x86_64" if compiled else "py3-none-any"
    info = f"{name.replace('-', '_')}-{version}.dist-info"
    files[f"{info}/METADATA"] = sources["PKG-INFO"]
    pure = "false" if compiled else "true"
    files[f"{info}/WHEEL"] = (
        f"Wheel-Version: 1.0\nGenerator: equisite\nRoot-Is-Purelib: {pure}\nTag: {tag}\n"
    ).encode()
    record = [
        f"{path},sha256={record_hash(body)},{len(body)}" for path, body in sorted(files.items())
    ]
    files[f"{info}/RECORD"] = ("\n".join([*record, f"{info}/RECORD,,"]) + "\n").encode()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as sink:
        for path, body in sorted(files.items()):
            entry = zipfile.ZipInfo(path, (2025, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = (0o100755 if path.endswith(".so") else 0o100644) << 16
            sink.writestr(entry, body)
