"""The local page in a real browser: it runs nothing, asks for nothing, prints light."""

from __future__ import annotations

from pathlib import Path

import pytest
from imaging_cases import outcome_row, series_row

from browser import browser, executable
from equisite.core.outcomes import write_outcomes
from equisite.core.tables import write_rows
from equisite.imaging.page import write_page
from equisite.imaging.rows import ReaderPair, RegionPair, SeriesRow

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(executable() is None, reason="no Chromium on this machine"),
]
LIGHT, DARK = "rgb(255, 255, 255)", "rgb(28, 28, 30)"
BACKGROUND = "getComputedStyle(document.body).backgroundColor"


def test_page_in_all_lights_and_widths(tmp_path: Path) -> None:
    folder = tmp_path / "work/1"
    folder.mkdir(parents=True)
    why = "a reason of some length that must not push the table over the edge " * 3
    write_rows(
        folder / "series.tsv", SeriesRow, [series_row("a1", "refused", "LOSSY", "refuse", why)]
    )
    write_rows(folder / "regions.tsv", RegionPair, [])
    write_rows(folder / "agreement.tsv", ReaderPair, [])
    write_outcomes(
        folder / "outcomes.tsv",
        [
            outcome_row(f"CT/a{n}/{'gtv' * (n % 2)}", "refused", "NONUNIFORM_SPACING", why)
            for n in range(7)
        ],
    )
    page = tmp_path / "imaging.html"
    write_page(tmp_path / "work", "pictures", [1], page)
    with browser() as tab:
        for dark, width in ((False, 1400), (True, 1400), (False, 420)):
            tab.look(dark=dark, width=width)
            tab.open(page)
            tab.wait_for("document.readyState === 'complete' && document.querySelector('nav')")
            assert tab.evaluate(BACKGROUND) == (DARK if dark else LIGHT)
            assert tab.evaluate("document.querySelectorAll('.tile').length") == 7
            over = "document.documentElement.scrollWidth - window.innerWidth"
            assert tab.evaluate(over) <= 0
        tab.call(
            "Emulation.setEmulatedMedia",
            media="print",
            features=[{"name": "prefers-color-scheme", "value": "dark"}],
        )
        assert tab.evaluate(BACKGROUND) == LIGHT
        assert tab.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
        assert (tab.errors(), tab.requests()) == ([], [])
