"""Odd genomes and odd reads through the rules with the real tools.

Which test holds which edge case: docs/developer/read-quality.md.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from made_reads import protocol
from test_pipelines import SNAKEFILE, body, snakemake, with_tools

from equisite.core.outcomes import read_outcomes
from equisite.core.tables import read_table, write_rows
from equisite.intake.index import SequencingItem
from equisite.protocol.models import Protocol

RULES = Path(__file__).parents[2] / "workflow/rules/genomics.smk"
LENGTH, INSERT = 100, 280
Pair = tuple[str, str]

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(
        any(shutil.which(t) is None for t in ("bwa", "samtools", "bcftools", "freebayes")),
        reason="the tools of the image are not on the PATH; `run.py test` has them",
    ),
]


def sequence(length: int, seed: str) -> str:
    return "".join(random.Random(seed).choices("ACGT", k=length))


def reverse(bases: str) -> str:
    return bases[::-1].translate(str.maketrans("ACGT", "TGCA"))


def pair(haplotype: str, start: int, insert: int = INSERT) -> Pair:
    fragment = haplotype[start : start + insert]
    return fragment[:LENGTH], reverse(fragment[-LENGTH:])


def spread(haplotypes: Iterable[str], step: int) -> list[Pair]:
    """Pairs that begin every few bases of each haplotype."""
    return [
        pair(h, start + at, INSERT + start % 7)
        for at, h in enumerate(haplotypes)
        for start in range(0, len(h) - INSERT - 10, step)
    ]


def changed(bases: str, at: int) -> str:
    """Another base at a 0-based position."""
    return bases[:at] + {"A": "G", "C": "T", "G": "A", "T": "C"}[bases[at]] + bases[at + 1 :]


def write_fastq(folder: Path, name: str, pairs: list[Pair]) -> list[str]:
    paths = []
    for mate in (0, 1):
        path = folder / f"{name}_{mate + 1}.fastq"
        path.write_text(
            "".join(f"@r{n}\n{p[mate]}\n+\n{'F' * LENGTH}\n" for n, p in enumerate(pairs))
        )
        paths.append(str(path))
    return paths


def item(name: str, **files: str) -> SequencingItem:
    empty = dict.fromkeys(("fastq_1", "fastq_2", "reads", "calls"), "")
    return SequencingItem(
        patient=name, sample=f"{name}-n", token=f"tok-{name}", lane_number=1, kind="normal",
        library="l", lane="", assay="genome", sex="female", stamp="", **{**empty, **files},
    )  # fmt: skip


def run(
    site: Path,
    plan: Protocol,
    fasta: dict[str, str],
    models: str,
    rows: list[SequencingItem],
    *,
    cores: int = 2,
    trimming: str = "off",
    pieces: int = 1,
    shares: int = 1,
) -> Path:
    """Run the rules over one batch; returns its folder."""
    intake = site / "work/intake"
    (intake / "genomics").mkdir(parents=True)
    (intake / "files").mkdir()
    (intake / "files/genes.gff3").write_text(models)
    (site / "reference.fa").write_text("".join(f">{n}\n{b}\n" for n, b in fasta.items()))
    (intake / "protocol.json").write_text(plan.model_dump_json())
    (intake / "site.json").write_text(f'{{"reference": {{"fasta": "{site}/reference.fa"}}}}')
    write_rows(intake / "genomics/1.tsv", SequencingItem, sorted(rows))
    wiring = SNAKEFILE.format(rules=str(RULES))
    listed = r'(def genotypes_of.*?return )\[".*?\]'
    wiring, asked = re.subn(listed, r"\1[]", wiring, flags=re.S)
    assert asked == 1  # these protocols list no alleles
    (site / "Snakefile").write_text(wiring)
    settings = (f"trimming={trimming}", f"pieces={pieces}", f"shares={shares}")
    snakemake(site, with_tools(site), cores, "genomics", "--config", *settings)
    return site / "work/genomics/1"


def features(batch: Path) -> dict[str, dict[str, str]]:
    return {row["patient"]: row for row in read_table(batch / "variants.tsv")[1]}


def told(batch: Path) -> set[tuple[str, str]]:
    return {(o.patient, o.code) for o in read_outcomes([batch / "outcomes.tsv"])}


def gff(gene: str, contig: str, start: int, end: int) -> str:
    rows = (
        ("gene", f"ID=gene:{gene};Name={gene};biotype=protein_coding"),
        ("mRNA", f"ID=transcript:{gene}1;Parent=gene:{gene};biotype=protein_coding"),
        ("exon", f"Parent=transcript:{gene}1"),
        ("CDS", f"Parent=transcript:{gene}1"),
    )
    return "".join(
        f"{contig}\tx\t{kind}\t{start}\t{end}\t.\t+\t{'0' if kind == 'CDS' else '.'}\t{about}\n"
        for kind, about in rows
    )


SPIKE, SNP = 2000, 1000


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A genome with small letters, an ambiguous base and a sequence without any read."""
    folder = tmp_path_factory.mktemp("edges")
    bases = sequence(3500, "a")
    odd = bases[:1500] + "R" + bases[1501:2500].lower() + bases[2500:]
    fasta = {"a": odd, "empty": sequence(900, "empty"), "unmodelled": sequence(900, "u")}
    plan = protocol(
        {name: text.upper() for name, text in fasta.items()},
        gene_models="genes.gff3",
        panel=("READ", "BARE", "NONE"),
    )
    two = (bases, changed(changed(bases, SNP), SPIKE))
    plain = spread([*two, fasta["unmodelled"]], 9)
    spike = [
        pair(two[n % 2], SPIKE - 90 + n % 80, INSERT - 60 + (n // 80) % 70) for n in range(5000)
    ]
    one, other = write_fastq(folder, "plain", plain)
    rows = [item("plain", fastq_1=one, fastq_2=other)]
    one, other = write_fastq(folder, "spike", plain + spike)
    rows.append(item("spike", fastq_1=one, fastq_2=other))
    # Ten copies of one pair; in the second file each is a molecule of its own.
    ten = plain + [pair(bases, 300)] * 10
    for name in ("copies", "molecules"):
        made = folder / f"{name}.bam"
        text = "@HD\tVN:1.6\tSO:unsorted\n" + "".join(
            f"r{n}\t{flag}\t*\t0\t0\t*\t*\t0\t0\t{bases}\t{'F' * LENGTH}"
            + (f"\tRX:Z:{sequence(8, str(n))}\n" if name == "molecules" else "\n")
            for n, both in enumerate(ten)
            for flag, bases in zip((77, 141), both, strict=True)
        )
        command = ["samtools", "view", "-b", "--no-PG", "-o", str(made), "-"]
        subprocess.run(command, input=text.encode(), check=True)
        rows.append(item(name, reads=str(made)))
    models = "##gff-version 3\n" + gff("READ", "a", 901, 1200) + gff("BARE", "empty", 301, 600)
    return run(folder, plan, fasta, models, rows)


def genotypes(path: Path) -> list[tuple[str, str, str, str, str]]:
    found = []
    for line in body(path):
        contig, position, _, ref, alt, *_, sample = line.split("\t")
        found.append((contig, position, ref, alt, sample.partition(":")[0]))
    return found


def test_small_letters_are_bases_and_ambiguous_ones_are_not_called(batch: Path) -> None:
    calls = genotypes(batch / "calls/tok-plain.vcf.gz")
    assert [(contig, position, gt) for contig, position, *_, gt in calls] == [
        ("a", str(SNP + 1), "0/1"),
        ("a", str(SPIKE + 1), "0/1"),  # among small letters
    ]
    assert all(set(ref + alt) <= set("ACGT") for _, _, ref, alt, _ in calls)


def test_a_sequence_without_reads_is_missing_and_never_zero(batch: Path) -> None:
    row = features(batch)["plain"]
    genes = {
        gene: {row[f"carriers__{gene}__{c}"] for c in ("truncating", "inframe")}
        for gene in ("READ", "BARE", "NONE")
    }
    assert genes == {"READ": {"0"}, "BARE": {""}, "NONE": {""}}
    assert 0.7 < float(row["callable_fraction"]) < 0.9
    assert ("plain", "THIN_CALLABLE") in told(batch)


def test_five_thousand_reads_on_one_place_change_no_genotype(batch: Path) -> None:
    plain, spike = (
        genotypes(batch / f"calls/tok-{name}.vcf.gz") for name in ("plain", "spike")
    )
    assert spike == plain
    row = features(batch)["spike"]
    assert int(row["n_reads"]) > 10_000
    assert float(row["mean_depth"]) > 150


def test_molecules_are_told_from_copies_by_their_barcode(batch: Path) -> None:
    def duplicates(name: str) -> int:
        row = features(batch)[name]
        mapped = float(row["mapped_fraction"]) * int(row["n_reads"])
        return round(float(row["duplicate_fraction"]) * mapped)

    assert duplicates("plain") == 0
    assert duplicates("copies") == 18
    assert duplicates("molecules") == 0
    assert genotypes(batch / "calls/tok-copies.vcf.gz") == genotypes(
        batch / "calls/tok-plain.vcf.gz"
    )


def test_mitochondria_alone(tmp_path: Path) -> None:
    """One copy, no autosomes: sex, contamination and kinship are missing, nobody is refused."""
    bases = sequence(3000, "m")
    plan = protocol({"chrM": bases})
    pairs = spread([changed(bases, SNP)], 6)
    one, other = write_fastq(tmp_path, "m", pairs)
    rows = [item("m", fastq_1=one, fastq_2=other)]
    batch = run(tmp_path / "site", plan, {"chrM": bases}, "", rows)
    (call,) = genotypes(batch / "calls/tok-m.vcf.gz")
    assert call[:2] == ("chrM", str(SNP + 1))
    assert call[4] == "1"
    row = features(batch)["m"]
    assert (row["n_snv"], row["n_hom"], row["n_het"], row["het_hom"]) == ("1", "1", "0", "0")
    for name in ("sex_inferred", "x_depth_ratio", "contamination", "novel_fraction"):
        assert row[name] == ""
    assert told(batch) <= {("m", ""), ("m", "MANY_SINGLE_CALLS")}


def test_an_index_older_than_its_file_is_not_believed(batch: Path, tmp_path: Path) -> None:
    """The hospital's index is never read: ours is made from what was taken."""
    reference = batch.parents[1] / "reference/site"
    environment = {**os.environ, "REF_PATH": f"{reference}/cache/%s"}
    bam = tmp_path / "x.bam"
    cram = str(batch / "cram/tok-plain.cram")
    small = tmp_path / "small.bam"
    for path, extra in ((small, ["empty"]), (bam, [])):
        command = ["samtools", "view", "-b", "--no-PG", "-o", str(path), cram, *extra]
        subprocess.run(command, env=environment, check=True)
    subprocess.run(["samtools", "index", str(small)], check=True)
    shutil.copy(f"{small}.bai", f"{bam}.bai")
    os.utime(f"{bam}.bai", (0, 0))
    site = tmp_path / "site"
    intake = batch.parents[1] / "intake"
    plan = Protocol.model_validate_json((intake / "protocol.json").read_bytes())
    fasta = dict(_fasta(reference / "reference.fa"))
    models = (intake / "files/genes.gff3").read_text()
    again = run(site, plan, fasta, models, [item("plain", reads=str(bam))])
    ours, theirs = (body(b / "calls/tok-plain.vcf.gz") for b in (again, batch))
    assert ours == theirs
    assert not any(code for _, code in told(again) - told(batch))


def test_adapters_are_cut_where_the_protocol_asks(tmp_path: Path) -> None:
    """Fragments of 70 bases end in adapter; pairs and single reads together stay whole."""
    bases = sequence(3000, "t")
    ends = ("AGATCGGAAGAGCACACGTCTGAACTCCAGTCA", "AGATCGGAAGAGCGTCGTGTAGGGAAAGAGTGT")
    short = [
        tuple((side[:70] + end)[:LENGTH] for side, end in zip(both, ends, strict=True))
        for both in (
            (bases[at : at + 70], reverse(bases[at : at + 70])) for at in range(0, 2900, 7)
        )
    ]
    one, other = write_fastq(tmp_path, "t", spread([bases], 20) + short)
    pairs = item("pairs", fastq_1=one, fastq_2=other)
    both = item("both", fastq_1=one, fastq_2=other)
    single = write_fastq(tmp_path, "s", spread([bases], 40))[0]
    rows = [pairs, both, replace(both, lane_number=2, lane="2", fastq_1=single, fastq_2="")]
    plan = protocol({"t": bases})
    batch = run(tmp_path / "site", plan, {"t": bases}, "", rows, trimming="adapters")
    found = features(batch)
    assert float(found["pairs"]["read_length"]) < 90
    assert float(found["both"]["read_length"]) > 97
    assert float(found["pairs"]["adapter_fraction"]) > 0.5
    assert {code for patient, code in told(batch) if patient == "both"} >= {"NOT_TRIMMED"}
    assert ("pairs", "NOT_TRIMMED") not in told(batch)


def _fasta(path: Path) -> Iterable[tuple[str, str]]:
    for entry in path.read_text().split(">")[1:]:
        name, _, bases = entry.partition("\n")
        yield name, bases.replace("\n", "")
