"""Evidence A on public planted pairs, with the folder's panel of normals."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from made_pairs import gather_whole, whole, write_reference

from equisite.core.tables import Rows, read_rows
from equisite.genomics.cells import cells_of
from equisite.genomics.somatic.calls import Found, call_tumour
from equisite.genomics.somatic.evidence import Evidence
from equisite.genomics.somatic.filters import Setting
from equisite.genomics.somatic.gather import Inputs
from equisite.genomics.somatic.pair import PairFacts
from equisite.genomics.somatic.panel import Panel
from equisite.protocol.somatic import Somatic
from equisite.variants.alleles import Edit, left_shifted, trim
from equisite.variants.fasta import read_fasta
from equisite.variants.intervals import read_bed
from equisite.variants.vcf import open_text

DATA = Path(os.environ.get("EQUISITE_DATA", "")) / "genomics"

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(
        not (DATA / "somatic_spike").is_dir(), reason="EQUISITE_DATA is not set"
    ),
]


def edits(lines: list[tuple[str, int, str, str]], genome: dict[str, str]) -> set[Edit]:
    found = (trim(*line) for line in lines)
    return {left_shifted(edit, genome) for edit in found if edit is not None}


def f1(called: set[Edit], true: set[Edit], *, indel: bool) -> float:
    ours = {e for e in called if e.is_indel == indel}
    theirs = {e for e in true if e.is_indel == indel}
    return 2 * len(ours & theirs) / (len(ours) + len(theirs))


@pytest.mark.parametrize(
    ("name", "snv", "indel"), [("somatic_spike", 0.96, 0.95), ("somatic_thin", 0.94, 0.93)]
)
def test_planted_variants_by_evidence_a_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, snv: float, indel: float
) -> None:
    folder = DATA / name
    genome = {n: bases.decode() for n, bases in read_fasta(folder / "reference.fa")}
    reference = write_reference(genome, tmp_path)
    monkeypatch.setenv("REF_PATH", f"{tmp_path / 'cache'}/%s")
    cells = cells_of(whole(genome), genome)
    inputs = Inputs(folder / "tumour.cram", folder / "normal.cram", cells, reference, None)
    assert gather_whole(inputs, Somatic(), tmp_path) == []
    (facts,) = read_rows(tmp_path / "tok.pair.tsv", PairFacts)
    assert facts.contamination is not None
    assert facts.contamination <= 0.02
    assert facts.reverse <= 3
    panel = Panel(folder / "pon.vcf.gz")
    assert panel.is_enough
    found = Found(Rows(tmp_path / "tok.evidence.tsv", Evidence), (), list(genome))
    calls = list(call_tumour(found, Setting(Somatic(), alone=False, panel=True), panel, None))
    territory = read_bed(open_text(folder / "truth.bed"))
    called = edits([c.allele for c in calls if territory.holds(*c.allele[:2])], genome)
    rows = [line.split("\t") for line in open_text(folder / "truth.vcf") if line[0] != "#"]
    true = edits([(r[0], int(r[1]) - 1, r[3], r[4]) for r in rows], genome)
    assert f1(called, true, indel=False) >= snv
    assert f1(called, true, indel=True) >= indel
