"""How many true variants the product finds, and how many of its calls are true.

    germline_truth.py DIR...

Each DIR is a data folder as described in genomics_site.py. Its reads go through the workflow
from FASTQ; the final calls are compared with the truth by haplotype replay within truth.bed,
and once more within truth.bed outside repeats (key `outside_repeats`): runs of one base from 8
bases and tandem repeats of 2 to 6 bases, with 5 bases on each side, as found in the reference
by `equisite.variants.repeats`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from equisite.variants.comparison import INDEL, SNP, Tallies, Tally, bootstrap_f1, total
from genomics_site import (
    CALLERS,
    CannotMeasureError,
    DataFolder,
    judge,
    run_genomics,
    write_site,
)


def main() -> int:
    """Measure every folder; the last line is one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+", metavar="DIR")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--callers", nargs="+", choices=CALLERS, default=CALLERS)
    parser.add_argument("--bootstrap", type=int, default=1000, metavar="ROUNDS")
    arguments = parser.parse_args()
    results = []
    print("folder, kind: truth found/missed, calls wrong, recall, precision, F1 (95 %)")
    for path in arguments.folders:
        try:
            results.append(
                measure(
                    DataFolder(path), arguments.callers, arguments.cores, arguments.bootstrap
                )
            )
        except CannotMeasureError as error:
            print(error, file=sys.stderr)
            return 2
    print(json.dumps({"dirs": results}))
    return 0


def measure(
    folder: DataFolder, callers: Sequence[str], cores: int, rounds: int
) -> dict[str, Any]:
    """Figures of one folder."""
    with tempfile.TemporaryDirectory(prefix="equisite-truth-") as name:
        scratch = Path(name)
        people = folder.people(scratch / "reads") if folder.path.is_dir() else []
        if not people:
            raise CannotMeasureError(f"{folder.path} is no data folder")
        write_site(folder, people, scratch / "site", batch=8, callers=callers)
        start = time.monotonic()
        run_genomics(scratch / "site", cores)
        wall = time.monotonic() - start
        judgement = judge(folder, people, scratch / "site")
    genotypes = judgement.genotypes
    summed = total(genotypes)
    result: dict[str, Any] = {"dir": folder.path.name, "people": len(people)}
    for kind in (SNP, INDEL):
        interval = bootstrap_f1(genotypes, kind, rounds=rounds, seed=1)
        tally = summed[kind]
        result[kind] = {**figures(tally), "f1_interval": interval}
        between = f"{interval[0]:.4f}-{interval[1]:.4f}" if interval else "-"
        print(
            f"{folder.path.name}, {kind}: {tally.found}/{tally.missed}, {tally.wrong}, "
            f"{text(tally.recall)}, {text(tally.precision)}, {text(tally.f1)} ({between})",
            flush=True,
        )
    by_allele = total(judgement.alleles)
    result["snp_allele_f1"], result["indel_allele_f1"] = by_allele[SNP].f1, by_allele[INDEL].f1
    result["outside_repeats"] = {
        "bases": judgement.outside_bases,
        **outside_repeats(folder.path.name, judgement.outside),
    }
    result["wall_s"] = round(wall, 1)
    return result


def outside_repeats(name: str, clusters: Sequence[Tallies]) -> dict[str, Any]:
    """Figures of both kinds outside repeats, which are printed, too."""
    summed = total(clusters)
    for kind in (SNP, INDEL):
        tally = summed[kind]
        print(
            f"{name}, {kind} outside repeats: {tally.found}/{tally.missed}, {tally.wrong}, "
            f"{text(tally.recall)}, {text(tally.precision)}, {text(tally.f1)}",
            flush=True,
        )
    return {kind: figures(summed[kind]) for kind in (SNP, INDEL)}


def figures(tally: Tally) -> dict[str, float | int | None]:
    """What the JSON object holds of one kind."""
    return {
        "precision": tally.precision,
        "recall": tally.recall,
        "f1": tally.f1,
        "found": tally.found,
        "missed": tally.missed,
        "wrong": tally.wrong,
    }


def text(share: float | None) -> str:
    """A share for people."""
    return "-" if share is None else f"{share:.4f}"


if __name__ == "__main__":
    raise SystemExit(main())
