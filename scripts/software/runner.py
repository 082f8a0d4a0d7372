"""The runner: Snakemake and its plugins on the machine's Python, made without root."""

from __future__ import annotations

import shutil
from pathlib import Path

from . import builder, fetch, unpack
from .console import run
from .plan import Plan
from .pypi import Pip, system_python

FIRST = ("pip", "setuptools", "wheel")


def make_bootstrap(plan: Plan) -> tuple[Path, Path]:
    """The pip wheel of Debian and the certificate authorities; return both."""
    folder = plan.home.root / "bootstrap"
    fetch.fetch(plan.bootstrap, plan.home, plan.kit, plan.apt.get)
    if not folder.is_dir():
        fresh = plan.home.root / "bootstrap.new"
        unpack.begin_tree(fresh)
        for item in plan.bootstrap:
            unpack.unpack_deb(plan.home.cache / item.filename, fresh)
        authorities = sorted((fresh / "usr/share/ca-certificates").rglob("*.crt"))
        text = "".join(path.read_text("utf-8") for path in authorities)
        (fresh / "authorities.pem").write_text(text, "utf-8")
        fresh.replace(folder)
    found = sorted((folder / "usr/share/python-wheels").glob("pip-*.whl"))
    return found[0], folder / "authorities.pem"


def make_runner(plan: Plan) -> None:
    """The environment of Snakemake: system Python, locked wheels, no ensurepip needed."""
    home = plan.home
    with plan.steps.step("pip of Debian", home.root / "bootstrap"):
        wheel, authorities = make_bootstrap(plan)
    shutil.rmtree(home.runner, ignore_errors=True)
    tools = [item for item in plan.runner_items if item.name in FIRST]
    with plan.steps.step("runner: environment and locked pip"):
        run([system_python(), "-m", "venv", "--without-pip", home.runner], what="venv")
        first = Pip(home.runner / "bin" / "python", wheel, authorities)
        fetch.fetch(tools, home, plan.kit, first.get)
        first.install([home.cache / item.filename for item in tools])
    with plan.steps.step("runner: files"):
        fetch.fetch(plan.runner_items, home, plan.kit, plan.pip().get)
        for item in plan.runner_items:
            if item.kind == "sdist":
                builder.build_wheel(home, item, {}, renew=plan.renew)
    with plan.steps.step("runner: Snakemake", home.runner):
        names = [item.built or item.filename for item in plan.runner_items if item not in tools]
        plan.pip().install([home.cache / name for name in names])
