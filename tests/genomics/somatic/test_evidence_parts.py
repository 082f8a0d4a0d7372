"""Votes, likelihoods, haplotypes and site lists by known answers."""

from __future__ import annotations

import gzip
import io
import math
import os
import random
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_pairs import other, random_genome

from equisite.core.errors import InputError
from equisite.genomics.somatic.alignment import CODE
from equisite.genomics.somatic.alleles import Asked, frequencies, panel_counts
from equisite.genomics.somatic.candidates import candidates
from equisite.genomics.somatic.freebayes import is_called, read_counted
from equisite.genomics.somatic.haplotypes import haplotypes, repeats
from equisite.genomics.somatic.likelihood import lod, lods
from equisite.genomics.somatic.panel import build_panel, normals_of, write_sighted
from equisite.genomics.somatic.records import Reads, ReadStream
from equisite.genomics.somatic.votes import count_votes, gather_votes, mates
from equisite.genomics.somatic.whole_reads import by_fragment, lay
from equisite.genomics.somatic.windows import BedWriter, places
from equisite.variants.alleles import Edit, left_shifted
from equisite.variants.intervals import Territory
from equisite.variants.vcf import open_text

_OPS = "MIDNSHP=X"
_NIBBLES = "=ACMGRSVTWYHKDBN"


def record(
    name: str, position: int, cigar: str, bases: str, qualities: list[int],
    *, flag: int = 0, mapq: int = 60,
) -> bytes:  # fmt: skip
    """One alignment as BAM has it (SAM specification, section 4.2)."""
    operations = []
    size = ""
    for letter in cigar:
        if letter.isdigit():
            size += letter
        else:
            operations.append(int(size) << 4 | _OPS.index(letter))
            size = ""
    codes = [_NIBBLES.index(b) for b in bases] + [0] * (len(bases) % 2)
    packed = bytes(a << 4 | b for a, b in zip(codes[::2], codes[1::2], strict=True))
    body = struct.pack(
        "<iiBBHHHiiii", 0, position, len(name) + 1, mapq, 0, len(operations), flag,
        len(bases), -1, -1, 0,
    )  # fmt: skip
    body += name.encode() + b"\0" + struct.pack(f"<{len(operations)}I", *operations)
    body += packed + bytes(qualities)
    return struct.pack("<i", len(body)) + body


def reads_of(*records: bytes) -> Reads:
    head = b"BAM\1" + struct.pack("<i", 0) + struct.pack("<i", 1)
    head += struct.pack("<i", 2) + b"c\0" + struct.pack("<i", 100_000)
    return ReadStream(io.BytesIO(head + b"".join(records))).overlapping(0, 0, 100_000)


def counts(*records: bytes, start: int = 0, end: int = 20) -> dict[int, dict[str, int]]:
    reads = reads_of(*records)
    found = count_votes(reads.buffer, reads.table, mates(reads), start, end)
    return {
        start + at: {"ACGT"[base]: int(n) for base, n in enumerate(row) if n}
        for at, row in enumerate(found)
        if row.any()
    }


def test_mates_that_agree_are_one_vote_and_raise_the_quality() -> None:
    one = record("f", 5, "2M", "AC", [18, 18], flag=99)
    two = record("f", 6, "2M", "CG", [18, 30], flag=147)
    assert counts(one, two) == {6: {"C": 1}, 7: {"G": 1}}


def test_mates_that_disagree_say_nothing() -> None:
    one = record("f", 5, "2M", "AC", [40, 40], flag=99)
    two = record("f", 5, "2M", "AT", [40, 40], flag=147)
    assert counts(one, two) == {5: {"A": 1}}


def test_gaps_clips_and_unknown_bases_are_no_votes() -> None:
    read = record("f", 5, "2S2M1D1M1I1M", "TTACGTN", [30] * 7)
    assert counts(read) == {5: {"A": 1}, 6: {"C": 1}, 8: {"G": 1}}


def test_a_window_cuts_what_lies_outside() -> None:
    read = record("f", 5, "6M", "ACGTAC", [30] * 6)
    assert counts(read, start=7, end=9) == {7: {"G": 1}, 8: {"T": 1}}


