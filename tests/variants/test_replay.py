from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from equisite.variants.alleles import Edit, apply_edits, trim
from equisite.variants.replay import (
    MAX_HETEROZYGOUS,
    MAX_RECORDS,
    Cluster,
    clusters,
    matched,
    place,
)
from equisite.variants.vcf import Genotype

Maker = Callable[..., Genotype]


def make(position: int, ref: str, alts: str, gt: str) -> Genotype:
    copies = tuple(None if c == "." else int(c) for c in gt.split("/"))
    line = f"c\t{position + 1}\t.\t{ref}\t{alts}\t.\t.\t.\tGT\t{gt}"
    return Genotype("c", position, (ref, *alts.split(",")), copies, line)


def verdict(
    truth: list[Genotype], calls: list[Genotype], sequence: str
) -> tuple[list[bool], list[bool]]:
    reference = {"c": sequence}
    groups = clusters(
        [place(r, r.edits, reference) for r in truth],
        [place(r, r.edits, reference) for r in calls],
    )
    right: dict[str, bool] = {}
    found: dict[str, bool] = {}
    for group in groups:
        in_truth, in_calls = matched(group, reference)
        found |= {p.record.line: ok for p, ok in zip(group.truth, in_truth, strict=True)}
        right |= {p.record.line: ok for p, ok in zip(group.calls, in_calls, strict=True)}
    return [found[r.line] for r in truth], [right[r.line] for r in calls]


def pairs(records: list[Genotype], sequence: str) -> set[tuple[str, str]]:
    """All haplotype pairs of a set of records, the slow way."""
    found = set()
    for turns in product((False, True), repeat=len(records)):
        haplotypes = []
        for copy in (0, 1):
            carried = [r.edits[copy != turn] for r, turn in zip(records, turns, strict=True)]
            edits = [e for e in carried if e is not None]
            collide = len(set(edits)) < len(edits)
            text = None if collide else apply_edits(tuple(edits), sequence, 0, len(sequence))
            haplotypes.append(text)
        if None not in haplotypes:
            one, two = sorted(str(h) for h in haplotypes)
            found.add((one, two))
    return found


@st.composite
def records(draw: st.DrawFn, sequence: str, most: int = 4) -> list[Genotype]:
    made: dict[str, Genotype] = {}
    for _ in range(draw(st.integers(1, most))):
        start = draw(st.integers(1, len(sequence) - 5))
        end = draw(st.integers(start + 1, start + 4))
        ref = sequence[start:end]
        alts = draw(
            st.lists(
                st.text("ACG", min_size=1, max_size=4), min_size=1, max_size=2, unique=True
            )
        )
        alts = [a for a in alts if a != ref]
        if not alts:
            continue
        genotypes = ["0/1", "1/0", "1/1"] + (["1/2", "2/1", "0/2"] if len(alts) > 1 else [])
        record = make(start, ref, ",".join(alts), draw(st.sampled_from(genotypes)))
        if any(e is not None for e in record.edits):
            made[record.line] = record
    assume(made)
    return list(made.values())


SEQUENCES = st.text("AC", min_size=25, max_size=40)


@given(st.data())
def test_one_record_that_spells_out_both_haplotypes_is_the_same(data: st.DataObject) -> None:
    """Any representation of a pair of haplotypes is as good as any other."""
    sequence = data.draw(SEQUENCES)
    truth = data.draw(records(sequence))
    possible = sorted(pairs(truth, sequence))
    assume(possible)
    one, two = data.draw(st.sampled_from(possible))
    assume((one, two) != (sequence, sequence))
    alts = list(dict.fromkeys(h for h in (one, two) if h != sequence))
    numbers = [0 if h == sequence else alts.index(h) + 1 for h in (one, two)]
    spelled = make(0, sequence, ",".join(alts), "/".join(map(str, numbers)))
    assert verdict(truth, [spelled], sequence) == ([True] * len(truth), [True])
    assert verdict([spelled], truth, sequence) == ([True], [True] * len(truth))


@given(st.data())
def test_whole_sides_agree_exactly_when_a_pair_is_common(data: st.DataObject) -> None:
    sequence = data.draw(SEQUENCES)
    truth, calls = data.draw(records(sequence, 3)), data.draw(records(sequence, 3))
    reference = {"c": sequence}
    cluster = Cluster(
        tuple(place(r, r.edits, reference) for r in truth),
        tuple(place(r, r.edits, reference) for r in calls),
    )
    in_truth, in_calls = matched(cluster, reference)
    common = bool(pairs(truth, sequence) & pairs(calls, sequence))
    assert (all(in_truth) and all(in_calls)) == common
    kept = [r for r, ok in zip(truth, in_truth, strict=True) if ok]
    others = [r for r, ok in zip(calls, in_calls, strict=True) if ok]
    assert bool(kept) == bool(others)
    if kept:  # what is said to agree does agree
        assert pairs(kept, sequence) & pairs(others, sequence)


