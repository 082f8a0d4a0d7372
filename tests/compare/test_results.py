"""Every pooled number again, from the patients themselves and from the tables alone."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import made_bundles as made
from equisite.bundle.codec import encode, read_bundle
from equisite.compare.stages import run_admit, run_pool, run_report

Rows = list[dict[str, str]]


def read(lead: Path, name: str) -> Rows:
    with (lead / "report" / name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.fixture
def compared(consortium):
    lead, people = consortium()
    run_admit(lead)
    run_pool(lead)
    return lead, people


def test_means_from_bundles_equal_all_patients_to_1e5_sd(compared, book) -> None:
    lead, people = compared
    columns = book.columns_of("mr__gtv__core")
    everybody = made.clipped(
        np.concatenate([p.features for p in people.values()]), book, columns
    )
    pooled = {r["key"]: r for r in read(lead, "pooled.tsv") if r["table"] == "mr_core"}
    for c, name in enumerate(columns):
        row = pooled[f"analysis_set=imaging|feature={name}"]
        sd = everybody[:, c].std(ddof=1)
        assert abs(float(row["value"]) - everybody[:, c].mean()) <= 1e-5 * sd
        assert abs(float(row["sd"]) - sd) <= 1e-5 * sd
        assert row["n"] == "210"


def test_counts_and_carriers_equal_all_patients(compared) -> None:
    lead, people = compared
    pooled = {(r["table"], r["key"]): r for r in read(lead, "pooled.tsv")}
    female = sum(p.sex.count("female") for p in people.values())
    row = pooled["clinical_base", "analysis_set=all|sex=female"]
    assert (row["value"], row["n"]) == (str(female), "210")
    carried = np.concatenate([p.carriers for p in people.values()])
    for g, gene in enumerate(made.GENES):
        for c, consequence in enumerate(made.CONSEQUENCES):
            key = f"analysis_set=genomics|gene={gene}|consequence={consequence}"
            row = pooled["germline_carriers", key]
            assert int(row["value"]) == carried[:, g * len(made.CONSEQUENCES) + c].sum()


def test_histograms_are_added_at_the_coarsest_level_sent(compared, book) -> None:
    lead, people = compared
    name = book.columns_of("mr__gtv__core")[0]
    constant = book.constant(name)
    values = np.concatenate([p.features[:, 0] for p in people.values()])
    raw = 10.0**values - constant.offset if constant.transform == "log10" else values
    want = constant.bin_counts(raw, 10)
    rows = {r["key"]: r for r in read(lead, "pooled.tsv") if r["measure"] == "bin"}
    base = f"analysis_set=imaging|feature={name}|level=10|bin="
    assert [int(rows[f"{base}{b}"]["value"]) for b in range(12)] == want.tolist()
    medians = [r for r in read(lead, "pooled.tsv") if r["measure"] == "median"]
    median = next(r for r in medians if r["key"] == f"analysis_set=imaging|feature={name}")
    assert float(median["low"]) <= np.median(values) <= float(median["high"])


def test_slopes_from_bundles_equal_least_squares(compared, book) -> None:
    lead, people = compared
    columns = book.columns_of("mr__gtv__core")
    xs, ys = [], []
    for person in people.values():
        x, _ = made.covariates_of(person, book)
        y = made.clipped(person.features, book, columns)
        xs.append(x - x.mean(axis=0))
        ys.append(y - y.mean(axis=0))
    x, y = np.concatenate(xs), np.concatenate(ys)
    b, *_ = np.linalg.lstsq(x, y, rcond=None)
    rest = y - x @ b
    se = np.sqrt(
        np.diag(np.linalg.inv(x.T @ x))[:, None] * (rest**2).sum(axis=0) / (len(x) - 3 - 2)
    )
    rows = {r["key"]: r for r in read(lead, "pooled.tsv") if r["measure"] == "slope"}
    for c, name in enumerate(columns):
        for j, covariate in enumerate(("age", "sex_female")):
            row = rows[f"analysis_set=imaging|feature={name}|covariates={covariate}"]
            assert abs(float(row["value"]) - b[j, c]) <= 1e-3 * se[j, c]
            assert float(row["sd"]) == pytest.approx(se[j, c], rel=1e-5)


def test_every_pooled_number_follows_from_the_sites_table(compared) -> None:
    lead, _ = compared
    sites = read(lead, "sites.tsv")
    for row in read(lead, "pooled.tsv"):
        own = [
            s
            for s in sites
            if (s["table"], s["key"]) == (row["table"], row["key"]) and s["pooled"] == "1"
        ]
        if row["measure"] in ("count", "bin"):
            assert float(row["value"]) == sum(float(s["value"]) for s in own)
        if row["measure"] == "mean":
            n = [float(s["n"]) for s in own]
            mean = math.fsum(a * float(s["value"]) for a, s in zip(n, own, strict=True)) / sum(
                n
            )
            assert float(row["value"]) == pytest.approx(mean, rel=1e-8)
            squares = [(a - 1) * float(s["sd"]) ** 2 for a, s in zip(n, own, strict=True)]
            between = [a * (float(s["value"]) - mean) ** 2 for a, s in zip(n, own, strict=True)]
            sd = math.sqrt((math.fsum(squares) + math.fsum(between)) / (sum(n) - 1))
            assert float(row["sd"]) == pytest.approx(sd, rel=1e-7)


def test_every_meta_number_follows_from_the_sites_table(compared) -> None:
    lead, _ = compared
    sites = read(lead, "sites.tsv")
    for row in read(lead, "meta.tsv"):
        own = [s for s in sites if (s["table"], s["key"]) == (row["table"], row["key"])]
        y = np.array([float(s["value"]) for s in own])
        v = np.array([float(s["sd"]) ** 2 / float(s["n"]) for s in own])
        w = 1 / v
        q = (w * (y - (w * y).sum() / w.sum()) ** 2).sum()
        assert float(row["q"]) == pytest.approx(q, rel=1e-5, abs=1e-7)
        assert float(row["i2"]) == pytest.approx(max(0, (q - 2) / q), rel=1e-4, abs=1e-6)
        w = 1 / (v + float(row["tau2"]))
        mean = (w * y).sum() / w.sum()
        assert float(row["mean"]) == pytest.approx(mean, rel=1e-7)
        share = [float(s["weight"]) for s in own]
        np.testing.assert_allclose(share, w / w.sum(), rtol=1e-6)
        hk = max(1.0, (w * (y - mean) ** 2).sum() / 2)
        half = 4.302652729911275 * math.sqrt(hk / w.sum())
        assert float(row["high"]) - float(row["low"]) == pytest.approx(2 * half, rel=1e-6)


def test_a_site_that_does_not_conform_enters_no_pooled_number(consortium) -> None:
    plans = (
        made.Plan("north", 60),
        made.Plan("south", 90),
        made.Plan("west", 60, conformance="e" * 64, difference=0.1),
    )
    lead, _ = consortium(plans)
    run_admit(lead)
    run_pool(lead)
    pooled = {(r["table"], r["key"]): r for r in read(lead, "pooled.tsv")}
    assert pooled["cohort", "analysis_set=all"]["value"] == "150"
    west = [r for r in read(lead, "sites.tsv") if r["site"] == "west" and r["kind"] == "moment"]
    assert west and all(r["pooled"] == "0" and r["weight"] == "" for r in west)


def test_when_no_site_conforms_all_are_shown_and_nothing_is_pooled(consortium) -> None:
    lead, _ = consortium()
    for path in (lead / "inbox").iterdir():
        bundle = read_bundle(path.read_bytes())
        path.write_bytes(encode(replace(bundle, conformance=())))
    run_admit(lead)
    run_pool(lead)
    page = run_report(lead).read_text(encoding="utf-8")
    pooled = [r for r in read(lead, "pooled.tsv") if r["measure"] == "mean"]
    assert pooled and all(r["status"] == "absent" and r["value"] == "" for r in pooled)
    assert "0 pooled" in page and "Clinic West" in page


def test_the_same_bundles_give_the_same_bytes(consortium, tmp_path: Path) -> None:
    lead, _ = consortium()
    kept = {}
    for _ in range(2):
        run_admit(lead)
        run_pool(lead)
        run_report(lead)
        files = {p.name: p.read_bytes() for p in (lead / "report").iterdir()}
        assert kept in ({}, files)
        kept = files
    assert set(kept) == {
        "admitted.tsv",
        "consortium.bib",
        "meta.tsv",
        "pooled.tsv",
        "report.html",
        "sites.tsv",
        "summary.json",
        "suspects.tsv",
    }