@given(st.data())
def test_counted_and_gathered_votes_agree(data: st.DataObject) -> None:
    """Two kernels look at the same fragments: by position, and site by site."""
    rng = random.Random(data.draw(st.integers(0, 10**6)))
    records = []
    for number in range(8):
        start = rng.randrange(0, 12)
        for mate in range(rng.choice((1, 2))):
            at = start + mate * rng.randrange(0, 6)
            first, behind = rng.randrange(1, 5), rng.randrange(1, 5)
            cigar = rng.choice(
                (f"{first + behind}M", f"{first}M1D{behind}M", f"1S{first}M1I{behind}M")
            )
            length = first + behind + (2 if "I" in cigar else 0)
            bases = "".join(rng.choices("ACGTN", k=length))
            qualities = [rng.choice((2, 17, 18, 25, 37)) for _ in range(length)]
            records.append(
                (
                    at,
                    record(f"f{number}", at, cigar, bases, qualities, flag=99 if mate else 147),
                )
            )
    reads = reads_of(*(r for _, r in sorted(records, key=lambda pair: pair[0])))
    twins = mates(reads)
    counted = count_votes(reads.buffer, reads.table, twins, 0, 40)
    changes = np.zeros(len(reads), np.int32)
    votes, sums, ends = gather_votes(
        reads.buffer, reads.table, twins, changes, np.arange(40, dtype=np.int64)
    )
    assert (votes.sum(axis=2) == counted).all()
    assert (ends.sum(axis=2) == counted).all()
    assert (sums[:, :, 0] == 60 * counted).all()


def test_a_cut_stream_is_noticed() -> None:
    whole = record("f", 5, "2M", "AC", [30, 30])
    with pytest.raises(EOFError):
        reads_of(whole, whole[:-3])


def test_lod_is_the_formula() -> None:
    e = np.array([1e-3])
    found = lod(np.array([0.2]), np.array([[2.0]]), np.array([[8.0]]), e)[0]
    alt = math.log10((0.2 * 0.999 + 0.8 * 1e-3 / 3) / (1e-3 / 3))
    ref = math.log10((0.2 * 1e-3 / 3 + 0.8 * 0.999) / 0.999)
    assert found == pytest.approx(2 * alt + 8 * ref)


def single(alt: int, ref: int) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    return np.array([[float(alt)]]), np.array([[float(ref)]])


def test_likelihoods_tell_a_somatic_from_a_germline_allele() -> None:
    e = np.array([10**-3.5])
    somatic = lods(single(8, 32), single(0, 25), e, 0.02)
    assert somatic.tumour[0] > 20
    assert somatic.normal[0] == pytest.approx(25 * math.log10(2), abs=0.01)
    assert somatic.somatic[0] > 0.3
    germline = lods(single(20, 20), single(12, 13), e, 0.02)
    assert germline.normal[0] < -10
    assert germline.somatic[0] < -10
    stray = lods(single(16, 24), single(1, 26), e, 0.02)
    assert stray.somatic[0] > 0.3  # one stray read of 27 does not lose a variant
    nothing = lods(single(0, 40), single(0, 25), e, 0.02)
    assert nothing.tumour[0] == pytest.approx(0)


def test_a_stray_fragment_makes_no_germline_allele_of_a_clear_variant() -> None:
    """LOD_N(s f_T) is what the stray fragment is worth as the tumour's."""
    e = np.array([10**-3.5])
    pair = single(24, 26), single(1, 17)
    half, spilled = (lod(np.array([f]), *pair[1], e)[0] for f in (0.5, 0.02 * 24 / 50))
    assert -half < 2.2  # as an error it is too dear
    found = lods(*pair, e, 0.02).normal[0]
    assert found == pytest.approx(spilled - half)
    assert found > 2.2
    assert lods(*pair, e, 0.0).normal[0] == pytest.approx(-half)
    germline = lods(single(24, 26), single(5, 13), e, 0.02)
    assert germline.normal[0] < 0


def test_leukaemia_s_normal_may_hold_more_of_the_tumour() -> None:
    e = np.array([10**-3.5])
    strict = lods(single(20, 20), single(3, 27), e, 0.02).somatic[0]
    wide = lods(single(20, 20), single(3, 27), e, 0.2).somatic[0]
    assert strict < wide


GENOME = random_genome(1200, 5)


def voted(edit: Edit, *records: bytes) -> tuple[int, int]:
    """Fragments for reference and change."""
    codes = CODE[np.frombuffer(GENOME.encode(), np.uint8)]
    reads = reads_of(*records)
    laid = lay(reads, haplotypes(edit, codes, 0))
    found, _ = by_fragment(reads, mates(reads), laid.votes)
    return int(found[0].sum()), int(found[1].sum())


