"""Seconds and memory of a comparison of many sites with many features, and how they grow.

    python3 scripts/run.py exec python benchmarks/compare_scale.py --sites 100 --features 2000

Bundles with moments only are made first (not timed). Each size is compared in a process of
its own by the public steps admit, pool and report; time and memory are that process's. The
exponent is the slope of log seconds over log sites at a quarter, a half and all of them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import made_bundles as made
from equisite.codebook.book import codebook

COLUMNS = 107
"""Radiomic features of one region, of which the codebook holds as many per modality."""


def make(folder: Path, sites: int, features: int) -> None:
    """A lead folder with bundles of moments of so many features."""
    os.environ.pop("EQUISITE_RESOURCES", None)
    regions = tuple(f"r{i}" for i in range(-(-features // COLUMNS)))
    os.environ["EQUISITE_RESOURCES"] = str(
        made.made_resources(folder / "resources", regions=regions)
    )
    codebook.cache_clear()
    book = codebook()
    names = [f"mr__{r}__{v.id}" for r in regions for v in book.features()][:features]
    content = made.protocol_content(book, features=tuple(names), rich=False)
    content["imaging"]["roi"] = [{"name": r, "patterns": [r]} for r in regions]
    titles = {f"site{i:03d}": f"Hospital {i}" for i in range(sites)}
    protocol = made.write_lead(folder / "lead", content, titles)
    columns = book.columns_of(tuple(names))
    for site in titles:
        plan = made.Plan(site, 60)
        people = made.draw(plan, book, columns, seed=3)
        made.put_bundle(folder / "lead", made.bundle_of(plan, people, protocol, book))


def compare(lead: Path) -> dict[str, float]:
    """Admit, pool and report in this process."""
    from equisite.compare.stages import run_admit, run_pool, run_report

    begin = time.monotonic()
    run_admit(lead)
    admitted = time.monotonic()
    run_pool(lead)
    pooled = time.monotonic()
    page = run_report(lead)
    end = time.monotonic()
    return {
        "wall_s": end - begin,
        "admit_s": admitted - begin,
        "pool_s": pooled - admitted,
        "report_s": end - pooled,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "report_mb": page.stat().st_size / 1e6,
    }


def measured(sites: int, features: int) -> dict[str, float]:
    """One size, compared in a new process."""
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), sites, features)
        done = subprocess.run(
            [sys.executable, __file__, "--inside", str(Path(folder) / "lead")],
            check=True,
            capture_output=True,
            text=True,
        )
    return dict(json.loads(done.stdout))


def main() -> int:
    """Measure three sizes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sites", type=int, default=100)
    parser.add_argument("--features", type=int, default=2000)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.inside is not None:
        print(json.dumps(compare(args.inside)))
        return 0
    if args.sites < 8:
        print("at least 8 sites are needed for three sizes", file=sys.stderr)
        return 2
    sizes = [args.sites // 4, args.sites // 2, args.sites]
    found = []
    for sites in sizes:
        one = measured(sites, args.features)
        found.append(one)
        print(
            f"{sites:4} sites:", ", ".join(f"{k} {v:.2f}" for k, v in one.items()), flush=True
        )
    seconds = np.log([one["wall_s"] for one in found])
    slope = float(np.polyfit(np.log(sizes), seconds, 1)[0])
    last = {k: round(v, 3) for k, v in found[-1].items()}
    print(json.dumps({**last, "exponent": round(slope, 3), "sites": sizes}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
