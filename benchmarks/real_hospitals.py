"""Mock hospitals made of real people and real tumours: site folders, protocol and lead.

The cohort folder names the hospital of each person; tumours are dealt out to the hospitals
in turn. Nothing here knows a particular data set.
"""

from __future__ import annotations

import csv
import hashlib
import itertools
import lzma
import os
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from equisite.codebook.book import load_from
from equisite.variants.fasta import read_fasta
from genomics_site import CHECKOUT, CannotMeasureError, DataFolder

TITLE = "Public data at mock hospitals; images and genomes are of different people"
AGE = "50"
"""Nobody's age is known; the sheet needs one, and no table of this protocol uses it."""
MODALITIES = {"MR_T1": "MR", "PET": "PT", "CT": "CT"}
TABLES = (
    {"id": "cohort", "kind": "count", "keys": ["analysis_set"]},
    {"id": "clinical_base", "kind": "count", "keys": ["sex"]},
    {
        "id": "germline_carriers",
        "kind": "carriers",
        "genes": "panel",
        "consequence": ["truncating", "missense", "synonymous"],
    },
    {"id": "pt_core", "kind": "moment", "features": "pt__gtv__core"},
    {"id": "mr_core", "kind": "moment", "features": "mr__gtv__core"},
    {"id": "ct_core", "kind": "moment", "features": "ct__gtv__core"},
    {"id": "pt_core_hist", "kind": "hist", "features": "pt__gtv__core"},
    {"id": "quality", "kind": "quality", "variables": ["mean_depth", "callable_fraction"]},
)


@dataclass(frozen=True)
class Genome:
    """One person with reads. site, sex: as the sheet of the data says."""

    name: str
    site: str
    sex: str
    cram: Path


@dataclass(frozen=True)
class Tumour:
    """One patient with images: folder, and those of its series that are there."""

    name: str
    folder: Path
    series: tuple[str, ...]


def find_genomes(folder: Path, short: bool) -> tuple[DataFolder, list[Genome]]:
    """The cohort folder and its people; for --short two of each hospital."""
    for sheet in sorted(folder.glob("*/sheet.tsv")):
        rows = read_sheet(sheet)
        if rows and {"patient", "site", "cram"} <= rows[0].keys():
            people = [
                Genome(
                    r["patient"], r["site"], r.get("sex", "unknown"), sheet.parent / r["cram"]
                )
                for r in rows
            ]
            people.sort(key=lambda g: (g.site, g.name))
            if short:
                groups = itertools.groupby(people, key=lambda g: g.site)
                people = [g for _, group in groups for g in itertools.islice(group, 2)]
            return DataFolder(sheet.parent), people
    raise CannotMeasureError(f"{folder} has no cohort whose sheet names hospitals")


def unpack_tumours(folder: Path, place: Path, most: int) -> list[Tumour]:
    """Patients with images, unpacked below `place`; most: 0 for all."""
    archives = sorted(folder.glob("*.tar.xz"))
    if not archives:
        raise CannotMeasureError(f"{folder} has no archives of images")
    tumours = []
    for path in archives:
        if most and len(tumours) == most:
            break
        try:
            with tarfile.open(path, "r:xz") as archive:
                for member in archive:
                    if member.isfile() and ".." not in member.name and member.name[0] != "/":
                        archive.extract(member, place / "images")
        except (lzma.LZMAError, tarfile.TarError) as error:
            raise CannotMeasureError(f"{path.name} cannot be unpacked: {error}") from None
        name = path.name.removesuffix(".tar.xz")
        found = place / "images" / name
        series = tuple(m for m in MODALITIES if (found / m / "image").is_dir())
        if len(series) > 1 or not most:
            tumours.append(Tumour(name, found, series))
    return tumours


def write_consortium(
    place: Path,
    cohort: DataFolder,
    genomes: list[Genome],
    tumours: list[Tumour],
    sites: list[str],
) -> None:
    """Protocol, hospitals and lead below `place`."""
    folder = place / "protocol"
    folder.mkdir()
    write_yaml(folder / "protocol.yaml", protocol(cohort, folder))
    keyring = [{"id": s, "title": f"Mock hospital {s}"} for s in sites]
    write_yaml(folder / "keyring.yaml", {"protocol": "real-public", "sites": keyring})
    shared = {"protocol": "../protocol/protocol.yaml", "keyring": "../protocol/keyring.yaml"}
    (place / "lead/inbox").mkdir(parents=True)
    write_yaml(place / "lead/compare.yaml", {**shared, "inbox": "inbox"})
    for number, site in enumerate(sites):
        people = [g for g in genomes if g.site == site]
        write_site(place / site, number, people, tumours[number :: len(sites)], cohort)


def protocol(cohort: DataFolder, folder: Path) -> dict[str, Any]:
    """The example protocol with the cohort's reference, genes and territory."""
    content = yaml.safe_load((CHECKOUT / "config/protocol.yaml").read_text(encoding="utf-8"))
    content["protocol"] |= {"id": "real-public", "title": TITLE, "data": "public"}
    content["reference"] = {
        "assembly": cohort.path.name.replace("_", "-"),
        "contigs": [
            {
                "name": name,
                "length": len(bases),
                "md5": hashlib.md5(bases, usedforsecurity=False).hexdigest(),
            }
            for name, bases in read_fasta(cohort.reference)
        ],
    }
    genes = cohort.file("genes.gff3")
    content["genomics"] |= {
        "callers": ["bcftools", "freebayes"],
        "gene_models": pin(genes, folder),
        "territory": pin(cohort.bed, folder),
        "panel": gene_names(genes),
    }
    content["imaging"]["roi"] = [{"name": "gtv", "patterns": ["gtv[ _-]?mass.*"]}]
    content["tables"] = list(TABLES)
    content["disclosure"] = {"ruleset": "public-data-v1"}
    book = load_from(CHECKOUT / "resources/codebook")
    content["codebook"] = {"version": book.version, "constants_sha256": book.constants_sha256}
    pack = (CHECKOUT / "resources/conformance/pack.sha256").read_text(encoding="utf-8")
    content["conformance"]["pack_sha256"] = pack.split()[0]
    return content


