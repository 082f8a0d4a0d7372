"""ICC of sites from their mean squares, pooled by degrees of freedom."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from equisite.bundle.format import CellRow, real_text
from equisite.codebook.book import codebook
from equisite.compare.cells import Party
from equisite.compare.repeatability import analyse_repeatability
from equisite.compare.texts import repeatability_table
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
