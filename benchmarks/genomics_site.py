"""A site folder made from a data folder, run through the workflow as a user runs it.

A data folder holds `reference.fa[.gz]`, `truth.vcf[.gz]`, `truth.bed`, perhaps `genes.gff3`,
and either `reads_1.fastq.gz` and `reads_2.fastq.gz` of one person, or `sheet.tsv` with the
columns `patient` and `cram` (aligned reads; they are turned back into FASTQ first).
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from equisite.codebook.book import load_from
from equisite.core.tables import read_rows
from equisite.intake.index import SequencingItem
from equisite.variants.comparison import Tallies, compare_alleles, compare_genotypes
from equisite.variants.fasta import read_fasta
from equisite.variants.intervals import read_bed
from equisite.variants.repeats import repeats
from equisite.variants.vcf import open_text, read_genotypes

CHECKOUT = Path(__file__).resolve().parents[1]


class CannotMeasureError(Exception):
    """The data or the machine does not allow it; the text says why."""


@dataclass(frozen=True)
class Person:
    """One person of a data folder. sample: name in the truth, None where it has one."""

    name: str
    fastq: tuple[Path, Path]
    sample: str | None


@dataclass(frozen=True)
class DataFolder:
    """What a data folder offers."""

    path: Path

    def file(self, *names: str) -> Path:
        """The first of these files that is there."""
        for name in names:
            if (self.path / name).is_file():
                return self.path / name
        raise CannotMeasureError(f"{self.path} has no {' or '.join(names)}")

    @property
    def reference(self) -> Path:
        """FASTA, plain or compressed."""
        return self.file("reference.fa.gz", "reference.fa")

    @property
    def truth(self) -> Path:
        """True genotypes."""
        return self.file("truth.vcf.gz", "truth.vcf")

    @property
    def bed(self) -> Path:
        """Bases in which the truth holds."""
        return self.file("truth.bed")

    def people(self, scratch: Path, most: int | None = None) -> list[Person]:
        """All people, with FASTQ; that of aligned reads is written below `scratch`."""
        if not (self.path / "sheet.tsv").is_file():
            reads = (self.file("reads_1.fastq.gz"), self.file("reads_2.fastq.gz"))
            return [Person("person", reads, None)]
        cache = scratch / "cache"
        cache.mkdir(parents=True)
        for _, bases in read_fasta(self.reference):
            name = hashlib.md5(bases, usedforsecurity=False).hexdigest()
            (cache / name).write_bytes(bases)
        with (self.path / "sheet.tsv").open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t"))[:most]
        return [
            Person(
                row["patient"],
                _fastq(self.path / row["cram"], scratch, row["patient"], cache),
                row["patient"],
            )
            for row in rows
        ]


def _fastq(cram: Path, scratch: Path, name: str, cache: Path) -> tuple[Path, Path]:
    """Reads of a CRAM as two FASTQ files; pairs in the order of `samtools collate`."""
    files = (scratch / f"{name}_1.fastq.gz", scratch / f"{name}_2.fastq.gz")
    text = (
        'samtools collate -u -O "$1" "$2" | '
        'samtools fastq -n -1 "$3" -2 "$4" -0 /dev/null -s /dev/null -'
    )
    places = [str(cram), str(scratch / f"{name}.collate"), *map(str, files)]
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text, "bash", *places],
        check=True,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "REF_PATH": f"{cache}/%s"},
    )
    return files


CALLERS = ("bcftools", "freebayes")


def write_site(
    folder: DataFolder,
    people: list[Person],
    site: Path,
    batch: int,
    callers: Sequence[str] = CALLERS,
    aligner: str = "bwa-mem",
    alleles: Path | None = None,
    thresholds: dict[str, float] | None = None,
) -> None:
    """A whole site folder: configuration, protocol of public data, keyring and sheets.

    batch: patients per job. callers, aligner, thresholds: as in the protocol, which is the
    example of `config/` with the reference, territory and genes of the data folder. alleles:
    VCF of the alleles that are genotyped.
    """
    site.mkdir(parents=True)
    protocol = yaml.safe_load((CHECKOUT / "config/protocol.yaml").read_text(encoding="utf-8"))
    protocol["reference"] = {
        "assembly": "slice",
        "contigs": [
            {
                "name": name,
                "length": len(bases),
                "md5": hashlib.md5(bases, usedforsecurity=False).hexdigest(),
            }
            for name, bases in read_fasta(folder.reference)
        ],
    }
    genes = folder.path / "genes.gff3"
    panel = _genes(genes) if genes.is_file() else []
    protocol["genomics"] |= {
        "territory": pin(folder.bed, site / "territory.bed"),
        "gene_models": pin(genes, site / "genes.gff3") if panel else None,
        "panel": panel,
        "callers": list(callers),
        "aligner": aligner,
        "alleles": pin(alleles, site / "alleles.vcf") if alleles else None,
    }
    protocol["genomics"].setdefault("thresholds", {}).update(thresholds or {})
    book = load_from(CHECKOUT / "resources/codebook")
    protocol["codebook"] = {"version": book.version, "constants_sha256": book.constants_sha256}
    pack = (CHECKOUT / "resources/conformance/pack.sha256").read_text(encoding="utf-8")
    protocol["conformance"]["pack_sha256"] = pack.split()[0]
    kept = ["count", *(["carriers"] if panel else [])]
    protocol["tables"] = [t for t in protocol["tables"] if t["kind"] in kept]
    _yaml(site / "protocol.yaml", protocol)
    shutil.copyfile(CHECKOUT / "config/keyring.yaml", site / "keyring.yaml")
    config = yaml.safe_load((CHECKOUT / "config/config.yaml").read_text(encoding="utf-8"))
    config["sheets"] = {"patients": "patients.tsv", "sequencing": "sequencing.tsv"}
    config["reference"] = {"fasta": str(folder.reference.resolve())}
    config["batches"] = {"genomics": batch}
    _yaml(site / "config.yaml", config)
    patients = ["patient\tsex\tage\tdiagnosis"]
    lanes = ["patient\tsample\tkind\tfastq_1\tfastq_2"]
    for person in people:
        patients.append(f"{person.name}\tunknown\t50\tC49.9")
        reads = "\t".join(str(path.resolve()) for path in person.fastq)
        lanes.append(f"{person.name}\t{person.name}-normal\tnormal\t{reads}")
    (site / "patients.tsv").write_text("\n".join(patients) + "\n", encoding="utf-8")
    (site / "sequencing.tsv").write_text("\n".join(lanes) + "\n", encoding="utf-8")


def _genes(path: Path) -> list[str]:
    names = set()
    for line in open_text(path):
        fields = line.split("\t")
        if len(fields) == 9 and fields[2] == "gene":
            pairs = dict(p.partition("=")[::2] for p in fields[8].split(";"))
            names.add(pairs["Name"])
    return sorted(names)


def pin(source: Path, target: Path) -> dict[str, str]:
    """Put a file beside the protocol; how the protocol names it."""
    shutil.copyfile(source, target)
    digest = hashlib.sha256(target.read_bytes()).hexdigest()
    return {"file": target.name, "sha256": digest}


def _yaml(path: Path, content: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def run_genomics(
    site: Path,
    cores: int,
    environment: dict[str, str] | None = None,
    target: str = "genomics",
) -> None:
    """Run a target of the workflow on a site, as a user does."""
    command = [
        "snakemake",
        "--snakefile",
        str(CHECKOUT / "Snakefile"),
        "--directory",
        str(site),
    ]
    command += ["--workflow-profile", str(CHECKOUT / "config/profiles/local")]
    command += ["--cores", str(cores), target]
    done = subprocess.run(
        command,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotMeasureError(f"the workflow failed:\n{done.stdout[-4000:]}")


def final_calls(site: Path) -> dict[str, Path]:
    """The product's final call set of every person: patient to VCF."""
    calls = {}
    for index in sorted((site / "work/intake/genomics").glob("*.tsv")):
        for item in read_rows(index, SequencingItem):
            path = site / "work/genomics" / index.stem / "calls" / f"{item.token}.vcf.gz"
            if index.stem != "0" and path.is_file():
                calls[item.patient] = path
    return calls


