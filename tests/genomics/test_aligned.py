import pytest

from equisite.core.errors import InputError
from equisite.genomics.aligned import ALIGN, TAKE, Header, bare_name, judge_header, parse_header

REFERENCE = parse_header("@SQ\tSN:chr1\tLN:100\tM5:aa\n@SQ\tSN:chrM\tLN:20\tM5:bb\n")
HEAD = "@HD\tVN:1.6\tSO:coordinate\n"


def header(*sequences: str, head: str = HEAD, groups: str = "@RG\tID:1\tSM:x\n") -> Header:
    return parse_header(head + "".join(f"@SQ\t{s}\n" for s in sequences) + groups)


def test_an_alignment_to_this_reference_is_taken() -> None:
    given = header("SN:chr1\tLN:100\tM5:AA", "SN:chrUn\tLN:7", "SN:chrM\tLN:20\tM5:bb")
    start = judge_header(given, {"chr1": 5, "chrUn": 0, "chrM": 1}, REFERENCE, 1)
    assert (start.how, start.renamed, start.remarks) == (TAKE, {}, ())


def test_other_names_of_equal_sequences_are_mended() -> None:
    given = header("SN:1\tLN:100\tM5:aa", "SN:MT\tLN:20\tM5:bb", groups="")
    start = judge_header(given, {"1": 5, "MT": 1}, REFERENCE, 1)
    assert (start.how, start.renamed) == (TAKE, {"1": "chr1", "MT": "chrM"})


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (header("SN:chr1\tLN:100"), "no M5"),
        (header("SN:chr1\tLN:100\tM5:aa", head="@HD\tVN:1.6\tSO:queryname\n"), "sorted"),
        (header("SN:chr1\tLN:100\tM5:aa", head=""), "sorted"),
        (header("SN:chr1\tLN:99\tM5:cc"), "does not have"),
        (header("SN:chr2\tLN:100\tM5:cc"), "does not have"),
    ],
)
def test_what_is_not_sure_is_aligned_anew_and_told(given: Header, word: str) -> None:
    start = judge_header(given, {given.sequences[0].name: 3}, REFERENCE, 1)
    assert start.how == ALIGN
    assert [f.code for f in start.remarks] == ["ALIGNED_ANEW"]
    assert word in str(start.remarks[0].numbers["reason"])


def test_sequences_in_another_order_are_aligned_anew() -> None:
    """Sorted in their own order they are not in the reference's: no later step could read."""
    turned = header("SN:MT\tLN:20\tM5:bb", "SN:1\tLN:100\tM5:aa")
    start = judge_header(turned, {"1": 5, "MT": 1}, REFERENCE, 1)
    assert start.how == ALIGN
    assert "another order" in str(start.remarks[0].numbers["reason"])
    assert judge_header(turned, {"1": 5, "MT": 0}, REFERENCE, 1).how == TAKE


def test_reads_without_places_are_aligned_without_a_word() -> None:
    for given in (header(), header("SN:chr1\tLN:100\tM5:aa")):
        assert judge_header(given, {"chr1": 0}, REFERENCE, 1).remarks == ()
        assert judge_header(given, {}, REFERENCE, 1).how == ALIGN


def test_equal_length_and_other_bases_is_the_wrong_reference() -> None:
    for name in ("chr1", "1"):
        with pytest.raises(InputError, match="OTHER_REFERENCE"):
            judge_header(header(f"SN:{name}\tLN:100\tM5:cc"), {name: 1}, REFERENCE, 1)


def test_two_people_in_one_file() -> None:
    given = header("SN:chr1\tLN:100\tM5:aa", groups="@RG\tID:1\tSM:x\n@RG\tID:2\tSM:y\n")
    with pytest.raises(InputError, match="SEVERAL_SAMPLES"):
        judge_header(given, {"chr1": 1}, REFERENCE, 1)


def test_bare_names() -> None:
    names = ("chr1", "Chr1", "1", "chrM", "M", "MT")
    assert [bare_name(n) for n in names] == ["1", "1", "1", "MT", "MT", "MT"]