INSERTION = Edit("c", 600, 600, "GATTACAGGCATTC")


def test_a_clipped_read_votes_for_an_insertion() -> None:
    bases = GENOME[520:600] + INSERTION.alt + GENOME[600:606]
    clipped = record("f", 520, "80M20S", bases, [37] * 100)
    assert voted(INSERTION, clipped) == (0, 1)
    plain = record("g", 540, "100M", GENOME[540:640], [37] * 100)
    assert voted(INSERTION, clipped, plain) == (1, 1)


def test_a_read_that_hardly_reaches_the_change_does_not_vote() -> None:
    assert voted(INSERTION, record("f", 502, "100M", GENOME[502:602], [37] * 100)) == (0, 0)


def test_mates_that_contradict_each_other_do_not_vote() -> None:
    changed = GENOME[550:600] + INSERTION.alt + GENOME[600:636]
    one = record("f", 540, "100M", GENOME[540:640], [37] * 100, flag=99)
    two = record("f", 550, "50M14I36M", changed, [37] * 100, flag=147)
    assert voted(INSERTION, one, two) == (0, 0)
    assert voted(INSERTION, two) == (0, 1)


def test_a_read_with_another_gap_votes_by_its_own_alignment() -> None:
    """Ungapped it fits neither haplotype; a deletion 30 bases on says nothing of this place."""
    bases = GENOME[560:640] + GENOME[641:661]
    assert voted(INSERTION, record("f", 560, "80M1D20M", bases, [37] * 100)) == (1, 0)


def test_gaps_are_found_leftmost_and_counted_by_fragment() -> None:
    text = "ACGTTTTGCA" * 20
    shifted = text[:57] + text[58:100]
    rows = [
        record("a", 0, "56M1D43M", text[:56] + text[57:100], [37] * 99),
        record("b", 0, "53M1D46M", text[:53] + text[54:100], [37] * 99),
        record("c", 0, "99M", shifted[:99], [37] * 99),
    ]
    reads = reads_of(*rows)
    assert candidates(reads, mates(reads), "c", text, 0, fragments=2) == [Edit("c", 53, 54, "")]
    assert candidates(reads, mates(reads), "c", text, 0, fragments=3) == []


def test_repeats_count_units_and_runs_beside() -> None:
    text = "GC" + "TAG" * 5 + "CCG" + "A" * 9 + "C"
    assert repeats(Edit("c", 2, 5, ""), text, 0) == 5
    assert repeats(Edit("c", 20, 20, "GT"), text, 0) == 9
    assert repeats(Edit("c", 18, 18, "TT"), text, 0) == 2


def sites(path: Path, *rows: str) -> Path:
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    path.write_text(head + "".join(f"{row}\n" for row in rows))
    return path


def test_frequencies_are_those_of_the_allele(tmp_path: Path) -> None:
    path = sites(
        tmp_path / "p.vcf",
        "1\t11\t.\tA\tC,G\t.\t.\tAC=1,2;AF=0.25,0.5",
        "1\t21\t.\tTCC\tTC\t.\t.\tAC=1",
        "other\t11\t.\tA\tC\t.\t.\tAF=0.1",
    )
    wanted = [Edit("chr1", 10, 11, "G"), Edit("chr1", 21, 22, ""), Edit("chr1", 30, 31, "T")]
    asked = Asked(wanted)
    found = frequencies(path, ["chr1"], asked)
    shares = [found[asked.place(edit)] for edit in wanted]
    assert shares == pytest.approx([0.5, math.nan, math.nan], nan_ok=True)
    assert asked.place(Edit("chr1", 10, 11, "C")) is None


def test_a_broken_list_names_its_line(tmp_path: Path) -> None:
    path = sites(tmp_path / "p.vcf", "1\t11\t.\tA\tC\t.\t.\tAF=0.2", "1\tx\t.\tA\tC\t.\t.\t.")
    with pytest.raises(InputError) as caught:
        frequencies(path, ["1"], Asked([]))
    assert caught.value.code == "SITES_UNREADABLE"
    assert caught.value.findings[0].numbers == {"line": 4}


