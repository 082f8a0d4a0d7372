"""The verbs of `scripts/run.py`."""

from __future__ import annotations

import argparse
import errno
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from . import entry, fronts, layers, suite
from .console import Stop, say, size_of
from .home import Home, alone, find_home
from .image import image_twice
from .install import installed, kit_to
from .plan import Plan

DESCRIPTION = "Install and use the locked software of equisite."
LITTLE = 100_000_000
"""Bytes: with less room than this nothing of the software can be made."""
NEEDED_GB = 4
"""What it takes with all downloads and the tree in which it is built."""


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="run.py", description=DESCRIPTION)
    kit = argparse.ArgumentParser(add_help=False)
    kit.add_argument(
        "--kit", type=Path, help="folder with the locked files (else EQUISITE_KIT)"
    )
    extra = argparse.ArgumentParser(add_help=False)
    extra.add_argument(
        "--with", action="append", default=[], metavar="NAME", dest="layers",
        help="an optional layer as well (envs/layers): cnv, ...; may be repeated",
    )  # fmt: skip
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("install", parents=[kit, extra], help="make the software")
    verb = verbs.add_parser(
        "kit", parents=[kit, extra], help="collect all files for offline machines"
    )
    verb.add_argument("folder", type=Path)
    verb.add_argument("--test", action="store_true", help="the files of the tests as well")
    verb = verbs.add_parser("exec", parents=[kit], help="run a command in the locked software")
    verb.add_argument("--ro", action="append", default=[], metavar="DIR", help="show read-only")
    verb.add_argument("--rw", action="append", default=[], metavar="DIR", help="show writable")
    verb.add_argument("command", nargs=argparse.REMAINDER, metavar="CMD ...")
    verb = verbs.add_parser("demo", parents=[kit], help="three made hospitals and a lead")
    verb.add_argument("--directory", type=Path, help="where (default: demo in the checkout)")
    verb.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    verb = verbs.add_parser("test", parents=[kit], help="everything that CI runs")
    verb.add_argument("--only", default="", metavar="PATTERN", help="tests by name, no linters")
    verb.add_argument("rest", nargs=argparse.REMAINDER, metavar="-- pytest arguments")
    verb = verbs.add_parser("image", parents=[kit], help="where the image is, and its digest")
    verb.add_argument("--twice", action="store_true", help="make it twice from clean, compare")
    verbs.add_parser("fronts", parents=[kit], help="try every way to start the image")
    return parser.parse_args(list(words))


def kit_of(options: argparse.Namespace) -> Path | None:
    """The kit folder: --kit, else EQUISITE_KIT."""
    given: Path | None = options.kit
    if given is None and os.environ.get("EQUISITE_KIT"):
        given = Path(os.environ["EQUISITE_KIT"])
    if given is not None and not given.is_dir():
        raise Stop(f"the kit folder does not exist: {given}")
    return given.absolute() if given is not None else None


def run_exec(home: Home, options: argparse.Namespace) -> int:
    """Run a command; its exit code is ours."""
    words = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not words:
        raise Stop("exec: no command. Example: python3 scripts/run.py exec samtools --version")
    folders = {
        name: [str(Path(x).absolute()) for x in getattr(options, name)] for name in ("ro", "rw")
    }
    return entry.run_inside(home, words, ro=folders["ro"], rw=folders["rw"])


def run_demo(plan: Plan, options: argparse.Namespace) -> int:
    """Run the demo in the locked software."""
    home = plan.home
    folder = (options.directory or home.checkout / "demo").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    script = home.checkout / "scripts" / "demo.py"
    words = ["python3", str(script), "--directory", str(folder), "--cores", str(options.cores)]
    used = size_of(home.runner) + size_of(plan.image_folder)
    extra = {"EQUISITE_INSTALLED_BYTES": str(used)}
    return entry.run_inside(home, words, rw=[str(folder)], extra=extra)


