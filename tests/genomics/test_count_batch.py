"""Rows and outcomes of a batch, from files as the steps before leave them."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from made_reads import protocol

from equisite.core.outcomes import Outcome, done, write_outcomes
from equisite.core.tables import write_rows
from equisite.genomics.depth import Coverage, Part
from equisite.genomics.features import BatchFiles, count_batch
from equisite.genomics.reference import prepare_frequencies, prepare_models
from equisite.intake.index import SequencingItem
from equisite.protocol.models import Protocol
from equisite.protocol.sequencing import SexChromosomes

BASES = 200_000
CONTIGS = {"chr1": "A" * BASES, "X": "A" * BASES, "Y": "A" * BASES}
STATS = {
    "raw total sequences": 1000,
    "reads paired": 1000,
    "reads properly paired": 990,
    "total length": 100_000,
    "bases mapped (cigar)": 99_000,
    "mismatches": 99,
    "insert size average": 300.5,
    "insert size standard deviation": 20.25,
}
FLAGSTAT = """1010 + 3 in total (QC-passed reads + QC-failed reads)
1000 + 3 primary
10 + 0 secondary
0 + 0 supplementary
100 + 0 duplicates
90 + 0 primary duplicates
1005 + 0 mapped (99.50% : N/A)
990 + 0 primary mapped (99.00% : 0.00%)
"""


def plan() -> Protocol:
    made = protocol(CONTIGS, frequencies="panel.vcf")
    genomics = made.genomics.model_copy(
        update={
            "callers": ("bcftools", "freebayes"),
            "sex_chromosomes": SexChromosomes(x="X", y="Y"),
        }
    )
    return made.model_copy(update={"genomics": genomics})


def item(patient: str, sex: str) -> SequencingItem:
    return SequencingItem(
        patient, f"{patient}-n", f"tok-{patient}", 1, "normal", "", "", "r1", "r2", "", "",
        "genome", sex, "",
    )  # fmt: skip


def measured(folder: Path, token: str, x: float, y: float, foreign: float = 0) -> None:
    """Files of a sample with 20 reads at each base of autosomes."""
    parts = {
        name: Part(BASES, int(BASES * 20 * share), BASES)
        for name, share in (("autosomes", 1), ("x", x), ("y", y))
    }
    summed = sum(part.summed for part in parts.values())
    reached = {10: 3 * BASES, 20: 2 * BASES, 30: 0}
    coverage = Coverage(3 * BASES, summed, 3 * BASES, parts, reached)
    text = {**asdict(coverage), "reached": {str(k): v for k, v in reached.items()}}
    (folder / f"{token}.depth.json").write_text(json.dumps(text))
    (folder / f"{token}.flagstat").write_text(FLAGSTAT)
    lines = [f"SN\t{name}:\t{value}\t# a note" for name, value in STATS.items()]
    lines += ["IS\t299\t10\t10\t0\t0", "IS\t300\t200\t200\t0\t0", "IS\t301\t240\t240\t0\t0"]
    (folder / f"{token}.stats").write_text("\n".join(lines) + "\n")
    rng = np.random.default_rng(3)
    own, other = rng.binomial(2, 0.3, 300), rng.binomial(2, 0.3, 300)
    alt = rng.binomial(30, (1 - foreign) * own / 2 + foreign * other / 2)
    rows = [f"chr1\t{500 * n + 1}\tA\tC\t{30 - a},{a}\n" for n, a in enumerate(alt)]
    (folder / f"{token}.panel.tsv").write_text("".join(rows))


@pytest.fixture
def files(tmp_path: Path) -> BatchFiles:
    """Patients of both sexes, one swapped, one with a third of another person's reads."""
    reference = tmp_path / "reference"
    head = "##INFO=<ID=AF_X,>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    rows = [f"chr1\t{500 * n + 1}\t.\tA\tC\t.\t.\tAF=0.3\n" for n in range(300)]
    (tmp_path / "panel.vcf").write_text(head + "".join(rows))
    prepare_models(plan(), tmp_path, reference)
    prepare_frequencies(plan(), tmp_path, CONTIGS, reference)
    people = {
        "her": ("female", 1.0, 0.0, 0.0),
        "him": ("male", 0.5, 0.5, 0.0),
        "swapped": ("female", 0.5, 0.5, 0.0),
        "mixed": ("female", 1.0, 0.0, 0.3),
        "nobody": ("unknown", 0.5, 0.0, 0.0),
        "neither": ("male", 0.5, 0.0, 0.0),
    }
    measures, annotated = tmp_path / "measured", tmp_path / "annotated"
    measures.mkdir()
    annotated.mkdir()
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ts\n"
    calls = "".join(
        f"{contig}\t{at}\t.\tA\t{alt}\t50\t.\t{info}\tGT\t{gt}\n"
        for contig, at, alt, info, gt in (
            ("chr1", 1, "C", "CONS=both", "0/1"),
            ("chr1", 2, "G", "CONS=single", "0/1"),
            ("chr1", 501, "C", "CONS=both", "1/1"),
            ("chr1", 700, "AT", "CONS=both", "0/1"),
        )
    )
    for patient, (_, x, y, foreign) in people.items():
        measured(measures, f"tok-{patient}", x, y, foreign)
        (annotated / f"tok-{patient}.vcf").write_text(columns + calls)
    samples = [item(patient, sex) for patient, (sex, *_) in people.items()]
    write_rows(tmp_path / "1.tsv", SequencingItem, sorted(samples))
    write_outcomes(
        tmp_path / "align.tsv", [done(s.patient, "genomics", s.sample) for s in samples]
    )
    return BatchFiles(
        tmp_path / "1.tsv",
        measures,
        annotated,
        (tmp_path / "align.tsv",),
        reference / "territory.bed",
        reference / "genes.gff3",
        reference / "frequencies.tsv",
    )


