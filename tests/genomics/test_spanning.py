import random
from pathlib import Path

import pysam
import pytest

from equisite.genomics.spanning import ANCHOR, ReadsInOrder, observe

HEADER = pysam.AlignmentHeader.from_dict(
    {"SQ": [{"SN": "c", "LN": 50_000}, {"SN": "d", "LN": 300}]}
)
_random = random.Random(3)
LEFT = "".join(_random.choices("ACGT", k=99)) + "G"
RIGHT = "C" + "".join(_random.choices("ACGT", k=99))
SEQUENCE = LEFT + "TA" * 10 + RIGHT
START, END = 100, 120


def read(
    name: str, start: int, bases: str, cigar: str, *, flag: int = 0, mapping: int = 60
) -> pysam.AlignedSegment:
    segment = pysam.AlignedSegment(HEADER)
    segment.query_name, segment.flag = name, flag
    segment.reference_id, segment.reference_start = 0, start
    segment.mapping_quality = mapping
    segment.query_sequence, segment.cigarstring = bases, cigar
    return segment


def long_read(name: str, copies: int, before: int = 30, behind: int = 30) -> str:
    return LEFT[-before:] + "TA" * copies + RIGHT[:behind]


def shown(*reads: pysam.AlignedSegment, changed: tuple[int, ...] = ()) -> dict[str, int]:
    return dict(observe(reads, SEQUENCE, START, END, changed).counts)


def test_aligned_reads_show_what_lies_between_the_anchors() -> None:
    same = read("1", 70, long_read("1", 10), "80M")
    less = read("2", 70, long_read("2", 8), "30M4D46M")
    more = read("3", 70, long_read("3", 12), "30M4I50M")
    assert shown(same, less, more) == {"TA" * 10: 1, "TA" * 8: 1, "TA" * 12: 1}


def test_clipped_reads_are_found_by_their_bases() -> None:
    right = read("1", 70, long_read("1", 14), "50M38S")
    left = read("2", 100, long_read("2", 14), "38S50M")
    assert shown(right, left) == {"TA" * 14: 2}


@pytest.mark.parametrize(("before", "behind"), [(30, ANCHOR - 1), (ANCHOR - 1, 30)])
def test_a_read_that_ends_within_an_anchor_tells_nothing(before: int, behind: int) -> None:
    bases = long_read("1", 10, before, behind)
    assert shown(read("1", START - before, bases, f"{len(bases)}M")) == {}


def test_one_wrong_base_of_an_aligned_anchor_is_suffered_and_two_are_not() -> None:
    bases = long_read("1", 10)
    one = bases[:25] + ("A" if bases[25] != "A" else "C") + bases[26:]
    two = one[:26] + ("A" if one[26] != "A" else "C") + one[27:]
    assert shown(read("1", 70, one, "80M")) == {"TA" * 10: 1}
    assert shown(read("1", 70, two, "80M")) == {}
    assert shown(read("1", 70, two, "80M"), changed=(95, 96)) == {"TA" * 10: 1}
    clipped = read("1", 100, two.replace("TA" * 10, "TA" * 14), "38S50M")
    assert shown(clipped) == {}
    assert shown(clipped, changed=(95, 96)) == {"TA" * 14: 1}


def test_mates_count_once_and_not_at_all_where_they_contradict() -> None:
    one, two = (read("1", 70, long_read("1", 10), "80M", flag=flag) for flag in (0x41, 0x81))
    other = read("1", 70, long_read("1", 8), "30M4D46M", flag=0x81)
    assert shown(one, two) == {"TA" * 10: 1}
    assert shown(one, other) == {}
    assert shown(one, other, two) == {}


def test_reads_without_a_sure_place_or_with_unknown_bases_do_not_count() -> None:
    bases = long_read("1", 10)
    supplementary = read("1", 70, bases, "80M", flag=0x800)
    anywhere = read("2", 70, bases, "80M", mapping=0)
    unknown = read("3", 70, bases[:35] + "N" + bases[36:], "80M")
    assert shown(supplementary, anywhere, unknown) == {}


def test_an_anchor_at_two_places_of_a_clipped_read_is_none() -> None:
    bases = long_read("1", 12) + LEFT[-ANCHOR:] + "TA"
    assert shown(read("1", 120, bases, f"54S30M{len(bases) - 84}S")) == {}


def test_the_length_of_reads_is_their_mean() -> None:
    reads = [
        read("1", 70, long_read("1", 10), "80M"),
        read("2", 90, long_read("2", 10, 10), "60M"),
    ]
    assert observe(reads, SEQUENCE, START, END, ()).read_length == 70
    assert observe([], SEQUENCE, START, END, ()).read_length == 0


def test_reads_over_intervals_in_order_are_those_of_a_look_up(tmp_path: Path) -> None:
    rng = random.Random(7)
    path = tmp_path / "reads.bam"
    with pysam.AlignmentFile(str(path), "wb", header=HEADER) as bam:
        for contig, length in ((0, 50_000), (1, 300)):
            for start in sorted(rng.choices(range(length - 80), k=400)):
                segment = read(
                    f"{contig} {start}", start, "A" * 60, rng.choice(["60M", "40M20S"])
                )
                segment.reference_id = contig
                bam.write(segment)
    pysam.index(str(path))
    places = [("c", start) for start in sorted(rng.choices(range(49_900), k=60))]
    with pysam.AlignmentFile(str(path)) as bam:
        reads = ReadsInOrder(bam)
        for contig, start in [*places, ("d", 10), ("d", 280), ("c", 100)]:
            end = start + rng.choice([1, 20, 90])
            found = [r.to_string() for r in reads.over(contig, start, end)]
            assert found == [r.to_string() for r in bam.fetch(contig, start, end)]