@dataclass(frozen=True)
class Judgement:
    """Clusters of all people: by genotype, by allele, by genotype outside repeats.

    outside_bases: size of what is left of `truth.bed` without repeats.
    """

    genotypes: list[Tallies]
    alleles: list[Tallies]
    outside: list[Tallies]
    outside_bases: int


def judge(folder: DataFolder, people: list[Person], site: Path) -> Judgement:
    """Compare the final calls of all people with the truth."""
    sequences = {name: bases.decode() for name, bases in read_fasta(folder.reference)}
    territory = read_bed(open_text(folder.bed))
    outside = territory.without(repeats(sequences))
    calls = final_calls(site)
    found = Judgement([], [], [], outside.size)
    for person in people:
        if person.name not in calls:
            raise CannotMeasureError(f"the product has no calls of {person.name}")
        truth = list(read_genotypes(folder.truth, person.sample))
        called = list(read_genotypes(calls[person.name]))
        found.genotypes.extend(compare_genotypes(truth, called, sequences, territory))
        found.alleles.extend(compare_alleles(truth, called, sequences, territory))
        found.outside.extend(compare_genotypes(truth, called, sequences, outside))
    return found


def fastq_bytes(people: list[Person]) -> int:
    """Decompressed size of all reads."""
    size = 0
    for person in people:
        for path in person.fastq:
            with gzip.open(path) as stream:
                while piece := stream.read(1 << 20):
                    size += len(piece)
    return size
