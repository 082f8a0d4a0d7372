from collections import Counter

import pytest

from equisite.core.errors import InputError
from equisite.genomics.given_calls import records

REFERENCE = {"chr1": "ACGTRCGTAC"}
HEAD = ["##x\n", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tme\n"]


def record(
    position: int, ref: str, alt: str, genotype: str, contig: str = "1", passed: str = "PASS"
) -> str:
    return f"{contig}\t{position}\trs1\t{ref}\t{alt}\t9\t{passed}\tX=1\tDP:GT\t3:{genotype}\n"


def taken(*given: str) -> tuple[list[str], dict[str, int]]:
    left: Counter[str] = Counter()
    lines = records([*HEAD, *given], "other", REFERENCE, left)
    return ["|".join(x.split()[i] for i in (0, 1, 3, 4, 9)) for x in lines], dict(left)


def test_carried_alleles_only_under_the_reference_s_names() -> None:
    assert taken(
        record(1, "a", "t,<NON_REF>", "0/1"),
        record(2, "C", "<NON_REF>", "0/0"),
        record(3, "G", "A,T", "2/2"),
        record(4, "T", "A,C", "2|1"),
        record(6, "C", "*,A", "1/2"),
        record(7, "G", "A", "./1"),
        record(8, "T", "A", "1"),
        record(9, "A", "*,C", "0/1"),
        record(10, "C", "A", "./."),
    ) == (
        [
            "chr1|1|A|T|0/1",
            "chr1|3|G|T|1/1",
            "chr1|4|T|C,A|1|2",
            "chr1|6|C|A|0/1",
            "chr1|7|G|A|./1",
            "chr1|8|T|A|1",
        ],
        {},
    )


def test_what_is_left_out_is_counted() -> None:
    assert taken(
        record(1, "A", "T", "0/1", passed="LowQual"),
        record(1, "A", "T", "0/1", contig="chrX"),
        record(1, "A", "<DEL>", "0/1"),
        record(1, "A", "T", "0/1", passed="."),
    ) == (["chr1|1|A|T|0/1"], {"filtered": 1, "elsewhere": 1, "symbolic": 1})


def test_where_the_reference_has_no_base_no_call_is_wrong_or_counted() -> None:
    assert taken(record(5, "A", "G", "0/1")) == ([], {"symbolic": 1})


def test_a_genotype_of_three_copies_is_left_out_and_counted() -> None:
    """Callers of mitochondria and of copy numbers write them; no later step reads them."""
    assert taken(record(1, "A", "G", "0/1/1")) == ([], {"copies": 1})
    assert taken(record(1, "A", "G", "0|0|1")) == ([], {"copies": 1})


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ([*HEAD, record(1, "C", "T", "0/1")], "CALLS_OTHER_REFERENCE"),
        ([*HEAD, record(10, "CA", "T", "0/1")], "CALLS_OTHER_REFERENCE"),
        ([*HEAD, record(0, "A", "T", "0/1")], "CALLS_OTHER_REFERENCE"),
        ([*HEAD, record(1, "A", "T", "0/2")], "CALLS_UNREADABLE"),
        ([*HEAD, record(1, "A", "T", "0/1", "NC_000001.11")], "CALLS_OTHER_SEQUENCES"),
        (
            ["##contig=<ID=2>\n", *HEAD, record(1, "A", "T", "1/1", "2")],
            "CALLS_OTHER_SEQUENCES",
        ),
        ([record(1, "A", "T", "0/1")], "CALLS_UNREADABLE"),
        ([HEAD[0]], "CALLS_UNREADABLE"),
        ([HEAD[1].replace("me", "a\tb")], "CALLS_SAMPLE"),
        ([HEAD[1], record(1, "A", "T", "0/1").replace("GT", "GQ")], "CALLS_WITHOUT_GENOTYPES"),
    ],
)
def test_wrong_calls_are_refused(given: list[str], code: str) -> None:
    with pytest.raises(InputError, match=code):
        list(records(given, "other", REFERENCE, Counter()))


def test_who_carries_nothing_on_known_sequences_carries_nothing() -> None:
    """An exome whose only carried call lies on a patch, and a file without any call."""
    for head in ("##contig=<ID=chr1,length=10>\n", "##contig=<length=10,ID=1>\n"):
        left: Counter[str] = Counter()
        lines = [head, *HEAD, record(1, "A", "T", "0/1", "HG1_PATCH")]
        assert list(records(lines, "other", REFERENCE, left)) == []
        assert left == {"elsewhere": 1}
    assert taken() == ([], {})


def test_the_sample_is_found_by_name() -> None:
    head = HEAD[1].replace("me", "a\tother")
    line = record(1, "A", "T", "0/0").replace("3:0/0", "3:0/0\t3:1/1")
    found = list(records([head, line], "other", REFERENCE, Counter()))
    assert [x.split()[9] for x in found] == ["1/1"]
