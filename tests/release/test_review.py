"""The page that a data protection officer reads: reasons in words, all numbers on paper."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_cohort import columns, protocol, write_site

from equisite.bundle.verify import verify
from equisite.cohort.html import page_style
from equisite.release.prepare import prepare
from equisite.release.review import review_page

Page = Callable[..., str]


@pytest.fixture
def page(tmp_path: Path) -> Page:
    def made(
        n: int = 45, *, public: bool = False, imaged: int = 33, release_no: int = 1
    ) -> str:
        rules = protocol(public=public)
        imaging = np.arange(n) < imaged
        site = write_site(tmp_path, columns(n, seed=3, imaging=imaging), rules)
        prepared = prepare(site, "0" * 64)
        if release_no > 1:
            about = prepared.bundle.about.model_copy(update={"release_no": release_no})
            bundle = replace(prepared.bundle, about=about)
            prepared = replace(prepared, bundle=bundle)
        assert verify(prepared.content, rules).findings == ()
        return re.sub(r"\s+", " ", review_page(prepared, site))

    return made


def test_a_cohort_of_45_patients_is_told_in_plain_words(page: Page):
    text = page()
    assert "45</b><span>patients in the cohort" in text
    assert "stands for 1 to 9 patients" in text
    assert text.count('warn">stays here') >= 1
    assert text.count("Why it stays:") == text.count('warn">stays here')
    assert '<td class="number">withheld</td>' in text
    counts = re.findall(r'<td class="number">([0-9]+)</td>', text)
    assert counts
    for count in counts:
        assert int(count) == 0 or int(count) >= 10


def test_what_stays_and_how_to_decide_come_before_the_tables(page: Page):
    text = page()
    begin = text[: text.index('id="why"')]
    assert "<h2>How to decide</h2>" in begin and "equisite approve" in begin
    kept = re.findall(r'<li><span class="code">(\w+)</span>, the whole table: ', begin)
    assert len(kept) == text.count('warn">stays here') > 0
    assert re.search(r'class="code">carriers</span>: \d of \d+ numbers: small groups', begin)


def test_sets_and_regions_have_words(page: Page):
    text = page()
    assert "Of whom: with imaging data." in text
    assert "<td>All included patients</td>" in text
    assert "MR GTV: Sphericity" in text and "MR gtv" not in text
    assert "<td>all</td>" not in text and "<th" in text
    assert not re.search(r"<td[^>]*>-", text), "a minus is no hyphen"


def test_tables_that_scroll_are_reached_by_keyboard(page: Page):
    text = page()
    assert text.count('<div class="scroll" role="region" tabindex="0" aria-label="') > 2
    assert text.count('class="scroll"') == text.count('class="scroll" role="region"')


def test_open_data_need_no_reason(page: Page):
    text = page(8, public=True, imaged=8)
    assert "Why numbers are withheld" not in text
    assert "Nothing that the protocol asks for is withheld" in text
    assert "<b>Open data.</b>" in text


def test_a_set_that_is_not_published_is_named(page: Page):
    text = page(imaged=5)
    assert "Groups that are not mentioned at all" in text
    assert "analysis set &ldquo;imaging&rdquo;, &ldquo;both&rdquo;." in text


def test_closed_tables_are_printed(page: Page):
    assert "<details open>" in page()
    assert "details::details-content { content-visibility: visible;" in page_style()[0]


def test_a_table_that_stays_has_no_list_of_nothing(page: Page):
    text = page()
    assert "stays here" in text and "<summary>0 numbers shown" not in text


def test_a_further_release_is_told_with_its_rule(page: Page):
    assert "Not the first release" not in page()
    assert "would differ in fewer than 20 patients from what left before" in page(release_no=2)
    assert "open data have no rule against it" in page(8, public=True, imaged=8, release_no=2)