def run_image(plan: Plan, options: argparse.Namespace) -> int:
    """Tell the image's place and digest; with --twice prove that its bytes repeat."""
    if options.twice:
        first, second = image_twice(plan)
        locked = plan.truth["image"]
        print(f"first  {first}\nsecond {second}\nlocked {locked}")
        return 0 if first == second == locked else 1
    file = plan.image_file()
    print(f"{file}\nsha256 {plan.image_sha256()}")
    return 0


def run_fronts(plan: Plan) -> int:
    """Try all fronts and tell the reason of each that does not work."""
    with alone(plan.home):
        chosen, trials = fronts.choose(
            plan.home, plan.image_root, plan.image_file(), plan.pins, plan.truth["tools"]
        )
    for trial in trials:
        kept = "*" if trial.name == chosen.name else " "
        if trial.works:
            told = (
                f"works, {trial.seconds * 1000:.0f} ms, network: {trial.interfaces or 'none'}"
            )
        else:
            told = f"skipped: {trial.reason}"
        print(f"{kept} {trial.name}: {told}")
    return 0


def dispatch(options: argparse.Namespace) -> int:
    """Run one verb."""
    home = find_home()
    kit = kit_of(options)
    if options.verb == "exec" and os.environ.get("EQUISITE_INSIDE") == "1":
        words = options.command[1:] if options.command[:1] == ["--"] else options.command
        os.execvp(words[0], words)  # noqa: S606 - inside the image a command just runs
    plan = installed(home, kit, kernels=options.verb != "exec")
    asked = {"install": lambda: options.layers, "test": lambda: layers.known_layers(home)}
    layers.make_layers(plan, asked.get(options.verb, list)())
    if options.verb == "install":
        say(f"equisite: ready in {home.root}; start with {home.bin / 'equisite'}")
        return 0
    if options.verb == "kit":
        total = kit_to(plan, options.folder.absolute())
        named = layers.known_layers(home) if options.test else options.layers
        total += layers.kit_to(plan, named, options.folder.absolute())
        if options.test:
            total += suite.kit_to(plan, options.folder.absolute())
        say(f"equisite: kit of {total / 1e6:,.1f} MB in {options.folder}")
        return 0
    if options.verb == "exec":
        return run_exec(home, options)
    if options.verb == "demo":
        return run_demo(plan, options)
    if options.verb == "test":
        rest = options.rest[1:] if options.rest[:1] == ["--"] else options.rest
        return suite.run_all(plan, options.only, rest)
    if options.verb == "image":
        return run_image(plan, options)
    return run_fronts(plan)


def full_disk() -> str:
    """What to say where the software's disk is full; empty where it is not."""
    home = find_home().root
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    if free > LITTLE:
        return ""
    return (
        f"the disk of {home} is full, {free / 1e6:,.0f} MB are free; the software needs about "
        f"{NEEDED_GB} GB while it is made. Mend: free some room there, or name a folder on a "
        "larger disk: EQUISITE_HOME=FOLDER python3 scripts/run.py install"
    )


def refused(error: OSError) -> str:
    """What to say where the user may not write; empty for other errors."""
    if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
        return ""
    return (
        f"{error.filename}: {(error.strerror or '').lower()}. Mend: let the owner of "
        f"{find_home().root} run `python3 scripts/run.py install`, or make software of your "
        "own: EQUISITE_HOME=FOLDER python3 scripts/run.py install"
    )


def main(words: Sequence[str]) -> int:
    """Entry of run.py: 0 done, 2 the user can mend, else the command's own exit code."""
    options = arguments(words)
    try:
        if shutil.which("bash") is None:
            raise Stop("no bash on this machine. Mend: install bash")
        return dispatch(options)
    except Stop as stop:
        say(f"equisite: {full_disk() or stop}")
        return 2
    except OSError as error:
        told = full_disk() if error.errno == errno.ENOSPC else refused(error)
        if not told:
            raise
        say(f"equisite: {told}")
        return 2
    except KeyboardInterrupt:
        say("equisite: stopped")
        return 130
