"""Wheels of what exists as sources only: C compiled in a locked tree, bytes that repeat."""

from __future__ import annotations

import os
import shlex
import shutil
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from .console import Stop, run
from .fronts import choose, script_for, write_script
from .home import Home
from .locks import Item, sha256_of
from .tree import packages_folder
from .unpack import unpack_debs
from .wheels import recipe_for, unpack_wheel, wheel_from

# Python's own flags but -g, which would put random folder names into the libraries.
FLAGS = "-O2 -g0 -fwrapv -DNDEBUG -fPIC -shared -fvisibility=default"


def make_builder(home: Home, image_root: Path, debs: Sequence[Path], numpy: Path) -> None:
    """A tree with a compiler: the image's files by hard link, gcc, numpy's headers."""
    shutil.rmtree(home.builder, ignore_errors=True)
    shutil.copytree(image_root, home.builder, symlinks=True, copy_function=os.link)
    unpack_debs(debs, home.builder)
    if not (packages_folder(home.builder) / "numpy").exists():
        unpack_wheel(numpy, home.builder)


def compiled_modules(
    home: Home,
    item: Item,
    pins: Mapping[str, str],
    tools: Mapping[str, str],
) -> dict[str, bytes]:
    """Extension modules of a package, compiled in the builder tree at one fixed path."""
    recipe = recipe_for(item.name)
    if not recipe.extensions:
        return {}
    front, _ = choose(home, home.builder, None, pins, tools, every=False)
    script = home.root / "front" / "builder" / "bash"
    write_script(script, script_for(front, home, home.builder, None, pins))
    headers = f"/{packages_folder(Path())}/numpy/_core/include"
    built = {}
    with tempfile.TemporaryDirectory(prefix="build.", dir=home.root) as folder:
        with tarfile.open(home.cache / item.filename) as sources:
            for member in sources:
                if (
                    member.isreg()
                    and member.name.endswith((".c", ".h"))
                    and ".." not in member.name
                ):
                    member.name = "/".join(member.name.split("/")[1:])
                    sources.extract(member, folder)
        lines = ["set -euo pipefail"]
        for module, files in recipe.extensions.items():
            words = ["gcc", *FLAGS.split(), "-I/usr/include/python3.11", f"-I{headers}", *files]
            lines.append(
                shlex.join([*words, "-o", f"{module}.cpython-311-x86_64-linux-gnu.so"])
            )
        env = {**os.environ, "EQUISITE_BINDS": "", "EQUISITE_BINDS_RW": ""}
        env.pop("EQUISITE_INSIDE", None)
        run(
            [script, "-c", "\n".join(lines)],
            cwd=Path(folder),
            env=env,
            what=f"compile {item.name}",
        )
        for module in recipe.extensions:
            name = f"{module}.cpython-311-x86_64-linux-gnu.so"
            built[name] = (Path(folder) / name).read_bytes()
    return built


def build_wheel(
    home: Home, item: Item, compiled: Mapping[str, bytes], *, renew: bool = False
) -> str:
    """Make the wheel of one source archive in the cache; return its sha256.

    Raises Stop when the bytes are not the locked ones (unless the lock is being renewed).
    """
    fresh = home.cache / f"{item.built}.tmp"
    wheel_from(home.cache / item.filename, item.name, item.version, fresh, compiled)
    digest = sha256_of(fresh)
    if digest != item.built_sha256 and not renew:
        fresh.unlink()
        raise Stop(f"{item.built}: built with sha256 {digest}, locked {item.built_sha256}")
    fresh.replace(home.cache / item.built)
    return digest


def is_built(home: Home, item: Item) -> bool:
    """Whether the cache holds the wheel of this source archive with the locked bytes."""
    path = home.cache / item.built
    return path.is_file() and sha256_of(path) == item.built_sha256


def take_built(home: Home, item: Item, kit: Path | None) -> None:
    """Take a built wheel from the kit when it has the locked bytes."""
    if kit is None or is_built(home, item) or not (kit / item.built).is_file():
        return
    if sha256_of(kit / item.built) == item.built_sha256:
        shutil.copyfile(kit / item.built, home.cache / item.built)
