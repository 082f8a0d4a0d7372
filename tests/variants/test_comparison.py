from collections.abc import Callable

import pytest

from equisite.variants.comparison import (
    INDEL,
    SNP,
    Tally,
    bootstrap_f1,
    compare_alleles,
    compare_genotypes,
    total,
)
from equisite.variants.intervals import Territory
from equisite.variants.strata import Strata
from equisite.variants.vcf import Genotype

SEQUENCE = "GATTACAGATTACA" * 20
REFERENCE = {"c": SEQUENCE}
WHOLE = Territory.of([("c", 0, len(SEQUENCE))])
Maker = Callable[..., Genotype]


def test_recall_counts_truth_and_precision_counts_calls(record: Maker) -> None:
    truth = [record(4, "ACAG", "GCAT", "0/1"), record(60, "T", "TC", "1/1")]
    calls = [
        record(4, "A", "G", "0/1"),
        record(7, "G", "T", "0/1"),
        record(60, "T", "TC", "0/1"),
        record(120, SEQUENCE[120], "N", "0/1"),
    ]
    summed = total(compare_genotypes(truth, calls, REFERENCE, WHOLE))
    assert summed[SNP] == Tally(found=1, missed=0, right=2, wrong=1)
    assert summed[INDEL] == Tally(found=0, missed=1, right=0, wrong=1)
    by_allele = total(compare_alleles(truth, calls, REFERENCE, WHOLE))
    assert by_allele[INDEL] == Tally(found=1, missed=0, right=1, wrong=0)


def test_records_outside_are_not_counted_but_replayed(record: Maker) -> None:
    inside = Territory.of([("c", 0, 6)])
    truth = [record(4, "ACAG", "GCAT", "0/1")]
    calls = [record(4, "A", "G", "0/1"), record(7, "G", "T", "0/1")]
    summed = total(compare_genotypes(truth, calls, REFERENCE, inside))
    assert summed[SNP] == Tally(found=1, missed=0, right=1, wrong=0)


def test_het_alt_gives_two_alleles_of_their_own_kinds(record: Maker) -> None:
    truth = [record(10, "TA", "T,CA", "1/2")]
    calls = [record(10, "TA", "T", "0/1")]
    summed = total(compare_alleles(truth, calls, REFERENCE, WHOLE))
    assert summed[INDEL] == Tally(1, 0, 1, 0)
    assert summed[SNP] == Tally(0, 1, 0, 0)


def test_an_allele_called_twice_matches_once(record: Maker) -> None:
    truth = [record(60, "T", "TC", "0/1")]
    calls = [record(60, "T", "TC", "0/1"), record(60, "TA", "TCA", "0/1")]
    summed = total(compare_alleles(truth, calls, REFERENCE, WHOLE))
    assert (summed[INDEL].right, summed[INDEL].wrong) == (1, 1)


def test_shares_without_records_are_none() -> None:
    assert Tally().f1 is None
    assert Tally(missed=3).f1 == 0.0
    assert Tally(found=1, missed=1, right=1).f1 == pytest.approx(2 / 3)


def test_interval_holds_the_figure_and_repeats(record: Maker) -> None:
    truth = [record(at, SEQUENCE[at], "N", "0/1") for at in range(2, 270, 30)]
    entries = compare_genotypes(truth, truth[2:], REFERENCE, WHOLE)
    f1 = total(entries)[SNP].f1
    low, high = bootstrap_f1(entries, SNP, rounds=300, seed=4) or (0.0, 0.0)
    assert f1 is not None
    assert low < f1 < high <= 1.0
    assert (low, high) == bootstrap_f1(entries, SNP, rounds=300, seed=4)
    assert bootstrap_f1(entries, INDEL, rounds=10, seed=4) is None


def test_records_count_by_type_size_and_region(record: Maker) -> None:
    truth = [
        record(4, "A", "G", "0/1"),
        record(40, "ACAG", "GCAT", "0/1"),
        record(60, "T", "TCCCCCC", "1/1"),
        record(100, SEQUENCE[100:131], SEQUENCE[100], "0/1"),
        record(160, "TT", "TGG,T", "1/2"),
        record(200, SEQUENCE[200:202], "GGG", "0/1"),
    ]
    regions = {
        "first": Territory.of([("c", 0, 50)]),
        "begin": Territory.of([("c", 0, 10)]),
    }
    entries = compare_genotypes(truth, truth[:3], REFERENCE, WHOLE, Strata(regions))
    found = {label: (t.found, t.missed) for label, t in total(entries).items()}
    assert found == {
        "snp": (2, 0),
        "indel": (1, 3),
        "type=snp": (1, 0),
        "type=mnp": (1, 0),
        "type=insertion": (1, 0),
        "type=deletion": (0, 1),
        "type=several": (0, 1),
        "type=complex": (0, 1),
        "size=1": (1, 0),
        "size=2-5": (1, 2),
        "size=6-20": (1, 0),
        "size=21+": (0, 1),
        "region=begin": (1, 0),
        "region=first": (2, 0),
        "region=elsewhere": (1, 3),
    }
    low, high = bootstrap_f1(entries, "type=snp", rounds=20, seed=1) or (0.0, 0.0)
    assert (low, high) == (1.0, 1.0)
    plain = compare_alleles(truth, truth, REFERENCE, WHOLE)
    assert total(plain).keys() == {SNP, INDEL}
    by_allele = total(compare_alleles(truth, truth[:3], REFERENCE, WHOLE, Strata()))
    assert (by_allele["type=insertion"].found, by_allele["type=deletion"].missed) == (1, 2)
    assert not any(label.startswith("region=") for label in by_allele)
