"""CPU of evidence A per megabase at 10x, and the memory of every somatic step.

    somatic_cost.py [DIR] [--times N]

DIR is a data folder as described in somatic_site.py. The pair goes through the workflow once;
then the command that the rule calls is timed by itself, one thread, reading of the CRAMs
included, without the second caller: on a batch of this pair, and on one that holds it four
times more. A quarter of the difference is what a pair costs; the rest is the start of Python
and kernels, once per batch. It is told per megabase of the reference and per 10x of depth in
tumour and normal each (the mean of both counts).
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
from pathlib import Path

from chain_cost import peak_mb
from equisite.variants.fasta import read_fasta
from genomics_site import CannotMeasureError
from somatic_site import PairFolder, Patient, measure_folder, run_pairs, write_pairs

COPIES = 4
STEPS = (
    "somatic_sight_alleles",
    "somatic_gather_evidence",
    "somatic_build_panel",
    "somatic_call_variants",
)


def main() -> int:
    """Measure one folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=3)
    return measure_folder(
        parser, lambda folder, scratch, told: measure(folder, scratch, told.times)
    )


def measure(path: Path, scratch: Path, times: int) -> dict[str, object]:
    """All figures of one folder."""
    folder = PairFolder(path, scratch / "made")
    site = scratch / "site"
    samples = tuple((f"p-{kind}", kind, folder.reads(kind)) for kind in ("tumour", "normal"))
    write_pairs(folder, [Patient("p", samples)], site, panel=folder.panel, identity=False)
    called = run_pairs(site, 1)["p"]
    if not called.facts:
        codes = " ".join(sorted({o.code for o in called.outcomes}))
        raise CannotMeasureError(f"the pair was refused: {codes}")
    (facts,) = called.facts.values()
    (index,) = (p for p in (site / "work/intake/genomics").glob("*.tsv") if p.stem != "0")
    several = repeated(site, index, index.stem)
    one, many = [], []
    for number in range(times):
        one.append(seconds(site, index, index.stem))
        many.append(seconds(site, several, index.stem))
        print(f"turn {number + 1}: {one[-1]:.2f} s, {COPIES + 1} pairs {many[-1]:.2f} s")
    bases = sum(len(sequence) for _, sequence in read_fasta(folder.reference))
    depth = (facts.depth_tumour + facts.depth_normal) / 2
    pair = (statistics.median(many) - statistics.median(one)) / COPIES
    return {
        "cpu_s": pair,
        "start_s": statistics.median(one) - pair,
        "mb": bases / 1e6,
        "depth_tumour": facts.depth_tumour,
        "depth_normal": facts.depth_normal,
        "cpu_s_per_mb_10x": pair / (bases / 1e6) / (depth / 10),
        "peak_mb": peak_mb(site, STEPS),
    }


def repeated(site: Path, index: Path, batch: str) -> Path:
    """An index of the pair and `COPIES` patients more with the same reads."""
    lines = index.read_text(encoding="utf-8").splitlines()
    columns = lines[0].split("\t")
    rows = [dict(zip(columns, line.split("\t"), strict=True)) for line in lines[1:]]
    crams = site / "work/genomics" / batch / "cram"
    text = [*lines]
    for copy in range(COPIES):
        for row in rows:
            token = f"{row['token']}{copy}"
            named = {key: f"{row[key]}{copy}" for key in ("patient", "sample", "token")}
            text.append("\t".join({**row, **named}[column] for column in columns))
            for ending in ("cram", "cram.crai"):
                (crams / f"{token}.{ending}").symlink_to(f"{row['token']}.{ending}")
    path = site / "several.tsv"
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    return path


def seconds(site: Path, index: Path, batch: str) -> float:
    """CPU of one run of the command and its children."""
    work = site / "work"
    out = site / "timed"
    shutil.rmtree(out, ignore_errors=True)
    reference = work / "reference/site"
    command = [
        "equisite", "somatic", "gather-evidence",
        "--protocol", str(work / "intake/protocol.json"),
        "--pinned", str(work / "intake/files"), "--index", str(index),
        "--aligned", str(work / "genomics" / batch / "align.tsv"),
        "--crams", str(work / "genomics" / batch / "cram"),
        "--territory", str(reference / "territory.bed"),
        "--header", str(reference / "header.sam"), "--cache", str(reference / "cache"),
        "--out", str(out), "--outcomes", str(site / "timed.tsv"), "--second", ': > "$CALLS"',
    ]  # fmt: skip
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command,
        check=True,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "REF_PATH": f"{reference / 'cache'}/%s"},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


if __name__ == "__main__":
    raise SystemExit(main())
