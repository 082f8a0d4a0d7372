"""CPU of the whole germline chain over that of `bwa mem` alone on the same reads.

    chain_cost.py [DIR] [--patients N] [--times N]

DIR is a data folder as described in genomics_site.py (default: germline_cohort20 of the
shared data). The chain is what the workflow's rules run from FASTQ to CRAM, reconciled calls,
their consequences and the table of features, with one core. Quality control, which no call
needs, is told beside it; preparing the reference is not counted, nor is Snakemake itself.
bwa alone, the chain and the chain with `aligner: minimap2` take turns; figures are medians.
Accuracy is that of the calls that were timed.
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
from collections.abc import Sequence
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
BESIDE = "genomics_measure_reads"
"""Quality control (fastp on the first reads, samtools stats and depth): no call needs it."""
ALIGNERS = ("bwa-mem", "minimap2")
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
    sites = {aligner: scratch / aligner for aligner in ALIGNERS}
    for aligner, site in sites.items():
        write_site(folder, people, site, batch=len(people), aligner=aligner)
    (scratch / "timer.sh").write_text(TIMER, encoding="utf-8")
    alone: list[float] = []
    chains: dict[str, list[dict[str, float]]] = {aligner: [] for aligner in ALIGNERS}
    walls: list[float] = []
    for number in range(times):
        for aligner, site in sites.items():
            start = time.monotonic()
            chains[aligner].append(run_chain(site, scratch / f"times-{aligner}-{number}"))
            walls.append(time.monotonic() - start)
        alone.append(bwa_seconds(sites["bwa-mem"], people))
        took = {a: sum(chains[a][-1][step] for step in STEPS) for a in ALIGNERS}
        told = ", ".join(f"{aligner} {seconds:.2f} s" for aligner, seconds in took.items())
        print(f"turn {number + 1}: bwa alone {alone[-1]:.2f} s, chains: {told}", flush=True)
    bwa = statistics.median(alone)
    ratios = {
        aligner: {
            step: statistics.median(c[step] for c in turns) / bwa for step in (*STEPS, BESIDE)
        }
        for aligner, turns in chains.items()
    }
    wholes = {
        aligner: statistics.median(sum(c[step] for step in STEPS) for c in turns) / bwa
        for aligner, turns in chains.items()
    }
    scores = {a: total(judge(folder, people, site).genotypes) for a, site in sites.items()}
    for aligner in ALIGNERS:
        print(f"{aligner}, as multiples of bwa mem alone:")
        beside = ratios[aligner].pop(BESIDE)
        for step, ratio in (*ratios[aligner].items(), ("whole chain", wholes[aligner])):
            print(f"    {step:<32}{ratio:>6.2f}")
        print(f"    beside it, quality control: {beside:.2f}")
        for kind, tally in scores[aligner].items():
            print(f"    {kind} F1 {tally.f1:.4f}")
    ours, other = (scores[aligner][SNP].f1 or 0.0 for aligner in ALIGNERS)
    return {
        "people": len(people),
        "snp_f1": scores["bwa-mem"][SNP].f1,
        "indel_f1": scores["bwa-mem"][INDEL].f1,
        "cpu_ratio": wholes["bwa-mem"],
        "cpu_ratio_per_step": ratios["bwa-mem"],
        "cpu_ratio_minimap2": wholes["minimap2"],
        "snp_f1_difference": other - ours,
        "indel_f1_minimap2": scores["minimap2"][INDEL].f1,
        "peak_mb": {a: peak_mb(site) for a, site in sites.items()},
        "bwa_s": bwa,
        "chain_s": wholes["bwa-mem"] * bwa,
        "wall_s": statistics.median(walls[::2]),
        "fastq_mb": fastq_bytes(people) / 1e6,
    }


def run_chain(site: Path, taken: Path) -> dict[str, float]:
    """CPU seconds per step of one run of the chain; `taken` is a new folder for times."""
    shutil.rmtree(site / "work/genomics", ignore_errors=True)
    taken.mkdir()
    timer = {"BASH_ENV": str(taken.parent / "timer.sh"), "EQUISITE_TIMES": str(taken)}
    run_genomics(site, 1, timer)
    return step_seconds(taken)


def step_seconds(taken: Path) -> dict[str, float]:
    """CPU seconds per step, from the files that the timer wrote.

    `times` prints user and system time of the shell, then of its children.
    """
    seconds = dict.fromkeys((*STEPS, BESIDE), 0.0)
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


def peak_mb(site: Path, steps: Sequence[str] = STEPS) -> dict[str, float]:
    """Largest resident memory per step, as Snakemake sampled it (short steps show less)."""
    peaks: dict[str, float] = {}
    for step in steps:
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