def test_a_panel_counts_people_in_any_order(tmp_path: Path) -> None:
    rows = {
        "a": [("c", 5, "A", "T"), ("c", 9, "A", "AT")],
        "b": [("c", 5, "A", "T"), ("b", 1, "G", "C")],
    }
    for name, alleles in rows.items():
        write_sighted(tmp_path / name, iter(alleles))
    order = {"c": 0, "b": 1}
    both = [tmp_path / "a", tmp_path / "b"]
    assert build_panel(both, order, tmp_path / "p.vcf.gz") == 3
    assert build_panel(both[::-1], order, tmp_path / "q.vcf.gz") == 3
    assert (tmp_path / "p.vcf.gz").read_bytes() == (tmp_path / "q.vcf.gz").read_bytes()
    lines = [x for x in open_text(tmp_path / "p.vcf.gz") if x[0] != "#"]
    assert [x.split("\t")[0:2] + x.split("\t")[-1:] for x in lines] == [
        ["c", "6", "NS=2"], ["c", "10", "NS=1"], ["b", "2", "NS=1"],
    ]  # fmt: skip
    assert normals_of(tmp_path / "p.vcf.gz") == 2
    wanted = {Edit("c", 5, 6, "T"): 2, Edit("c", 10, 10, "T"): 1, Edit("c", 7, 8, "T"): 0}
    asked = Asked(wanted)
    counts = panel_counts(tmp_path / "p.vcf.gz", ["c", "b"], asked)
    assert {edit: counts[asked.place(edit)] for edit in wanted} == wanted


def test_an_empty_panel_is_a_panel_of_nobody(tmp_path: Path) -> None:
    assert build_panel([], {"c": 0}, tmp_path / "p.vcf.gz") == 0
    assert normals_of(tmp_path / "p.vcf.gz") == 0
    with gzip.open(tmp_path / "p.vcf.gz", "rt") as stream:
        assert stream.readline() == "##fileformat=VCFv4.2\n"


def freebayes(path: Path, tumour: str, normal: str, mapq: str = "60") -> Path:
    head = "##fileformat=VCFv4.2\n"
    head += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tnor\ttum\n"
    info = f"DP=40;MQM={mapq}"
    path.write_text(f"{head}c\t11\t.\tA\tC\t9\t.\t{info}\tGT:DP:AD\t{normal}\t{tumour}\n")
    return path


@pytest.mark.parametrize(
    ("tumour", "normal", "mapq", "called"),
    [
        ("0/1:40:36,4", "0/0:20:20,0", "60", True),
        ("0/1:40:38,2", "0/0:20:20,0", "60", False),
        ("0/1:140:136,4", "0/0:20:20,0", "60", False),
        ("0/1:40:36,4", "0/0:20:19,1", "60", False),
        ("0/1:40:20,20", "0/0:20:19,1", "60", True),
        ("0/1:40:36,4", "0/0:4:4,0", "60", False),
        ("0/1:40:36,4", ".:.:.", "60", False),
        ("0/1:40:36,4", "0/0:20:20,0", "39", False),
        ("0/1:40:36,4", "0/0:20:20,0", ".", False),
    ],
)
def test_evidence_b_goes_by_counts(
    tmp_path: Path, tumour: str, normal: str, mapq: str, called: bool
) -> None:
    path = freebayes(tmp_path / "b.vcf", tumour, normal, mapq)
    (found,) = read_counted(path, "tum", "nor")
    assert found.edit == ("c", 10, "A", "C")
    assert is_called(found, 0.03, alone=False) == called
    (alone,) = read_counted(path, "tum", None)
    assert (alone.alt_normal, alone.ref_normal) == (0, 0)


def test_windows_hold_all_territory_once() -> None:
    territory = Territory.of([("a", 5, 9), ("a", 40_000, 70_000), ("b", 0, 10)])
    found = list(places(territory, {"a": 100_000, "b": 10}))
    assert [(p.contig, p.start, p.end) for p in found] == [
        ("a", 0, 32768), ("a", 32768, 65536), ("a", 65536, 98304), ("b", 0, 10),
    ]  # fmt: skip
    assert sum(int(p.inside.sum()) for p in found) == territory.size


def test_intervals_that_touch_are_written_as_one() -> None:
    stream = io.StringIO()
    bed = BedWriter(stream.write)
    bed.add("a", [(0, 5), (7, 10)])
    bed.add("a", [(10, 12)])
    bed.add("b", [(12, 14)])
    bed.end()
    assert stream.getvalue() == "a\t0\t5\na\t7\t12\nb\t12\t14\n"
    assert bed.size == 12


def test_warming_runs_every_kernel() -> None:
    from equisite.genomics.somatic.warm import warm

    assert warm() == 3


