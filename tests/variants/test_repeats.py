import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.variants.fasta import read_fasta
from equisite.variants.intervals import read_bed
from equisite.variants.repeats import MARGIN, SHORTEST, repeats, tandem_repeats
from equisite.variants.vcf import open_text


@given(st.text("AC", max_size=40), st.integers(1, 6), st.integers(2, 6))
def test_intervals_are_the_longest_stretches_of_a_period(
    text: str, unit: int, copies: int
) -> None:
    shortest = unit * copies
    found = list(tandem_repeats(text, unit, shortest))

    def holds(start: int, end: int) -> bool:
        return all(text[i] == text[i - unit] for i in range(start + unit, end))

    longest = [
        (start, end)
        for start in range(len(text))
        for end in range(start + shortest, len(text) + 1)
        if holds(start, end)
        and not (start > 0 and holds(start - 1, end))
        and not (end < len(text) and holds(start, end + 1))
    ]
    assert found == longest


@pytest.mark.parametrize(("unit", "shortest"), SHORTEST.items())
def test_a_repeat_counts_from_its_shortest_length_on(unit: int, shortest: int) -> None:
    tract = ("ACCGTG"[:unit] * 24)[:shortest]
    start, end = 10, 10 + shortest
    assert repeats({"c": "GATCG" + "NNNNN" + tract + "NNNNNTTTTT"}).spans == {
        "c": ((start - MARGIN, end + MARGIN),)
    }
    assert not repeats({"c": "GATCG" + "NNNNN" + tract[:-1] + "NNNNNTTTTT"}).spans


def test_unknown_bases_are_no_repeat_and_margins_end_with_the_sequence() -> None:
    assert not repeats({"c": "N" * 30}).spans
    assert repeats({"c": "A" * 8}).spans == {"c": ((0, 8),)}


DATA = Path(os.environ.get("EQUISITE_DATA", "/nowhere")) / "genomics/germline_cohort20"


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="EQUISITE_DATA names no folder")
def test_the_published_territory_without_repeats_comes_out() -> None:
    reference = {n: b.decode() for n, b in read_fasta(DATA / "reference.fa.gz")}
    left = read_bed(open_text(DATA / "truth.bed")).without(repeats(reference))
    assert left == read_bed(open_text(DATA / "truth_easy.bed"))