@given(st.data())
def test_order_of_records_and_of_alleles_in_a_genotype_mean_nothing(
    data: st.DataObject,
) -> None:
    sequence = data.draw(SEQUENCES)
    truth, calls = data.draw(records(sequence, 3)), data.draw(records(sequence, 3))
    found, right = verdict(truth, calls, sequence)
    shuffled = data.draw(st.permutations(calls))
    turned = [
        Genotype(r.contig, r.position, r.alleles, r.copies[::-1], r.line) for r in shuffled
    ]
    found_again, right_again = verdict(truth, turned, sequence)
    assert found_again == found
    by_line = dict(zip((r.line for r in shuffled), right_again, strict=True))
    assert [by_line[r.line] for r in calls] == right


@given(st.data())
def test_shifted_and_padded_indels_are_the_same(data: st.DataObject) -> None:
    unit = data.draw(st.sampled_from(["A", "CA", "CAG"]))
    sequence = "GTTGC" + unit * data.draw(st.integers(3, 8)) + "TGGTC"
    copies = data.draw(st.integers(1, 2))
    genotype = data.draw(st.sampled_from(["0/1", "1/1"]))
    insert = data.draw(st.booleans())
    left, right = (
        _repeat_change(
            sequence, unit, copies, insert, at, data.draw(st.integers(0, 3)), genotype
        )
        for at in (0, data.draw(st.integers(0, 1)))
    )
    assert verdict([left], [right], sequence) == ([True], [True])
    other = "1/1" if genotype == "0/1" else "0/1"
    wrong = Genotype(right.contig, right.position, right.alleles, (1, 1), "other")
    if other == "0/1":
        wrong = Genotype(right.contig, right.position, right.alleles, (0, 1), "other")
    assert verdict([left], [wrong], sequence) == ([False], [False])


def _repeat_change(
    sequence: str, unit: str, copies: int, insert: bool, at: int, padding: int, genotype: str
) -> Genotype:
    start = 5 + at * len(unit)
    anchor = start - 1 - min(padding, start - 1)
    changed = unit * copies
    before = sequence[anchor:start]
    if insert:
        tail = sequence[start : start + padding]
        return make(anchor, before + tail, before + changed + tail, genotype)
    tail = sequence[start + len(changed) : start + len(changed) + padding]
    return make(anchor, before + changed + tail, before + tail, genotype)


def test_adjacent_substitutions_are_one_block() -> None:
    sequence = "GATTACAGATTACA"
    block = make(4, "ACAG", "GCAT", "0/1")
    first, last = make(4, "A", "G", "0/1"), make(7, "G", "T", "0/1")
    assert verdict([block], [first, last], sequence) == ([True], [True, True])
    assert verdict([block], [first], sequence) == ([False], [False])


def test_allele_covered_by_a_deletion_is_reference_in_its_record() -> None:
    sequence = "GATTACAGATTACA"
    deletion = make(3, "TACA", "T", "0/1")
    with_star = make(5, "C", "*,G", "1/2")
    plain = make(5, "C", "G", "0/1")
    assert verdict([deletion, plain], [deletion, with_star], sequence) == (
        [True, True],
        [True, True],
    )


def test_split_het_alt_records_are_the_same_as_joined() -> None:
    sequence = "GATTACAGATTACA"
    joined = make(3, "T", "TA,TG", "1/2")
    split = [make(3, "T", "TA", "1/0"), make(3, "T", "TG", "0/1")]
    assert verdict([joined], split, sequence) == ([True], [True, True])


def test_one_wrong_record_does_not_spoil_its_neighbours() -> None:
    sequence = "GATTACAGATTACA"
    truth = [make(2, "T", "C", "0/1"), make(8, "A", "G", "1/1")]
    calls = [make(2, "T", "C", "0/1"), make(8, "A", "G", "0/1"), make(11, "A", "T", "0/1")]
    assert verdict(truth, calls, sequence) == ([True, False], [True, False, False])


def test_haploid_genotype_counts_for_both_haplotypes() -> None:
    sequence = "GATTACAGATTACA"
    assert verdict([make(2, "T", "C", "1")], [make(2, "T", "C", "1/1")], sequence) == (
        [True],
        [True],
    )


@pytest.mark.parametrize("number", [MAX_HETEROZYGOUS + 2, MAX_RECORDS + 3])
def test_crowded_clusters_fall_back_to_equal_records(number: int) -> None:
    sequence = "ACGT" * 30
    truth = [make(4 * i + 2, "G", "T", "0/1") for i in range(number)]
    calls = [*truth[:-1], make(4 * number - 2, "G", "C", "0/1")]
    found, right = verdict(truth, calls, sequence)
    assert found == [True] * (number - 1) + [False]
    assert right == found


def test_records_far_apart_are_different_clusters() -> None:
    sequence = "ACGT" * 30
    reference = {"c": sequence}
    near = [make(10, "G", "T", "0/1"), make(31, "T", "G", "0/1")]
    far = [make(10, "G", "T", "0/1"), make(32, "A", "G", "0/1")]
    for records_, number in ((near, 1), (far, 2)):
        placed = [place(r, r.edits, reference) for r in records_]
        assert len(clusters(placed, [])) == number


def test_trim_is_what_places_a_record() -> None:
    assert make(3, "TACA", "TACG", "0/1").edits == (None, Edit("c", 6, 7, "G"))
    assert trim("c", 3, "TACA", "TACG") == Edit("c", 6, 7, "G")
