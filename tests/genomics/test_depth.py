import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.genomics import depth
from equisite.genomics.depth import Part, summarise
from equisite.variants.intervals import Territory

ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "chr1", "chr10"]), st.integers(1, 2000), st.integers(0, 250)
    ),
    max_size=60,
    unique_by=lambda row: row[:2],
).map(sorted)


@given(rows=ROWS, piece=st.integers(1, 400), minimum=st.integers(1, 30))
def test_any_cut_of_the_stream_gives_the_same_sums(
    rows: list[tuple[str, int, int]], piece: int, minimum: int
) -> None:
    regions = {
        "low": Territory.of([("a", 0, 900), ("chr10", 100, 300)]),
        "all": Territory.of([(c, 0, 2000) for c in ("a", "chr1", "chr10")]),
        "gone": Territory.of([("chrX", 0, 10)]),
    }
    text = "".join(f"{c}\t{p}\t{d}\n" for c, p, d in rows).encode()
    whole, depth._PIECE = depth._PIECE, piece
    try:
        coverage = summarise(io.BytesIO(text), regions["all"], regions, minimum)
    finally:
        depth._PIECE = whole
    called = [(c, p - 1) for c, p, d in rows if d >= minimum]
    assert coverage.bases == 6000
    assert coverage.summed == sum(d for _, _, d in rows)
    assert coverage.callable_bases == len(called)
    assert coverage.reached == {n: sum(d >= n for _, _, d in rows) for n in (10, 20, 30)}
    assert coverage.regions == {
        name: Part(
            region.size,
            sum(d for c, p, d in rows if region.holds(c, p - 1)),
            sum(region.holds(*place) for place in called),
        )
        for name, region in regions.items()
    }


def test_means_are_over_the_territory_not_over_covered_bases() -> None:
    text = b"a\t1\t30\na\t2\t10\n"
    territory = Territory.of([("a", 0, 4)])
    for minimum, fraction in ((10, 0.5), (11, 0.25), (30, 0.25), (31, 0)):
        coverage = summarise(io.BytesIO(text), territory, {}, minimum)
        assert coverage.mean_depth == pytest.approx(10)
        assert coverage.callable_fraction == pytest.approx(fraction)
