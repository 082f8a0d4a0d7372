"""One row per patient: what is known, what is zero, what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from equisite.codebook.book import codebook
from equisite.codebook.channels import CHANNELS, LABELS, channel_columns
from equisite.core.outcomes import Outcome
from equisite.core.tables import write_rows
from equisite.genomics.somatic.given import GivenFacts
from equisite.genomics.somatic.pair import PairFacts
from equisite.genomics.tumour.batch import BatchFolders, count_tumours, ground_of
from equisite.genomics.tumour.features import (
    ARMS,
    VARIABLES,
    Ground,
    Row,
    TumourFiles,
    columns,
    tumour_row,
)
from equisite.genomics.tumour.given import given_row
from equisite.genomics.tumour.measured import Event, Measures
from equisite.genomics.tumour.spectrum import channel_of
from equisite.intake.index import SequencingItem
from equisite.protocol.models import CONSEQUENCES, Genomics, PinnedFile
from equisite.variants.intervals import Territory

SEQUENCE = "".join(np.random.default_rng(8).choice(list("ACGT"), 20_000))
REFERENCE = {"c1": SEQUENCE, "c2": SEQUENCE[::-1]}
HEAD = "##x\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tTUMOUR\tNORMAL\n"
FACTS = PairFacts("TN", "ok", 20000, 61.0, 28.0, 300, 0.996, 500, 0.01, 40, 0)
GENES = "\n".join(
    "\t".join(("c1", "x", *row))
    for row in (
        ("gene", "2001", "5000", ".", "+", ".", "ID=gene:1;Name=AAA1;biotype=protein_coding"),
        ("mRNA", "2001", "5000", ".", "+", ".", "ID=transcript:1;Parent=gene:1;biotype=x"),
        ("CDS", "2101", "4100", ".", "+", "0", "ID=CDS:1;Parent=transcript:1"),
        ("gene", "9001", "9900", ".", "-", ".", "ID=gene:2;Name=BBB2;biotype=protein_coding"),
        ("mRNA", "9001", "9900", ".", "-", ".", "ID=transcript:2;Parent=gene:2;biotype=x"),
        ("CDS", "9001", "9900", ".", "-", "0", "ID=CDS:2;Parent=transcript:2"),
    )
)
SETTINGS = {
    "minimum_coding_mb": 0.001,
    "structural": "delly",
    "copy_number": {"arms": [{"name": "1p", "contig": "c1", "start": 0, "end": 20000}]},
    "signatures": {"version": "made", "sha256": "0" * 64, "names": ["M1"]},
}


def genomics(**changed: object) -> Genomics:
    settings = {**SETTINGS, **changed}
    return Genomics(panel=("AAA1", "BBB2", "CCC3"), somatic={}, tumour=settings)  # type: ignore[arg-type]


def swap(base: str) -> str:
    return "A" if base != "A" else "C"


def record(start: int, grade: str, consequence: str = "", depths: str = "10,10") -> str:
    ref = SEQUENCE[start]
    info = f"CLASS={grade}" + (f";BCSQ={consequence}" if consequence else "")
    head = f"c1\t{start + 1}\t.\t{ref}\t{swap(ref)}\t.\tPASS\t{info}\tGT:AD"
    return f"{head}\t0/1:{depths}\t0/0:30,0\n"


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    (tmp_path / "territory.bed").write_text("c1\t0\t20000\n", encoding="utf-8")
    (tmp_path / "genes.gff3").write_text(GENES + "\n", encoding="utf-8")
    weights = np.full((96, 2), 1 / 96)
    lines = ["Type\tM1\tM2"]
    lines += [
        f"{channel}\t{row[0]:.12g}\t{row[1]:.12g}"
        for channel, row in zip(CHANNELS, weights, strict=True)
    ]
    (tmp_path / "signatures.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ground_of(
        genomics(),
        REFERENCE,
        tmp_path / "territory.bed",
        tmp_path / "genes.gff3",
        tmp_path / "signatures.txt",
    )


Make = Callable[..., TumourFiles]


@pytest.fixture
def made(tmp_path: Path) -> Make:
    """Writes what the steps leave of one tumour."""

    def make(
        *records: str,
        facts: PairFacts = FACTS,
        seen: str = "c1\t0\t8000\n",
        measures: Measures | None = None,
        events: tuple[Event, ...] = (),
        copies: tuple[str, str] | None = None,
    ) -> TumourFiles:
        place = {name: tmp_path / f"t.{name}" for name in ("vcf", "bed", "pair", "m", "e")}
        place["vcf"].write_text(HEAD + "".join(records), encoding="utf-8")
        place["bed"].write_text(seen, encoding="utf-8")
        write_rows(place["pair"], PairFacts, [facts])
        if measures is not None:
            write_rows(place["m"], Measures, [measures])
        write_rows(place["e"], Event, events)
        for name, text in zip(("cnr", "cns"), copies or (), strict=False):
            (tmp_path / f"t.{name}").write_text(text, encoding="utf-8")
        bins = tmp_path / "t.cnr" if copies else None
        return TumourFiles(
            place["vcf"],
            place["bed"],
            place["pair"],
            place["m"] if measures is not None else None,
            place["e"],
            bins,
            tmp_path / "t.cns" if copies else None,
        )

    return make


def row_of(files: TumourFiles, ground: Ground) -> Row:
    return tumour_row(files, ground)[0]


def test_every_column_is_a_variable_of_the_codebook() -> None:
    names = columns(genomics())
    assert len(set(names)) == len(names)
    book = codebook()
    for name in names[1:]:
        if name.startswith("som_gene__"):
            assert book.variable("som_gene").instances == "panel"
            assert name.split("__")[2] in CONSEQUENCES["somatic"]
        else:
            assert book.variable(name).forms
    assert {f"cn_arm_{arm}" for arm in ARMS} <= set(names)
    assert names[1 : len(VARIABLES) + 1] == list(VARIABLES)


SNVS = (2500, 2600, 1500)
"""Of the pair below: callable, of high and medium confidence."""


def test_a_pair_by_hand(made: Make, ground: Ground) -> None:
    files = made(
        record(2500, "high", "stop_gained|AAA1|t"),
        record(2600, "medium", "synonymous|AAA1|t"),
        record(2700, "low", "missense|AAA1|t"),
        record(1500, "high"),
        record(12000, "high"),  # not callable
        measures=Measures(100, 25, "pair"),
        events=(
            Event("DEL", "high", "c1", 3000, "3", "c1", 15000, "5"),
            Event("INV", "low", "c1", 9500, "3", "c1", 9600, "3"),
        ),
    )
    row = row_of(files, ground)
    assert row["som_mode"] == "TN"
    assert row["som_callable_mb"] == 0.008
    assert (row["som_n_snv"], row["som_n_indel"], row["som_med_vaf"]) == (3, 0, 0.5)
    assert row["som_tmb"] == pytest.approx(2 / 0.002)  # two of 2,000 callable coding bases
    assert row["som_tmb_class"] == "above_20"
    assert "som_tmb_alone" not in row
    spectrum = {column: row[column] for column in channel_columns("sbs96")}
    expected = [channel_of(SEQUENCE[at - 1 : at + 2], swap(SEQUENCE[at])) for at in SNVS]
    assert Counter(expected) == Counter(
        {LABELS[name[-5:]]: count for name, count in spectrum.items() if count}
    )
    assert not any(name.startswith("sbs96_alone") for name in row)
    assert (row["msi_class"], row["msi_loci"]) == ("high", 100)
    assert row["sv_count"] == 1
    assert row["som_gene__AAA1__truncating"] == 1
    assert row["som_gene__AAA1__missense"] == 0
    assert row["som_gene__AAA1__promoter"] == 1
    assert row["som_gene__AAA1__rearrangement"] == 1
    assert row["som_gene__BBB2__rearrangement"] == 0
    assert row["som_gene__BBB2__truncating"] is None  # not callable
    assert row["som_gene__CCC3__truncating"] is None  # no model
    assert "som_gene__CCC3__rearrangement" not in row
    assert "cn_ploidy" not in row
    assert "sig_fit" not in row  # fewer than 100 substitutions


def test_nothing_found_in_callable_bases_is_zero(made: Make, ground: Ground) -> None:
    row = row_of(made(measures=Measures(0, 0, "pair")), ground)
    assert (row["som_n_snv"], row["som_tmb"], row["som_tmb_class"]) == (0, 0.0, "below_5")
    assert (row["sv_count"], row["msi_loci"], row.get("msi_class")) == (0, 0, None)
    assert row["som_gene__AAA1__truncating"] == 0
    assert row["som_med_vaf"] is None


def test_nothing_callable_is_missing(made: Make, ground: Ground) -> None:
    row = row_of(made(seen=""), ground)
    assert row["som_callable_mb"] == 0
    assert (row["som_tmb"], row["som_tmb_class"]) == (None, None)
    assert row["som_gene__AAA1__truncating"] is None
    assert "sv_count" not in row
    assert not any(name.startswith("sbs96") for name in row)


def test_a_tumour_alone_has_a_burden_of_its_own_name(made: Make, ground: Ground) -> None:
    facts = replace(FACTS, mode="TO", depth_normal=3.0, identity=None, contamination=None)
    files = made(
        record(2500, "medium", "missense|AAA1|t"),
        facts=facts,
        measures=Measures(None, None, "no_normal"),
    )
    row = row_of(files, ground)
    assert row["som_tmb_alone"] == pytest.approx(500)
    assert "som_tmb" not in row
    assert "som_tmb_class" not in row
    assert row["qc_depth_n"] is None
    assert sum(int(str(row[c])) for c in channel_columns("sbs96_alone")) == 1
    assert not any(name.startswith("sbs96__") for name in row)
    assert "sv_count" not in row
    assert "msi_loci" not in row


@pytest.mark.parametrize("reason", ["thin_normal", "thin_tumour", "no_normal", "off"])
def test_structural_variants_without_a_called_pair_are_missing(
    made: Make, ground: Ground, reason: str
) -> None:
    row = row_of(made(measures=Measures(50, 0, reason)), ground)
    assert "sv_count" not in row
    assert not any(name.endswith("rearrangement") for name in row)
    assert row["msi_class"] == "stable"


@pytest.mark.parametrize(
    ("loci", "unstable", "told"), [(30, 6, "high"), (30, 5, "stable"), (29, 29, None)]
)
def test_instability_begins_at_a_fifth_of_thirty(
    made: Make, ground: Ground, loci: int, unstable: int, told: str | None
) -> None:
    row = row_of(made(measures=Measures(loci, unstable, "")), ground)
    assert (row["msi_loci"], row.get("msi_class")) == (loci, told)


def test_silent_mutations_are_left_out_where_the_protocol_says_so(
    made: Make, ground: Ground
) -> None:
    files = made(
        record(2500, "high", "missense|AAA1|t"), record(2600, "high", "synonymous|AAA1|t")
    )
    assert row_of(files, ground)["som_tmb"] == pytest.approx(1000)
    strict = replace(ground, genomics=genomics(count_silent=False))
    assert row_of(files, strict)["som_tmb"] == pytest.approx(500)
    high = replace(ground, genomics=genomics(confidence=["medium"]))
    assert row_of(files, high)["som_n_snv"] == 0


def test_shares_of_signatures_need_a_hundred_and_tell_a_bad_fit(
    made: Make, ground: Ground
) -> None:
    many = [record(2000 + 7 * n, "high") for n in range(100)]
    row, findings = tumour_row(made(*many), ground)
    assert row["sig__M1"] is not None
    assert 0 < float(str(row["sig_fit"])) < 0.9
    assert [f.code for f in findings] == ["SIGNATURES_DO_NOT_FIT"]
    assert "sig_fit" not in row_of(made(*many[1:]), ground)
    without = replace(ground, signatures=None)
    assert "sig_fit" not in row_of(made(*many), without)


def copies(log2: float, noise: float = 0.0) -> tuple[str, str]:
    rng = np.random.default_rng(3)
    head = "chromosome\tstart\tend\tlog2\tweight\n"
    bins = [
        f"c1\t{at}\t{at + 100}\t{log2 + rng.normal(0, noise):.6f}\t1\n"
        for at in range(0, 20000, 100)
    ]
    return head + "".join(bins), head + f"c1\t0\t20000\t{log2}\t1\n"


def test_copy_number_of_arms_and_genes(made: Make, ground: Ground) -> None:
    row = row_of(made(copies=copies(1.0)), ground)
    assert (row["cn_arm_1p"], row["cn_ploidy"], row["cn_burden"]) == ("gain", 4.0, 1.0)
    assert row["som_gene__AAA1__amplification"] == 1
    assert row["som_gene__AAA1__deletion"] == 0
    assert "cn_arm_2q" not in row
    assert "som_gene__CCC3__amplification" not in row
    row = row_of(made(copies=copies(-1.5)), ground)
    assert (row["cn_arm_1p"], row["som_gene__BBB2__deletion"]) == ("loss", 1)


def test_noisy_copies_are_missing_not_zero(made: Make, ground: Ground) -> None:
    row, findings = tumour_row(made(copies=copies(0.0, 0.5)), ground)
    assert float(str(row["cn_spread"])) > 0.35
    assert "cn_arm_1p" not in row
    assert "cn_ploidy" not in row
    assert [f.code for f in findings] == ["COPIES_TOO_NOISY"]


@pytest.fixture
def given(tmp_path: Path) -> Callable[..., tuple[Path, Path]]:
    """Writes what is left of a tumour of calls only."""

    def make(*records: str, mode: str = "TN", assay: str = "exome") -> tuple[Path, Path]:
        place = tmp_path / "g.vcf"
        place.write_text(HEAD + "".join(records), encoding="utf-8")
        row = GivenFacts(mode, "Mutect2", assay, len(records), 0, None)
        write_rows(tmp_path / "g.given.tsv", GivenFacts, [row])
        return place, tmp_path / "g.given.tsv"

    return make


def test_calls_only_count_on_the_territory(
    given: Callable[..., tuple[Path, Path]], ground: Ground
) -> None:
    files = given(
        record(2500, "medium", "stop_gained|AAA1|t"),
        record(2600, "low", "missense|AAA1|t"),
        record(9500, "medium", "missense|BBB2|t", depths=".,."),
        record(12000, "medium", depths="10,30"),
    )
    pinned = PinnedFile(file="territory.bed", sha256="0" * 64)
    settings = ground.genomics.model_copy(update={"territory": pinned})
    here = replace(ground, genomics=settings, territory=Territory.of([("c1", 0, 10_000)]))
    row, findings = given_row(*files, here)
    assert findings == []
    assert (row["som_mode"], row["som_n_snv"], row["som_med_vaf"]) == ("TN_given", 2, 0.5)
    assert row["som_tmb_given"] == pytest.approx(2 / 0.0029)  # 2,000 and 900 coding bases
    assert (row["som_gene__AAA1__truncating"], row["som_gene__AAA1__missense"]) == (1, 0)
    assert row["som_gene__BBB2__missense"] == 1
    assert row["som_gene__CCC3__missense"] is None
    assert sum(int(str(row[c])) for c in channel_columns("sbs96")) == 2
    for name in ("som_tmb", "som_tmb_class", "som_callable_mb", "msi_class", "sv_count"):
        assert name not in row
    assert set(row) <= set(columns(settings))


def test_calls_only_of_a_tumour_alone_have_no_burden(
    given: Callable[..., tuple[Path, Path]], ground: Ground
) -> None:
    row, _ = given_row(
        *given(record(2500, "medium", "missense|AAA1|t"), mode="TO", assay="genome"), ground
    )
    assert row["som_mode"] == "TO_given"
    assert row["som_gene__AAA1__missense"] == 1
    assert sum(int(str(row[c])) for c in channel_columns("sbs96_alone")) == 1
    assert not any(name.startswith("som_tmb") for name in row)


def test_without_a_territory_an_exome_s_genes_are_not_known(
    given: Callable[..., tuple[Path, Path]], ground: Ground
) -> None:
    lines = (record(2500, "medium", "missense|AAA1|t"),)
    row, findings = given_row(*given(*lines), ground)
    assert [f.code for f in findings] == ["GIVEN_GROUND_UNKNOWN"]
    assert row["som_n_snv"] == 1
    assert not any(name.startswith(("som_gene", "som_tmb")) for name in row)
    row, findings = given_row(*given(*lines, assay="genome"), ground)
    assert (findings, row["som_gene__AAA1__missense"]) == ([], 1)


def sample(name: str, token: str, kind: str = "tumour", calls: str = "") -> SequencingItem:
    rest = ("", "", "", "", "/x.bam", calls, "exome", "unknown", "")
    return SequencingItem("p1", name, token, 1, kind, *rest)


def test_the_first_tumour_counts_and_what_is_missing_is_told(
    tmp_path: Path, ground: Ground
) -> None:
    folders = {name: tmp_path / name for name in ("annotated", "called", "measures")}
    for folder in folders.values():
        folder.mkdir()
    items = [sample("n", "tok0", "normal"), sample("t2", "tok1"), sample("t1", "tok2")]
    items.append(sample("t3", "tok3"))  # refused: nothing was called
    items.append(sample("t0", "tok4", calls="/t0.vcf"))  # reads come first
    (folders["annotated"] / "tok4.vcf").write_text(HEAD, encoding="utf-8")
    alone = SequencingItem("p2", "u", "tok5", 1, "tumour", *[""] * 5, "/u.vcf", "exome", "", "")
    items.append(alone)
    (folders["annotated"] / "tok5.vcf").write_text(HEAD, encoding="utf-8")
    row = GivenFacts("TN", "Mutect2", "exome", 0, 0, None)
    write_rows(folders["called"] / "tok5.given.tsv", GivenFacts, [row])
    for token in ("tok1", "tok2"):
        (folders["annotated"] / f"{token}.vcf").write_text(HEAD, encoding="utf-8")
        (folders["called"] / f"{token}.callable.bed").write_text("c1\t0\t9\n", "utf-8")
        write_rows(folders["called"] / f"{token}.pair.tsv", PairFacts, [FACTS])
        write_rows(
            folders["measures"] / f"{token}.measures.tsv",
            Measures,
            [Measures(None, None, "thin_normal")],
        )
        write_rows(folders["measures"] / f"{token}.events.tsv", Event, [])
    write_rows(tmp_path / "index.tsv", SequencingItem, sorted(items))
    write_rows(tmp_path / "align.tsv", Outcome, [])
    batch = BatchFolders(
        tmp_path / "index.tsv", [tmp_path / "align.tsv"], **folders, copies=None
    )
    rows, outcomes = count_tumours(batch, ground)
    assert [(row["patient"], row["som_mode"]) for row in rows] == [
        ("p1", "TN"), ("p2", "TN_given"),
    ]  # fmt: skip
    assert sorted((o.item, o.code) for o in outcomes) == [
        ("t0", "SECOND_TUMOUR"),
        ("t1", "COPIES_NO_LAYER"),
        ("t1", "STRUCTURAL_NOT_KNOWN"),
        ("t2", "SECOND_TUMOUR"),
        ("u", "GIVEN_GROUND_UNKNOWN"),
    ]
