"""Fronts: ways to start a command inside the image; the first that works is kept."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from .console import Stop, say
from .home import Home
from .pypi import system_python
from .tree import by_loader

BODY = Path(__file__).with_name("front.sh")
PLAIN_CALLS = Path(__file__).with_name("plain_calls.py")
TOOLS = """
one() { printf '%s\\t%s\\n' "$1" "$2"; }
one bash "$BASH_VERSION"
one bwa "$( (bwa 2>&1 || true) | sed -n 's/^Version: //p')"
one samtools "$(samtools --version | sed -n '1s/samtools //p')"
one htslib "$(samtools --version | sed -n 's/^Using htslib //p')"
one bcftools "$(bcftools --version | sed -n '1s/bcftools //p')"
one freebayes "$(freebayes --version | sed -n 's/^version: *//p')"
one minimap2 "$(minimap2 --version)"
one fastp "$(fastp --version 2>&1 | sed -n 's/^fastp //p')"
one delly "$(delly --version 2>&1 | sed -n 's/^Delly version: v//p')"
one tabix "$(tabix --version | sed -n '1s/tabix (htslib) //p')"
one python "$(python3 -S -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')"
one interfaces "$(sed -n 's/^ *\\([^:|]*\\):.*/\\1/p' /proc/net/dev | sort | paste -sd,)"
"""
PATIENCE = 30  # seconds a front may take to show the tool table


@dataclass(frozen=True)
class Front:
    """One way in: kind in front.sh, program, flags; `squashed` mounts the .sqfs itself."""

    name: str
    kind: str
    program: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    proc: tuple[str, ...] = ()
    squashed: bool = False


@dataclass(frozen=True)
class Trial:
    """What came of trying a front."""

    name: str
    works: bool
    reason: str
    seconds: float
    interfaces: str


def bwrap_variants(name: str, program: Sequence[str]) -> list[Front]:
    """bwrap as it likes; with a user namespace asked for; over a /proc that cannot be new."""
    asked = (
        "--unshare-user",
        "--unshare-ipc",
        "--unshare-pid",
        "--unshare-net",
        "--unshare-uts",
    )
    fresh = ("--proc", "/proc")
    words = tuple(program)
    return [
        Front(name, "bwrap", words, ("--unshare-all",), fresh),
        Front(f"{name} (user namespace)", "bwrap", words, asked, fresh),
        Front(f"{name} (old /proc)", "bwrap", words, asked, ("--bind", "/proc", "/proc")),
    ]


def watcher() -> tuple[str, ...]:
    """Words that start plain_calls.py: the machine's Python, nothing else loaded."""
    return (str(system_python()), "-I", "-S", str(PLAIN_CALLS))


def candidates(root: Path) -> list[Front]:
    """All fronts in order of preference, quick and closed ones first."""
    found = bwrap_variants("bwrap", ("bwrap",))
    found += bwrap_variants("bwrap of the image", by_loader(root, "usr/bin/bwrap"))
    network = ("--userns", "--net", "--network", "none")
    found += [
        Front(
            "apptainer on .sqfs", "apptainer", ("apptainer", "--silent"), network, squashed=True
        ),
        Front("apptainer on folder", "apptainer", ("apptainer", "--silent"), network),
        Front("chroot", "chroot", ("unshare",), ("--propagation", "private")),
        Front("chroot (nested)", "chroot", ("unshare",), ("--propagation", "unchanged")),
        Front("ch-run", "chrun", ("ch-run",)),
    ]
    proot = tuple(by_loader(root, "usr/bin/proot"))
    plain = watcher()
    closed = ("unshare", "--net", "--", *plain, "--lo")
    slow = ("/usr/bin/env", "PROOT_NO_SECCOMP=1")
    for name, flags in (("proot (own network)", closed), ("proot", plain)):
        found.append(Front(name, "proot", proot, flags))
        found.append(Front(f"{name}, no seccomp", "proot", (*slow, *proot), flags))
    return found