def told(outcomes: list[Outcome]) -> dict[str, list[str]]:
    return {
        patient: [o.code for o in outcomes if o.patient == patient and o.code]
        for patient in sorted({o.patient for o in outcomes})
    }


def test_each_patient_is_judged_alone(files: BatchFiles) -> None:
    counted = count_batch(files, plan())
    rows, outcomes = counted.rows, counted.outcomes
    single = ["MANY_SINGLE_CALLS"]
    assert told(outcomes) == {
        "her": single,
        "him": single,
        "mixed": ["CONTAMINATED"],
        "neither": [*single, "SEX_UNCLEAR"],
        "nobody": single,
        "swapped": ["SEX_DIFFERS"],
    }
    assert [row["patient"] for row in rows] == ["her", "him", "neither", "nobody"]
    assert [row["sex_inferred"] for row in rows] == ["female", "male", "unclear", "unclear"]
    assert {row["token"]: row["verdict"] for row in counted.quality} == {
        "tok-her": "MANY_SINGLE_CALLS",
        "tok-him": "MANY_SINGLE_CALLS",
        "tok-mixed": "CONTAMINATED",
        "tok-neither": "MANY_SINGLE_CALLS,SEX_UNCLEAR",
        "tok-nobody": "MANY_SINGLE_CALLS",
        "tok-swapped": "SEX_DIFFERS",
    }
    (swapped,) = (o for o in outcomes if o.patient == "swapped")
    assert swapped.sentence == (
        "The reads look male, the patient is declared female (depth of X over autosomes "
        "0.50, of Y 0.50). Nothing was relabelled."
    )


def test_figures_of_a_row(files: BatchFiles) -> None:
    rows = count_batch(files, plan()).rows
    expected = {
        "n_reads": 1000,
        "mapped_fraction": 0.99,
        "duplicate_fraction": 90 / 990,
        "read_length": 100.0,
        "proper_pair_fraction": 0.99,
        "insert_size_mean": 300.5,
        "insert_size_sd": 20.25,
        "insert_size_median": 301,
        "mismatch_rate": 0.001,
        "q30_fraction": None,
        "gc_fraction": None,
        "adapter_fraction": None,
        "mean_depth": 40 / 3,
        "fraction_10x": 1.0,
        "fraction_20x": pytest.approx(2 / 3),
        "fraction_30x": 0.0,
        "contamination": 0.0,
        "x_depth_ratio": 1.0,
        "y_depth_ratio": 0.0,
        "x_het_ratio": 0.0,
        "single_caller_fraction": 0.25,
        "n_snv": 3,
        "n_indel": 1,
        "het_hom": 2.0,
        "indel_snv": pytest.approx(1 / 3),
        "novel_fraction": pytest.approx(1 / 3),
        "n_singleton_vs_panel": 1,
        "roh_bp": None,  # the territory is too small
    }
    assert {name: rows[0][name] for name in expected} == expected


def test_fastp_is_read_where_reads_were_fastq(files: BatchFiles) -> None:
    before = {"q30_rate": 0.95, "gc_content": 0.4, "total_reads": 200}
    report = {"summary": {"before_filtering": before}}
    place = files.measured / "tok-her.fastp.json"
    for cut, share in (({}, 0.0), ({"adapter_cutting": {"adapter_trimmed_reads": 30}}, 0.15)):
        place.write_text(json.dumps(report | cut))
        rows = count_batch(files, plan()).rows
        found = {n: rows[0][n] for n in ("q30_fraction", "gc_fraction", "adapter_fraction")}
        assert found == {"q30_fraction": 0.95, "gc_fraction": 0.4, "adapter_fraction": share}


def test_one_caller_has_no_second_and_no_panel_no_novelty(
    files: BatchFiles, tmp_path: Path
) -> None:
    alone = protocol(CONTIGS)
    prepare_frequencies(alone, tmp_path, CONTIGS, tmp_path / "none")
    empty = replace(files, frequencies=tmp_path / "none/frequencies.tsv")
    counted = count_batch(empty, alone)
    rows, outcomes = counted.rows, counted.outcomes
    assert told(outcomes) == {
        "her": [],
        "him": [],
        "mixed": [],
        "neither": ["SEX_UNCLEAR"],
        "nobody": [],
        "swapped": ["SEX_DIFFERS"],
    }
    unknown = ("contamination", "novel_fraction", "n_singleton_vs_panel")
    for name in (*unknown, "single_caller_fraction"):
        assert {row[name] for row in rows} == {None}
