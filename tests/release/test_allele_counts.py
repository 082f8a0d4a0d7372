import pytest

from equisite.release.allele_counts import count_allele


def test_copies_carriers_and_who_was_looked_at() -> None:
    cells = ["2:1:0,60,255", "2:1:60,0,255", "", "2:0:255,60,0", "1:1:60,0,255", "0:0:0,1,2"]
    found = count_allele(cells)
    assert found.copies == pytest.approx(4, abs=1e-3)
    assert found.alleles == 7
    assert found.carriers == 3
    assert found.callable_patients == 3
    assert found.looked_at.tolist() == [True, True, False, True, True, True]


def test_nobody_was_looked_at() -> None:
    found = count_allele(["", ""])
    assert (found.copies, found.alleles, found.carriers, found.callable_patients) == (
        0,
        0,
        0,
        0,
    )


def test_a_doubtful_read_alone_makes_no_carrier() -> None:
    cells = ["2:1:0,60,255"] * 30
    assert count_allele([*cells, "2:0:3,0,40"]).carriers == 0
    common = ["2:1:60,0,255"] * 30
    assert count_allele([*common, "2:0:3,0,40"]).carriers == 31
