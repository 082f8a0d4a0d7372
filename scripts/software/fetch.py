"""Every locked file, from cache, kit, or the machine's own apt and pip; verified by sha256."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from .console import Stop, say
from .home import Home
from .locks import Item
from .pypi import verified

Getter = Callable[[Sequence[Item], Path], None]


def link_or_copy(source: Path, target: Path) -> None:
    """Put a file in place, by hard link where the file system allows it."""
    fresh = target.with_name(target.name + ".tmp")
    fresh.unlink(missing_ok=True)
    try:
        os.link(source, fresh)
    except OSError:
        shutil.copyfile(source, fresh)
    fresh.replace(target)


def take_from_kit(item: Item, kit: Path, target: Path) -> bool:
    """Copy a file out of a kit folder when it holds the locked bytes."""
    source = kit / item.filename
    if not verified(source, item):
        return False
    fresh = target.with_name(target.name + ".tmp")
    shutil.copyfile(source, fresh)
    fresh.replace(target)
    return True


def fetch(
    items: Sequence[Item], home: Home, kit: Path | None, getter: Getter, *, online: bool = True
) -> None:
    """Make sure that the cache holds every item.

    Order: cache, kit, `getter` (apt or pip). Raises Stop that names every file still missing.
    """
    home.cache.mkdir(parents=True, exist_ok=True)
    missing = []
    for item in items:
        target = home.cache / item.filename
        if verified(target, item) or (kit is not None and take_from_kit(item, kit, target)):
            continue
        missing.append(item)
    failure = ""
    if missing and online:
        total = sum(item.size for item in missing) / 1e6
        say(f"equisite: downloading {len(missing)} files, {total:.1f} MB")
        with tempfile.TemporaryDirectory(prefix="get.", dir=home.root) as folder:
            try:
                getter(missing, Path(folder))
            except Stop as error:
                failure = str(error)
            for item in missing:
                source = Path(folder) / item.filename
                if verified(source, item):
                    link_or_copy(source, home.cache / item.filename)
        missing = [item for item in missing if not (home.cache / item.filename).is_file()]
    if missing:
        rows = "\n".join(
            f"  {item.name} {item.version} sha256 {item.sha256}" for item in missing
        )
        reason = f"\n{failure}" if failure else ""
        raise Stop(
            f"{len(missing)} locked file(s) cannot be had with these bytes:\n{rows}{reason}\n"
            "Mend: give a kit folder that holds them (--kit DIR or EQUISITE_KIT), or let apt "
            "and pip reach their mirrors. Another version is never taken instead."
        )


def make_kit(items: Sequence[Item], home: Home, kit: Path) -> int:
    """Copy cached files and built wheels of the locks into a folder; return bytes."""
    kit.mkdir(parents=True, exist_ok=True)
    total = 0
    names = [item.filename for item in items] + [item.built for item in items if item.built]
    for name in sorted(set(names)):
        source = home.cache / name
        if source.is_file():
            shutil.copyfile(source, kit / name)
            total += source.stat().st_size
    return total
