"""The image: unpacked, completed, compiled, packed; twice from clean it has one digest."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from . import builder, fetch, pack, tree, unpack, wheels
from .console import say
from .home import alone
from .locks import sha256_of
from .plan import Plan

KEPT = 2  # the image in use and the one before: a running command may still stand on that


def make_image(plan: Plan, folder: Path) -> None:
    """Root and packed file of the image, in a folder that appears when both are done."""
    home = plan.home
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    root = fresh / "root"
    with plan.steps.step("image: files"):
        fetch.fetch(plan.image_debs, home, plan.kit, plan.apt.get)
        fetch.fetch(plan.image_wheels, home, plan.kit, plan.pip().get)
    with plan.steps.step("image: Debian packages", root):
        unpack.unpack_debs([home.cache / item.filename for item in plan.image_debs], root)
        tree.finish_tree(root)
    make_built_wheels(plan, root)
    with plan.steps.step("image: wheels", root):
        names = [item.built or item.filename for item in plan.image_wheels]
        wheels.unpack_wheels([home.cache / name for name in names], root)
    with plan.steps.step("image: compiled Python files", root):
        tree.compile_python(root)
    with plan.steps.step("image: squashfs"):
        packed = pack.pack(root, fresh)
    digest = sha256_of(packed)
    said = plan.truth.get("image", "")
    (fresh / "sha256").write_text(digest + "\n", "utf-8")
    if said and said != digest and not plan.renew:
        say(f"equisite: WARNING the image has sha256 {digest}, the lock says {said}")
    say(f"equisite: {packed.name}: {packed.stat().st_size / 1e6:.1f} MB")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.replace(folder)


def make_built_wheels(plan: Plan, root: Path) -> None:
    """The wheels that are published as sources only: from the kit, else compiled."""
    home = plan.home
    wanted = [item for item in plan.image_wheels if item.kind == "sdist"]
    for item in wanted:
        builder.take_built(home, item, plan.kit)
    for item in wanted:
        if builder.is_built(home, item) and not plan.renew:
            continue
        compiled: Mapping[str, bytes] = {}
        if wheels.recipe_for(item.name).extensions:
            with plan.steps.step(f"builder for {item.name}", home.builder):
                fetch.fetch(plan.builder_debs, home, plan.kit, plan.apt.get)
                numpy = next(one for one in plan.image_wheels if one.name == "numpy")
                debs = [home.cache / one.filename for one in plan.builder_debs]
                builder.make_builder(home, root, debs, home.cache / numpy.filename)
            with plan.steps.step(f"{item.name} compiled"):
                tools = plan.truth["tools"]
                compiled = builder.compiled_modules(home, item, plan.pins, tools)
            shutil.rmtree(home.builder)
        builder.build_wheel(home, item, compiled, renew=plan.renew)


def prune_images(plan: Plan) -> None:
    """Remove all images but the last two."""
    found = [path for path in plan.home.images.iterdir() if path != plan.image_folder]
    found.sort(key=lambda path: path.stat().st_ctime, reverse=True)
    for old in found[KEPT - 1 :]:
        shutil.rmtree(old, ignore_errors=True)


def image_twice(plan: Plan) -> list[str]:
    """Make the image twice from clean, sources compiled anew each time; return the digests."""
    digests = []
    with alone(plan.home):
        for number in ("first", "second"):
            for item in plan.image_wheels:
                if item.built:
                    (plan.home.cache / item.built).unlink(missing_ok=True)
            folder = plan.home.root / f"twice-{number}"
            try:
                with plan.steps.step(f"image, {number} time"):
                    make_image(plan, folder)
                digests.append((folder / "sha256").read_text("utf-8").strip())
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    return digests
