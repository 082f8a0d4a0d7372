"""What CI runs: linters, types, the house test and the tests, in the locked software."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path

from . import entry, fetch, unpack
from .console import Stop, say
from .fronts import write_script
from .home import Home, alone, is_done, set_done
from .locks import Item, digest_of, read_debs, read_wheels
from .plan import Plan
from .tree import LIBRARIES

WORKERS = "2"
RECIPE = 2  # raised when the way of making the test tools changes
CHROMIUM = """#!/bin/bash
# Written by scripts/run.py test. Chromium of its own tree, on the libraries of the image.
tree={tree}
export LD_LIBRARY_PATH=$tree/{libraries}:$tree/{libraries}/pulseaudio
export FONTCONFIG_FILE=$tree/etc/fonts/equisite.conf
exec "$tree/usr/lib/chromium/chromium" --headless --no-sandbox --disable-gpu \
  --disable-dev-shm-usage "$@"
"""
GIT = """#!/bin/bash
# Written by scripts/run.py test. The house test asks git what is tracked.
tree={tree}
export LD_LIBRARY_PATH=$tree/{libraries} GIT_EXEC_PATH=$tree/usr/lib/git-core
exec "$tree/usr/bin/git" -c safe.directory='*' "$@"
"""
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{tree}/usr/share/fonts</dir>
<cachedir>/tmp/equisite-fonts</cachedir></fontconfig>
"""


def wheel_items(home: Home) -> list[Item]:
    """The lock of test wheels."""
    return read_wheels(home.envs / "test.wheels.lock")


def deb_items(home: Home) -> list[Item]:
    """The lock of the browser's packages."""
    return read_debs(home.envs / "test.debs.lock")


def kit_to(plan: Plan, folder: Path) -> int:
    """Collect the files of the tests in a kit folder; return their bytes."""
    fetch.fetch(wheel_items(plan.home), plan.home, plan.kit, plan.pip().get)
    fetch.fetch(deb_items(plan.home), plan.home, plan.kit, plan.apt.get)
    return fetch.make_kit([*wheel_items(plan.home), *deb_items(plan.home)], plan.home, folder)


def make_tools(plan: Plan) -> Path:
    """Install the test wheels in a folder of their own, beside the image's packages."""
    home = plan.home
    target = home.test / "site"
    digest = digest_of([home.envs / "test.wheels.lock"], str(home.root), str(RECIPE))
    with alone(home):
        if not is_done(home, "test-wheels", digest) or not target.is_dir():
            with plan.steps.step("test tools", target):
                items = wheel_items(home)
                fetch.fetch(items, home, plan.kit, plan.pip().get)
                shutil.rmtree(target, ignore_errors=True)
                files = [home.cache / item.filename for item in items]
                plan.pip().install(files, "--target", str(target))
                # Last on the path, so that what the image has comes from the image.
                runner = home.runner / "lib" / "python3.11" / "site-packages"
                line = f"import sys\n\nsys.path.append({str(runner)!r})\n"
                (target / "sitecustomize.py").write_text(line, "utf-8")
            set_done(home, "test-wheels", digest)
    return target


def make_browser(plan: Plan) -> Path | None:
    """Unpack headless Chromium; return its launcher, or None with the reason told.

    Debian replaces this package every week or two and drops the old file, so it is the one
    piece of the tests that may be gone from the mirrors; the product never uses it.
    """
    home = plan.home
    tree = home.test / "browser"
    launcher = home.test / "bin" / "chromium"
    digest = digest_of([home.envs / "test.debs.lock"], str(home.root), str(RECIPE))
    with alone(home):
        if not is_done(home, "test-browser", digest) or not tree.is_dir():
            try:
                with plan.steps.step("headless Chromium", tree):
                    items = deb_items(home)
                    fetch.fetch(items, home, plan.kit, plan.apt.get)
                    shutil.rmtree(tree, ignore_errors=True)
                    unpack.unpack_debs([home.cache / item.filename for item in items], tree)
            except Stop as stop:
                say(f"equisite: no Chromium, the tests marked `browser` cannot run: {stop}")
                return None
            (tree / "etc" / "fonts").mkdir(parents=True, exist_ok=True)
            fonts = FONTS.format(tree=tree)
            (tree / "etc" / "fonts" / "equisite.conf").write_text(fonts, "utf-8")
            set_done(home, "test-browser", digest)
        for name, text in (("chromium", CHROMIUM), ("git", GIT)):
            write_script(launcher.with_name(name), text.format(tree=tree, libraries=LIBRARIES))
    return launcher


def checks(home: Home) -> list[tuple[str, list[str]]]:
    """Names and commands of the linters, in order.

    `snakemake --lint` needs a site, so it stands among the tests (tests/house).
    """
    checkout = home.checkout
    python = [
        str(path.relative_to(checkout))
        for path in sorted(checkout.glob("*"))
        if path.name in FOLDERS
    ]
    rules = [
        "Snakefile",
        *(str(x.relative_to(checkout)) for x in sorted(checkout.glob("workflow/**/*.smk"))),
    ]
    return [
        ("ruff check", ["python3", "-m", "ruff", "check", *python]),
        ("ruff format", ["python3", "-m", "ruff", "format", "--check", *python]),
        ("snakefmt", ["python3", "-m", "snakefmt", "--check", *rules]),
        ("mypy", ["python3", "-m", "mypy", "--strict"]),
        ("import-linter", ["lint-imports"]),
    ]


FOLDERS = ("src", "scripts", "tests", "benchmarks")


def extra_environment(plan: Plan, tools: Path, browser: Path | None) -> dict[str, str]:
    """What the tests are told about where things are."""
    home = plan.home
    told = {
        "EQUISITE_PYTHONPATH": f"{tools}:{home.checkout / 'scripts'}",
        "EQUISITE_PATH": f"{tools / 'bin'}:{home.test / 'bin'}",
        "EQUISITE_FRONT_SCRIPT": str(home.front),
    }
    if browser is not None:
        told["EQUISITE_CHROMIUM"] = str(browser)
    return told


def run_all(plan: Plan, only: str, rest: Sequence[str]) -> int:
    """Run the linters, then the tests; exit code 1 when anything fails.

    With `only` (a pytest -k pattern) the linters are left out. The last line is pytest's.
    """
    home = plan.home
    tools = make_tools(plan)
    browser = make_browser(plan)
    extra = extra_environment(plan, tools, browser)
    failed: list[str] = []
    for name, words in [] if only else checks(home):
        begun = time.monotonic()
        code = entry.run_inside(
            home, words, rw=[str(home.checkout)], extra=extra, cwd=home.checkout
        )
        verdict = "passed" if code == 0 else "FAILED"
        say(f"equisite: {name}: {verdict}, {time.monotonic() - begun:.1f} s")
        if code != 0:
            failed.append(name)
    words = ["python3", "-m", "pytest", "-n", WORKERS, "-m", "not long"]
    words += [*(["-k", only] if only else []), *rest]
    if failed:
        say(f"equisite: FAILED before the tests: {', '.join(failed)}")
    code = entry.run_inside(
        home, words, rw=[str(home.checkout)], extra=extra, cwd=home.checkout
    )
    return code if code != 0 else (1 if failed else 0)
