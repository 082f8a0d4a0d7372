import gzip
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_reads import Read, fastq, random_reads

from equisite.core.errors import InputError
from equisite.genomics.reads import BLOCK, FastqFile

READS = random_reads(5, 1)


def read_all(path: Path, size: int = BLOCK) -> list[tuple[bytes, bytes, bytes]]:
    return [
        record
        for block in FastqFile(path, 3, 2).blocks(size)
        for record in zip(block.names, block.bases, block.qualities, strict=True)
    ]


def expected(reads: list[Read]) -> list[tuple[bytes, bytes, bytes]]:
    return [(n.split()[0].encode(), b.encode(), q.encode()) for n, b, q in reads]


@given(
    number=st.integers(1, 40),
    size=st.integers(1, 9),
    cut=st.integers(0, 2000),
    packed=st.sampled_from(["plain", "gzip", "members", "padded"]),
    ends=st.sampled_from(["\n", "\r\n", "\n\n"]),
)
def test_every_way_of_storing_gives_the_same_records(
    tmp_path_factory: pytest.TempPathFactory,
    number: int,
    size: int,
    cut: int,
    packed: str,
    ends: str,
) -> None:
    reads = random_reads(number, number, length=1 + number % 7)
    content = fastq(reads)
    if ends == "\r\n":
        content = content.replace(b"\n", b"\r\n")
    elif ends == "\n\n":
        content += b"\n\n"
    cut = min(cut, len(content))
    stored = {
        "plain": content,
        "gzip": gzip.compress(content, mtime=0),
        "members": gzip.compress(content[:cut], mtime=0)
        + gzip.compress(content[cut:], mtime=0),
        "padded": gzip.compress(content, mtime=0) + bytes(cut % 50),
    }[packed]
    path = tmp_path_factory.mktemp("reads") / "x"
    path.write_bytes(stored)
    assert read_all(path, size) == expected(reads)


def test_last_line_without_end_and_names_with_comments(tmp_path: Path) -> None:
    reads = [("r1 1:N:0:ACGT", "ACGT", "IIII"), ("r2\tx", "", ""), ("r3", "A", "#")]
    (tmp_path / "x").write_bytes(fastq(reads).removesuffix(b"\n"))
    assert read_all(tmp_path / "x") == expected(reads)


def spoilt(at: int, field: int, text: str) -> bytes:
    reads = [list(read) for read in READS]
    reads[at][field] = text
    return fastq([(n, b, q) for n, b, q in reads])


def cut_in_read(number: int) -> bytes:
    """Compressed, and all that is left ends in the qualities of this read (from 1)."""
    packer = zlib.compressobj(wbits=31)
    text = fastq(READS[:number]).removesuffix(b"I\n")[:-3]
    return packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH)


@pytest.mark.parametrize(
    ("content", "code", "numbers"),
    [
        (b"", "NO_READS", {}),
        (gzip.compress(b"", mtime=0), "NO_READS", {}),
        (b"\n\n", "NO_READS", {}),
        (fastq(READS)[:-1].rsplit(b"\n", 1)[0], "TRUNCATED_FASTQ", {"records": 4}),
        (gzip.compress(fastq(READS), mtime=0)[:-9], "TRUNCATED_FASTQ", {}),
        (gzip.compress(fastq(READS), mtime=0)[:-9] + b"123456789", "TRUNCATED_FASTQ", {}),
        (gzip.compress(fastq(READS), mtime=0) + b"rubbish", "TRUNCATED_FASTQ", {"records": 5}),
        (cut_in_read(4), "TRUNCATED_FASTQ", {"records": 3}),
        (spoilt(2, 1, "ACGT"), "QUALITY_LENGTH", {"record": 3, "bases": 4, "qualities": 30}),
        (spoilt(1, 1, "ACGT-" * 6), "NOT_FASTQ", {"record": 2}),
        (spoilt(3, 2, "I" * 29 + " "), "NOT_FASTQ", {"record": 4}),
        (spoilt(0, 0, ""), "NOT_FASTQ", {}),
        (spoilt(0, 0, "@PG"), "NOT_FASTQ", {}),
        (spoilt(0, 0, "n" * 255), "NOT_FASTQ", {}),
        (b"B" + fastq(READS)[1:], "NOT_FASTQ", {"record": 1}),
        (fastq(READS).replace(b"\n+\n", b"\n-\n", 1), "NOT_FASTQ", {"record": 1}),
        (b">r1\nACGT\n>r2\nACGT\n", "NOT_FASTQ", {"record": 1}),
        (b"<html>404 not found</html>\n", "NOT_FASTQ", {"record": 1}),
    ],
)
def test_broken_files_are_named_with_their_place(
    tmp_path: Path, content: bytes, code: str, numbers: dict[str, int]
) -> None:
    (tmp_path / "secret-name").write_bytes(content)
    with pytest.raises(InputError, match=code) as caught:
        read_all(tmp_path / "secret-name", 2)
    (finding,) = caught.value.findings
    assert finding.code == code
    assert finding.numbers.items() >= {"lane": 3, "file": 2, **numbers}.items()
    assert "secret" not in finding.render()


@pytest.mark.parametrize(
    ("qualities", "wrong"),
    [
        ("h" * 30, True),  # phred+64, all 40
        ("B" * 29 + "h", True),  # Illumina 1.5
        (";" * 29 + "h", True),  # Solexa
        ("J" * 30, False),  # phred+33, all 41
        ("!" * 30, False),
        ("#" * 29 + "~", False),  # long reads reach 93 at +33
        ("F" * 30, False),
    ],
)
def test_old_quality_encoding_is_recognised(
    tmp_path: Path, qualities: str, wrong: bool
) -> None:
    (tmp_path / "x").write_bytes(fastq([("r1", "A" * 30, qualities)]))
    if wrong:
        with pytest.raises(InputError, match="QUALITY_ENCODING"):
            read_all(tmp_path / "x")
    else:
        assert len(read_all(tmp_path / "x")) == 1


def test_old_encoding_is_told_after_one_block_not_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(fastq([("r1", "A", "h")] * (3 * BLOCK)))
    reader = FastqFile(tmp_path / "x", 1, 1)
    with pytest.raises(InputError, match="QUALITY_ENCODING"):
        list(reader.blocks())
    assert reader.count == 0


def test_a_missing_file_is_a_fault_of_the_machine(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_all(tmp_path / "gone")
