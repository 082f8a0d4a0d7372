"""Real people and real tumours at three mock hospitals, from raw files to the lead's report.

    real_sites.py [DATA] [--short] [--cores N] [--directory DIR] [--no-controls]

DATA is a folder with `genomics/` and `imaging/` (default: EQUISITE_DATA, else the folder
`shared/data` beside the checkout). Every folder of `genomics/` whose sheet names a `site` per
patient gives the hospitals and their genomes; the patients of `imaging/sts_dicom` are dealt
out to them in turn. The pairing is artificial: images and genomes are of different people,
and protocol and report say so. The first hospital starts from CRAM, the second from FASTQ,
the third from FASTQ of two lanes and BAM in turn.

Folders of one person with a truth are quality controls: their reads go through the same
workflow and their calls are judged. Where the cohort brings the carriers that are known of
it, what the bundles say of carriers is compared with them.

--short takes two genomes and one tumour per hospital and no controls. DIR keeps everything,
the report included; without it a temporary folder is used and removed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from equisite.bundle.codec import read_bundle
from equisite.core.outcomes import REFUSED, read_outcomes
from genomics_site import CALLERS, CHECKOUT, CannotMeasureError, DataFolder
from germline_truth import measure
from real_hospitals import find_genomes, read_sheet, unpack_tumours, write_consortium

sys.path.insert(0, str(CHECKOUT / "scripts"))
import watched

BOOTSTRAP = 1000
CLASSES = {"missense": "missense", "synonymous": "synonymous", "lof": "truncating"}
"""Classes of `expected_carriers.tsv` and what the bundle calls them."""


def main() -> int:
    """Run everything; the last line is one JSON object."""
    default = Path(os.environ.get("EQUISITE_DATA") or CHECKOUT.parent / "shared/data")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path, nargs="?", default=default, metavar="DATA")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--directory", type=Path, metavar="DIR")
    parser.add_argument("--no-controls", action="store_true")
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="equisite-real-") as name:
            place = (arguments.directory or Path(name)).absolute()
            place.mkdir(parents=True, exist_ok=True)
            if any(place.iterdir()):
                raise CannotMeasureError(f"{place} is not empty")
            result = whole_run(arguments.data, place, arguments.short, arguments.cores)
            if not arguments.short and not arguments.no_controls:
                result["controls"] = controls(arguments.data, arguments.cores)
                result["wall_s"] = round(result["wall_s"] + sum_of_walls(result), 1)
    except CannotMeasureError as error:
        print(f"real_sites: NOT MEASURED: {error}", file=sys.stderr, flush=True)
        return 2
    print(json.dumps(result))
    return 0


def whole_run(data: Path, place: Path, short: bool, cores: int) -> dict[str, Any]:
    """Write the hospitals, run them and the lead, and tell what came out."""
    cohort, genomes = find_genomes(data / "genomics", short)
    sites = sorted({g.site for g in genomes})
    tumours = unpack_tumours(data / "imaging/sts_dicom", place, len(sites) if short else 0)
    write_consortium(place, cohort, genomes, tumours, sites)
    start = time.monotonic()
    peak = 0.0
    for site in sites:
        for words in (["run", "--cores", str(cores)], ["prepare"], ["approve"]):
            peak = max(peak, step(site, words, place / site))
        for bundle in (place / site / "outbox").glob("*.bundle"):
            shutil.copy(bundle, place / "lead/inbox" / bundle.name)
    peak = max(peak, step("lead", ["compare", "--cores", str(cores)], place / "lead"))
    wall = time.monotonic() - start
    report = place / "lead/report/report.html"
    if not report.is_file():
        raise CannotMeasureError("the lead's run wrote no report")
    bundles = sorted((place / "lead/inbox").glob("*.bundle"))
    told = outcomes(place, sites)
    known = cohort.path / "expected_carriers.tsv"
    found = carriers(bundles, read_sheet(known)) if known.is_file() and not short else None
    return {
        "sites": len(sites),
        "patients": sum(len(read_sheet(place / s / "patients.tsv")) for s in sites),
        "genomes": len(genomes),
        "series": sum(len(t.series) for t in tumours),
        "refused": told,
        "carriers": found,
        "bundle_sha256": [hashlib.sha256(b.read_bytes()).hexdigest() for b in bundles],
        "report": str(report),
        "report_mb": round(report.stat().st_size / 1e6, 2),
        "wall_s": round(wall, 1),
        "peak_mb": round(peak, 1),
        "short": short,
    }


def step(who: str, words: list[str], folder: Path) -> float:
    """Run one command of the product as its user does; returns peak memory of its tree."""
    print(f"{who}: equisite {' '.join(words)}", flush=True)
    used = watched.run(["equisite", *words], folder)
    print(f"{who}: {used.wall_s:.1f} s, CPU {used.cpu_s:.1f} s, peak {used.peak_mb:.0f} MB")
    if used.code:
        raise CannotMeasureError(f"`equisite {words[0]}` of {who} ended with {used.code}")
    return used.peak_mb


def outcomes(place: Path, sites: list[str]) -> list[dict[str, str]]:
    """Every refusal, printed with the number of things that went well."""
    refused = []
    tally: Counter[tuple[str, str, str]] = Counter()
    for site in sites:
        paths = [
            p
            for room in ("genomics", "imaging", "radiomics")
            for p in (place / site / "work" / room).glob("*/outcomes.tsv")
            if p.parent.name != "0"
        ]
        for outcome in read_outcomes(paths):
            tally[outcome.room, outcome.outcome, outcome.code] += 1
            if outcome.outcome == REFUSED:
                said = {"site": site, "patient": outcome.patient, "room": outcome.room}
                refused.append({**said, "code": outcome.code, "why": outcome.sentence})
    for (room, kind, code), number in sorted(tally.items()):
        print(f"{room:<12}{kind:<10}{code:<28}{number:>5}")
    return refused


def carriers(bundles: list[Path], known: list[dict[str, str]]) -> dict[str, Any]:
    """Numbers of carriers that left the hospitals, against those known of the cohort."""
    expected = {
        (row["group"], row["gene"], CLASSES[row["class"]]): int(row["carriers"])
        for row in known
        if row["class"] in CLASSES and row["carriers"].isdigit()
    }
    equal, withheld, different = 0, 0, []
    for path in bundles:
        bundle = read_bundle(path.read_bytes())
        for cell in bundle.cells:
            if cell.table != "germline_carriers" or cell.measure != "count":
                continue
            key = dict(pair.split("=", 1) for pair in cell.key.split("|"))
            about = (bundle.about.site, key.get("gene", ""), key.get("consequence", ""))
            if about not in expected:
                continue
            if cell.status != "ok":
                withheld += 1
            elif cell.number == expected[about]:
                equal += 1
            else:
                different.append([*about, cell.number, expected[about]])
    print(f"carriers that left: {equal} equal to those known, {withheld} withheld", *different)
    return {"equal": equal, "withheld": withheld, "different": different}


def controls(data: Path, cores: int) -> list[dict[str, Any]]:
    """Calls of single people with a known truth, judged."""
    found = []
    for path in sorted((data / "genomics").iterdir()):
        folder = DataFolder(path)
        if (path / "truth.bed").is_file() and (path / "reads_1.fastq.gz").is_file():
            found.append(measure(folder, CALLERS, cores, BOOTSTRAP))
    return found


def sum_of_walls(result: dict[str, Any]) -> float:
    """Seconds that the controls took."""
    return float(sum(control["wall_s"] for control in result["controls"]))


if __name__ == "__main__":
    raise SystemExit(main())
