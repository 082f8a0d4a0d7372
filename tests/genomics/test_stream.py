from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_reads import Read, fastq, random_reads, sample_of

from equisite.core.errors import InputError
from equisite.genomics import stream
from equisite.genomics.samples import Sample
from equisite.genomics.stream import stream_first, stream_sample
from equisite.intake.index import SequencingItem

MakeLane = Callable[..., SequencingItem]


def streamed(sample: Sample) -> list[str]:
    pieces: list[bytes] = []
    count = stream_sample(sample, Path(), pieces.append)
    lines = b"".join(pieces).decode().splitlines()
    assert len(lines) == 4 * count
    return lines


def interleaved(one: list[Read], two: list[Read], group: str) -> list[str]:
    lines = []
    for first, second in zip(one, two, strict=True):
        for _, bases, qualities in (first, second):
            lines += [f"@{first[0]} RG:Z:{group}", bases, "+", qualities]
    return lines


def test_lanes_follow_each_other_with_their_read_groups(lane: MakeLane) -> None:
    a1, a2 = random_reads(7, 1), random_reads(7, 1, 2)
    b1, b2 = random_reads(3, 2), random_reads(3, 2, 2)
    lanes = lane(1, fastq(a1), fastq(a2)), lane(2, fastq(b1), fastq(b2), packed=False)
    expected = interleaved(a1, a2, "tok.1") + interleaved(b1, b2, "tok.2")
    assert streamed(sample_of(*lanes)) == expected
    assert streamed(sample_of(*lanes[::-1])) == expected


def test_single_end_lanes_come_last(lane: MakeLane) -> None:
    single, one, two = random_reads(3, 1), random_reads(2, 2), random_reads(2, 2, 2)
    lanes = lane(1, fastq(single), None), lane(2, fastq(one), fastq(two))
    expected = interleaved(one, two, "tok.2")
    for name, bases, qualities in single:
        expected += [f"@{name} RG:Z:tok.1", bases, "+", qualities]
    assert streamed(sample_of(*lanes)) == expected


@pytest.mark.parametrize(
    ("number", "names"), [(1, "r1"), (4, "r1 r2 r1 r2"), (5, "r1 r2 r3 r1 r2"), (99, "all")]
)
def test_the_first_pairs_come_from_all_lanes_alike(
    lane: MakeLane, number: int, names: str
) -> None:
    sides = [(fastq(random_reads(7, n)), fastq(random_reads(7, n, 2))) for n in (1, 2)]
    lanes = [lane(n, *side) for n, side in enumerate(sides, start=1)]
    single = lane(3, fastq(random_reads(2, 3)), None)
    pieces: list[bytes] = []
    reads = stream_first(sample_of(*lanes, single), number, pieces.append)
    lines = b"".join(pieces).decode().splitlines()
    found = [line[1:] for line in lines[::8]]
    every = [f"r{n}" for n in range(1, 8)]
    assert found == ([*every, *every] if names == "all" else names.split())
    assert reads == 2 * len(found)
    assert stream_first(sample_of(single), 1, pieces.append) == 1


@pytest.mark.parametrize("marks", [("/1", "/2"), (".1", ".2"), (" 1:N:0", " 2:N:0"), ("", "")])
def test_mates_are_known_by_their_names(lane: MakeLane, marks: tuple[str, str]) -> None:
    sides = [
        [(name + mark, bases, quality) for name, bases, quality in random_reads(4, 1, mate)]
        for mate, mark in enumerate(marks, start=1)
    ]
    lines = streamed(sample_of(lane(1, fastq(sides[0]), fastq(sides[1]))))
    assert lines[::4] == [f"@r{at} RG:Z:tok.1" for at in (1, 1, 2, 2, 3, 3, 4, 4)]


def test_one_pair_whose_name_ends_like_a_mate(lane: MakeLane) -> None:
    reads = fastq([("run.1", "ACGT", "IIII")]), fastq([("run.1", "ACGA", "IIII")])
    assert streamed(sample_of(lane(1, *reads)))[0] == "@run.1 RG:Z:tok.1"


@given(number=st.integers(1, 12), lost=st.integers(0, 11), block=st.integers(1, 5))
def test_a_lost_read_is_found_wherever_it_is(
    tmp_path_factory: pytest.TempPathFactory, number: int, lost: int, block: int
) -> None:
    lost = min(lost, number - 1)
    one, two = random_reads(number, 1), random_reads(number, 1, 2)
    del two[lost]
    folder = tmp_path_factory.mktemp("lost")
    paths = [folder / "1", folder / "2"]
    for path, reads in zip(paths, (one, two), strict=True):
        path.write_bytes(fastq(reads))
    row = SequencingItem(
        "p1", "s1", "tok", 1, "normal", "", "", *map(str, paths), "", "", "genome", "female", ""
    )
    whole = stream.FastqFile.blocks.__defaults__
    stream.FastqFile.blocks.__defaults__ = (block,)
    try:
        with pytest.raises(InputError) as caught:
            streamed(sample_of(row))
    finally:
        stream.FastqFile.blocks.__defaults__ = whole
    if lost < number - 1:
        assert caught.value.code == "MATES_OUT_OF_STEP"
        assert caught.value.findings[0].numbers == {"lane": 1, "record": lost + 1}
    elif number == 1:
        assert caught.value.code == "NO_READS"
    else:
        assert caught.value.code == "MATES_UNEQUAL"
        assert caught.value.findings[0].numbers == {"lane": 1, "records": number - 1}


def test_the_same_reads_given_twice(lane: MakeLane) -> None:
    one, two, other = (fastq(random_reads(5, 1, mate)) for mate in (1, 2, 3))
    with pytest.raises(InputError, match="SAME_READS_TWICE") as caught:
        streamed(sample_of(lane(1, one, two), lane(2, one, other, packed=False)))
    assert caught.value.findings[0].numbers == {
        "lane": 2,
        "file": 1,
        "other_lane": 1,
        "other_file": 1,
    }
    with pytest.raises(InputError, match="SAME_READS_TWICE"):
        streamed(sample_of(lane(3, one, one)))


def test_faults_of_a_later_lane_stop_before_anything_is_written(lane: MakeLane) -> None:
    good = lane(1, fastq(random_reads(5, 1)), fastq(random_reads(5, 1, 2)))
    empty = lane(2, b"", b"")
    written: list[bytes] = []
    with pytest.raises(InputError, match="NO_READS"):
        stream_sample(sample_of(good, empty), Path(), written.append)
    assert written == []