_ONE_KERNEL = """
import sys
import numpy as np
from equisite.genomics.somatic.candidates import find_gaps
from equisite.genomics.somatic.votes import differences
buffer, table = np.zeros(8, np.uint8), np.zeros((1, 14), np.int64)
if sys.argv[1] == "differences":
    found = differences(buffer, table, buffer, 0)
else:
    found = find_gaps(buffer, table, 0, 60)
print(int(found.sum()))
"""


def test_a_kernel_finds_what_another_has_left_in_the_cache(tmp_path: Path) -> None:
    """Both walk along alignments; the second is compiled, the walk is loaded."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    for kernel in ("differences", "gaps"):
        told = subprocess.run(
            [sys.executable, "-c", _ONE_KERNEL, kernel],
            env=environment, check=True, capture_output=True, text=True,
        )  # fmt: skip
        assert told.stdout == "0\n"


def clipped(*rows: tuple[int, int, str]) -> list[Edit]:
    """Changes that two fragments show; rows: aligned begin, aligned bases, all bases."""
    records = []
    for number, (start, aligned, bases) in enumerate(sorted(rows)):
        left = next(
            n for n in range(len(bases) - aligned + 1)
            if bases[n : n + aligned] == GENOME[start : start + aligned]
        )  # fmt: skip
        right = len(bases) - aligned - left
        cigar = f"{left}S" * (left > 0) + f"{aligned}M" + f"{right}S" * (right > 0)
        records.append(record(f"f{number}", start, cigar, bases, [37] * len(bases)))
    reads = reads_of(*records)
    return candidates(reads, mates(reads), "c", GENOME, 0, fragments=2)


LONG = "GATTACAGGCATTCCGTA"


def test_clipped_ends_show_an_insertion_each_for_itself() -> None:
    right = GENOME[540:600] + LONG + GENOME[600:610]
    left = GENOME[588:600] + LONG + GENOME[600:660]
    edit = left_shifted(Edit("c", 600, 600, LONG), {"c": GENOME})
    assert clipped((540, 60, right), (600, 60, left)) == [edit]
    assert clipped((540, 60, right)) == []
    assert clipped((540, 60, right[:-3]), (600, 60, left)) == []  # seven bases are too few


def test_an_end_that_stops_within_the_change_agrees_with_a_longer_one() -> None:
    edit = left_shifted(Edit("c", 600, 600, LONG), {"c": GENOME})
    whole, part = GENOME[540:600] + LONG + GENOME[600:610], GENOME[530:600] + LONG[:9]
    assert clipped((540, 60, whole), (530, 70, part)) == [edit]
    assert clipped((540, 60, whole), (530, 70, part[:-1] + other(part[-1]))) == []
    whole, part = GENOME[588:600] + LONG + GENOME[600:660], LONG[-9:] + GENOME[600:670]
    assert clipped((600, 60, whole), (600, 70, part)) == [edit]


def test_clipped_ends_show_a_deletion() -> None:
    right = GENOME[520:600] + GENOME[640:655]
    left = GENOME[587:600] + GENOME[640:700]
    edit = left_shifted(Edit("c", 600, 640, ""), {"c": GENOME})
    assert clipped((520, 80, right), (640, 60, left)) == [edit]


def test_ends_from_either_side_show_an_insertion_where_they_overlap() -> None:
    right, left = GENOME[540:600] + LONG[:14], LONG[5:] + GENOME[600:660]
    edit = left_shifted(Edit("c", 600, 600, LONG), {"c": GENOME})
    assert clipped((540, 60, right), (600, 60, left)) == [edit]
    assert clipped((540, 60, right), (600, 60, left[3:])) == []  # overlap of six bases


@given(st.integers(300, 800), st.integers(5, 40), st.data())
def test_any_insertion_is_told_by_its_clipped_ends(
    place: int, size: int, data: st.DataObject
) -> None:
    bases = "".join(data.draw(st.lists(st.sampled_from("ACGT"), min_size=size, max_size=size)))
    right = GENOME[place - 60 : place] + bases + GENOME[place : place + 12]
    left = GENOME[place - 12 : place] + bases + GENOME[place : place + 60]
    found = clipped((place - 60, 60, right), (place, 60, left))
    (changed,) = (GENOME[: e.start] + e.alt + GENOME[e.end :] for e in found)
    assert changed == GENOME[:place] + bases + GENOME[place:]
