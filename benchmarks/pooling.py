"""How far pooled results are from those of all rows: the arithmetic, and through bundles.

    python3 scripts/run.py exec python benchmarks/pooling.py [--sites 20] [--features 500]

Badly scaled values (means 1e5 with SD 10, covariates of six decades). Differences are
relative for the arithmetic (bar 1e-10), in SD of the patients for means and SDs through
written bundles (bar 1e-5), in standard errors for slopes through bundles (bar 1e-3).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import made_bundles as made
from equisite.codebook.book import codebook
from equisite.compare import pooling
from equisite.compare.results import PooledRow
from equisite.compare.stages import run_admit, run_pool
from equisite.core.tables import read_rows
from equisite.stats import moments as mo

Reals = NDArray[np.float64]


def relative(got: Reals, want: Reals) -> float:
    """Largest relative difference."""
    return float(np.max(np.abs(got - want) / np.maximum(np.abs(want), 1e-300)))


def arithmetic(sites: int, features: int) -> dict[str, float]:
    """Full-precision sums of the sites against one computation over all rows."""
    rng = np.random.default_rng(0)
    scale = np.array([10.0, 0.5, 1e-3])
    centre = np.array([1e5, 0.5, 0.0])
    xs = [
        centre + scale * rng.normal(size=(int(rng.integers(30, 150)), 3)) for _ in range(sites)
    ]
    ys = [1e5 + 10 * rng.normal(rng.normal(), 1, (x.shape[0], features)) for x in xs]
    own = [mo.moments(y) for y in ys]
    n = np.array([[m.n] * features for m in own], dtype=np.float64)
    pooled = pooling.pool_moments(
        n, np.array([m.mean for m in own]), np.array([m.m2 for m in own])
    )
    everybody = np.concatenate(ys).astype(np.longdouble)
    mean = everybody.mean(axis=0)
    m2 = ((everybody - mean) ** 2).sum(axis=0)
    result = {
        "mean": relative(pooled.mean, mean.astype(np.float64)),
        "m2": relative(pooled.m2, m2.astype(np.float64)),
    }
    blocks = [mo.comoments(x, y) for x, y in zip(xs, ys, strict=True)]
    dx = np.concatenate([x - x.mean(axis=0) for x in xs])
    unit = dx / dx.std(axis=0)
    dy = np.concatenate([y - y.mean(axis=0) for y in ys])
    b = np.linalg.lstsq(unit, dy, rcond=None)[0]
    rest = dy - unit @ b
    df = dx.shape[0] - sites - 3
    se = np.sqrt(np.diag(np.linalg.inv(unit.T @ unit))[:, None] * (rest**2).sum(axis=0) / df)
    worst_b = worst_se = 0.0
    for f in range(min(features, 50)):
        fit = pooling.slopes(
            [
                pooling.Products(
                    float(k.n),
                    k.mean_x,
                    float(k.mean_y[f]),
                    k.sxx,
                    k.sxy[:, f],
                    float(k.syy[f]),
                )
                for k in blocks
            ]
        )
        if fit is None:
            raise ValueError("the made model must be estimable")
        spread = dx.std(axis=0)
        worst_b = max(worst_b, float(np.max(np.abs(fit.b * spread - b[:, f]) / se[:, f])))
        worst_se = max(worst_se, relative(fit.se * spread, se[:, f]))
    return {**result, "slope_in_se": worst_b, "slope_se": worst_se}


def through_bundles(folder: Path) -> dict[str, float]:
    """A comparison of written bundles against all patients."""
    book = codebook()
    plans = [made.Plan(f"s{i}", 40 + 17 * i) for i in range(5)]
    titles = {p.site: p.site for p in plans}
    protocol = made.write_lead(folder, made.protocol_content(book), titles)
    columns = book.columns_of("mr__gtv__core")
    people = {p.site: made.draw(p, book, columns, seed=11) for p in plans}
    for plan in plans:
        made.put_bundle(folder, made.bundle_of(plan, people[plan.site], protocol, book))
    run_admit(folder)
    run_pool(folder)
    rows = {
        (r.measure, r.key): r for r in read_rows(folder / "report" / "pooled.tsv", PooledRow)
    }
    values = [made.clipped(p.features, book, columns) for p in people.values()]
    everybody = np.concatenate(values)
    sd = everybody.std(axis=0, ddof=1)
    means = [rows["mean", f"analysis_set=imaging|feature={c}"] for c in columns]
    covariates = [made.covariates_of(p, book)[0] for p in people.values()]
    x = np.concatenate([a - a.mean(axis=0) for a in covariates])
    y = np.concatenate([v - v.mean(axis=0) for v in values])
    b = np.linalg.lstsq(x, y, rcond=None)[0]
    rest = y - x @ b
    df = len(x) - len(plans) - 2
    se = np.sqrt(np.diag(np.linalg.inv(x.T @ x))[:, None] * (rest**2).sum(axis=0) / df)
    got = np.array(
        [
            [
                rows["slope", f"analysis_set=imaging|feature={c}|covariates={a}"].value
                for c in columns
            ]
            for a in ("age", "sex_female")
        ]
    )
    counted = rows["count", "analysis_set=all|sex=female"].value
    female = sum(p.sex.count("female") for p in people.values())
    return {
        "bundle_mean_in_sd": float(
            np.max(np.abs(np.array([m.value for m in means]) - everybody.mean(axis=0)) / sd)
        ),
        "bundle_sd_in_sd": float(np.max(np.abs(np.array([m.sd for m in means]) - sd) / sd)),
        "bundle_slope_in_se": float(np.max(np.abs(got - b) / se)),
        "bundle_count": abs(counted - female),
    }


def main() -> int:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sites", type=int, default=20)
    parser.add_argument("--features", type=int, default=500)
    args = parser.parse_args()
    found = arithmetic(args.sites, args.features)
    with tempfile.TemporaryDirectory() as folder:
        found |= through_bundles(Path(folder) / "lead")
    for name, value in found.items():
        print(f"{name:20} {value:.2e}")
    print(json.dumps({"max_relative_difference": found}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
