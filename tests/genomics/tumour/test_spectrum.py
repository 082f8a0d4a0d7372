import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.codebook.channels import CHANNELS
from equisite.genomics.tumour.spectrum import channel_of, opportunities, spectrum
from equisite.variants.alleles import Edit
from equisite.variants.intervals import Territory

COMPLEMENT = str.maketrans("ACGT", "TGCA")


def test_channels_are_those_of_the_published_tables() -> None:
    assert len(set(CHANNELS)) == 96
    assert (CHANNELS[0], CHANNELS[1], CHANNELS[4], CHANNELS[16], CHANNELS[95]) == (
        "A[C>A]A",
        "A[C>A]C",
        "C[C>A]A",
        "A[C>G]A",
        "T[T>G]T",
    )


@pytest.mark.parametrize(
    ("triplet", "alt", "channel"),
    [
        ("ACA", "T", "A[C>T]A"),
        ("TGT", "A", "A[C>T]A"),
        ("AAG", "C", "C[T>G]T"),
        ("ACN", "T", None),
        ("ACA", "C", None),
        ("AC", "T", None),
    ],
)
def test_purines_are_turned_to_the_other_strand(
    triplet: str, alt: str, channel: str | None
) -> None:
    assert channel_of(triplet, alt) == channel


@given(st.text("ACGT", min_size=3, max_size=3), st.sampled_from("ACGT"))
def test_both_strands_give_one_channel(triplet: str, alt: str) -> None:
    other = triplet.translate(COMPLEMENT)[::-1]
    assert channel_of(triplet, alt) == channel_of(other, alt.translate(COMPLEMENT))


def test_spectrum_counts_planted_substitutions_and_nothing_else() -> None:
    reference = {"c": "ACATGTNCA"}
    edits = [
        Edit("c", 1, 2, "T"),  # A[C>T]A
        Edit("c", 4, 5, "A"),  # TGT>TAT is A[C>T]A
        Edit("c", 0, 1, "G"),  # no base before
        Edit("c", 7, 8, "T"),  # N before
        Edit("c", 2, 3, ""),
        Edit("c", 3, 3, "A"),
        Edit("c", 8, 9, "T"),  # no base behind
    ]
    counts = spectrum(edits, reference)
    assert counts.sum() == 2
    assert counts[CHANNELS.index("A[C>T]A")] == 2


@given(st.text("ACGTN", min_size=3, max_size=60))
def test_opportunities_equal_a_count_of_triplets(sequence: str) -> None:
    found = opportunities(Territory.of([("c", 0, len(sequence))]), {"c": sequence})
    expected = np.zeros(96, np.int64)
    for at in range(1, len(sequence) - 1):
        for alt in "ACGT":
            channel = channel_of(sequence[at - 1 : at + 2], alt)
            if channel is not None:
                expected[CHANNELS.index(channel)] += 1
    assert (found == expected).all()


def test_opportunities_hold_for_parts_and_long_stretches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sequence = "ACGTTGCAAC" * 30
    parts = Territory.of([("c", 3, 40), ("c", 100, 200)])
    whole = opportunities(parts, {"c": sequence})
    monkeypatch.setattr("equisite.genomics.tumour.spectrum._PIECE", 7)
    assert (opportunities(parts, {"c": sequence}) == whole).all()
    assert whole.sum() == 3 * parts.size
