"""Active bases against a plain count over every base of made reads."""

import random
from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from equisite.genomics import active
from equisite.genomics.active import active_windows
from equisite.variants.intervals import Interval, Territory

BASES = "".join(random.Random(7).choices("ACGT", k=6000))


def sam(
    name: str, start: int, changes: dict[int, str], *, quality: str = "F", mapping: int = 60
) -> bytes:
    """A read of 100 bases from `start` (0-based). changes: base to `X` (another base), `I`
    (two bases before it) or `D` (the base is lost); not at the ends of the read."""
    cigar, md, matched, run = "", "", 0, 0
    for place in range(start, start + 100):
        change = changes.get(place, "")
        if change == "I":
            cigar, run = f"{cigar}{run}M2I", 0
        if change == "D":
            cigar, run = f"{cigar}{run}M1D", 0
            md, matched = f"{md}{matched}^{BASES[place]}", 0
            continue
        run += 1
        if change == "X":
            md, matched = f"{md}{matched}{BASES[place]}", 0
        else:
            matched += 1
    length = 100 + 2 * list(changes.values()).count("I") - list(changes.values()).count("D")
    fields = [name, "99", "chr", str(start + 1), str(mapping), f"{cigar}{run}M", "=", "1", "0"]
    tags = ["RG:Z:g", f"MD:Z:{md}{matched}", "NM:i:1"]
    return "\t".join([*fields, "A" * length, quality * length, *tags]).encode() + b"\n"


def test_two_molecules_make_a_base_active() -> None:
    alone = [sam("a", 1000, {1050: "X"})]
    assert list(active_windows(alone)) == []
    mates = [sam("a", 1000, {1050: "X"}), sam("a", 1020, {1050: "X"})]
    assert list(active_windows(mates)) == []
    two = [sam("a", 1000, {1050: "X"}), sam("b", 1020, {1050: "X"})]
    assert list(active_windows(two)) == [("chr", 1040, 1061)]


def test_doubtful_bases_and_places_need_more_witnesses() -> None:
    def of(count: int, quality: str, mapping: int = 60) -> list[Interval]:
        reads = [
            sam(str(n), 1000 + n, {1050: "X"}, quality=quality, mapping=mapping)
            for n in range(count)
        ]
        return list(active_windows(reads))

    assert of(2, "/") == []  # phred 14
    assert of(3, "/") != []
    assert of(2, "F", mapping=14) == []
    assert of(20, "F", mapping=0) == []


def test_gaps_are_read_with_more_around_them() -> None:
    for kind in "ID":
        reads = [sam(n, 1000, {1050: kind}) for n in "ab"]
        assert list(active_windows(reads)) == [("chr", 1000, 1101)]
    near = [sam(n, 1000, {1020: "X", 1080: "D"}) for n in "ab"]
    assert list(active_windows(near)) == [("chr", 970, 1131)]


def test_windows_at_the_beginning_and_of_several_sequences() -> None:
    reads = [sam(n, 0, {3: "X"}) for n in "ab"]
    other = [line.replace(b"\tchr\t", b"\tmore\t") for line in reads]
    assert list(active_windows([*reads, *other])) == [("chr", 0, 14), ("more", 0, 14)]
    assert list(active_windows([])) == []


KINDS = st.sampled_from("XXXID")
READS = st.lists(
    st.tuples(
        st.integers(0, 5800), st.dictionaries(st.integers(5, 94), KINDS, max_size=4),
        st.sampled_from("!/AF"), st.sampled_from([0, 20, 60]), st.sampled_from("abcdef"),
    ),
    max_size=80,
)  # fmt: skip


@given(
    READS,
    st.integers(0, 5000),
    st.sampled_from((active.GAP_MARGIN, active.LONE_GAP_MARGIN)),
)
def test_streaming_finds_what_a_plain_count_finds(
    drawn: list[tuple[int, dict[int, str], str, int, str]], squeeze: int, gap_margin: int
) -> None:
    drawn = sorted(
        ((start % (squeeze + 50), *rest) for start, *rest in drawn), key=lambda d: d[0]
    )  # type: ignore[misc]
    seen: dict[tuple[int, bool], dict[str, int]] = defaultdict(dict)
    lines = []
    for start, changes, quality, mapping, name in drawn:
        placed = {start + at: kind for at, kind in changes.items()}
        lines.append(sam(name, start, placed, quality=quality, mapping=mapping))
        for place, kind in placed.items():
            if mapping:
                worth = min(ord(quality) - 33, mapping) if kind == "X" else mapping
                key = place, kind != "X"
                seen[key][name] = max(seen[key].get(name, 0), worth)
    found = [
        key
        for key, names in seen.items()
        if len(names) >= 2 and (key[1] or sum(names.values()) >= active.LEAST_QUALITY)
    ]
    gaps = [place for place, is_gap in found if is_gap]
    expected = []
    for place, is_gap in found:
        near = is_gap or any(abs(place - gap) <= 2 * gap_margin for gap in gaps)
        margin = gap_margin if near else active.MARGIN
        expected.append(("chr", max(place - margin, 0), place + margin + 1))
    assert list(active_windows(lines, gap_margin)) == list(Territory.of(expected))


def test_a_spliced_read_says_nothing_one_without_qualities_what_its_place_is_worth() -> None:
    def altered(name: str, cigar: bytes, qualities: bytes) -> bytes:
        fields = sam(name, 1000, {1050: "X"}).split(b"\t")
        fields[5], fields[10] = cigar, qualities
        return b"\t".join(fields)

    assert list(active_windows([altered(n, b"40M9I10M9N50M", b"F" * 100) for n in "ab"])) == []
    bare = [altered(name, b"100M", b"*") for name in "ab"]
    assert list(active_windows(bare)) == [("chr", 1040, 1061)]
