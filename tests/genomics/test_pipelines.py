"""The rules of this room with the real tools, on the public pack's reads."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from equisite.core.layers import REPORT_QC, find_layer
from equisite.core.outcomes import Outcome, read_outcomes
from equisite.core.tables import read_table, write_rows
from equisite.genomics.alleles import Allele
from equisite.genomics.conformance import digest_of_calls, read_genome, score
from equisite.genomics.features import OF_CALLS
from equisite.intake.index import SequencingItem
from equisite.protocol.models import Protocol
from equisite.variants.fasta import read_fasta
from equisite.variants.vcf import open_text, read_genotypes

CHECKOUT = Path(__file__).parents[2]
PACK = CHECKOUT / "resources/conformance/genome"
SNAKEFILE = """
from types import SimpleNamespace

SITE = SimpleNamespace(
    protocol=SimpleNamespace(
        genomics=SimpleNamespace(
            aligner=config.get("aligner", "bwa-mem"),
            trimming=config.get("trimming", "off"),
            bases_per_batch=10000000,
            callers=("bcftools", "freebayes"),
            thresholds=SimpleNamespace(minimum_mapping_quality=20),
        )
    ),
    genomics_batches=(1,),
    calling_jobs=lambda pieces: min(pieces, int(config.get("shares", 1))),
    protocol_digest=lambda *sections: "fixed",
)

wildcard_constraints:
    batch=r"\\d+",
    reference="site|pack",

def code_digest(room):
    return "fixed"

def layer_digest(name):
    return "fixed"

def protocol_of(wildcards):
    return "work/intake/protocol.json"

def reference_of(wildcards):
    return "site"

def pieces_of_territory():
    return int(config.get("pieces", 1))

def genotypes_of(wildcards):
    return ["work/genomics/1/genotyped", "work/reference/site/alleles.tsv"]

def digest_of_reference(wildcards):
    return "fixed"

def digest_of_models(wildcards):
    return "fixed"

def digest_of_frequencies(wildcards):
    return "fixed"

def digest_of_regions():
    return "fixed"

def somatic_outcomes(batch):
    return []

def source_of_reference(wildcards):
    return "--protocol work/intake/protocol.json --site work/intake/site.json"

def source_of_models(wildcards):
    return "--protocol work/intake/protocol.json --pinned work/intake/files"

include: {rules!r}
"""
"""Stands for the root Snakefile and common.smk, which need a whole site."""

PEOPLE = "work/genomics/people.tsv"
Run = Callable[..., Path]

pytestmark = [
    pytest.mark.workflow,
    pytest.mark.skipif(
        any(
            shutil.which(tool) is None for tool in ("bwa", "samtools", "bcftools", "freebayes")
        ),
        reason="the tools of the image are not on the PATH; `run.py test` has them",
    ),
]


def reads() -> tuple[list[bytes], list[bytes]]:
    """Records of both files of the pack."""
    sides = []
    for mate in (1, 2):
        lines = gzip.decompress((PACK / f"reads_{mate}.fastq.gz").read_bytes()).split(b"\n")
        sides.append(
            [b"\n".join(lines[at : at + 4]) + b"\n" for at in range(0, len(lines) - 1, 4)]
        )
    return sides[0], sides[1]


def items(folder: Path) -> list[SequencingItem]:
    """Six patients: good, good in two lanes, without reads, cut, thin, and tumour only."""
    folder.mkdir(parents=True)
    one, two = reads()
    half = len(one) // 2
    lanes: list[tuple[str, str, bytes, bytes]] = [
        ("secret-good", "normal", b"".join(one), b"".join(two)),
        ("secret-split", "normal", b"".join(one[:half]), b"".join(two[:half])),
        ("secret-split", "normal", b"".join(one[half:]), b"".join(two[half:])),
        ("secret-none", "normal", b"", b""),
        ("secret-cut", "normal", b"".join(one), b"".join(two)),
        ("secret-thin", "normal", b"".join(one[:100]), b"".join(two[:100])),
        ("secret-tumour", "tumour", b"".join(one), b"".join(two)),
    ]
    rows: list[SequencingItem] = []
    patients = list(dict.fromkeys(lane[0] for lane in lanes))
    for number, (patient, kind, *contents) in enumerate(lanes, start=1):
        paths = []
        for mate, content in enumerate(contents, start=1):
            path = folder / f"secret-{number}-{mate}.fastq.gz"
            packed = gzip.compress(content, 1)
            path.write_bytes(packed[:-2000] if patient == "secret-cut" else packed)
            paths.append(str(path))
        lane = 1 + sum(row.patient == patient for row in rows)
        rows.append(
            SequencingItem(
                patient=patient,
                sample=f"{patient}-s",
                token=f"tok{patients.index(patient)}",
                lane_number=lane,
                kind=kind,
                library="secret-lib",
                lane="",
                fastq_1=paths[0],
                fastq_2=paths[1],
                reads="",
                calls="",
                assay="genome",
                sex="female",
                stamp="",
            )
        )
    return rows


def with_tools(folder: Path) -> dict[str, str]:
    """Environment in which `equisite` is this checkout's."""
    tools = folder / "bin"
    tools.mkdir(exist_ok=True)
    shim = tools / "equisite"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m equisite.cli "$@"\n')
    shim.chmod(0o755)
    environment = dict(os.environ)
    environment["PATH"] = f"{tools}:{Path(sys.executable).parent}:{environment['PATH']}"
    environment["PYTHONPATH"] = str(CHECKOUT / "src")
    return environment


