"""Kill a nano site's run at random moments, run it again: is the bundle the same?

python3 scripts/run.py exec python benchmarks/kill_and_resume.py --times 10

By turns the process group of `equisite run`, that of Snakemake, or every process of the
tree is killed (SIGKILL) at a moment drawn evenly over the length of an undisturbed run.
Then `equisite run` is started again in the same folder, without any other help.

Last line: JSON with `times`, `same_bundle` (trials whose bundle equals that of the
undisturbed run), `half_written_taken` (trials in which a file other than logs differed at
the end), `orphans` (trials with a process of the site alive after the kill), `killed_running`
(trials that were still running when the kill came).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "scripts"))

from watched import tree  # noqa: E402 - found by the line above

BUNDLE = Path("private") / "review" / "prepared.bundle"
RUN = ["equisite", "run", "--cores", "2"]
RESULTS = ("work", "private")
CACHES = ("headers.sqlite",)
"""Indexes updated in place by transactions: what they hold repeats, their pages need not."""
KINDS = ("launcher", "snakemake", "everything")
PATIENCE_S = 10.0


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kill-", ignore_cleanup_errors=True) as place:
        return measure(Path(place), arguments.times, random.Random(arguments.seed))  # noqa: S311


def measure(place: Path, times: int, rng: random.Random) -> int:
    """One undisturbed run, then the trials."""
    maker = [sys.executable, str(CHECKOUT / "scripts" / "synthetic"), "nano"]
    subprocess.run([*maker, str(place / "fresh")], check=True, stdout=subprocess.DEVNULL)
    # All runs happen at one place, with one site key (made by the first plan): private
    # tables name absolute paths and tokens, and shall be compared file by file.
    source = source_state()
    trial = place / "trial"
    shutil.copytree(place / "fresh", trial, symlinks=True)
    plan = [*RUN, "--", "--dry-run"]
    subprocess.run(plan, cwd=trial / "nano", check=True, stdout=subprocess.DEVNULL)
    key = Path("nano") / "private" / "site.key"
    (place / "fresh" / key).parent.mkdir()
    shutil.copy2(trial / key, place / "fresh" / key)
    begin = time.monotonic()
    done = subprocess.run(RUN, cwd=trial / "nano", check=False, stdout=subprocess.DEVNULL)
    if done.returncode:
        print("the undisturbed run failed: nothing was measured", file=sys.stderr)
        return 2
    length = time.monotonic() - begin
    expected = digests(trial / "nano")
    print(f"undisturbed run: {length:.1f} s, {len(expected)} files")
    tally: Counter[str] = Counter()
    for number in range(1, times + 1):
        shutil.rmtree(trial, ignore_errors=True)
        shutil.copytree(place / "fresh", trial, symlinks=True)
        kind, moment = KINDS[number % len(KINDS)], rng.uniform(0.0, length)
        found = one_trial(trial / "nano", kind, moment, expected)
        tally.update(found)
        told = ", ".join(sorted(found)) or "bundle differs"
        print(f"{number:>3}  {kind:<10} killed after {moment:5.1f} s: {told}", flush=True)
    if source_state() != source:
        print("the source changed meanwhile: nothing was measured", file=sys.stderr)
        return 2
    summary = {
        "times": times,
        "same_bundle": tally["same bundle"],
        "half_written_taken": tally["another file differs"],
        "orphans": tally["orphan"],
        "killed_running": tally["was running"],
        "undisturbed_s": round(length, 1),
    }
    print(json.dumps(summary))
    return 0


def one_trial(site: Path, kind: str, moment: float, expected: dict[str, str]) -> set[str]:
    """Kill one run, resume it, and say what was seen."""
    found: set[str] = set()
    with (site.parent / "output.txt").open("w") as sink:
        process = subprocess.Popen(
            RUN, cwd=site, stdout=sink, stderr=subprocess.STDOUT, start_new_session=True
        )
        time.sleep(moment)
        if process.poll() is None:
            found.add("was running")
            kill(process.pid, site, kind)
        process.wait()
    if not gone(site):
        found.add("orphan")
    done = subprocess.run(RUN, cwd=site, check=False, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-2000:], file=sys.stderr)
        return found | {"run after the kill failed"}
    got = digests(site)
    if got.get(str(BUNDLE)) == expected[str(BUNDLE)]:
        found.add("same bundle")
    differing = sorted(name for name in expected if got.get(name) != expected[name])
    if differing:
        found.add("another file differs")
        print(f"     differs: {', '.join(differing[:5])}", file=sys.stderr)
    return found


def kill(root: int, site: Path, kind: str) -> None:
    """SIGKILL the launcher's group, Snakemake's group, or all processes of the tree."""
    if kind == "everything":
        for number in tree(root):
            _signal(os.kill, number)
    elif kind == "snakemake":
        try:
            group = int(json.loads((site / ".equisite.lock").read_text())["group"])
        except (OSError, ValueError, KeyError):
            group = 0  # Snakemake was not started yet
        _signal(os.killpg, group or root)
    else:
        _signal(os.killpg, root)


def _signal(send: object, number: int) -> None:
    try:
        send(number, signal.SIGKILL)  # type: ignore[operator]
    except ProcessLookupError:
        return


def gone(site: Path) -> bool:
    """Wait a little until no process works in the site's folder."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if not working_in(site):
            return True
        time.sleep(0.2)
    return False


def working_in(site: Path) -> list[int]:
    """Processes whose working folder or command line lies in the site's folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            folder = (entry / "cwd").readlink()
            words = (entry / "cmdline").read_bytes()
        except OSError:
            continue  # it ended, or belongs to another user
        if folder.is_relative_to(site) or str(site).encode() in words:
            found.append(int(entry.name))
    return found


def source_state() -> dict[str, int]:
    """When each file of the program was changed last: its digest is part of a bundle."""
    return {
        str(path): path.stat().st_mtime_ns
        for folder in ("src", "workflow", "resources")
        for path in (CHECKOUT / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def digests(site: Path) -> dict[str, str]:
    """Sha256 of every result by its path in the site's folder."""
    return {
        str(path.relative_to(site)): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in RESULTS
        for path in sorted((site / folder).rglob("*"))
        if path.is_file() and path.name not in CACHES
    }


if __name__ == "__main__":
    sys.exit(main())
