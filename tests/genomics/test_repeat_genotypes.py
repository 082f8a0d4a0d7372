from collections import Counter

import pytest

from equisite.genomics.repeat_genotypes import (
    LENGTHS,
    LONGEST,
    MOST,
    Stretch,
    judge,
    overruled,
    repeat_stretches,
)
from equisite.genomics.spanning import ANCHOR, Observed
from equisite.variants.replay import Placed, place
from equisite.variants.vcf import Genotype

BEFORE, BEHIND = "GATTCAGCTTGACCATGCGTACTTGACCAG", "CTTGCAATGGCATTCGACCTGAATTGCGCA"
FIRST = len(BEFORE)


def placed(sequence: str, position: int, ref: str, alt: str, genotype: str = "0/1") -> Placed:
    assert sequence[position : position + len(ref)] == ref
    copies = tuple(map(int, genotype.split("/")))
    record = Genotype("c", position, (ref, alt), copies, f"{position}{ref}{alt}")
    return place(record, record.edits, {"c": sequence})


def stretches(sequence: str, *records: tuple[int, str, str]) -> list[Stretch]:
    return list(repeat_stretches([placed(sequence, *r) for r in records], sequence))


def test_a_gap_in_a_repeat_makes_a_stretch_of_the_whole_repeat() -> None:
    run = BEFORE + "T" * 9 + BEHIND
    assert stretches(run, (FIRST - 1, "GT", "G")) == [Stretch(FIRST, FIRST + 9)]
    short = BEFORE + "T" * 7 + BEHIND
    assert stretches(short, (FIRST - 1, "GT", "G")) == []
    assert stretches(run, (FIRST, "T", "A")) == []


def test_gaps_without_room_for_anchors_between_them_share_a_stretch() -> None:
    for apart, expected in ((2 * ANCHOR, 1), (2 * ANCHOR + 1, 2)):
        between = BEHIND[: apart - 1] + "G"
        sequence = BEFORE + "A" * 10 + between + "T" * 10 + BEHIND
        second = FIRST + 10 + apart
        found = stretches(
            sequence,
            (FIRST - 1, "GA", "G"),
            (second - 1, sequence[second - 1] + "T", sequence[second - 1]),
        )
        assert len(found) == expected


def test_a_gap_outside_repeats_joins_a_stretch_that_is_near() -> None:
    sequence = BEFORE + "T" * 9 + BEHIND
    gap = FIRST + 9 + 14
    ref = sequence[gap - 1 : gap + 1]
    near = stretches(sequence, (FIRST - 1, "GT", "G"), (gap - 1, ref, ref[0]))
    assert near == [Stretch(FIRST, gap + 1)]
    assert stretches(sequence, (gap - 1, ref, ref[0])) == []


def test_stretches_without_room_for_anchors_or_too_long_are_left_alone() -> None:
    assert stretches("G" + "T" * 9 + BEHIND, (0, "GT", "G")) == []
    assert stretches(BEFORE + "T" * 9, (FIRST - 1, "GT", "G")) == []
    assert stretches(BEFORE + "T" * (LONGEST + 1) + BEHIND, (FIRST - 1, "GT", "G")) == []


def best(seen: dict[str, int], heard: list[tuple[str, str]], reference: str) -> tuple[str, str]:
    judged = judge(Observed(Counter(seen), 150), reference, heard)
    assert judged is not None
    return judged.best


def a(copies: int) -> str:
    return "A" * copies


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({a(12): 10, a(10): 10}, (10, 12)),
        ({a(12): 20}, (12, 12)),
        ({a(12): 20, a(11): 1}, (12, 12)),  # one slip
        ({a(12): 15, a(11): 6}, (11, 12)),  # too many slips
        ({a(10): 12, a(12): 9, a(11): 1}, (10, 12)),
    ],
)
def test_lengths_that_callers_report(seen: dict[str, int], expected: tuple[int, int]) -> None:
    heard = [(a(11), a(12)), (a(10), a(10))]
    assert best(seen, heard, a(12)) == (a(expected[0]), a(expected[1]))


def test_long_runs_slip_more_often_than_short_ones() -> None:
    for copies, expected in ((20, (20, 20)), (9, (8, 9))):
        seen = {a(copies): 16, a(copies - 1): 2}
        pair = best(seen, [(a(copies - 1), a(copies))], a(copies))
        assert pair == (a(expected[0]), a(expected[1]))


def test_a_length_that_no_caller_reports_needs_more_witnesses_and_no_other_change() -> None:
    heard = [(a(12), a(12))]
    assert best({a(12): 10, a(8): 1}, heard, a(12)) == (a(12), a(12))
    assert best({a(12): 10, a(8): 5}, heard, a(12)) == (a(8), a(12))
    other = a(5) + "G" + a(6)
    assert best({a(12): 10, other: 5}, heard, a(12)) == (a(12), a(12))
    assert best({a(12): 10, other: 5}, [(a(12), other)], a(12)) == (a(12), other)


def test_reads_hold_a_long_haplotype_less_often() -> None:
    reference, longer = "AC" * 10, "AC" * 52
    observed = Observed(Counter({reference: 30, longer: 7}), 150)
    judged = judge(observed, reference, [(reference, longer)])
    assert judged is not None
    assert judged.best == (reference, longer)
    assert judged.phred(judged.best) == 0
    assert judged.phred((reference, reference)) > 200
    fewer = judge(Observed(Counter({reference: 30, longer: 7}), 10_000), reference, [])
    assert fewer is not None
    gain = judged.pairs[reference, longer] - judged.pairs[reference, reference]
    same = fewer.pairs[reference, longer] - fewer.pairs[reference, reference]
    assert gain > same


def test_calls_are_overruled_where_the_odds_are_above_a_hundred() -> None:
    """A called length that none of n reads shows: odds 2^n, so that the seventh decides."""
    for count, expected in ((6, False), (7, True)):
        judged = judge(Observed(Counter({a(9): count}), 150), a(9), [(a(5), a(9))])
        assert judged is not None
        assert judged.best == (a(9), a(9))
        assert overruled(judged, {(a(5), a(9))}) is expected
        assert not overruled(judged, {(a(5), a(9)), judged.best})
        assert not overruled(judged, set())


def test_only_so_many_lengths_and_haplotypes_are_tried() -> None:
    seen = {a(n): 40 - n for n in range(5, 25)}
    judged = judge(Observed(Counter(seen), 150), a(12), [])
    assert judged is not None
    tried = {len(bases) for pair in judged.pairs for bases in pair}
    assert tried == {12, *range(5, 12), 13}
    assert len(tried) == 1 + LENGTHS
    many = [(a(n), a(n)) for n in range(1, MOST + 2)]
    assert judge(Observed(Counter(seen), 150), a(12), many) is None


def test_the_order_of_what_was_seen_changes_nothing() -> None:
    seen = {a(12): 10, a(11): 3, a(10): 8, a(13): 3}
    heard = [(a(12), a(10)), (a(11), a(12))]
    one = judge(Observed(Counter(seen), 150), a(12), heard)
    turned = Counter(dict(reversed(seen.items())))
    assert one == judge(Observed(turned, 150), a(12), heard[::-1])
