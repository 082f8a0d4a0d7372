"""Optional layers: packages beside the image, for those who ask by `install --with NAME`.

A layer holds only what the image lacks, in the versions that go with the image's, and lies in
`layers/NAME` of the software home. The image, its digest and every command that names no
layer stay the same whether it is there or not; `equisite.core.layers` finds it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from . import fetch, wheels
from .console import Stop
from .home import Home, alone, is_done, making
from .install import in_front
from .locks import Item, digest_of, read_wheels
from .plan import Plan
from .tree import packages_folder

RECIPE = "1"  # raised when the way of making a layer changes
COMPILE = "python3 -m compileall -q -s {fresh} -p {final} --invalidation-mode unchecked-hash"


def known_layers(home: Home) -> list[str]:
    """Names of the layers that have a lock."""
    return sorted(path.stem for path in (home.envs / "layers").glob("*.lock"))


def lock_of(home: Home, name: str) -> Path:
    """The lock of a layer. Raises Stop with the names that exist."""
    path = home.envs / "layers" / f"{name}.lock"
    if not path.is_file():
        known = ", ".join(known_layers(home))
        raise Stop(f"there is no layer {name}. Mend: name one of these: {known}")
    return path


def layer_items(home: Home, names: Sequence[str]) -> list[Item]:
    """Every file of the locks of some layers."""
    return [item for name in names for item in read_wheels(lock_of(home, name))]


def layer_digest(plan: Plan, name: str) -> str:
    """What a layer is made from: its lock, the image it stands on, and the recipe."""
    return digest_of([lock_of(plan.home, name)], plan.image_digest, RECIPE)


def is_made(plan: Plan, name: str) -> bool:
    """Whether a layer lies there, made from just this lock and image."""
    done = is_done(plan.home, f"layer-{name}", layer_digest(plan, name))
    return done and (plan.home.layers / name / "layer.json").is_file()


def make_layers(plan: Plan, asked: Sequence[str]) -> None:
    """Make the layers asked for; those that are here already follow their locks.

    Raises Stop for an unknown name, or a file that cannot be had.
    """
    home = plan.home
    here = [name for name in known_layers(home) if (home.layers / name).is_dir()]
    for name in sorted({*asked, *here}):
        if is_made(plan, name):
            continue
        with alone(home):
            if not is_made(plan, name):
                step = plan.steps.step(f"layer {name}", home.layers / name)
                with making(home, f"layer-{name}", layer_digest(plan, name)), step:
                    make_layer(plan, name)


def kit_to(plan: Plan, names: Sequence[str], folder: Path) -> int:
    """Collect the files of some layers in a kit folder; return their bytes."""
    items = layer_items(plan.home, names)
    fetch.fetch(items, plan.home, plan.kit, plan.pip().get)
    return fetch.make_kit(items, plan.home, folder)


def make_layer(plan: Plan, name: str) -> None:
    """Fetch, unpack and compile one layer; its folder appears when it is whole."""
    home = plan.home
    items = read_wheels(lock_of(home, name))
    fetch.fetch(items, home, plan.kit, plan.pip().get)
    final = home.layers / name
    fresh = home.layers / f"{name}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    wheels.unpack_wheels([home.cache / item.filename for item in items], fresh)
    folder = packages_folder(fresh)
    words = COMPILE.format(fresh=fresh, final=final)
    # Templates and test data of packages may be no Python of this version: that is no fault.
    in_front(plan, f"{words} {folder} || true", what=f"compile layer {name}", rw=fresh)
    about = {
        "digest": layer_digest(plan, name),
        "packages": str(folder.relative_to(fresh)),
        "versions": {item.name: item.version for item in items},
    }
    (fresh / "layer.json").write_text(json.dumps(about, indent=1) + "\n", "utf-8")
    shutil.rmtree(final, ignore_errors=True)
    fresh.replace(final)