def write_site(
    folder: Path, number: int, people: list[Genome], tumours: list[Tumour], cohort: DataFolder
) -> None:
    """One hospital. The n-th genome and the n-th tumour become one patient."""
    (folder / "reads").mkdir(parents=True)
    patients, lanes, images = [], [], []
    cache = folder / "reads/cache"
    cache.mkdir()
    for _, bases in read_fasta(cohort.reference):
        md5 = hashlib.md5(bases, usedforsecurity=False).hexdigest()
        (cache / md5).write_bytes(bases)
    for at, (genome, tumour) in enumerate(itertools.zip_longest(people, tumours)):
        name = f"{folder.name}-{at + 1:03d}"
        sex = genome.sex if genome else "unknown"
        patients.append({"patient": name, "sex": sex, "age": AGE, "diagnosis": "C49.9"})
        if genome:
            kind = ("cram", "fastq", ("lanes", "bam")[at % 2])[number % 3]
            lanes += [
                {"patient": name, "sample": name, "kind": "normal", **lane}
                for lane in write_reads(genome, kind, folder / "reads" / name, cache)
            ]
        images += [
            {
                "patient": name,
                "series": str(tumour.folder / series / "image"),
                "modality": MODALITIES[series],
                "mask": str(tumour.folder / series / "mask/RS.dcm"),
            }
            for series in (tumour.series if tumour else ())
        ]
    write_sheet(folder / "patients.tsv", patients)
    write_sheet(folder / "sequencing.tsv", lanes)
    write_sheet(folder / "imaging.tsv", images)
    config = {
        "site": folder.name,
        "protocol": "../protocol/protocol.yaml",
        "sheets": {k: f"{k}.tsv" for k in ("patients", "sequencing", "imaging")},
        "freeze": {"id": "freeze-1", "date": "2024-01-31"},
        "reference": {"fasta": str(cohort.reference.resolve())},
    }
    write_yaml(folder / "config.yaml", config)


def write_reads(genome: Genome, kind: str, place: Path, cache: Path) -> list[dict[str, str]]:
    """Files of one start; returns the cells of its rows of the sequencing sheet."""
    none = dict.fromkeys(("lane", "fastq_1", "fastq_2", "reads"), "")
    if kind == "cram":
        return [{**none, "reads": str(genome.cram.resolve())}]
    environment = {**os.environ, "REF_PATH": f"{cache}/%s"}
    if kind == "bam":
        target = place.with_suffix(".bam")
        shell(["samtools", "view", "-b", "-o", target, genome.cram], environment)
        return [{**none, "reads": str(target)}]
    mates = [place.with_name(f"{place.name}_{mate}.fastq") for mate in (1, 2)]
    named = place.with_suffix(".collated.bam")
    shell(["samtools", "collate", "-o", named, genome.cram], environment)
    nowhere = ["-0", "/dev/null", "-s", "/dev/null"]
    shell(
        ["samtools", "fastq", "-n", "-1", mates[0], "-2", mates[1], *nowhere, named],
        environment,
    )
    named.unlink()
    if kind == "fastq":
        return [{**none, "fastq_1": str(mates[0]), "fastq_2": str(mates[1])}]
    rows = []
    lines = [path.read_bytes().splitlines(keepends=True) for path in mates]
    half = len(lines[0]) // 8 * 4
    for number, part in enumerate((slice(0, half), slice(half, None)), start=1):
        row = {**none, "lane": f"L{number}"}
        for mate, path in enumerate(mates):
            target = path.with_suffix(f".L{number}.fastq")
            target.write_bytes(b"".join(lines[mate][part]))
            row[f"fastq_{mate + 1}"] = str(target)
        rows.append(row)
    return rows


def shell(words: list[str | Path], environment: dict[str, str]) -> None:
    """Run a tool that prepares the data."""
    done = subprocess.run(
        [str(w) for w in words], env=environment, capture_output=True, check=False
    )
    if done.returncode:
        raise CannotMeasureError(f"{words[1]} failed: {done.stderr.decode()[-500:]}")


def gene_names(path: Path) -> list[str]:
    """Names of the genes of a GFF3."""
    rows = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (r[8].split(";") for r in rows if len(r) == 9 and r[2] == "gene")
    return sorted({p.removeprefix("Name=") for row in pairs for p in row if p[:5] == "Name="})


def pin(source: Path, folder: Path) -> dict[str, str]:
    """Copy a file beside the protocol; returns its entry."""
    shutil.copyfile(source, folder / source.name)
    return {"file": source.name, "sha256": hashlib.sha256(source.read_bytes()).hexdigest()}


def read_sheet(path: Path) -> list[dict[str, str]]:
    """Rows of a TSV."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def write_sheet(path: Path, rows: list[dict[str, str]]) -> None:
    """Write rows as TSV."""
    lines = ["\t".join(rows[0]), *("\t".join(row.values()) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_yaml(path: Path, content: dict[str, Any]) -> None:
    """Plain data as YAML."""
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