def snakemake(site: Path, environment: dict[str, str], cores: int, *words: str) -> str:
    """Run the rules in a folder; returns what Snakemake says."""
    command = [shutil.which("snakemake") or "snakemake", "--cores", str(cores), *words]
    done = subprocess.run(
        command, cwd=site, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run the rules in a new folder with so many cores; the data is shared."""
    data = tmp_path_factory.mktemp("data")
    rows = items(data / "reads")
    environment = with_tools(data)

    def start(
        cores: int,
        given: list[SequencingItem] = rows,
        aligner: str = "bwa-mem",
        pieces: int = 1,
        shares: int = 1,
        **genomics: object,
    ) -> Path:
        site = tmp_path_factory.mktemp(f"site{cores}")
        intake = site / "work/intake"
        (intake / "genomics").mkdir(parents=True)
        (intake / "files").mkdir()
        for name in ("genes.gff3", "territory.bed", "truth.vcf"):
            shutil.copy(PACK / name, intake / "files" / name)
        (intake / "files/panel.vcf").write_text(panel())
        (intake / "protocol.json").write_text(protocol(**genomics).model_dump_json())
        (intake / "site.json").write_text(
            json.dumps({"reference": {"fasta": str(PACK / "reference.fa.gz")}})
        )
        write_rows(intake / "genomics/1.tsv", SequencingItem, sorted(given))
        (site / "Snakefile").write_text(
            SNAKEFILE.format(rules=str(CHECKOUT / "workflow/rules/genomics.smk"))
        )
        settings = (f"aligner={aligner}", f"pieces={pieces}", f"shares={shares}")
        snakemake(site, environment, cores, "genomics", PEOPLE, "--config", *settings)
        return site

    return start


def protocol(**genomics: object) -> Protocol:
    """The pack's protocol on top of the smallest valid one, with other settings."""
    from made_reads import protocol as smallest

    plain = smallest({"a": "ACGT"}).model_dump(mode="json")
    pack = json.loads((PACK.parent / "pack.json").read_text(encoding="utf-8"))
    plain["reference"] = pack["reference"]
    plain["genomics"] |= pack["genomics"]
    plain["genomics"] |= genomics
    plain["genomics"]["alleles"] = {"file": "truth.vcf", "sha256": "0" * 64}
    plain["genomics"]["callers"] = ["bcftools", "freebayes"]
    plain["genomics"]["frequencies"] = {"file": "panel.vcf", "sha256": "0" * 64}
    return Protocol.model_validate(plain)


def panel() -> str:
    """A population panel that holds every second planted substitution."""
    head = "##fileformat=VCFv4.2\n##INFO=<ID=AF_X,Number=A,Type=Float,Description=x>\n"
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    planted = [r for r in read_genotypes(PACK / "truth.vcf") if not r.is_indel]
    rows = [
        f"{r.contig}\t{r.position + 1}\t.\t{r.alleles[0]}\t{r.alleles[1]}\t.\t.\tAF=0.3\n"
        for r in planted[::2]
    ]
    return head + columns + "".join(rows)


@pytest.fixture(scope="module")
def site(run: Run) -> Path:
    return run(2)


def test_planted_variants_are_found_and_scored(site: Path) -> None:
    batch = site / "work/genomics/1"
    columns, rows = read_table(batch / "variants.tsv")
    (good,) = (row for row in rows if row["patient"] == "secret-good")
    one = site / "one.tsv"
    one.write_text("\t".join(columns) + "\n" + "\t".join(good[c] for c in columns) + "\n")
    found = score(
        batch / "calls/tok0.vcf.gz", one, PACK / "truth.vcf", read_genome(PACK.parent)
    )
    shares = {s.item: s.value for s in found if s.measure in ("precision", "recall", "f1")}
    assert shares == {f"genomics/{kind}": "1" for kind in ("snp", "indel", "deletion")}
    hits = {s.item: s.value for s in found if s.measure == "hit"}
    assert hits == {f"genomics/genes/PACK{letter}": "1" for letter in "ABC"}


def test_carriers_are_those_planted(site: Path) -> None:
    planted: dict[str, int] = {}
    names = {"frameshift": "truncating", "stop_gained": "truncating", "splice": "truncating"}
    for record in read_genotypes(PACK / "truth.vcf"):
        gene, kind = record.info.get("GENE", ""), record.info["KIND"]
        if gene:
            column = f"carriers__{gene}__{names.get(kind, kind)}"
            planted[column] = planted.get(column, 0) + sum(c == 1 for c in record.copies)
    columns, rows = read_table(site / "work/genomics/1/variants.tsv")
    (good,) = (row for row in rows if row["patient"] == "secret-good")
    got = {
        c: int(good[c]) for c in columns if c.startswith("carriers__") and good[c] not in "0"
    }
    assert got == {column: number for column, number in planted.items() if column in columns}


def test_listed_alleles_are_genotyped(site: Path) -> None:
    """Planted alleles: substitutions by their likelihoods, gaps by the calls."""
    reference = {name: bases.decode() for name, bases in read_fasta(PACK / "reference.fa.gz")}
    planted = {
        Allele(r.contig, r.position + 1, r.alleles[0], r.alleles[1]).edit(reference): sum(
            copy == 1 for copy in r.copies
        )
        for r in read_genotypes(PACK / "truth.vcf")
    }
    columns, rows = read_table(site / "work/genomics/1/variants.tsv")
    listed = [c for c in columns if c.startswith("genotype__")]
    assert len(listed) == len(planted)
    (good,) = (row for row in rows if row["patient"] == "secret-good")
    for column in listed:
        contig, position, ref, alt = column.removeprefix("genotype__").split(":")
        copies = planted[Allele(contig, int(position), ref, alt).edit(reference)]
        ploidy, seen, phred = good[column].split(":")
        assert (ploidy, seen) == ("2", "1")
        assert phred.split(",")[copies] == "0", column


def test_a_lane_split_in_two_gives_the_same_genotypes(site: Path) -> None:
    calls = site / "work/genomics/1/calls"
    whole, split = (
        [(r.contig, r.position, r.alleles, r.copies) for r in read_genotypes(calls / name)]
        for name in ("tok0.vcf.gz", "tok1.vcf.gz")
    )
    assert whole == split


def test_bad_patients_are_told_and_do_not_stop_the_others(site: Path) -> None:
    outcomes = read_outcomes([site / "work/genomics/1/outcomes.tsv"])

    def told(outcome: Outcome) -> tuple[str, str, str]:
        return outcome.patient.removeprefix("secret-"), outcome.outcome, outcome.code

    assert [told(o) for o in outcomes] == [
        ("cut", "refused", "TRUNCATED_FASTQ"),
        ("good", "done", ""),
        ("none", "refused", "NO_READS"),
        ("split", "done", ""),
        ("thin", "refused", "LOW_DEPTH"),
        ("tumour", "refused", "NO_NORMAL"),
    ]
    _, rows = read_table(site / "work/genomics/1/variants.tsv")
    assert [row["patient"] for row in rows] == ["secret-good", "secret-split"]
    crams = sorted(p.name for p in (site / "work/genomics/1/cram").glob("*.cram"))
    assert crams == ["tok0.cram", "tok1.cram", "tok4.cram", "tok5.cram"]


def test_reads_are_measured_in_one_reading(site: Path) -> None:
    batch = site / "work/genomics/1"
    made = {p.name.partition(".")[2] for p in (batch / "measured").glob("tok0.*")}
    assert made == {"stats", "flagstat", "idxstats", "depth.json", "panel.tsv", "fastp.json"}
    _, rows = read_table(batch / "variants.tsv")
    good, split = ({k: v for k, v in row.items() if k != "patient"} for row in rows)
    cram = str(batch / "cram/tok0.cram")
    environment = {**os.environ, "REF_PATH": f"{site}/work/reference/site/cache/%s"}

    def count(*options: str) -> int:
        command = ["samtools", "view", "-c", *options, cram]
        return int(subprocess.check_output(command, env=environment))

    reads = count("-F", "0x900")
    assert int(good["n_reads"]) == reads
    assert float(good["mapped_fraction"]) == pytest.approx(count("-F", "0x904") / reads)
    proper = count("-f", "2", "-F", "0x900") / reads
    assert float(good["proper_pair_fraction"]) == pytest.approx(proper)
    sizes = sorted(
        int(line.split("\t")[8])
        for line in subprocess.check_output(
            ["samtools", "view", "-f", "2", "-F", "0x900", cram], env=environment, text=True
        ).splitlines()
        if int(line.split("\t")[8]) > 0
    )
    assert int(good["insert_size_median"]) == pytest.approx(sizes[len(sizes) // 2], abs=1)
    assert float(good["read_length"]) == 150
    assert 0 < float(good["mismatch_rate"]) < 0.02
    assert float(good["fraction_10x"]) == float(good["callable_fraction"])
    assert float(good["fraction_30x"]) < float(good["fraction_20x"])
    assert 0.9 < float(good["q30_fraction"]) <= 1
    assert float(good["adapter_fraction"]) < 0.05
    assert 0.3 < float(good["novel_fraction"]) < 0.7
    # Too few bases, too few sites: missing, and nobody is refused for it.
    for name in ("x_depth_ratio", "sex_inferred", "contamination"):
        assert good[name] == split[name] == ""
    assert good["single_caller_fraction"] == "0"
    pileup = (batch / "measured/tok0.panel.tsv").read_text().splitlines()
    assert len(pileup) == len(panel().splitlines()) - 3


def test_of_few_sites_nothing_is_said_about_pairs(site: Path) -> None:
    assert read_outcomes([site / PEOPLE]) == []


@pytest.mark.skipif(
    find_layer(REPORT_QC) is None, reason="the layer report-qc is not installed"
)
def test_multiqc_is_written_over_all_samples(site: Path) -> None:
    snakemake(site, with_tools(site), 1, "private/multiqc.html")
    page = (site / "private/multiqc.html").read_text(encoding="utf-8")
    assert "secret-" not in page
    assert all(f"tok{number}" in page for number in (0, 1, 4, 5))
    assert "LOW_DEPTH" in page and "Insertions and deletions" in page
    _, rows = read_table(site / "private/samples.tsv")
    assert {row["token"]: row["patient"] for row in rows}["tok0"] == "secret-good"


def test_cores_change_no_byte(site: Path, run: Run) -> None:
    other = run(1)
    files = sorted(
        p.relative_to(site)
        for p in (site / "work").rglob("*")
        if p.is_file() and not p.name.startswith(".")
    )
    assert [p for p in files if (site / p).read_bytes() != (other / p).read_bytes()] == []
    assert digest_of_calls(site / "work/genomics/1/calls/tok0.vcf.gz")


def test_minimap2_finds_the_same_with_any_number_of_cores(site: Path, run: Run) -> None:
    sites = [run(cores, aligner="minimap2") for cores in (1, 2)]
    files = [f"work/genomics/1/{name}" for name in ("cram/tok0.cram", "calls/tok1.vcf.gz")]
    assert [
        f for f in files if (sites[0] / f).read_bytes() != (sites[1] / f).read_bytes()
    ] == []
    known, found = (
        [
            (r.contig, r.position, r.alleles, r.copies)
            for r in read_genotypes(place / "work/genomics/1/calls/tok0.vcf.gz")
        ]
        for place in (site, sites[0])
    )
    assert found == known
    header, expected = (
        subprocess.run(
            ["samtools", "view", "-H", "--no-PG", str(place / files[0])],
            capture_output=True,
            check=True,
        ).stdout
        for place in (sites[0], site)
    )
    assert header == expected


@pytest.mark.parametrize("shares", [1, 2, 5])
def test_called_in_pieces_the_bytes_are_the_same(site: Path, run: Run, shares: int) -> None:
    """Cuts lie inside sequences and between them; files of calls and tables are compared.

    Five pieces, in so many jobs: each job calls the pieces of its share one by one.
    """
    other = run(2, pieces=5, shares=shares)
    files = [f"calls/{name}.vcf.gz" for name in ("tok0", "tok1", "tok4")]
    for name in (*files, "call.tsv", "variants.tsv", "outcomes.tsv"):
        place = Path("work/genomics/1") / name
        assert (other / place).read_bytes() == (site / place).read_bytes(), name
    made = sorted((other / "work/genomics/1").glob("shares/*/tok0.vcf.gz"))
    assert len(made) == (0 if shares == 1 else shares)
    parts = [body(part) for part in made]
    assert sum(bool(part) for part in parts) > 1 or shares == 1
    assert shares < 5 or not all(parts)  # a piece without anything to call is valid, too.


def test_men_have_one_x_but_where_it_pairs_with_y(site: Path, run: Run, tmp_path: Path) -> None:
    shared = {"contig": "pack1", "start": 1, "end": 5000}
    sexes = ("female", "male", "unknown")
    good = items(tmp_path / "reads")[0]
    rows = [
        replace(good, patient=f"secret-{sex}", sample=f"secret-{sex}", token=f"x{sex}", sex=sex)
        for sex in sexes
    ]
    chromosomes = {"x": "pack1", "pseudoautosomal": [shared]}
    other = run(2, rows, sex_chromosomes=chromosomes)
    outcomes = read_outcomes([other / "work/genomics/1/outcomes.tsv"])
    codes = {(o.patient.removeprefix("secret-"), o.code) for o in outcomes}
    # The reads have two copies everywhere: the callers agree less often on one.
    codes -= {("male", "MANY_SINGLE_CALLS"), ("male", "")}
    assert codes == {("female", ""), ("unknown", "COPIES_UNKNOWN")}
    calls = other / "work/genomics/1/calls"
    whole = body(site / "work/genomics/1/calls/tok0.vcf.gz")
    assert body(calls / "xfemale.vcf.gz") == body(calls / "xunknown.vcf.gz") == whole
    male = list(read_genotypes(calls / "xmale.vcf.gz"))
    ploidies = {(r.contig == "pack1" and r.position >= 5000, len(r.copies)) for r in male}
    assert ploidies == {(True, 1), (False, 2)}
    table = read_table(other / "work/genomics/1/variants.tsv")[1]
    column = "genotype__pack1:8011:T:C"
    cells = {r["patient"].removeprefix("secret-"): r[column].split(":")[0] for r in table}
    assert cells == {"female": "2", "male": "1", "unknown": ""}
    assert all(r["genotype__pack2:416:T:C"].startswith("2:") for r in table)


def test_nothing_in_logs_or_headers_tells_whose_data_it_is(site: Path) -> None:
    for path in [*(site / "logs").rglob("*"), *(site / ".snakemake/log").rglob("*")]:
        if path.is_file():
            assert b"secret" not in path.read_bytes(), path
    vcfs = [p for p in (site / "work/genomics/1").rglob("*.vcf*") if p.suffix != ".csi"]
    assert vcfs
    for path in vcfs:
        header = [line for line in open_text(path) if line.startswith("##")]
        told = [h for h in header if "ommand" in h or "/" in h.partition("Description")[0]]
        assert told == []
    cram = site / "work/genomics/1/cram/tok0.cram"
    header = subprocess.run(
        ["samtools", "view", "-H", "--no-PG", str(cram)], capture_output=True, check=True
    ).stdout.decode()
    assert "@PG" not in header
    assert "UR:" not in header
    assert {line[:3] for line in header.splitlines()} == {"@HD", "@SQ", "@RG"}
    assert str(site).encode() not in cram.read_bytes()
    assert all(
        "secret" not in line for line in open_text(site / "work/genomics/1/calls/tok0.vcf.gz")
    )


TEXT = 'samtools view -h "$CRAM"'
BAM = "samtools view -b - > $F.bam"
STARTS = {
    "cram": 'cp "$CRAM" $F.cram',
    "bam": f"{TEXT} | {BAM}",
    "names": f'{TEXT} | sed "s/SN:pack/SN:chrpack/; s/\\tpack/\\tchrpack/" | {BAM}',
    "sums": f'{TEXT} | sed "s/\\tM5:[0-9a-f]*//" | {BAM}',
    "unsorted": 'samtools collate -O "$CRAM" > $F.bam',
    "lies": 'samtools sort -n "$CRAM" | samtools view -h - '
    '| sed "s/SO:queryname/SO:coordinate/" | samtools view -b -o $F.bam -',
    "unaligned": 'samtools collate -u -O "$CRAM" | samtools fastq -n -1 1.fq -2 2.fq -; '
    "samtools import -1 1.fq -2 2.fq -o $F.bam",
    "ungrouped": f'samtools view -h -x RG "$CRAM" | grep -v ^@RG | {BAM}',
    "people": f'{TEXT} | sed "1a @RG\\tID:more\\tSM:other" | {BAM}',
    "other": f'{TEXT} | sed "s/M5:..../M5:0000/" | {BAM}',
    "cut": f"{TEXT} | {BAM}; truncate -s 40000 $F.bam",
    "torn": f"{TEXT} | {BAM}; head -c 30000 $F.bam > all; tail -c 28 $F.bam >> all; "
    "mv all $F.bam",
    "foreign": f'{TEXT} | sed "s/\\tM5:[0-9a-f]*//; s/SN:pack/SN:else/; '
    's/\\tpack/\\telse/" > else.sam; sed "s/>pack/>else/; 2,\\$ s/A/C/" "$FASTA" > else.fa; '
    "samtools view -C -T else.fa else.sam > $F.cram; rm else.fa",
}
"""How each file is made from a CRAM that the rules wrote."""


def test_starts_from_aligned_reads(site: Path, run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "secret-given"
    folder.mkdir()
    fasta = site / "work/reference/site/reference.fa"
    cache = site / "work/reference/site/cache"
    rows = []
    good = items(tmp_path / "reads")[0]
    for number, (name, text) in enumerate(STARTS.items()):
        environment = {
            **os.environ,
            "CRAM": str(site / "work/genomics/1/cram/tok0.cram"),
            "F": name,
            "FASTA": str(fasta),
            "REF_PATH": f"{cache}/%s",
        }
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (name, done.stderr)
        (path,) = folder.glob(f"{name}.*am")
        rows.append(
            replace(
                good,
                patient=f"secret-{name}",
                sample=f"secret-{name}",
                token=f"tok{number}",
                reads=str(path),
                fastq_1="",
                fastq_2="",
            )
        )
    single = replace(good, patient="secret-single", sample="secret-single", token="tok99")  # noqa: S106 - no password
    rows.append(replace(single, fastq_2=""))
    other = run(2, rows)
    outcomes = read_outcomes([other / "work/genomics/1/outcomes.tsv"])
    assert {o.patient.removeprefix("secret-"): (o.outcome, o.code) for o in outcomes} == {
        "cram": ("done", ""),
        "bam": ("done", ""),
        "names": ("done", ""),
        "sums": ("flagged", "ALIGNED_ANEW"),
        "unsorted": ("flagged", "ALIGNED_ANEW"),
        "lies": ("flagged", "ALIGNED_ANEW"),
        "unaligned": ("done", ""),
        "ungrouped": ("done", ""),
        "people": ("refused", "SEVERAL_SAMPLES"),
        "other": ("refused", "OTHER_REFERENCE"),
        "cut": ("refused", "TRUNCATED_READS"),
        "torn": ("refused", "READS_UNREADABLE"),
        "foreign": ("refused", "CRAM_REFERENCE"),
        "single": ("done", ""),
    }
    calls = {
        row.patient: body(path)
        for row in rows
        if (path := other / f"work/genomics/1/calls/{row.token}.vcf.gz").exists()
    }
    assert len(calls) == 9
    whole = body(site / "work/genomics/1/calls/tok0.vcf.gz")
    assert {name for name, lines in calls.items() if lines != whole} == {"secret-single"}
    for path in [*(other / "logs").rglob("*"), *(other / ".snakemake/log").rglob("*")]:
        if path.is_file():
            assert b"secret" not in path.read_bytes(), path
    header = subprocess.run(
        ["samtools", "view", "-H", "--no-PG", str(other / "work/genomics/1/cram/tok0.cram")],
        capture_output=True,
        check=True,
    ).stdout
    ours = subprocess.run(
        ["samtools", "view", "-H", "--no-PG", str(site / "work/genomics/1/cram/tok0.cram")],
        capture_output=True,
        check=True,
    ).stdout
    assert header == ours


def test_starts_from_calls(site: Path, run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "secret-given"
    folder.mkdir()
    ours = site / "work/genomics/1/calls/tok0.vcf.gz"
    texts = {
        "plain": "bcftools view -o $F.vcf $CALLS",
        "binary": "bcftools view -Ob -o $F.bcf $CALLS",
        "names": "bcftools view $CALLS | sed 's/pack/chrpack/' | bgzip > $F.vcf.gz",
        "reversed": "{ zgrep ^# $CALLS; zgrep -v ^# $CALLS | tac; } > $F.vcf",
        "other": "zcat $CALLS | awk -v OFS='\\t' '/^[^#]/ { $4 = \"N\" } 1' > $F.vcf",
        "ungenotyped": "bcftools view -G -o $F.vcf $CALLS",
        "broken": "zcat $CALLS | head -c 3000 | bgzip | head -c 900 > $F.vcf.gz",
        "filtered": "zcat $CALLS | sed '/^[^#]/ s/\\t[.]\\tDP/\\tLowQual\\tDP/' > $F.vcf",
    }
    good = items(tmp_path / "reads")[0]
    rows = []
    for number, (name, text) in enumerate(texts.items()):
        environment = {**os.environ, "CALLS": str(ours), "F": name}
        subprocess.run(
            ["bash", "-c", text], cwd=folder, env=environment, check=True, capture_output=True
        )
        (path,) = folder.glob(f"{name}.*")
        who = {"patient": f"secret-{name}", "sample": f"secret-{name}", "token": f"tok{number}"}
        rows.append(replace(good, **who, calls=str(path), fastq_1="", fastq_2=""))
    other = run(2, [good, *[replace(row, token=f"c{row.token}") for row in rows]])
    outcomes = read_outcomes([other / "work/genomics/1/outcomes.tsv"])
    told = {(o.patient.removeprefix("secret-"), o.outcome, o.code) for o in outcomes}
    assert told == {
        ("good", "done", ""),
        ("plain", "flagged", "CALLS_ONLY"),
        ("binary", "flagged", "CALLS_ONLY"),
        ("names", "flagged", "CALLS_ONLY"),
        ("reversed", "flagged", "CALLS_ONLY"),
        ("filtered", "flagged", "CALLS_ONLY"),
        ("filtered", "flagged", "CALLS_LEFT_OUT"),
        ("other", "refused", "CALLS_OTHER_REFERENCE"),
        ("ungenotyped", "refused", "CALLS_SAMPLE"),
        ("broken", "refused", "CALLS_UNREADABLE"),
    }
    columns, table = read_table(other / "work/genomics/1/variants.tsv")
    by_name = {row["patient"].removeprefix("secret-"): row for row in table}
    known = [*OF_CALLS, *(c for c in columns if c.startswith("carriers__"))]
    for name in ("plain", "binary", "names", "reversed"):
        assert {by_name[name][c] for c in columns[1 : columns.index("n_snv")]} == {""}
        assert [by_name[name][c] for c in known] == [by_name["good"][c] for c in known]
    assert by_name["filtered"]["n_snv"] == "0"


def test_odd_reads_are_handled(run: Run, tmp_path: Path) -> None:
    """All qualities at their lowest; reads of 36 bases; one read again and again."""
    good = items(tmp_path / "reads")[0]

    def spoilt(name: str, number: int) -> SequencingItem:
        paths = []
        for mate, side in enumerate(reads(), start=1):
            lines = b"".join(side).split(b"\n")
            if name == "worst":
                lines[3::4] = [b"!" * len(q) for q in lines[3::4]]
            elif name == "short":
                lines[1::2] = [line[:36] for line in lines[1::2]]
                lines[2::4] = [b"+"] * len(lines[2::4])
            else:
                lines[1::4] = [b"ACGTTGCAAC" * (len(b) // 10) for b in lines[1::4]]
                lines[3::4] = [b"F" * len(b) for b in lines[1::4]]
            path = tmp_path / f"secret-{name}-{mate}.fastq"
            path.write_bytes(b"\n".join(lines))
            paths.append(str(path))
        who = {"patient": f"secret-{name}", "sample": f"secret-{name}", "token": f"o{number}"}
        return replace(good, **who, fastq_1=paths[0], fastq_2=paths[1])

    site = run(2, [spoilt(name, at) for at, name in enumerate(("worst", "short", "other"))])
    outcomes = read_outcomes([site / "work/genomics/1/outcomes.tsv"])
    assert {o.patient.removeprefix("secret-"): (o.outcome, o.code) for o in outcomes} == {
        "worst": ("flagged", "MANY_SINGLE_CALLS"),
        "short": ("refused", "LOW_CALLABLE"),
        "other": ("refused", "SAME_READS_TWICE"),
    }
    # A gap needs no base quality; a substitution does.
    assert all("INDEL" in line for line in body(site / "work/genomics/1/calls/o0.vcf.gz"))
    _, (worst,) = read_table(site / "work/genomics/1/variants.tsv")
    assert (worst["n_snv"], worst["titv"]) == ("0", "")
    assert float(worst["mean_depth"]) > 20


def test_nobody_differs_from_the_reference(run: Run, tmp_path: Path) -> None:
    """Reads cut out of the reference: valid calls without a record, zeros and not nothing."""
    texts = [b"", b""]
    for name, bases in read_fasta(PACK / "reference.fa.gz"):
        other = bases.translate(bytes.maketrans(b"ACGT", b"TGCA"))[::-1]
        for start in range(0, len(bases) - 400, 12):
            end = len(bases) - start - 400
            for mate, read in enumerate((bases[start : start + 150], other[end : end + 150])):
                head = f"{name}{start}".encode()
                texts[mate] += b"@%b\n%b\n+\n%b\n" % (head, read, b"F" * 150)
    good = items(tmp_path / "reads")[0]
    paths = [tmp_path / f"{mate}.fastq" for mate in (1, 2)]
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(text)
    site = run(1, [replace(good, fastq_1=str(paths[0]), fastq_2=str(paths[1]))])
    (outcome,) = read_outcomes([site / "work/genomics/1/outcomes.tsv"])
    assert (outcome.outcome, outcome.code) == ("done", "")
    calls = site / "work/genomics/1/calls/tok0.vcf.gz"
    assert body(calls) == []
    assert sum(line.startswith("#CHROM") for line in open_text(calls)) == 1
    _, (row,) = read_table(site / "work/genomics/1/variants.tsv")
    assert (row["n_snv"], row["n_indel"]) == ("0", "0")
    assert int(row["callable_bp"]) > 0


def body(path: Path) -> list[str]:
    """Records of a VCF."""
    return [line for line in open_text(path) if not line.startswith("#")]
