import io
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pysam
import pytest

from equisite.genomics.repeat_calls import by_length
from equisite.genomics.second_caller import Answer, write_answers
from equisite.variants.vcf import Genotype, read_genotypes

_random = random.Random(5)
LEFT = "".join(_random.choices("ACGT", k=149)) + "G"
RIGHT = "C" + "".join(_random.choices("ACGT", k=149))
START = len(LEFT)
BASES = {"b": LEFT + "A" * 12 + RIGHT, "a": "".join(_random.choices("ACGT", k=400))}
HEAD = (
    "##fileformat=VCFv4.2\n"
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ttok\n"
)
Run = Callable[..., list[Genotype]]


def record(
    contig: str, position: int, ref: str, alt: str, genotype: str, quality: float = 50
) -> str:
    """A line of a VCF; position: 0-based."""
    assert BASES[contig][position : position + len(ref)] == ref
    text = "\t".join([contig, str(position + 1), ".", ref, alt, str(quality)])
    return f"{text}\t.\tDP=30;CONS=both\tGT\t{genotype}\n"


def snp(contig: str, position: int, genotype: str = "0/1") -> str:
    ref = BASES[contig][position]
    return record(contig, position, ref, "A" if ref != "A" else "C", genotype)


def run_of(length: int, left: str = LEFT) -> tuple[str, str]:
    """Bases and CIGAR of a read whose run has so many bases."""
    change = {0: "", -1: f"{12 - length}D", 1: f"{length - 12}I"}[(length > 12) - (length < 12)]
    gap = min(length, 12)
    cigar = f"40M{change}{gap + 40}M" if change else "92M"
    return left[-40:] + "A" * length + RIGHT[:40], cigar


def _read(folder: Path, lines: list[str]) -> Iterator[Genotype]:
    (folder / "lines.vcf").write_text(HEAD + "".join(lines))
    yield from read_genotypes(folder / "lines.vcf")


def _answers(calls: list[Genotype], heard: list[Genotype]) -> Iterator[Answer]:
    for contig in BASES:
        said = [r for r in heard if r.contig == contig]
        yield Answer(contig, said, [(r, r.line) for r in calls if r.contig == contig])


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Write the final calls from those of both callers and from reads by length of the run."""

    def go(
        reconciled: list[str],
        first: list[str],
        second: list[str],
        lengths: dict[int, int],
        left: dict[int, str] | None = None,
    ) -> list[Genotype]:
        header = {"HD": {"SO": "coordinate"}}
        header["SQ"] = [{"SN": name, "LN": len(b)} for name, b in BASES.items()]
        path = tmp_path / "seen.bam"
        with pysam.AlignmentFile(str(path), "wb", header=header) as bam:
            for length, count in lengths.items():
                bases, cigar = run_of(length, (left or {}).get(length, LEFT))
                for number in range(count):
                    read = pysam.AlignedSegment(bam.header)
                    read.query_name = f"{length} {number}"
                    read.reference_id, read.reference_start = 0, START - 40
                    read.mapping_quality = 60
                    read.query_sequence, read.cigarstring = bases, cigar
                    bam.write(read)
        pysam.index(str(path))
        (tmp_path / "1.vcf").write_text(HEAD)
        out = io.StringIO()
        answered = _answers(*(list(_read(tmp_path, x)) for x in (reconciled, first + second)))
        write_answers(tmp_path / "1.vcf", by_length(answered, path, BASES), out.write)
        (tmp_path / "out.vcf").write_text(out.getvalue())
        return list(read_genotypes(tmp_path / "out.vcf"))

    return go


def lost(copies: int, genotype: str, quality: float = 50) -> str:
    return record("b", START - 1, "G" + "A" * copies, "G", genotype, quality)


def shown(records: list[Genotype]) -> list[tuple[int, tuple[str, ...], str]]:
    return [
        (r.position, r.alleles, "/".join(map(str, r.copies)) + " " + r.info["CONS"])
        for r in records
    ]


def test_reads_overrule_a_lost_copy_and_nothing_else_changes(run: Run) -> None:
    others = [snp("b", 20), snp("b", 290, "1/1"), snp("a", 100)]
    wrong = lost(3, "1/1")
    calls = [others[0], wrong, *others[1:]]
    found = run(calls, calls, [lost(3, "0/1")], {12: 9, 9: 8})
    assert [r.line for r in found if r.info["CONS"] == "both"] == [o.rstrip() for o in others]
    (new,) = (r for r in found if r.info["CONS"] == "reads")
    assert (new.position, new.alleles, new.copies) == (START - 1, ("GAAA", "G"), (0, 1))
    fields = new.line.split("\t")
    assert 100 < float(fields[5]) <= 255
    assert fields[7:] == ["INDEL;DP=17;CONS=reads", "GT:DP", "0/1:17"]
    assert [r.position for r in found] == [20, START - 1, 290, 100]


def test_calls_that_the_reads_agree_with_or_are_not_sure_against_stay(run: Run) -> None:
    calls = [lost(3, "0/1")]
    assert [r.line for r in run(calls, calls, calls, {12: 9, 9: 8})] == [calls[0].rstrip()]
    assert [r.line for r in run(calls, calls, calls, {9: 6})] == [calls[0].rstrip()]
    assert [r.line for r in run(calls, calls, calls, {})] == [calls[0].rstrip()]


def test_two_other_lengths_share_a_record(run: Run) -> None:
    calls = [lost(3, "1/1")]
    found = run(calls, calls, calls, {9: 9, 14: 8})
    assert shown(found) == [(START - 1, ("GAAA", "GAAAAA", "G"), "1/2 reads")]


def test_a_call_that_the_reads_deny_goes(run: Run) -> None:
    calls = [snp("b", 20), lost(3, "0/1")]
    assert [r.position for r in run(calls, calls, [], {12: 20})] == [20]


def test_what_one_caller_saw_and_the_answer_left_out_may_come_back(run: Run) -> None:
    found = run([snp("b", 20)], [], [lost(3, "0/1", quality=5)], {12: 9, 9: 8})
    assert shown(found)[1] == (START - 1, ("GAAA", "G"), "0/1 reads")
    noise = [lost(3, "0/1", quality=0.5)]
    assert [r.position for r in run([snp("b", 20)], [], noise, {12: 9, 9: 8})] == [20]


def test_a_single_copy_has_no_pair_of_lengths(run: Run) -> None:
    calls = [lost(3, "1")]
    assert [r.line for r in run(calls, calls, calls, {12: 9, 9: 8})] == [calls[0].rstrip()]


def test_a_substitution_under_an_anchor_stays_and_hides_no_read(run: Run) -> None:
    near = snp("b", START - 5)
    alt = near.split("\t")[4]
    other = LEFT[:-5] + alt + LEFT[-4:]
    worse = other[:-9] + ("A" if other[-9] != "A" else "C") + other[-8:]
    calls = [near, lost(3, "1/1")]
    found = run(calls, calls, calls, {12: 9, 9: 8}, {9: worse})
    assert found[0].line == near.rstrip()
    assert shown(found)[1] == (START - 1, ("GAAA", "G"), "0/1 reads")


def test_without_calls_there_is_a_header(run: Run) -> None:
    assert run([], [], [], {12: 9}) == []
