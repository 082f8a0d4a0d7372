import random

from hypothesis import given
from hypothesis import strategies as st

from equisite.variants.alleles import Reference
from equisite.variants.reconcile import reconcile, unsettled
from equisite.variants.vcf import Genotype

# Unique bases, then a repeat of GA, then unique bases again.
FLANK = "".join(random.Random(3).choices("ACGT", k=300))
BASES = FLANK + "GA" * 10 + "".join(random.Random(4).choices("ACGT", k=300))
REFERENCE: Reference = {"c": BASES}
ALL = ((0, len(BASES)),)


def call(
    position: int, alt: str, genotype: str, quality: float = 90, length: int = 1
) -> Genotype:
    """A call of 0-based position whose REF has `length` bases."""
    ref = BASES[position : position + length]
    copies = tuple(int(c) for c in genotype.split("/"))
    line = f"c\t{position + 1}\t.\t{ref}\t{alt}\t{quality}\t.\t.\tGT\t{genotype}"
    return Genotype("c", position, (ref, alt), copies, line)


def other(position: int) -> str:
    return "ACGT"["ACGT".index(BASES[position]) - 1]


def labels(first: list[Genotype], second: list[Genotype]) -> list[tuple[str, bool]]:
    """Label of each final record, and whether it is the second caller's."""
    mine = {id(r) for r in second}
    found = sorted(reconcile(first, second, ALL, REFERENCE), key=lambda f: f[0].position)
    return [(label, id(record) in mine) for record, label in found]


def test_the_same_haplotypes_written_twice_are_one_call() -> None:
    two = BASES[100:102]
    mnp = call(100, other(100) + other(101), "1/1", 90, 2)
    snps = [call(100, other(100), "1/1"), call(101, other(101), "1/1")]
    assert two != mnp.alleles[1]
    assert labels(snps, [mnp]) == [("both", False), ("both", False)]


def test_a_lost_copy_is_given_back_whoever_lost_it() -> None:
    het, hom = call(100, other(100), "0/1"), call(100, other(100), "1/1")
    assert labels([het], [hom]) == [("hom", True)]
    assert labels([hom], [het]) == [("hom", False)]
    # An insertion in a repeat, written at its left and at its right end.
    left = call(299, BASES[299] + "GA", "1/1")
    right = call(319, BASES[319] + "GA", "0/1")
    assert labels([left], [right]) == [("hom", False)]


def test_compound_changes_are_taken_from_freebayes() -> None:
    first = [call(100, other(100), "1/1")]
    compound = call(100, other(100) + other(101) + other(102), "0/1", 2, 3)
    assert labels(first, [compound]) == [("fb", True)]


def test_fewer_records_win_only_if_they_are_sure() -> None:
    first = [call(100, other(100), "0/1"), call(105, other(105), "1/1")]
    assert labels(first, [call(105, other(105), "0/1", 20)]) == [("fb", True)]
    doubted = [call(105, other(105), "0/1", 19.9)]
    assert labels(first, doubted) == [("bcf", False), ("bcf", False)]


def test_a_sure_substitution_beside_what_both_call_is_taken() -> None:
    gap, same = (call(299, BASES[299] + "GA", "0/1") for _ in range(2))
    beside = call(325, other(325), "0/1", 20)
    assert labels([gap], [same, beside]) == [("fb", True), ("fb", True)]
    doubted = call(325, other(325), "0/1", 19.9)
    assert labels([gap], [same, doubted]) == [("bcf", False)]
    another = call(325, BASES[325] + "T", "0/1", 90)
    assert labels([gap], [same, another]) == [("bcf", False)]
    lost = call(310, other(310), "1/1")
    assert labels([gap, lost], [same, beside]) == [("bcf", False), ("bcf", False)]


def test_calls_of_one_caller() -> None:
    one = call(100, other(100), "0/1", 3)
    assert labels([one], []) == [("single", False)]
    assert labels([], [call(100, other(100), "0/1", 20)]) == [("single", True)]
    assert labels([], [call(100, other(100), "0/1", 19)]) == []
    noise = call(100, other(100), "1/1", 0.9)
    assert labels([one], [noise]) == [("single", False)]


def test_the_second_caller_is_heard_only_where_it_was_asked() -> None:
    one, two = call(100, other(100), "0/1"), call(100, other(100), "1/1")
    assert list(reconcile([one], [two], ((101, 300),), REFERENCE)) == [(one, "clear")]
    assert list(reconcile([one], [two], ((0, 101),), REFERENCE)) == [(two, "hom")]


def test_nothing_is_called_where_the_reference_has_no_base() -> None:
    reference = {"c": BASES[:100] + "N" + BASES[101:]}
    line = "c\t101\t.\tN\tA\t90\t.\t.\tGT\t1/1"
    masked = Genotype("c", 100, ("N", "A"), (1, 1), line)
    assert list(reconcile([], [masked], ALL, reference)) == []


def test_windows_lie_around_what_is_not_settled() -> None:
    lone = call(50, other(50), "0/1")
    doubted = call(150, other(150), "0/1", 29)
    near = [call(230, other(230), "0/1"), call(249, other(249), "0/1")]
    indel = call(299, BASES[299] + "GA", "0/1")
    assert list(unsettled([lone, doubted, *near, indel], REFERENCE)) == [
        ("c", 110, 191),
        ("c", 190, 290),
        ("c", 260, 360),
    ]


@given(
    st.lists(st.tuples(st.integers(5, 590), st.sampled_from(["0/1", "1/1"])), max_size=6),
    st.lists(st.tuples(st.integers(5, 590), st.sampled_from(["0/1", "1/1"])), max_size=6),
    st.randoms(use_true_random=False),
)
def test_order_of_records_changes_nothing(
    first: list[tuple[int, str]], second: list[tuple[int, str]], rng: random.Random
) -> None:
    sides = [
        [call(p, other(p), g) for p, g in {p: (p, g) for p, g in side}.values()]
        for side in (first, second)
    ]

    def lines() -> list[tuple[str, str]]:
        return sorted((r.line, label) for r, label in reconcile(*sides, ALL, REFERENCE))

    before = lines()
    for side in sides:
        rng.shuffle(side)
    assert lines() == before
    assert len({line for line, _ in before}) == len(before)
