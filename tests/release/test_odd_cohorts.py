"""Odd but legal cohorts: every one is prepared, and the lead admits what was prepared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from made_cohort import TABLES, columns, protocol, write_site

from equisite.bundle.codec import Bundle
from equisite.bundle.verify import verify
from equisite.release.prepare import prepare
from equisite.release.review import review_page

Columns = dict[str, list[str]]
Change = Callable[[Columns], None]
STRATA = [
    {"id": "mr_by_sex", "kind": "moment", "features": "mr__gtv__core", "strata": ["sex"]},
    {"id": "bins_by_sex", "kind": "hist", "features": "mr__gtv__core", "strata": ["sex"]},
]


def released(
    folder: Path,
    found: Columns,
    tables: Sequence[Mapping[str, Any]] = (*TABLES, *STRATA),
    *,
    public: bool = False,
) -> Bundle:
    """Prepare, write the page, and let the lead judge."""
    made = protocol(public=public, tables=tables)
    site = write_site(folder, found, made)
    prepared = prepare(site, "0" * 64)
    assert "<html" in review_page(prepared, site)
    assert verify(prepared.content, made).findings == ()
    return prepared.bundle


def reasons(bundle: Bundle) -> dict[str, str]:
    return {row.table: row.reason for row in bundle.tables}


@pytest.mark.parametrize("public", [True, False])
@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_a_few_patients(tmp_path: Path, n: int, public: bool):
    bundle = released(tmp_path, columns(n), public=public)
    assert bool(bundle.cells) == public
