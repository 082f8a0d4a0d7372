import gzip
from pathlib import Path

import pytest

from equisite.variants.fasta import read_fasta


@pytest.mark.parametrize("compressed", [False, True])
def test_entries_are_upper_case_and_joined(tmp_path: Path, compressed: bool) -> None:
    content = b">one first of two\nacgt\nNNRy\n\n>two\r\nACGT\r\n"
    path = tmp_path / "r.fa"
    # two members, as bgzip writes them
    packed = gzip.compress(content[:20], mtime=0) + gzip.compress(content[20:], mtime=0)
    path.write_bytes(packed if compressed else content)
    assert list(read_fasta(path)) == [("one", b"ACGTNNRY"), ("two", b"ACGT")]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "no sequence"),
        (b"ACGT\n", "header line"),
        (b">\nACGT\n", "no name"),
        (b">a\nAC-T\n", "no bases"),
        (b">a\nA\n>b\nA\n>a\nA\n", "twice"),
        (gzip.compress(b">a\n" + b"ACGT" * 5000, mtime=0)[:-20], "cut short"),
    ],
)
def test_what_is_no_fasta_is_an_error(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "r.fa").write_bytes(content)
    with pytest.raises(ValueError, match=problem):
        list(read_fasta(tmp_path / "r.fa"))
