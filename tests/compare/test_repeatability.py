"""ICC of sites from their mean squares, pooled by degrees of freedom."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import made_bundles as made
from equisite.bundle.format import CellRow, real_text
from equisite.codebook.book import codebook
from equisite.compare.cells import Party
from equisite.compare.repeatability import analyse_repeatability
from equisite.compare.stages import run_admit, run_pool, run_report
from equisite.compare.texts import repeatability_table
from equisite.core.tables import read_table
from equisite.protocol.robustness import Robustness
from equisite.stats.icc import mean_squares

CHAIN = Robustness(copies=6)
FEATURE = codebook().columns_of("mr__gtv__core")[0]
KEY = f"analysis_set=imaging|feature={FEATURE}"


def party(site: str, values: np.ndarray | None, *, is_pooled: bool = True) -> Party:
    if values is None:
        rows = [CellRow("t", KEY, m, "", "suppressed") for m in ("n", "msb", "msw")]
    else:
        squares = mean_squares(values)
        texts = {"n": str(len(values)), "msb": real_text(squares.between)}
        texts["msw"] = real_text(squares.within)
        rows = [CellRow("t", KEY, m, text, "ok") for m, text in texts.items()]
    bundle: Any = SimpleNamespace(cells=tuple(rows), quality=())
    return Party(site, site.title(), is_pooled, bundle)


def simulated(seed: int, n: int, icc: float, shift: float = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    cases = rng.normal(shift, math.sqrt(icc), (n, 1))
    return cases + rng.normal(0, math.sqrt(1 - icc), (n, 6))


def test_sites_are_pooled_and_their_differences_are_not() -> None:
    parties = [party("a", simulated(1, 40, 0.9)), party("b", simulated(2, 60, 0.9, 100))]
    sites, (total,) = analyse_repeatability(parties, "t", CHAIN)
    assert [row.n for row in sites] == [40, 60]
    assert total.n == 100
    assert total.sites == 2
    assert total.low < 0.9 < total.high
    assert total.high - total.low < min(row.high - row.low for row in sites)
    assert total.text == "robust"


def test_a_feature_below_the_limit_is_marked() -> None:
    parties = [party("a", simulated(1, 40, 0.6))]
    sites, pooled = analyse_repeatability(parties, "t", CHAIN)
    assert pooled[0].text == "below"
    table = repeatability_table(pooled, sites, {"a": "Site A"}, codebook(), "c")
    (row,) = table.rows
    assert row[1] == "✗ below the limit"
    assert len(row) == len(table.head)
    assert f"{pooled[0].value:.2f}" in row[2]


def test_withheld_and_unpooled_sites_do_not_count() -> None:
    values = simulated(1, 40, 0.9)
    parties = [
        party("a", values),
        party("b", None),
        party("c", simulated(3, 40, 0.1), is_pooled=False),
    ]
    sites, (total,) = analyse_repeatability(parties, "t", CHAIN)
    assert (total.sites, total.n) == (1, 40)
    assert total.value == pytest.approx(sites[0].value)
    assert math.isnan(sites[1].value)
    assert sites[1].status == "suppressed"
    assert not math.isnan(sites[2].value)


def test_nobody_sent_anything() -> None:
    sites, (total,) = analyse_repeatability([party("a", None)], "t", CHAIN)
    assert total.status == "absent"
    assert total.text == ""
    table = repeatability_table([total], sites, {"a": "A"}, codebook(), "c")
    assert table.rows[0][1] == "not judged"


def test_the_report_marks_what_does_not_stand_perturbation(
    tmp_path: Path, plans: tuple[made.Plan, ...]
) -> None:
    book = codebook()
    content = made.protocol_content(book, rich=False)
    content["radiomics"]["robustness"] = {"copies": 6}
    content["tables"].append(
        {"id": "repeated", "kind": "repeatability", "features": "mr__gtv__core"}
    )
    lead = tmp_path / "lead"
    titles = {plan.site: plan.site.title() for plan in plans}
    protocol = made.write_lead(lead, content, titles)
    columns = book.columns_of("mr__gtv__core")
    for plan in plans:
        patients = made.draw(plan, book, columns, seed=7)
        made.put_bundle(lead, made.bundle_of(plan, patients, protocol, book))
    run_admit(lead)
    run_pool(lead)
    page = run_report(lead).read_text(encoding="utf-8")
    assert "Which features stand small perturbations" in page
    assert page.count("✗ below the limit") == 1
    assert page.count("✓ robust") == len(columns) - 1
    assert "degrees of freedom" in page
    assert "Zwanenburg" in page
    _, pooled = read_table(lead / "report/pooled.tsv")
    judged = [row for row in pooled if row["measure"] == "icc"]
    assert [row["text"] for row in judged].count("below") == 1
    assert {row["sites"] for row in judged} == {str(len(plans))}