def script_for(
    front: Front, home: Home, root: Path, image: Path | None, pins: Mapping[str, str]
) -> str:
    """Text of the front script for one way in."""
    digest = "0" * 64
    if image is not None:
        digest = (image.parent / "sha256").read_text("utf-8").strip()

    def array(name: str, words: Sequence[str]) -> str:
        return f"{name}=({' '.join(shlex.quote(word) for word in words)})"

    place = image if front.squashed and image is not None else root
    lines = [
        "#!/bin/bash",
        f"# Written by scripts/run.py install: {front.name}. Do not edit.",
        f"CHECKOUT={shlex.quote(str(home.checkout))}",
        f"SOFTWARE={shlex.quote(str(home.root))}",
        f"ROOT={shlex.quote(str(root))}",
        f"PLACE={shlex.quote(str(place))}",
        f"IMAGE_DIGEST={digest}",
        f"KIND={front.kind}",
        array("PROGRAM", front.program),
        array("FLAGS", front.flags),
        array("PROC", front.proc),
        array("WATCH", watcher()),
        array("PINS", [f"{name}={value}" for name, value in pins.items()]),
    ]
    return "\n".join(lines) + "\n" + BODY.read_text("utf-8")


def write_script(path: Path, text: str) -> None:
    """Put a script in place atomically, so that a running command never reads half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".tmp")
    fresh.write_text(text, "utf-8")
    fresh.chmod(0o755)
    fresh.replace(path)


def root_is_mount_point() -> bool:
    """Whether `/` is a mount point; inside a chroot it is none, and cannot be made private."""
    mounts = Path("/proc/self/mountinfo")
    lines = mounts.read_text().splitlines() if mounts.exists() else []
    return "/" in [line.split()[4] for line in lines]


def mounts_stay_inside(folder: Path) -> bool:
    """Whether a mount made in a new mount namespace stays unseen in this one.

    Inside a chroot the propagation of the enclosing mount cannot be changed or read, so it is
    tried: a tmpfs over an empty folder, looked for from here while it is there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mount.", dir=folder) as name:
        script = 'mount -t tmpfs tmpfs "$1" && echo mounted && read -r _; umount "$1"'
        words = ["unshare", "--mount", "--propagation", "unchanged", "/bin/sh", "-c", script]
        with subprocess.Popen(
            [*words, "sh", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            if process.stdin is None or process.stdout is None:
                return False
            mounted = process.stdout.readline().strip() == "mounted"
            seen = f" {name} " in Path("/proc/self/mountinfo").read_text()
            process.stdin.close()
        return mounted and not seen


def why_not_here(front: Front, scratch: Path) -> str:
    """The reason why a front need not even be tried; empty when it may work.

    scratch: a folder that may be written to.
    """
    program = front.program[0]
    if shutil.which(program) is None and not os.access(program, os.X_OK):
        return f"no program {program}"
    if front.kind != "chroot":
        return ""
    if os.geteuid() != 0:
        return "only root may chroot"
    nested = "unchanged" in front.flags
    if not nested and not root_is_mount_point():
        return "/ is no mount point here (this is itself a chroot)"
    if nested and root_is_mount_point():
        return "/ is a mount point here (this is no chroot)"
    if nested and not mounts_stay_inside(scratch):
        return "mounts are not allowed here, or would be seen by the whole machine"
    return ""


def bounded(
    words: Sequence[str], env: Mapping[str, str], cwd: Path, seconds: float = PATIENCE
) -> tuple[int, str, str]:
    """Run a command for a limited time: exit code (124: too slow), output, error stream.

    The streams are files, because what a stuck command leaves behind would keep a pipe open.
    """
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as complaint:
        with subprocess.Popen(
            list(words),
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=complaint,
            start_new_session=True,
        ) as process:
            try:
                code = process.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                code = 124
                complaint.write(f"no answer in {seconds:.0f} s")
        output.seek(0)
        complaint.seek(0)
        return code, output.read(), complaint.read()


def try_front(
    front: Front,
    home: Home,
    root: Path,
    image: Path | None,
    pins: Mapping[str, str],
    tools: Mapping[str, str],
    scratch: Path | None = None,
) -> Trial:
    """Show the tool table through a front and compare it with the locked one.

    scratch: where the script for the trial is written; by default in the software home.
    """
    folder = scratch or home.root / "front" / "trial"
    reason = why_not_here(front, folder)
    if reason:
        return Trial(front.name, False, reason, 0.0, "")
    trial = folder / "bash"
    write_script(trial, script_for(front, home, root, image, pins))
    env = {name: value for name, value in os.environ.items() if name != "EQUISITE_INSIDE"}
    begun = time.monotonic()
    try:
        code, output, complaint = bounded([str(trial), "-c", TOOLS], env, home.root)
    except OSError as error:
        return Trial(front.name, False, f"{type(error).__name__}", time.monotonic() - begun, "")
    seconds = time.monotonic() - begun
    if code != 0:
        lines = complaint.strip().splitlines() or [f"exit code {code}"]
        return Trial(front.name, False, lines[-1][:200], seconds, "")
    seen = dict(line.split("\t", 1) for line in output.splitlines() if "\t" in line)
    interfaces = seen.pop("interfaces", "")
    wrong = sorted(name for name in tools if seen.get(name) != tools[name])
    if wrong:
        text = ", ".join(
            f"{name} is {seen.get(name, 'absent')}, locked {tools[name]}" for name in wrong
        )
        return Trial(front.name, False, text, seconds, interfaces)
    return Trial(front.name, True, "", seconds, interfaces)


def tool_table(script: Path) -> dict[str, str]:
    """The tool table as a front shows it (with the network interfaces)."""
    done = subprocess.run(
        [str(script), "-c", TOOLS], capture_output=True, text=True, check=True
    )
    return dict(line.split("\t", 1) for line in done.stdout.splitlines() if "\t" in line)


def choose(
    home: Home,
    root: Path,
    image: Path | None,
    pins: Mapping[str, str],
    tools: Mapping[str, str],
    *,
    every: bool = True,
) -> tuple[Front, list[Trial]]:
    """Try the fronts; return the first that works, and all trials.

    EQUISITE_FRONT names one to insist on. Raises Stop with every reason when none works.
    """
    wanted = os.environ.get("EQUISITE_FRONT", "")
    chosen: Front | None = None
    trials: list[Trial] = []
    for front in candidates(root):
        if wanted and front.name != wanted and front.kind != wanted:
            continue
        if chosen is not None and not every:
            break
        trial = try_front(front, home, root, image, pins, tools)
        trials.append(trial)
        if trial.works and chosen is None:
            chosen = front
    shutil.rmtree(home.root / "front" / "trial", ignore_errors=True)
    if chosen is None:
        rows = "\n".join(f"  {trial.name}: {trial.reason}" for trial in trials)
        raise Stop(
            f"no way to start a command in the image works here:\n{rows}\n"
            "Mend: allow user namespaces, or install bubblewrap, apptainer or charliecloud."
        )
    return chosen, trials


def record(home: Home, front: Front, trials: Sequence[Trial], image: Path, sha256: str) -> None:
    """Write the choice and all reasons to front.json."""
    closed = next(trial.interfaces for trial in trials if trial.name == front.name)
    content = {
        "front": asdict(front),
        "interfaces": closed,
        "image": {"file": image.name, "sha256": sha256},
        "trials": [asdict(trial) for trial in trials],
    }
    home.choice.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    about = {"file": str(image.relative_to(home.root)), "sha256": sha256, "front": front.name}
    (home.root / "image.json").write_text(json.dumps(about, indent=1) + "\n", "utf-8")
    for trial in trials:
        told = (
            f"works, {trial.seconds * 1000:.0f} ms for the tool table"
            if trial.works
            else trial.reason
        )
        say(f"equisite:   {trial.name}: {told}")
    if closed not in ("lo", ""):
        say(f"equisite: the front {front.name} cannot close the network: commands see {closed}")
