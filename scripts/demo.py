"""Three made hospitals and a lead, from raw files to one report, and whether truth is found.

python scripts/demo.py --directory DIR [--cores 2]

Started by `python3 scripts/run.py demo` in the locked software, with `equisite` on the PATH.
Exit code 1 when a step fails or a planted truth is not recovered.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import shutil
import sys
import tarfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import watched
from watched import Used

SITES = ("north", "south", "east")
SHIFTED = "east"
MAKER = Path(__file__).parent / "synthetic"


@dataclass(frozen=True)
class Check:
    """One planted truth: how many items were judged, and those that came out otherwise."""

    name: str
    judged: int
    wrong: list[str]

    @property
    def passed(self) -> bool:
        """Something was judged and all of it came out right."""
        return self.judged > 0 and not self.wrong


def main() -> int:
    """Make the hospitals, run them and the lead, check the truth."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--directory", type=Path, required=True, help="a new or old demo folder"
    )
    parser.add_argument("--cores", type=int, default=2)
    arguments = parser.parse_args()
    directory: Path = arguments.directory.absolute()
    start = time.monotonic()
    stages: list[tuple[str, Used]] = []
    for name, command, place in steps(directory, arguments.cores):
        say(f"{name} ...")
        place.mkdir(parents=True, exist_ok=True)
        used = watched.run(command, place)
        stages.append((name, used))
        if used.code != 0:
            say(f"{name} failed with exit code {used.code}; folder {place}")
            return 1
        if name.startswith("approve"):
            send(place, directory / "lead" / "inbox")
    checks = [
        carriers(directory),
        volumes(directory),
        failing(directory),
        first_suspect(directory),
    ]
    show(stages, checks, time.monotonic() - start)
    if not all(check.passed for check in checks):
        return 1
    installed = os.environ.get("EQUISITE_INSTALLED_BYTES", "")
    if installed.isdigit():
        say(f"Locked software: {int(installed) / 1e6:.0f} MB")
    say(f"Report: {directory / 'lead' / 'report' / 'report.html'}")
    return 0


def steps(directory: Path, cores: int) -> Iterable[tuple[str, list[str], Path]]:
    """Name, command and folder of each step, in order."""
    if directory.is_dir() and any(directory.iterdir()):
        if not (directory / "truth" / "carriers.tsv").is_file():
            raise SystemExit(f"{directory} is not empty and holds no demo; give another folder")
        say(f"using the hospitals in {directory}")
    else:
        yield "make the hospitals", [sys.executable, str(MAKER), "demo", "."], directory
    for site in SITES:
        folder = directory / site
        yield f"run {site}", ["equisite", "run", "--cores", str(cores)], folder
        yield f"prepare {site}", ["equisite", "prepare"], folder
        yield f"approve {site}", ["equisite", "approve"], folder
    yield "compare", ["equisite", "compare", "--cores", str(cores)], directory / "lead"


def send(site: Path, inbox: Path) -> None:
    """What a person does: carry the newest approved bundle to the lead."""
    bundles = sorted((site / "outbox").glob("*.bundle"))
    if bundles:
        shutil.copy(bundles[-1], inbox / bundles[-1].name)


def carriers(directory: Path) -> Check:
    """Carriers per site, gene and consequence in the sent bundles, exactly as planted."""
    got: dict[tuple[str, str, str], str] = {}
    for site in SITES:
        for bundle in sorted((directory / "lead" / "inbox").glob(f"{site}-r*.bundle")):
            for cell in bundle_rows(bundle, "cells.tsv"):
                key = dict(part.split("=", 1) for part in cell["key"].split("|"))
                if cell["table"] == "germline_carriers" and cell["measure"] == "count":
                    got[site, key["gene"], key["consequence"]] = cell["value"]
    truth = rows(directory / "truth" / "carriers.tsv")
    wrong = [
        f"{' '.join(where)}: {got.get(where, 'no cell')}, planted {t['carriers']}"
        for t in truth
        if got.get(where := (t["site"], t["gene"], t["consequence"])) != t["carriers"]
    ]
    return Check("carriers of planted variants, exact", len(truth), wrong)


def volumes(directory: Path) -> Check:
    """Tumour volumes of all patients against the ellipsoids that were drawn."""
    got = {
        (site, row["patient"]): row["mr__gtv__ibsi_morph_vol_approx"]
        for site in SITES
        for row in rows(directory / site / "private" / "cohort.tsv")
    }
    truth = rows(directory / "truth" / "phantoms.tsv")
    wrong = []
    for t in truth:
        found = got.get((t["site"], t["patient"]), "")
        expected, tolerance = float(t["volume_mm3"]), float(t["tolerance_mm3"])
        if not found or abs(float(found) - expected) > tolerance:
            wrong.append(
                f"{t['site']} {t['patient']}: {found or 'none'} mm3, drawn {expected:g}"
            )
    return Check("tumour volumes within the analytic tolerance", len(truth), wrong)


def failing(directory: Path) -> Check:
    """Patients with spoilt data have their code on the status page, and no one else has one."""
    truth = rows(directory / "truth" / "failing.tsv")
    planted = {(t["site"], t["patient"]): t["code"] for t in truth}
    wrong = []
    for site in SITES:
        page = (directory / site / "private" / "status.html").read_text(encoding="utf-8")
        for row in rows(directory / site / "private" / "status.tsv"):
            code = planted.pop((site, row["patient"]), "")
            refused = any(cell == "refused" for cell in row.values())
            if code and (code not in "|".join(row.values()) or code not in page):
                wrong.append(f"{site} {row['patient']}: {code} is not told")
            if refused and not code:
                wrong.append(f"{site} {row['patient']}: refused, but its data are good")
    wrong += [f"{site} {patient}: not on the status page" for site, patient in planted]
    return Check("patients with spoilt data named, all others kept", len(truth), wrong)


def first_suspect(directory: Path) -> Check:
    """The lead's ranking begins with the site whose scanner differs."""
    ranking = rows(directory / "lead" / "report" / "suspects.tsv")
    first = ranking[0]["site"] if ranking else "nobody"
    wrong = [] if first == SHIFTED else [f"{first} is named first, not {SHIFTED}"]
    return Check("site with another scanner named first", len(ranking), wrong)


def rows(path: Path) -> list[dict[str, str]]:
    """Rows of a TSV."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))


def bundle_rows(path: Path, member: str) -> list[dict[str, str]]:
    """Rows of one table of a bundle."""
    with tarfile.open(path) as archive:
        content = archive.extractfile(member)
        text = content.read().decode() if content else ""
    return list(csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))


def show(stages: list[tuple[str, Used]], checks: list[Check], wall_s: float) -> None:
    """Times and memory of each step, then the checks."""
    print(f"\n{'step':<22}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}")
    for name, used in stages:
        print(f"{name:<22}{used.wall_s:>8.1f}{used.cpu_s:>8.1f}{used.peak_mb:>9.0f}")
    peak = max((u.peak_mb for name, u in stages if name.startswith("run ")), default=0.0)
    print(f"{'all':<22}{wall_s:>8.1f}{sum(u.cpu_s for _, u in stages):>8.1f}{peak:>9.0f}\n")
    for check in checks:
        right = check.judged - len(check.wrong)
        print(f"{'ok  ' if check.passed else 'FAIL'} {check.name}: {right} of {check.judged}")
        for line in check.wrong[:5]:
            print(f"       {line}")
        if len(check.wrong) > 5:
            print(f"       and {len(check.wrong) - 5} more")
    print(flush=True)


def say(text: str) -> None:
    """A line of progress, at once."""
    print(f"demo: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
