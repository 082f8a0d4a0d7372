"""Lanes and samples from names and headers: what is sure, what is asked, what is left out."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equisite.intake.file_samples import HeaderError, samples_of
from equisite.intake.found_reads import FoundLane, find_reads
from equisite.intake.read_names import kind_of, read_name


def put(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(f"@{number}\nA\n+\nI\n".encode(), mtime=0))
    return folder


def lanes(folder: Path) -> list[tuple[str, str, str, str]]:
    found = find_reads([folder]).lanes
    return [(x.sample, x.lane, Path(x.fastq_1).name, Path(x.fastq_2).name) for x in found]


def left_out(folder: Path) -> dict[str, str]:
    return {Path(one.what).name: one.why for one in find_reads([folder]).left_out}


def test_lanes_of_illumina(tmp_path: Path) -> None:
    names = [f"A-1_S7_L00{lane}_R{mate}_001.fastq.gz" for lane in (1, 2) for mate in (1, 2)]
    put(tmp_path, *names, "A-1_S7_L001_I1_001.fastq.gz")
    assert lanes(tmp_path) == [
        ("A-1", "L001", names[0], names[1]),
        ("A-1", "L002", names[2], names[3]),
    ]
    assert left_out(tmp_path) == {
        "A-1_S7_L001_I1_001.fastq.gz": "index reads, no sequence of the sample"
    }


@pytest.mark.parametrize(
    ("first", "second", "sample", "lane"),
    [
        ("P1_1.fastq.gz", "P1_2.fastq.gz", "P1", ""),
        ("P1.R1.fq.gz", "P1.R2.fq.gz", "P1", ""),
        ("P1_R1.fastq", "P1_R2.fastq", "P1", ""),
        ("P1-T_L2_R1.fq", "P1-T_L2_R2.fq", "P1-T", "L2"),
        ("V300_L03_P1_1.fq.gz", "V300_L03_P1_2.fq.gz", "V300_P1", "L03"),
        ("P1.lane4.read1.fastq.gz", "P1.lane4.read2.fastq.gz", "P1", "lane4"),
        ("P1_S2_R1_001.fastq.gz", "P1_S2_R2_001.fastq.gz", "P1", ""),
        ("P1_R1_001.fastq.gz", "P1_R2_001.fastq.gz", "P1", ""),
    ],
)
def test_pairs_by_name(tmp_path: Path, first: str, second: str, sample: str, lane: str) -> None:
    assert lanes(put(tmp_path, first, second)) == [(sample, lane, first, second)]


def test_numbers_that_are_no_mates_are_names(tmp_path: Path) -> None:
    put(tmp_path, *(f"patient_{n}.fastq.gz" for n in (1, 2, 3)), "other_1.fastq.gz")
    assert [row[0] for row in lanes(tmp_path)] == [
        "other_1",
        "patient_1",
        "patient_2",
        "patient_3",
    ]


def test_a_second_mate_alone_is_left_out_and_a_first_is_single(tmp_path: Path) -> None:
    put(tmp_path, "a_R1.fastq.gz", "b_R2.fastq.gz")
    assert lanes(tmp_path) == [("a", "", "a_R1.fastq.gz", "")]
    assert left_out(tmp_path) == {
        "b_R2.fastq.gz": "a second file of a pair, and the first is not beside it"
    }


def test_pieces_of_a_lane_are_lanes_of_their_own(tmp_path: Path) -> None:
    names = [f"a_S1_L001_R{mate}_00{n}.fastq.gz" for n in (1, 2) for mate in (1, 2)]
    assert [row[1] for row in lanes(put(tmp_path, *names))] == ["L001-001", "L001-002"]


def test_equal_names_in_two_folders_are_asked_and_copies_left_out(tmp_path: Path) -> None:
    put(tmp_path, "run1/a_L1_R1.fq.gz", "run1/a_L1_R2.fq.gz", "run2/a_L1_R1.fq.gz")
    found = find_reads([tmp_path]).lanes
    assert [(x.lane, x.lane_known) for x in found] == [("", False), ("L1", True)]
    copy = tmp_path / "copy" / "a_L1_R1.fq.gz"
    copy.parent.mkdir()
    copy.write_bytes((tmp_path / "run1/a_L1_R1.fq.gz").read_bytes())
    assert len(find_reads([tmp_path]).lanes) == 2
    assert any(why.startswith("a copy of the pair of") for why in left_out(tmp_path).values())


def bam(*samples: str) -> bytes:
    text = "@HD\tVN:1.6\n" + "".join(f"@RG\tID:{i}\tSM:{s}\n" for i, s in enumerate(samples))
    return gzip.compress(b"BAM\1" + struct.pack("<i", len(text)) + text.encode(), mtime=0)


def cram(*samples: str, packed: bool) -> bytes:
    text = "@HD\tVN:1.6\n" + "".join(f"@RG\tID:{i}\tSM:{s}\n" for i, s in enumerate(samples))
    block = struct.pack("<i", len(text)) + text.encode()
    stored = gzip.compress(block, mtime=0) if packed else block

    def number(value: int) -> bytes:  # two bytes of ITF8
        return bytes([0x80 | value >> 8, value & 0xFF])

    container = struct.pack("<i", 0) + b"\0\0\0\0" + b"\0\0" + b"\1" + b"\1\0" + b"crc."
    head = bytes([int(packed), 0, 0]) + number(len(stored)) + number(len(block))
    return b"CRAM\3\0" + b"\0" * 20 + container + head + stored


VCF = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{}\nc\t1\n"


@pytest.mark.parametrize(
    "content", [bam("x y"), cram("x y", packed=True), cram("x y", packed=False)]
)
def test_read_groups_name_the_sample(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "whatever.bam"
    path.write_bytes(content)
    assert samples_of(path) == ["x y"]


def test_columns_of_a_vcf_name_the_samples(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.vcf", tmp_path / "a.vcf.gz"
    plain.write_text(VCF.format("s2\ts1"))
    packed.write_bytes(gzip.compress(VCF.format("s2\ts1").encode(), mtime=0))
    assert samples_of(plain) == samples_of(packed) == ["s1", "s2"]


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_have_samples_or_a_reason(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        _judge(Path(folder) / "x", content)


def _judge(path: Path, content: bytes) -> None:
    for start in (b"", b"CRAM\3\0", b"\x1f\x8b", gzip.compress(b"BAM\1" + content)[:20]):
        path.write_bytes(start + content)
        try:
            assert isinstance(samples_of(path), list)
        except HeaderError as error:
            assert str(error)


def test_the_rawest_start_of_a_sample_is_taken(tmp_path: Path) -> None:
    put(tmp_path, "a_R1.fq.gz", "a_R2.fq.gz")
    (tmp_path / "a.bam").write_bytes(bam("A"))
    (tmp_path / "b.bam").write_bytes(bam())
    (tmp_path / "c.bam").write_bytes(bam("c1", "c2"))
    (tmp_path / "b.vcf").write_text(VCF.format("B"))
    (tmp_path / "d.g.vcf").write_text(VCF.format("d"))
    (tmp_path / "e.vcf").write_text("nothing")
    (tmp_path / "f.vcf").write_text("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
    found = find_reads([tmp_path])
    assert [(x.sample, Path(x.fastq_1 or x.reads).name) for x in found.lanes] == [
        ("a", "a_R1.fq.gz"),
        ("b", "b.bam"),
    ]
    assert left_out(tmp_path) == {
        "a.bam": "the FASTQ of its sample are taken",
        "b.vcf": "the reads of its sample are taken",
        "c.bam": "it holds 2 samples; split it",
        "d.g.vcf": "a genomic VCF; the calls made of it count",
        "e.vcf": "it has no header line of samples",
        "f.vcf": "a list of variants without any sample",
    }


def test_links_to_files_are_followed_and_links_to_folders_told(tmp_path: Path) -> None:
    store = put(tmp_path / "store", "a_R1.fq.gz", "a_R2.fq.gz")
    day = tmp_path / "day"
    day.mkdir()
    for name in ("a_R1.fq.gz", "a_R2.fq.gz"):
        (day / name).symlink_to(store / name)
    (day / "again").symlink_to(day)
    assert len(lanes(day)) == 1
    assert left_out(day) == {"again": "a link to a folder, or to nothing"}


def test_a_name_that_no_cell_can_hold_is_left_out(tmp_path: Path) -> None:
    put(tmp_path, "a\tb_R1.fq.gz", "b\udce4_R1.fq.gz")
    assert find_reads([tmp_path]).lanes == []
    told = left_out(tmp_path)
    assert set(told.values()) == {"its name cannot stand in a sheet"}
    assert [Path(name).name for name in told] == ["a<U+0009>b_R1.fq.gz", "b<U+DCE4>_R1.fq.gz"]


@given(st.from_regex(r"[A-Za-z0-9]{1,6}", fullmatch=True), st.integers(1, 8))
def test_any_sample_comes_back_from_the_names_that_sequencers_give(
    name: str, lane: int
) -> None:
    for form in ("{}_S3_L00{}_R1_001.fastq.gz", "{}_L{}_1.fq.gz", "{}.L{}.R1.fastq"):
        taken = read_name(form.format(f"{name}x", lane))
        assert taken.sample == f"{name}x"
        assert taken.lane.endswith(str(lane)) and taken.mate == "1"
    assert kind_of(f"{name}x-T")[1] == f"{name}x"


def test_lanes_sort() -> None:
    assert FoundLane("a", "1") < FoundLane("a", "2")
