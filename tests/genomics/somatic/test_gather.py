"""One pass over a made pair: what is planted is found, in one job or in several."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_pairs import MadePair, fragments, gather_whole, snv, whole, write_bam

from equisite.core.tables import read_rows
from equisite.genomics import cells as cutting
from equisite.genomics.cells import cells_of
from equisite.genomics.somatic import windows
from equisite.genomics.somatic.evidence import Evidence
from equisite.genomics.somatic.filters import Setting, failures
from equisite.genomics.somatic.gather import Inputs
from equisite.genomics.somatic.pair import PairFacts
from equisite.protocol.somatic import Somatic
from equisite.variants.alleles import Edit, left_shifted, trim
from equisite.variants.intervals import Territory, read_bed


def run(
    pair: MadePair, out: Path, territory: Territory, normal: Path | None, **settings: object
) -> tuple[list[str], bytes, bytes]:
    cells = cells_of(territory, pair.genome)
    found = gather_whole(
        Inputs(pair.tumour, normal, cells, pair.reference, None),
        Somatic.model_validate(settings),
        out,
    )
    return (
        [finding.code for finding in found],
        (out / "tok.evidence.tsv").read_bytes() if (out / "tok.evidence.tsv").exists() else b"",
        (out / "tok.callable.bed").read_bytes() if (out / "tok.callable.bed").exists() else b"",
    )


def place(line: str) -> tuple[str, int]:
    return line.split("\t")[2], int(line.split("\t")[3])


def called(folder: Path, *, alone: bool = False) -> set[Edit]:
    setting = Setting(Somatic(), alone=alone, panel=False)
    rows = read_rows(folder / "tok.evidence.tsv", Evidence)
    edits = {trim(*r.edit) for r in rows if not failures(r, setting)}
    return {edit for edit in edits if edit is not None}


def test_planted_alleles_are_found_and_no_other(made_pair: MadePair, tmp_path: Path) -> None:
    codes, _, bed = run(made_pair, tmp_path / "a", whole(made_pair.genome), made_pair.normal)
    assert codes == []
    true = {left_shifted(p.edit, made_pair.genome) for p in made_pair.somatic}
    found = {left_shifted(e, made_pair.genome) for e in called(tmp_path / "a")}
    assert found == true
    (facts,) = read_rows(tmp_path / "a/tok.pair.tsv", PairFacts)
    assert (facts.mode, facts.status) == ("TN", "ok")
    assert facts.identity_sites >= 30
    assert facts.identity == 1.0
    assert facts.contamination is not None
    assert facts.contamination <= 0.03
    assert facts.reverse == 0
    assert read_bed(bed.decode().splitlines()).size == facts.callable_bp > 35_000


def test_counts_are_those_of_the_reads(made_pair: MadePair, tmp_path: Path) -> None:
    """An independent count by pysam, mate by mate."""
    import pysam

    run(made_pair, tmp_path / "a", whole(made_pair.genome), made_pair.normal)
    rows = {r.edit: r for r in read_rows(tmp_path / "a/tok.evidence.tsv", Evidence)}
    for planted in made_pair.somatic[:10]:
        edit = planted.edit
        ref = made_pair.genome[edit.contig][edit.start]
        row = rows[edit.contig, edit.start, ref, edit.alt]
        for path, alt, held in (
            (made_pair.tumour, row.alt_tumour, row.ref_tumour),
            (made_pair.normal, row.alt_normal, row.ref_normal),
        ):
            seen: dict[str, set[str]] = {}
            with pysam.AlignmentFile(str(path)) as file:
                for read in file.fetch(edit.contig, edit.start, edit.start + 1):
                    places = {
                        at: place for place, at in read.get_aligned_pairs(matches_only=True)
                    }
                    if edit.start in places:
                        base = read.query_sequence[places[edit.start]]
                        seen.setdefault(read.query_name, set()).add(base)
            assert alt == sum(bases == {edit.alt} for bases in seen.values())
            assert held == sum(bases == {ref} for bases in seen.values())


def test_windows_change_no_byte(
    made_pair: MadePair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes, rows, bed = run(made_pair, tmp_path / "a", whole(made_pair.genome), made_pair.normal)
    monkeypatch.setattr(windows, "SIZE", 1000)
    others = run(made_pair, tmp_path / "b", whole(made_pair.genome), made_pair.normal)
    assert others == (codes, rows, bed)
    facts = [(tmp_path / name / "tok.pair.tsv").read_bytes() for name in "ab"]
    assert facts[0] == facts[1]


@pytest.mark.parametrize("parts", [2, 3, 7])
def test_shares_of_the_territory_change_no_byte(
    made_pair: MadePair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    """Cells of some 2000 bases: borders lie in reads, and one of them in a planted deletion."""
    monkeypatch.setattr(cutting, "STEP", 2000)
    monkeypatch.setattr(cutting, "BASES", 1500)
    monkeypatch.setattr(windows, "SIZE", 2000)
    deletion = made_pair.somatic[10].edit
    territory = Territory.of(
        [("one", 300, 9000), ("one", deletion.start - 1, 40_000), ("two", 0, 4000)]
    )
    cells = cells_of(territory, made_pair.genome)
    assert len(cells) > 10
    inputs = Inputs(made_pair.tumour, made_pair.normal, cells, made_pair.reference, None)
    for number, name in ((1, "a"), (parts, "b")):
        assert gather_whole(inputs, Somatic(), tmp_path / name, parts=number) == []
    for name in ("evidence.tsv", "counted.tsv", "callable.bed", "pair.tsv"):
        one, many = (tmp_path / folder / f"tok.{name}" for folder in "ab")
        assert one.read_bytes() == many.read_bytes()
    assert deletion in called(tmp_path / "b")


def test_a_tumour_alone_shows_germline_too(made_pair: MadePair, tmp_path: Path) -> None:
    codes, _, _ = run(made_pair, tmp_path / "a", whole(made_pair.genome), None)
    assert codes == []
    (facts,) = read_rows(tmp_path / "a/tok.pair.tsv", PairFacts)
    assert (facts.mode, facts.identity, facts.depth_normal) == ("TO", None, 0.0)
    found = called(tmp_path / "a", alone=True)
    assert {p.edit for p in made_pair.germline} < found


def test_a_thin_normal_turns_the_pair(made_pair: MadePair, tmp_path: Path) -> None:
    lines = fragments(made_pair.genome, made_pair.germline, 4, 13)
    thin = write_bam(tmp_path / "thin.bam", made_pair.genome, lines, "nor")
    codes, rows, _ = run(made_pair, tmp_path / "a", whole(made_pair.genome), thin)
    assert codes[0] == "NORMAL_THIN"
    assert b"\tTO\t" in b"\t" + (tmp_path / "a/tok.pair.tsv").read_bytes().split(b"\n")[1]
    assert rows
    codes, rows, _ = run(
        made_pair, tmp_path / "b", whole(made_pair.genome), thin, mode="paired"
    )
    assert (codes, rows) == (["NORMAL_TOO_THIN"], b"")


def test_a_tumour_without_callable_bases_is_no_tumour_without_mutations(
    made_pair: MadePair, tmp_path: Path
) -> None:
    codes, rows, _ = run(
        made_pair,
        tmp_path / "a",
        whole(made_pair.genome),
        made_pair.normal,
        thresholds={"callable_tumour": 500},
    )
    assert (codes[-1], rows) == ("NOTHING_CALLABLE", b"")


def test_exchanged_samples_are_refused(made_pair: MadePair, tmp_path: Path) -> None:
    tumour = fragments(made_pair.genome, made_pair.germline, 40, 21)
    mutated = [
        *made_pair.germline,
        *(snv(made_pair.genome, "one", 1000 + 700 * n, 0.15) for n in range(50)),
    ]
    normal = fragments(made_pair.genome, mutated, 60, 22)
    pair = MadePair(
        made_pair.genome,
        made_pair.reference,
        tmp_path,
        write_bam(tmp_path / "t.bam", made_pair.genome, tumour, "tum"),
        write_bam(tmp_path / "n.bam", made_pair.genome, normal, "nor"),
        (),
        made_pair.germline,
    )
    codes, rows, _ = run(pair, tmp_path / "a", whole(made_pair.genome), pair.normal)
    assert (codes, rows) == (["SWAPPED_PAIR"], b"")


def test_another_person_s_normal_is_refused(made_pair: MadePair, tmp_path: Path) -> None:
    others = [snv(made_pair.genome, "one", 650 + 900 * n, 0.5) for n in range(40)]
    lines = fragments(made_pair.genome, others, 30, 31)
    foreign = write_bam(tmp_path / "f.bam", made_pair.genome, lines, "nor")
    codes, rows, _ = run(made_pair, tmp_path / "a", whole(made_pair.genome), foreign)
    assert (codes, rows) == (["WRONG_NORMAL"], b"")
    codes, rows, _ = run(
        made_pair, tmp_path / "b", whole(made_pair.genome), foreign, identity="off"
    )
    assert codes == ["IDENTITY_OFF"]
    assert rows


def test_the_tumour_twice_is_refused(made_pair: MadePair, tmp_path: Path) -> None:
    codes, rows, _ = run(made_pair, tmp_path / "a", whole(made_pair.genome), made_pair.tumour)
    assert (codes, rows) == (["SAME_READS"], b"")


def test_foreign_reads_are_measured_without_any_list(
    made_pair: MadePair, tmp_path: Path
) -> None:
    """A third of the tumour from a person who lacks every fourth allele."""
    own = fragments(made_pair.genome, made_pair.germline, 40, 41)
    theirs = fragments(
        made_pair.genome, [p for n, p in enumerate(made_pair.germline) if n % 4 != 1], 20, 42
    )
    lines = sorted(
        own + theirs, key=lambda line: (line.split("\t")[2], int(line.split("\t")[3]))
    )
    pair = MadePair(
        made_pair.genome,
        made_pair.reference,
        tmp_path,
        write_bam(tmp_path / "t.bam", made_pair.genome, lines, "tum"),
        made_pair.normal,
        (),
        made_pair.germline,
    )
    codes, rows, _ = run(pair, tmp_path / "a", whole(made_pair.genome), pair.normal)
    assert (codes, rows) == (["FOREIGN_READS"], b"")


def test_a_list_adds_sites_where_the_normal_has_the_reference(
    made_pair: MadePair, tmp_path: Path
) -> None:
    """Foreign alleles of the list tell what the few homozygous sites of a person cannot."""
    listed = [snv(made_pair.genome, "one", 850 + 900 * n) for n in range(40)]
    rows = [
        f"chrone\t{p.edit.start + 1}\t.\t{made_pair.genome['one'][p.edit.start]}\t"
        f"{p.edit.alt}\t.\t.\tAF=0.4"
        for p in listed
    ]
    population = tmp_path / "population.vcf"
    population.write_text("##fileformat=VCFv4.2\n" + "\n".join(rows) + "\n")
    own = fragments(made_pair.genome, made_pair.germline, 48, 61)
    theirs = fragments(made_pair.genome, [*made_pair.germline, *listed[::2]], 12, 62)
    tumour = write_bam(
        tmp_path / "t.bam", made_pair.genome, sorted(own + theirs, key=place), "tum"
    )
    codes = []
    for number, sites in enumerate((None, population)):
        cells = cells_of(whole(made_pair.genome), made_pair.genome)
        found = gather_whole(
            Inputs(tumour, made_pair.normal, cells, made_pair.reference, sites),
            Somatic(),
            tmp_path / str(number),
        )
        codes.append([finding.code for finding in found])
    assert codes == [[], ["FOREIGN_READS"]]
