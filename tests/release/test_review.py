"""The page that a data protection officer reads: reasons in words, all numbers on paper."""

from __future__ import annotations

import re
from collections.abc import Callable
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
    def made(n: int = 45, *, public: bool = False, imaged: int = 33) -> str:
        rules = protocol(public=public)
        imaging = np.arange(n) < imaged
        site = write_site(tmp_path, columns(n, seed=3, imaging=imaging), rules)
        prepared = prepare(site, "0" * 64)
        assert verify(prepared.content, rules).findings == ()
        return re.sub(r"\s+", " ", review_page(prepared, site))

    return made


def test_a_cohort_of_45_patients_is_told_in_plain_words(page: Page):
    text = page()
    assert "45</b><span>patients in the cohort" in text
    assert "stands for 1 to 9 patients" in text
    assert text.count('warn">stays here') >= 1
    assert text.count("Why it stays:") == text.count('warn">stays here')
    assert "<td>withheld</td>" in text
    for count in re.findall(r"<td>([0-9]+)</td>", text):
        assert int(count) == 0 or int(count) >= 10


def test_open_data_need_no_reason(page: Page):
    text = page(8, public=True, imaged=8)
    assert "Why numbers are withheld" not in text
    assert "<b>Open data.</b>" in text


def test_a_set_that_is_not_published_is_named(page: Page):
    text = page(imaged=5)
    assert "Groups that are not mentioned at all" in text
    assert "analysis set &ldquo;imaging&rdquo;, &ldquo;both&rdquo;." in text


def test_closed_tables_are_printed(page: Page):
    assert "<details open>" in page()
    assert "details::details-content { content-visibility: visible;" in page_style()[0]
