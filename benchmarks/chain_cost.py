"""CPU of the whole germline chain over that of `bwa mem` alone on the same reads.

    chain_cost.py [DIR] [--patients N] [--times N]

DIR is a data folder as described in genomics_site.py (default: germline_cohort20 of the
shared data). The chain is what the workflow's rules run from FASTQ to the table of features,
with one core; preparing the reference is not counted, nor is Snakemake itself. bwa alone and
the chain take turns; figures are medians. No minimap2 is part of the product, so that its
figures are null.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from equisite.variants.comparison import INDEL, SNP, total
from genomics_site import (
    CHECKOUT,
    CannotMeasureError,
    DataFolder,
    Person,
    fastq_bytes,
    judge,
    run_genomics,
    write_site,
)

STEPS = (
    "genomics_align_reads",
    "genomics_call_variants",
    "genomics_annotate_consequences",
    "genomics_count_features",
)
TIMER = """\
if [ -z "${EQUISITE_TIMES_TAKEN:-}" ]; then
    export EQUISITE_TIMES_TAKEN=1
    trap '{ printf "%s\\n" "$BASH_EXECUTION_STRING" | grep -o "logs/[a-z_]*/[0-9a-z]*" | head -1
        times; } > "$EQUISITE_TIMES/$$"' EXIT
fi
"""
"""Read by every shell that Snakemake starts (BASH_ENV): CPU of the shell and its children."""


def main() -> int:
    """Measure; the last line is one JSON object."""
    default = Path(os.environ.get("EQUISITE_DATA", CHECKOUT.parent / "shared/data"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "folder", type=Path, nargs="?", default=default / "genomics/germline_cohort20"
    )
    parser.add_argument("--patients", type=int, help="the first N people; all by default")
    parser.add_argument("--times", type=int, default=3)
    arguments = parser.parse_args()
    folder = DataFolder(arguments.folder)
    try:
        if not folder.path.is_dir():
            raise CannotMeasureError(f"{folder.path} is no folder")
        with tempfile.TemporaryDirectory(prefix="equisite-cost-") as name:
            print(json.dumps(measure(folder, Path(name), arguments.patients, arguments.times)))
    except CannotMeasureError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def measure(
    folder: DataFolder, scratch: Path, patients: int | None, times: int
) -> dict[str, object]:
    """All figures of one folder."""
    people = folder.people(scratch / "reads", patients)
    site = scratch / "site"
    write_site(folder, people, site, batch=len(people))
    alone: list[float] = []
    chains: list[dict[str, float]] = []
    walls: list[float] = []
    for number in range(times):
        shutil.rmtree(site / "work/genomics", ignore_errors=True)
        taken = scratch / f"times-{number}"
        taken.mkdir()
        (scratch / "timer.sh").write_text(TIMER, encoding="utf-8")
        start = time.monotonic()
        run_genomics(
            site, 1, {"BASH_ENV": str(scratch / "timer.sh"), "EQUISITE_TIMES": str(taken)}
        )
        walls.append(time.monotonic() - start)
        chains.append(step_seconds(taken))
        alone.append(bwa_seconds(site, people))
        both = f"bwa alone {alone[-1]:.2f} s, chain {sum(chains[-1].values()):.2f} s"
        print(f"turn {number + 1}: {both}", flush=True)
    genotypes, _ = judge(folder, people, site)
    summed = total(genotypes)
    bwa = statistics.median(alone)
    chain = statistics.median(sum(c.values()) for c in chains)
    parts = {step: statistics.median(c[step] for c in chains) for step in STEPS}
    for step, seconds in parts.items():
        print(f"{step:<32}{seconds:>8.2f} s{seconds / bwa:>8.2f} x bwa")
    print(f"{'whole chain':<32}{chain:>8.2f} s{chain / bwa:>8.2f} x bwa")
    return {
        "people": len(people),
        "snp_f1": summed[SNP].f1,
        "indel_f1": summed[INDEL].f1,
        "cpu_ratio": chain / bwa,
        "cpu_ratio_per_step": {step: seconds / bwa for step, seconds in parts.items()},
        "cpu_ratio_minimap2": None,
        "snp_f1_difference": None,
        "peak_mb": peak_mb(site),
        "bwa_s": bwa,
        "chain_s": chain,
        "wall_s": statistics.median(walls),
        "fastq_mb": fastq_bytes(people) / 1e6,
    }


def step_seconds(taken: Path) -> dict[str, float]:
    """CPU seconds per step, from the files that the timer wrote.

    `times` prints user and system time of the shell, then of its children.
    """
    seconds = dict.fromkeys(STEPS, 0.0)
    for path in taken.iterdir():
        lines = path.read_text(encoding="utf-8").splitlines()
        step = lines[0].split("/")[1] if lines and lines[0].startswith("logs/") else ""
        if step in seconds and not lines[0].endswith("/0"):
            seconds[step] += sum(_seconds(word) for line in lines[1:] for word in line.split())
    if not all(seconds.values()):
        raise CannotMeasureError(
            "no CPU times were taken; start this command by `run.py exec`, where steps run in "
            "the same environment"
        )
    return seconds


def _seconds(text: str) -> float:
    minutes, _, rest = text.partition("m")
    return 60 * float(minutes) + float(rest.removesuffix("s"))


def bwa_seconds(site: Path, people: list[Person]) -> float:
    """CPU of `bwa mem` alone on the same files, one thread."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    reference = site / "work/reference/site/reference.fa"
    for person in people:
        subprocess.run(
            ["bwa", "mem", "-t", "1", "-K", "10000000", "-Y", str(reference), *person.fastq],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def peak_mb(site: Path) -> dict[str, float]:
    """Largest resident memory per step, as Snakemake sampled it (short steps show less)."""
    peaks: dict[str, float] = {}
    for step in STEPS:
        for path in (site / "logs/benchmarks" / step).glob("*.tsv"):
            header, values = (
                line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[:2]
            )
            value = values[header.index("max_rss")]
            if path.stem != "0" and value not in ("-", "NA"):
                peaks[step] = max(peaks.get(step, 0.0), float(value))
    return peaks


if __name__ == "__main__":
    raise SystemExit(main())
