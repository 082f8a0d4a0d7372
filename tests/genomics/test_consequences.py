from equisite.genomics.consequences import count_alleles
from equisite.variants.vcf import Genotype


def record(position: int, ref: str, alt: str, gt: str, bcsq: str = "") -> Genotype:
    copies = tuple(int(c) for c in gt.replace("|", "/").split("/"))
    info = f"DP=9;BCSQ={bcsq}" if bcsq else "DP=9"
    line = f"a\t{position}\t.\t{ref}\t{alt}\t.\t.\t{info}\tGT\t{gt}"
    return Genotype("a", position - 1, (ref, alt), copies, line)


def effect(terms: str, gene: str = "G", events: str = "") -> str:
    return f"{terms}|{gene}|T1|protein_coding|+|5A>5B|{events}"


def test_alleles_are_counted_by_gene_and_class() -> None:
    records = [
        record(10, "A", "G", "0/1", effect("missense")),
        record(20, "A", "G", "1/1", effect("missense&splice_region")),
        record(30, "A", "G", "1/0", effect("stop_gained")),
        record(40, "AT", "A", "0/1", effect("frameshift")),
        record(50, "A", "ATTT", "0/1", effect("inframe_insertion", "H")),
        record(60, "A", "T", "0/1", effect("stop_retained")),
        record(70, "A", "T", "0/1", "intron|G|T1|protein_coding"),
        record(80, "A", "T", "0/1"),
    ]
    assert count_alleles(records) == {
        ("G", "missense"): 3,
        ("G", "truncating"): 2,
        ("H", "inframe"): 1,
        ("G", "synonymous"): 1,
    }


def test_splice_sites_count_as_truncating() -> None:
    bcsq = "splice_donor|G|T1|protein_coding"
    assert count_alleles([record(10, "A", "G", "0/1", bcsq)]) == {("G", "truncating"): 1}


def test_a_record_counts_once_in_its_worst_class() -> None:
    bcsq = ",".join([effect("synonymous"), effect("stop_lost"), effect("missense", "H")])
    assert count_alleles([record(10, "A", "G", "0/1", bcsq)]) == {
        ("G", "truncating"): 1,
        ("H", "missense"): 1,
    }


def test_reference_to_another_record_is_resolved() -> None:
    together = effect("missense", events="10A>G+12C>T")
    records = [
        record(10, "A", "G", "0/1", together),
        record(12, "C", "T", "0/1", "@10"),
        record(12, "C", "A", "0/1", "@10"),  # not part of it
    ]
    assert count_alleles(records) == {("G", "missense"): 2}


def test_what_lies_behind_a_stop_is_not_counted() -> None:
    assert count_alleles([record(10, "A", "G", "0/1", effect("*missense"))]) == {}


def test_two_unphased_shifts_of_the_frame_are_not_merged() -> None:
    together = effect("inframe_deletion", events="10AT>A+20CTT>C")
    for genotype, expected in (
        ("0/1", {("G", "truncating"): 2}),
        ("1/1", {("G", "inframe"): 4}),
    ):
        records = [
            record(10, "AT", "A", genotype, together),
            record(20, "CTT", "C", genotype, "@10"),
        ]
        assert count_alleles(records) == expected


def test_substitutions_in_one_codon_stay_merged() -> None:
    together = effect("missense", events="10A>G+11C>T")
    records = [record(10, "A", "G", "0/1", together), record(11, "C", "T", "0/1", "@10")]
    assert count_alleles(records) == {("G", "missense"): 2}
