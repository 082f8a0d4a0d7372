"""What CI runs: linters, types, the house test and the tests, in the locked software."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from . import entry, fetch, unpack
from .console import Stop, run, say
from .fronts import write_script
from .home import Home, alone, is_done, making
from .locks import Item, digest_of, read_debs, read_wheels
from .plan import Plan
from .pypi import system_python
from .tree import LIBRARIES

WORKERS = "2"
RECIPE = 3  # raised when the way of making the test tools changes
CHROMIUM = """#!/bin/bash
# Written by scripts/run.py test. Chromium of its own tree, on the libraries of the image.
tree={tree}
export LD_LIBRARY_PATH={libraries}:$tree/{pulse}/pulseaudio
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
ORTHANC = """#!/bin/bash
# Written by scripts/run.py test. Orthanc, a DICOM server, of its own tree; a test starts it.
tree={tree}
export LD_LIBRARY_PATH=$tree/{libraries}
export DCMDICTPATH=$(echo "$tree"/usr/share/libdcmtk*/dicom.dic)
exec "$tree/usr/sbin/Orthanc" "$@"
"""
PEER = """#!/bin/bash
# Written by scripts/run.py test. A tool that tests and benchmarks compare with.
export LD_LIBRARY_PATH={tree}/{libraries}
exec {tree}/usr/bin/{name} "$@"
"""
PEERS = ("dcm2niix",)
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{tree}/usr/share/fonts</dir>
<cachedir>/tmp/equisite-fonts</cachedir></fontconfig>
"""


TREES = ("test", "browser", "orthanc", "peers")


def wheel_items(home: Home) -> list[Item]:
    """The lock of test wheels."""
    return read_wheels(home.envs / "test.wheels.lock")


def deb_items(home: Home, name: str) -> list[Item]:
    """The lock of git (`test`), the browser, Orthanc or the peers."""
    return read_debs(home.envs / f"{name}.debs.lock")


def kit_to(plan: Plan, folder: Path) -> int:
    """Collect the files of the tests in a kit folder; return their bytes."""
    home = plan.home
    debs = [item for name in TREES for item in deb_items(home, name)]
    fetch.fetch(wheel_items(home), home, plan.kit, plan.pip().get)
    fetch.fetch(debs, home, plan.kit, plan.apt.get)
    return fetch.make_kit([*wheel_items(home), *debs], home, folder)


def make_tools(plan: Plan) -> Path:
    """An environment of test wheels over the image's packages; return its Python.

    Snakemake is importable too, last on the path: what the image has comes from the image.
    """
    home = plan.home
    venv = home.test / "venv"
    python = venv / "bin" / "python"
    digest = digest_of([home.envs / "test.wheels.lock"], str(home.root), str(RECIPE))
    with alone(home):
        if is_done(home, "test-wheels", digest) and python.is_file():
            return python
        with making(home, "test-wheels", digest), plan.steps.step("test tools", venv):
            items = wheel_items(home)
            fetch.fetch(items, home, plan.kit, plan.pip().get)
            shutil.rmtree(venv, ignore_errors=True)
            flags = ["--without-pip", "--system-site-packages"]
            run([system_python(), "-m", "venv", *flags, venv], what="venv")
            files = [home.cache / item.filename for item in items]
            prefix = ["--prefix", str(venv), "--ignore-installed", "--no-warn-script-location"]
            plan.pip().install(files, *prefix)
            own = f"#!{home.runner / 'bin' / 'python'}"
            for script in (venv / "bin").iterdir():
                if script.is_file() and script.read_bytes().startswith(own.encode()):
                    text = script.read_text("utf-8").replace(own, f"#!{python}", 1)
                    script.write_text(text, "utf-8")
            runner = home.runner / "lib" / "python3.11" / "site-packages"
            place = venv / "lib" / "python3.11" / "site-packages" / "usercustomize.py"
            place.write_text(f"import sys\n\nsys.path.append({str(runner)!r})\n", "utf-8")
    return python


def make_tree(plan: Plan, name: str, tree: Path) -> None:
    """Unpack one lock of Debian packages into a tree of the tests. Raises Stop."""
    home = plan.home
    digest = digest_of([home.envs / f"{name}.debs.lock"], str(home.root), str(RECIPE))
    with alone(home):
        if is_done(home, f"test-{name}", digest) and tree.is_dir():
            return
        step = plan.steps.step(f"Debian packages of the tests ({name})", tree)
        with making(home, f"test-{name}", digest), step:
            items = deb_items(home, name)
            fetch.fetch(items, home, plan.kit, plan.apt.get)
            shutil.rmtree(tree, ignore_errors=True)
            unpack.unpack_debs([home.cache / item.filename for item in items], tree)


def make_git(plan: Plan) -> None:
    """Git, for the tests that ask what is tracked."""
    tree = plan.home.test / "git"
    make_tree(plan, "test", tree)
    text = GIT.format(tree=tree, libraries=LIBRARIES)
    write_script(plan.home.test / "bin" / "git", text)


def make_browser(plan: Plan) -> Path | None:
    """Unpack headless Chromium; return its launcher, or None with the reason told.

    Debian replaces this package every week or two and drops the old file, so it is the one
    piece of the tests that may be gone from the mirrors; the product never uses it.
    """
    tree = plan.home.test / "browser"
    launcher = plan.home.test / "bin" / "chromium"
    try:
        make_tree(plan, "browser", tree)
    except Stop as stop:
        say(f"equisite: no Chromium, the tests marked `browser` cannot run: {stop}")
        return None
    fonts = tree / "etc" / "fonts" / "equisite.conf"
    fonts.parent.mkdir(parents=True, exist_ok=True)
    fonts.write_text(FONTS.format(tree=tree), "utf-8")
    libraries = f"{plan.home.test / 'git' / LIBRARIES}:$tree/{LIBRARIES}"
    write_script(launcher, CHROMIUM.format(tree=tree, libraries=libraries, pulse=LIBRARIES))
    return launcher


def make_orthanc(plan: Plan) -> Path:
    """Unpack Orthanc with its DICOMweb plugin; return its launcher. Raises Stop."""
    tree = plan.home.test / "orthanc"
    make_tree(plan, "orthanc", tree)
    launcher = plan.home.test / "bin" / "orthanc"
    write_script(launcher, ORTHANC.format(tree=tree, libraries=LIBRARIES))
    return launcher


def make_peers(plan: Plan) -> None:
    """Unpack the tools of other makers that tests and benchmarks compare with. Raises Stop."""
    tree = plan.home.test / "peers"
    make_tree(plan, "peers", tree)
    for name in PEERS:
        text = PEER.format(tree=tree, libraries=LIBRARIES, name=name)
        write_script(plan.home.test / "bin" / name, text)


def checks(home: Home, test_python: Path) -> list[tuple[str, list[str]]]:
    """Names and commands of the linters, in order.

    `snakemake --lint` needs a site, so it stands among the tests (tests/house).
    """
    checkout = home.checkout
    tool = [str(test_python), "-m"]
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
        ("ruff check", [*tool, "ruff", "check", *python]),
        ("ruff format", [*tool, "ruff", "format", "--check", *python]),
        ("snakefmt", [*tool, "snakefmt", "--check", *rules]),
        ("mypy", [*tool, "mypy", "--strict"]),
        ("import-linter", [str(test_python.with_name("lint-imports"))]),
    ]


FOLDERS = ("src", "scripts", "tests", "benchmarks")
NO_DATA = """
equisite: ==================================================================================
equisite: NO PUBLIC DATA: {folder} is not there and EQUISITE_DATA is not set.
equisite: The tests marked `data` are SKIPPED, the real hospitals of benchmarks/real_sites.py
equisite: among them: nothing is run on real people and real tumours.
equisite: =================================================================================="""


def find_data(home: Home) -> bool:
    """Tell the tests where public data lie: EQUISITE_DATA, else beside the checkout."""
    beside = home.checkout.parent / "shared" / "data"
    if not os.environ.get("EQUISITE_DATA") and beside.is_dir():
        os.environ["EQUISITE_DATA"] = str(beside)
        say(f"equisite: public data: {beside}")
    return bool(os.environ.get("EQUISITE_DATA"))


def extra_environment(
    plan: Plan, python: Path, browser: Path | None, orthanc: Path | None
) -> dict[str, str]:
    """What the tests are told about where things are."""
    home = plan.home
    told = {
        "EQUISITE_PYTHONPATH": str(home.checkout / "scripts"),
        "EQUISITE_PATH": f"{python.parent}:{home.test / 'bin'}",
        "EQUISITE_FRONT_SCRIPT": str(home.front),
    }
    if browser is not None:
        told["EQUISITE_CHROMIUM"] = str(browser)
    if orthanc is not None:
        told["EQUISITE_ORTHANC"] = str(orthanc)
    return told


def front_holds(plan: Plan, python: Path) -> bool:
    """Test the front from outside of the image, where users start it."""
    folder = plan.home.checkout / "tests" / "software"
    words = [str(python), "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider"]
    words += ["--confcutdir", str(folder), str(folder / "test_front.py")]
    env = {**os.environ, "EQUISITE_HOME": str(plan.home.root), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(words, cwd=plan.home.checkout, env=env, check=False)
    passed = done.returncode == 0
    say(f"equisite: front from outside: {'passed' if passed else 'FAILED'}")
    return passed


def run_all(plan: Plan, only: str, rest: Sequence[str]) -> int:
    """Run the linters, then the tests; exit code 1 when anything fails.

    With `only` (a pytest -k pattern) the linters are left out. The last line is pytest's.
    """
    home = plan.home
    if not find_data(home):
        say(NO_DATA.format(folder=home.checkout.parent / "shared" / "data"))
    python = make_tools(plan)
    make_git(plan)
    browser = make_browser(plan)
    failed: list[str] = []
    orthanc = None
    try:
        orthanc = make_orthanc(plan)
    except Stop as stop:
        say(f"equisite: no Orthanc, DICOMweb is not tested: {stop}")
        failed.append("Orthanc")
    try:
        make_peers(plan)
    except Stop as stop:
        say(f"equisite: no tools to compare with: {stop}")
        failed.append("peers")
    extra = extra_environment(plan, python, browser, orthanc)
    if (not only or only in ("software", "front")) and not front_holds(plan, python):
        failed.append("front")
    for name, words in [] if only else checks(home, python):
        begun = time.monotonic()
        code = entry.run_inside(
            home, words, rw=[str(home.checkout)], extra=extra, cwd=home.checkout
        )
        verdict = "passed" if code == 0 else "FAILED"
        say(f"equisite: {name}: {verdict}, {time.monotonic() - begun:.1f} s")
        if code != 0:
            failed.append(name)
    words = [str(python), "-m", "pytest", "-n", WORKERS, "-m", "not long"]
    words += [*(["-k", only] if only else []), *rest]
    if failed:
        say(f"equisite: FAILED before the tests: {', '.join(failed)}")
    code = entry.run_inside(
        home, words, rw=[str(home.checkout)], extra=extra, cwd=home.checkout
    )
    return code if code != 0 else (1 if failed else 0)
