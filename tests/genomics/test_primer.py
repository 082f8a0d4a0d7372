"""Where the second caller's first site is put, and what freebayes makes of it."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_reads import md5
from test_edges import changed

from equisite.genomics.primer import AWAY, LENGTH, Primer
from equisite.genomics.second_caller import CachedReference
from equisite.variants.intervals import Territory

BASES = {
    "b": "N" * 300 + "".join(random.Random(1).choices("ACGT", k=3000)),
    "a": "".join(random.Random(2).choices("ACGT", k=1000)),
}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> CachedReference:
    folder = tmp_path_factory.mktemp("cache")
    header = ""
    for name, bases in BASES.items():
        (folder / md5(bases)).write_text(bases)
        header += f"@SQ\tSN:{name}\tLN:{len(bases)}\tM5:{md5(bases)}\n"
    (folder / "header.sam").write_text(header)
    return CachedReference(folder / "header.sam", folder)


@pytest.mark.parametrize(
    ("asked", "odd", "start"),
    [
        ([("b", 1000, 1100)], [], ("b", 300)),  # behind the unknown bases
        ([("b", 400, 480)], [], ("b", 480 + AWAY)),
        ([("a", 10, 90)], [], ("a", 90 + AWAY)),  # of the sequences asked for, at first
        ([("a", 250, 800)], [], ("a", 0)),
        ([("a", 230, 800)], [], ("b", 300)),  # no room left on this sequence
        ([("a", 10, 90)], [("a", 0, 1000)], ("b", 300)),  # a site of one copy fixes nothing
        ([("a", 10, 90)], [("a", 0, 1000), ("b", 0, 3260)], None),
        ([("a", 0, 1000), ("b", 0, 3100)], [], None),
    ],
)
def test_the_first_place_with_room(
    reference: CachedReference,
    asked: list[tuple[str, int, int]],
    odd: list[tuple[str, int, int]],
    start: tuple[str, int] | None,
) -> None:
    place = Primer.beside(Territory.of(asked), odd, reference).place
    assert (place and place[:2]) == start


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 900), st.integers(1, 90))))
def test_made_reads_touch_nothing_asked(
    reference: CachedReference, windows: list[tuple[str, int, int]]
) -> None:
    asked = Territory.of((name, start, start + length) for name, start, length in windows)
    place = Primer.beside(asked, [], reference).place
    assert place is not None
    contig, start, end = place
    assert end - start == LENGTH and set(BASES[contig][start:end]) <= set("ACGT")
    near = Territory.of([(contig, max(start - AWAY, 0), end + AWAY)])
    assert not near.intersect(asked).size


def test_made_reads_differ_in_the_middle(reference: CachedReference) -> None:
    primer = Primer(("a", 100, 100 + LENGTH), reference)
    text = primer.reads("tok")
    head = [line for line in text.splitlines() if line.startswith("@")]
    assert head[1:] == ["@SQ\tSN:b\tLN:3300", "@SQ\tSN:a\tLN:1000", "@RG\tID:primer\tSM:tok"]
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("@")]
    assert {(r[2], r[3], r[5]) for r in rows} == {("a", "101", "41M")}
    own, changed = sorted({r[9] for r in rows}, key=lambda b: b != BASES["a"][100:141])
    assert own == BASES["a"][100:141]
    differing = [100 + at for at in range(LENGTH) if own[at] != changed[at]]
    assert [("a", at, at + 1) for at in differing] == primer.site
    assert primer.is_told_by(b"a\t121\t.\tA") and not primer.is_told_by(b"a\t1210\t.\tA")
    nothing = Primer(None, reference)
    assert nothing.reads("tok").splitlines() == head
    assert nothing.site == [] and not nothing.is_told_by(b"a\t121\t.\tA")


@pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in ("samtools", "freebayes")),
    reason="the tools of the image are not on the PATH; `run.py test` has them",
)
def test_behind_a_primer_no_site_changes_another(
    tmp_path: Path, reference: CachedReference
) -> None:
    """Without a primer, the chance of a weak site grows with the length of the first one."""
    text = BASES["b"]
    (tmp_path / "r.fa").write_text("".join(f">{n}\n{b}\n" for n, b in BASES.items()))
    weak = changed(text, 2040)
    rows = [
        (1000 + n, f"{50 - n}M30D60M", text[1000 + n : 1050] + text[1080:1140], "I")
        for n in range(16)
    ]
    rows += [
        (2000 + n, "80M", (weak if n < 3 else text)[2000 + n : 2080 + n], "3")
        for n in range(16)
    ]
    head = Primer(None, reference).reads("tok").replace("ID:primer", "ID:real")
    (tmp_path / "real.sam").write_text(
        head
        + "".join(
            f"r{n}\t0\tb\t{start + 1}\t60\t{cigar}\t*\t0\t0\t{bases}\t{mark * len(bases)}"
            "\tRG:Z:real\n"
            for n, (start, cigar, bases, mark) in enumerate(rows)
        )
    )
    asked = [("b", 1030, 1110), ("b", 2000, 2080)]
    primer = Primer.beside(Territory.of(asked), [], reference)
    (tmp_path / "primer.sam").write_text(primer.reads("tok"))
    for name in ("real", "primer"):
        files = f"{name}.bam##idx##{name}.bam.bai", f"{name}.sam"
        command = ["samtools", "view", "-b", "--write-index", "-o", *files]
        subprocess.run(command, cwd=tmp_path, check=True)

    def quality(*targets: tuple[str, int, int]) -> float:
        bed = "".join(f"{c}\t{s}\t{e}\n" for c, s, e in targets)
        (tmp_path / "targets.bed").write_text(bed)
        command = ["freebayes", "-f", "r.fa", "-t", "targets.bed", "real.bam", "primer.bam"]
        told = subprocess.check_output(command, cwd=tmp_path, text=True).splitlines()
        fields = (line.split("\t") for line in told if not line.startswith("#"))
        return {int(f[1]): float(f[5]) for f in fields}[2041]

    alone, both = quality(asked[1]), quality(*asked)
    assert both > 10 * alone  # what the primer is for
    (site,) = primer.site
    assert quality(site, asked[1]) == quality(site, *asked) == alone
