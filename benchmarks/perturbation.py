"""Time of perturbed copies of real regions, and how many features stand them.

    perturbation.py DICOM_DIR MASK_DIR [--cases N] [--copies K]

DICOM_DIR and MASK_DIR as for radiomics_cost.py. The series are converted once; then two
processes run `equisite radiomics perturb` on half of the cases each, and `equisite cohort
robustness` is applied to their tables. Mode ibsi, all families, native grid; bins of 25 for
CT, 0.5 for PET, 32 for MR.

The last line is a JSON object: cases, copies, wall_s, cpu_s, peak_mb of one process, and per
modality the features that were judged and those that are robust at 0.75.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from converted_series import CannotMeasure, converted, parser_of
from equisite.codebook.book import codebook
from equisite.cohort.robustness import gather, judge
from equisite.cohort.sources import Sources
from equisite.core.canonical import canonical_json
from equisite.core.tables import read_table, write_table
from equisite.protocol.robustness import Robustness

PROCESSES = 2
SETTINGS: dict[str, dict[str, Any]] = {
    "CT": {"bin_width": 25.0, "range": (-1000.0, 3000.0), "round_intensities": True},
    "PT": {"bin_width": 0.5},
    "MR": {"bin_count": 32},
}
NAMES = {"id": "benchmark", "version": "1.0.0", "title": "t", "contact": "c"}


def protocol(copies: int) -> dict[str, Any]:
    """A protocol that asks for nothing but perturbed copies."""
    return {
        "protocol": {**NAMES, "licence": "CC0-1.0", "data": "public"},
        "reference": {
            "assembly": "a",
            "contigs": [{"name": "c", "length": 1, "md5": "0" * 32}],
        },
        "genomics": {},
        "imaging": {"roi": [{"name": "gtv", "patterns": ["gtv"]}]},
        "radiomics": {
            "mode": "ibsi",
            "modalities": SETTINGS,
            "robustness": {"copies": copies},
        },
        "cohort": {},
        "tables": [{"id": "cohort", "kind": "count", "keys": ["analysis_set"]}],
        "disclosure": {"ruleset": "public-data-v1"},
        "conformance": {"pack_sha256": "0" * 64},
        "codebook": {"version": "1.0.0", "constants_sha256": "0" * 64},
    }


def perturbed(work: Path, copies: int) -> tuple[float, float, float]:
    """Run both halves; wall seconds, CPU seconds, and peak MB of the larger process."""
    columns, rows = read_table(work / "regions.tsv")
    rows.sort(key=lambda row: int(row["voxels"]))
    (work / "protocol.json").write_bytes(canonical_json(protocol(copies)))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    running = []
    for part in range(PROCESSES):
        write_table(work / f"regions{part}.tsv", columns, rows[part::PROCESSES])
        words = ["--regions", f"regions{part}.tsv", "--protocol", "protocol.json"]
        command = [sys.executable, "-m", "equisite.cli", "radiomics", "perturb", *words]
        running.append(
            subprocess.Popen(
                [*command, "--out", f"perturbed{part}.tsv"],
                cwd=work,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    for process in running:
        _, said = process.communicate()
        if process.returncode:
            raise CannotMeasure(f"equisite radiomics perturb failed:\n{said}")
    wall = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, after.ru_maxrss / 1024


def verdicts(work: Path) -> dict[str, dict[str, int]]:
    """Per modality, how many features have which verdict, over all cases."""
    rows = [
        row for part in range(PROCESSES) for row in read_table(work / f"perturbed{part}.tsv")[1]
    ]
    regions = {(row["patient"], row["modality"]): row for row in rows if row["copy"]}
    told = [{**row, "roi_status": "ok"} for row in regions.values()]
    sources = Sources((), [], (), [], (), told, (), {}, {})
    copies = gather(sources, rows, sorted({row["patient"] for row in rows}))
    found: dict[str, Counter[str]] = {}
    for row in judge(copies, Robustness().minimum_icc, codebook()):
        found.setdefault(row.column.partition("__")[0], Counter())[row.verdict] += 1
    return {modality: dict(sorted(count.items())) for modality, count in found.items()}


def main() -> int:
    """Entry point; see the module's text."""
    parser = parser_of(__doc__, cases=40)
    parser.add_argument("--copies", type=int, default=30, metavar="K")
    args = parser.parse_args()
    try:
        with converted(args) as (work, cases):
            print(f"{cases} cases, {args.copies} copies each", flush=True)
            wall, cpu, peak = perturbed(work, args.copies)
            print(f"{wall:.1f} s wall, {cpu:.1f} s CPU, {peak:.0f} MB", flush=True)
            judged = verdicts(work)
            for modality, count in judged.items():
                print(f"{modality:4s}", ", ".join(f"{n} {v}" for v, n in count.items()))
    except CannotMeasure as error:
        print(f"cannot measure: {error}", file=sys.stderr)
        return 2
    found = {"cases": cases, "copies": args.copies, "wall_s": round(wall, 1)}
    found |= {"cpu_s": round(cpu, 1), "peak_mb": round(peak)}
    print(json.dumps({**found, "verdicts": judged}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
