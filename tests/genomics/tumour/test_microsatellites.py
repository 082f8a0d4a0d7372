from collections import Counter
from pathlib import Path

import numpy as np
import pysam
import pytest

from equisite.genomics.tumour.microsatellites import (
    Locus,
    difference,
    find_loci,
    instability,
    length_in,
    measure_lengths,
    rejected,
)
from equisite.variants.intervals import Territory

LEFT, RIGHT = "CGTACGTACG", "GCTAGCTAGC"
SEQUENCE = LEFT + "A" * 12 + RIGHT
LOCUS = Locus("c", 10, 22)


def read(
    cigar: str, start: int = 0, name: str = "r", flag: int = 0, quality: int = 60
) -> pysam.AlignedSegment:
    header = pysam.AlignmentHeader.from_dict({"SQ": [{"SN": "c", "LN": len(SEQUENCE)}]})
    segment = pysam.AlignedSegment(header)
    segment.query_name, segment.flag, segment.mapping_quality = name, flag, quality
    segment.reference_id, segment.reference_start = 0, start
    segment.cigarstring = cigar
    segment.query_sequence = "A" * (segment.infer_query_length() or 0)
    return segment


@pytest.mark.parametrize(
    ("cigar", "start", "length"),
    [
        ("32M", 0, 12),
        ("10M2D20M", 0, 10),
        ("10M3I22M", 0, 15),
        ("15M1I17M", 0, 13),
        ("22M1I10M", 0, 13),
        ("5M1D26M", 0, 12),
        ("9M2D21M", 0, 11),
        ("4S32M", 0, 12),
        ("20M", 8, None),
        ("24M", 0, None),
        ("10M12N10M", 0, None),
    ],
)
def test_length_of_the_repeat_in_a_read(cigar: str, start: int, length: int | None) -> None:
    assert length_in(read(cigar, start), LOCUS) == length


def test_loci_are_runs_of_ten_to_thirty_inside_the_territory() -> None:
    sequence = "C" + "A" * 10 + "C" + "G" * 9 + "C" + "T" * 31 + "C" + "G" * 30 + "C"
    everything = Territory.of([("c", 0, len(sequence))])
    found = find_loci(everything, {"c": sequence})
    assert [(one.start, one.end) for one in found] == [(1, 11), (54, 84)]
    cut = Territory.of([("c", 3, len(sequence))])
    assert [one.start for one in find_loci(cut, {"c": sequence})] == [54]


def test_too_many_loci_are_thinned_evenly() -> None:
    sequence = ("C" + "A" * 10) * 10
    everything = Territory.of([("c", 0, len(sequence))])
    assert [one.start for one in find_loci(everything, {"c": sequence}, most=4)] == [
        1, 34, 67, 100,
    ]  # fmt: skip


def test_equal_lengths_differ_in_nothing_and_far_ones_in_all() -> None:
    assert difference({12: 40}, {12: 25}) == pytest.approx(1.0)
    assert difference({8: 40}, {12: 40}) < 1e-6
    assert difference({12: 20, 11: 20}, {12: 40}) < 0.001


def test_false_discovery_rate_as_in_the_paper() -> None:
    # Benjamini and Hochberg 1995, section 3.2: 15 P values of which 4 fall at .05.
    values = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
        0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000,
    ]  # fmt: skip
    assert rejected(values) == 4
    assert rejected([]) == 0


def test_share_of_unstable_loci_needs_reads_in_both() -> None:
    stable, short, thin = Counter({12: 30}), Counter({9: 30}), Counter({9: 19})
    found = instability([stable, short, thin, short], [stable, stable, stable, thin])
    assert (found.loci, found.unstable) == (2, 1)


def test_shuffled_reads_of_one_person_are_stable() -> None:
    rng = np.random.default_rng(3)
    lengths = [10, 11, 12, 13]
    draws = [
        Counter(rng.choice(lengths, 40, p=[0.05, 0.15, 0.7, 0.1]).tolist()) for _ in range(200)
    ]
    assert instability(draws[:100], draws[100:]).unstable <= 5


def test_one_vote_per_pair_and_only_good_reads(tmp_path: Path) -> None:
    reference = tmp_path / "r.fa"
    reference.write_text(f">c\n{SEQUENCE}\n", encoding="utf-8")
    path = tmp_path / "x.bam"
    reads = [
        read("32M", name="one", flag=0x43),
        read("32M", name="one", flag=0x83),
        read("32M", name="two", flag=0x43),
        read("10M1D21M", name="two", flag=0x83),
        read("10M2D20M", name="three"),
        read("10M2D20M", name="dup", flag=0x400),
        read("10M2D20M", name="poor", quality=19),
    ]
    header = reads[0].header
    with pysam.AlignmentFile(str(path), "wb", header=header) as out:
        for one in reads:
            out.write(one)
    pysam.index(str(path))
    (lengths,) = measure_lengths(path, reference, [LOCUS])
    assert lengths == Counter({12: 1, 10: 1})
