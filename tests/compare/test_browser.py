"""The page in a real browser: charts are drawn, nothing is fetched, nothing complains."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

import made_bundles as made
from browser import Browser, browser, executable
from equisite.compare.stages import run_admit, run_pool, run_report
from report_page import ALL_DRAWN, IN_VIEW, READY, draw_all

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(executable() is None, reason="no Chromium on this machine"),
]
PAPER_PIXELS = 688
"""Of A4 within its margins of 14 mm."""
DRAWN = (
    "[...document.querySelectorAll('[data-chart]')].map(b => [b.dataset.chart, "
    "b.querySelectorAll('svg path, svg image').length])"
)


@pytest.fixture
def page(consortium) -> Path:
    lead, _ = consortium()
    run_admit(lead)
    run_pool(lead)
    return run_report(lead)


@pytest.fixture
def crowd(consortium) -> Path:
    """Ten sites whose long names differ at the end, one of them a single word."""
    sites = [f"s{i}" for i in range(10)]
    long = "University Hospital of the Northern Region, Department of Radiology "
    titles = {site: long + site for site in sites} | {"s3": "Hospital" * 20}
    lead, _ = consortium(tuple(made.Plan(site, 60) for site in sites), titles)
    run_admit(lead)
    run_pool(lead)
    return run_report(lead)


@pytest.fixture
def tab() -> Iterator[Browser]:
    with browser() as opened:
        yield opened


def test_all_charts_are_drawn_without_error_or_request(page: Path, tab: Browser) -> None:
    tab.look()
    tab.open(page)
    tab.wait_for(READY)
    tab.wait_for(IN_VIEW)
    assert not tab.evaluate(ALL_DRAWN), "charts below the fold wait until they are seen"
    draw_all(tab)
    paths = dict(tab.evaluate(DRAWN))
    assert set(paths) >= {"distance", "forest", "histogram", "map", "Carriers: truncating"}
    assert all(count > 0 for count in paths.values()), paths
    assert paths["forest"] >= 12
    assert tab.errors() == []
    assert tab.requests() == []


def test_the_feature_is_chosen_by_keyboard(page: Path, tab: Browser) -> None:
    tab.look()
    tab.open(page)
    tab.wait_for(READY)
    first = tab.evaluate("document.getElementById('feature-name').textContent")
    tab.evaluate("document.getElementById('next').focus()")
    for kind in ("keyDown", "keyUp"):
        tab.call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r",
                 windowsVirtualKeyCode=13)  # fmt: skip
    second = tab.evaluate("document.getElementById('feature-name').textContent")
    assert first and second and first != second
    rows = tab.evaluate("document.querySelectorAll('#feature-numbers tbody tr').length")
    assert rows == 5, "three sites, all patients, random effects"


def test_nothing_runs_that_is_not_of_the_page(page: Path, tab: Browser) -> None:
    tab.look()
    tab.open(page)
    tab.wait_for(READY)
    tab.evaluate(
        "{ const s = document.createElement('script'); s.textContent = 'window.bad = 1';"
        " document.head.append(s); const i = new Image(); i.src = 'http://192.0.2.1/x.png';"
        " document.body.append(i); 0 }"
    )
    assert tab.evaluate("window.bad") is None
    assert any("Content Security Policy" in e for e in tab.errors())
    assert tab.evaluate("fetch('http://192.0.2.1/').then(() => 1, () => 0)") == 0


def test_a_narrow_dark_window_has_no_sideways_scroll(page: Path, tab: Browser) -> None:
    tab.look(width=390, dark=True)
    tab.open(page)
    draw_all(tab)
    assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert tab.errors() == []


@pytest.mark.parametrize("width", [1280, 390])
def test_long_names_neither_widen_the_page_nor_meet(
    crowd: Path, tab: Browser, width: int
) -> None:
    tab.look(width=width)
    tab.open(crowd)
    draw_all(tab)
    assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    boxes = tab.evaluate(
        "[...document.querySelectorAll('[data-chart=map] .xtick text')].map(t => "
        "{ const b = t.getBoundingClientRect(); return [b.left, b.right]; })"
    )
    assert len(boxes) == 10
    ordered = sorted(boxes)
    assert all(right <= left for (_, right), (left, _) in pairwise(ordered)), ordered


def test_legends_name_every_site_and_leave_the_chart_its_width(
    crowd: Path, tab: Browser
) -> None:
    tab.look(width=390)
    tab.open(crowd)
    draw_all(tab)
    assert tab.errors() == []
    entries = tab.evaluate(
        "[...document.querySelectorAll('.legend')].map(l => l.querySelectorAll('li').length)"
    )
    assert len(entries) >= 3 and set(entries) == {10}
    widest = "Math.max(...[...document.querySelectorAll('.legend')].map(l => l.scrollWidth))"
    assert tab.evaluate(widest) <= 390
    plot = "document.querySelector('.legend + .chart .nsewdrag').getBoundingClientRect().width"
    assert tab.evaluate(plot) > 250


def test_nothing_is_wider_than_the_paper(page: Path, tab: Browser) -> None:
    """Chromium shrinks a whole print in which one table is too wide."""
    tab.look(width=PAPER_PIXELS)
    tab.open(page)
    draw_all(tab)
    tab.call("Emulation.setEmulatedMedia", media="print")
    widest = "Math.max(...[...document.querySelectorAll('table')].map(t => t.scrollWidth))"
    assert tab.evaluate(widest) <= PAPER_PIXELS
