import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.core.errors import Finding
from equisite.core.outcomes import done, judged
from equisite.genomics.counting import count_variants
from equisite.genomics.features import columns, final_outcomes
from equisite.genomics.samples import Sample
from equisite.protocol.models import Genomics
from equisite.variants.vcf import Genotype


def record(ref: str, alt: str, *copies: int) -> Genotype:
    return Genotype("a", 9, (ref, alt), copies, "")


def test_alleles_are_counted_by_kind_and_copies() -> None:
    records = [
        record("A", "G", 0, 1),
        record("C", "T", 1, 1),
        record("A", "T", 0, 1),
        record("A", "AT", 1, 0),
        record("GT", "G", 1, 1),
    ]
    assert count_variants(records) == {
        "n_snv": 3,
        "n_indel": 2,
        "n_het": 3,
        "n_hom": 2,
        "titv": 2.0,
        "het_hom": 2.0,
        "indel_snv": 2 / 3,
    }
    assert count_variants(records[:2])["titv"] is None
    assert count_variants([]) == {
        "n_snv": 0,
        "n_indel": 0,
        "n_het": 0,
        "n_hom": 0,
        "titv": None,
        "het_hom": None,
        "indel_snv": None,
    }


@given(st.permutations(["done", "TUMOUR_NOT_COUNTED", "LOW_DEPTH"]), st.integers(1, 3))
def test_the_gravest_word_on_a_sample_stays(order: list[str], number: int) -> None:
    sample = Sample("t", "p", "s", "normal", ())
    numbers: dict[str, str | int | float | bool] = {"mean_depth": 1.0, "minimum": 5.0}
    said = [
        done("p", "genomics", "s")
        if word == "done"
        else judged("p", "genomics", "s", Finding(word, "", numbers))
        for word in order[:number]
    ]
    (kept,) = final_outcomes(said, [sample])
    gravest = next(
        w for w in ("LOW_DEPTH", "TUMOUR_NOT_COUNTED", "done") if w in order[:number]
    )
    assert (kept.code or "done") == gravest


def test_a_sample_lost_on_the_way_is_our_fault() -> None:
    samples = [Sample(token, "p", token, "normal", ()) for token in ("t1", "t2")]
    with pytest.raises(RuntimeError, match="1 samples have no outcome, first t2"):
        final_outcomes([done("p", "genomics", "t1")], samples)


def test_columns_come_from_the_protocol_alone() -> None:
    names = columns(Genomics(panel=("G2", "G1")))
    assert names[0] == "patient"
    assert names[-8:] == [
        f"carriers__{gene}__{c}"
        for gene in ("G2", "G1")
        for c in ("truncating", "missense", "synonymous", "inframe")
    ]
    assert len(set(names)) == len(names)
