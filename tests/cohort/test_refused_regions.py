"""A refused region gives no value to the cohort, though its own table keeps what is defined."""

from __future__ import annotations

import pytest

from equisite.cohort.join import join
from equisite.cohort.sources import Sources


def region(status: str, reader: str, volume: str) -> dict[str, str]:
    return {
        "patient": "p1",
        "token": "t1",
        "modality": "MR",
        "roi": "gtv",
        "reader": reader,
        "roi_status": status,
        "volume": volume,
    }


def sources(*regions: dict[str, str]) -> Sources:
    return Sources(
        clinical_columns=(),
        clinical=[{"patient": "p1"}],
        variant_columns=(),
        variants=[],
        feature_columns=("volume",),
        regions=list(regions),
        pictures=(),
        outcomes={},
        expected={"genomics": frozenset(), "imaging": frozenset({"p1"})},
    )


@pytest.mark.parametrize("several", ["first", "mean"])
def test_a_refused_region_is_not_in_the_imaging_set(several: str) -> None:
    row = join(sources(region("ROI_2D", "", "7")), several).rows[0]
    assert row["mr__gtv__volume"] == ""
    assert row["set_imaging"] == row["set_all"] == "0"


@pytest.mark.parametrize("several", ["first", "mean"])
def test_another_reader_stands_in_for_a_refused_one(several: str) -> None:
    joined = join(sources(region("ROI_2D", "a", "7"), region("ok", "b", "9")), several)
    assert joined.rows[0]["mr__gtv__volume"] == "9"
    assert joined.rows[0]["set_imaging"] == "1"
    assert joined.unused == {"p1": ["mr gtv reader a"]}
