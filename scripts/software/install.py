"""The order in which the software is made: runner, image, front, kernels; each once."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from . import fetch, fronts, image, launchers, runner
from .console import run, size_of
from .home import Home, alone, is_done, making
from .plan import COMPILED, Plan

LEFTOVERS = ("*.new", "layers/*.new", "get.*", "in.*", "build.*", "builder", "numba.old")


def installed(home: Home, kit: Path | None, *, kernels: bool = True) -> Plan:
    """Install what is missing, one process at a time, and return the plan.

    kernels: compile changed kernels ahead; without, a command compiles them when it runs.
    """
    plan = Plan(home, kit)
    if not plan.ready(kernels=kernels):
        with alone(home):
            if not plan.ready(kernels=kernels):
                make(plan)
    return plan


def make(plan: Plan) -> None:
    """Make every part whose stamp is not that of the locks; begin by removing leftovers."""
    home = plan.home
    for pattern in LEFTOVERS:
        for left in home.root.glob(pattern):
            shutil.rmtree(left, ignore_errors=True)
    if not is_done(home, "runner", plan.runner_digest):
        with making(home, "runner", plan.runner_digest):
            runner.make_runner(plan)
    if not is_done(home, "image", plan.image_digest) or not plan.image_root.is_dir():
        with making(home, "image", plan.image_digest), plan.steps.step("image, in all"):
            image.make_image(plan, plan.image_folder)
        image.prune_images(plan)
    if not is_done(home, "front", plan.front_digest):
        with making(home, "front", plan.front_digest), plan.steps.step("front"):
            make_front(plan)
    if not is_done(home, "kernels", plan.kernels_digest):
        step = plan.steps.step("compiled kernels", home.numba)
        with making(home, "kernels", plan.kernels_digest), step:
            make_kernels(plan)
    plan.steps.total("software ready", size_of(home.root))


def make_front(plan: Plan) -> None:
    """Try the fronts, keep the first that works, check the pins through it."""
    home = plan.home
    file = plan.image_file()
    chosen, trials = fronts.choose(home, plan.image_root, file, plan.pins, plan.truth["tools"])
    script = fronts.script_for(chosen, home, plan.image_root, file, plan.pins)
    fronts.write_script(home.front, script)
    fronts.record(home, chosen, trials, file, plan.image_sha256())
    launchers.write_launchers(home)
    if not plan.renew:
        in_front(plan, "python3 -m equisite.core.fingerprint", what="fingerprint of the pins")


def make_kernels(plan: Plan) -> None:
    """Compile the numba kernels once, under the pins, where commands will find them."""
    home = plan.home
    fresh = home.root / "numba.new"
    fresh.mkdir(exist_ok=True)
    words = [
        f"export NUMBA_CACHE_DIR={fresh}",
        "python3 -m equisite.core.fingerprint --warm",
    ]
    words += [
        f"python3 -m equisite.{room.replace('/', '.')}.warm"
        for room in COMPILED
        if (home.checkout / "src/equisite" / room / "warm.py").is_file()
    ]
    in_front(plan, "\n".join(words), what="compile kernels", rw=fresh)
    old = home.root / "numba.old"
    if home.numba.exists():
        home.numba.replace(old)
    fresh.replace(home.numba)
    shutil.rmtree(old, ignore_errors=True)


def in_front(plan: Plan, script: str, *, what: str, rw: Path | None = None) -> str:
    """Run a script through the front, in a scratch folder; return its output."""
    env = {name: text for name, text in os.environ.items() if not name.startswith("EQUISITE_")}
    env["EQUISITE_BINDS_RW"] = str(rw or "")
    with tempfile.TemporaryDirectory(prefix="in.", dir=plan.home.root) as folder:
        command = "set -euo pipefail\n" + script
        return run([plan.home.front, "-c", command], env=env, cwd=Path(folder), what=what)


def kit_to(plan: Plan, folder: Path) -> int:
    """Collect all files of the product in a kit folder; return its bytes."""
    fetch.fetch(plan.builder_debs, plan.home, plan.kit, plan.apt.get)
    return fetch.make_kit(plan.items(), plan.home, folder)
