"""Protocol, keyring and the lead's configuration of a made consortium."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import yaml

from equisite.codebook.book import codebook, constants_sha256, resources_folder
from equisite.protocol.pack import pack_digest
from synthetic.genome import Genome, gff3, territory


def protocol(
    genome: Genome, identifier: str, minimum_n: int, tables: list[dict[str, Any]]
) -> dict[str, Any]:
    """The protocol of a made genome as plain data; `data: public` throughout."""
    pinned = {
        "gene_models": {"file": "genes.gff3", "sha256": _sha256(gff3(genome))},
        "territory": {"file": "territory.bed", "sha256": _sha256(territory(genome))},
    }
    return {
        "protocol": {
            "id": identifier,
            "version": "1.0.0",
            "title": "Made sarcoma consortium",
            "contact": "nobody: all data are made",
            "licence": "CC0-1.0",
            "data": "public",
        },
        "reference": {
            "assembly": genome.assembly,
            "contigs": [
                {"name": name, "length": int(bases.size), "md5": genome.md5(name)}
                for name, bases in genome.contigs.items()
            ],
        },
        "genomics": {
            "aligner": "bwa-mem",
            "bases_per_batch": 10_000_000,
            "callers": ["bcftools"],
            **pinned,
            "panel": [gene.name for gene in genome.genes],
            "thresholds": {
                "minimum_depth": 8,
                "minimum_mapping_quality": 20,
                "minimum_mean_depth": 10.0,
                "minimum_callable_fraction": 0.8,
            },
        },
        "imaging": {
            "roi": [
                {"name": "gtv", "patterns": ["gtv_(1|mass|mass_mr_t1)", "primary_tumou?r"]},
            ],
        },
        "radiomics": {
            "mode": "ibsi",
            "modalities": {"MR": {"bin_count": 32}},
        },
        "cohort": {
            "minimum_n": minimum_n,
            "analysis_sets": ["all", "genomics", "imaging", "both"],
            "several_series": "first",
        },
        "tables": tables,
        "disclosure": {"ruleset": "public-data-v1"},
        "conformance": {"pack_sha256": pack_digest(resources_folder() / "conformance")},
        "codebook": {
            "version": codebook().version,
            "constants_sha256": constants_sha256(),
        },
    }


def tables(features: str) -> list[dict[str, Any]]:
    """The tables that may leave, in order of priority."""
    return [
        {"id": "cohort", "kind": "count", "keys": ["analysis_set"]},
        {"id": "clinical_base", "kind": "count", "keys": ["sex", "age_band"]},
        {"id": "diagnosis", "kind": "count", "keys": ["diagnosis_chapter"]},
        {
            "id": "germline_carriers",
            "kind": "carriers",
            "genes": "panel",
            "consequence": ["truncating", "missense"],
        },
        {"id": "mr_core", "kind": "moment", "features": features},
        {
            "id": "mr_core_covariates",
            "kind": "comoment",
            "features": features,
            "covariates": ["age", "sex_female"],
        },
        {"id": "mr_core_hist", "kind": "hist", "features": features},
        {
            "id": "quality",
            "kind": "quality",
            "variables": ["mean_depth", "callable_fraction"],
        },
    ]


def write_protocol(
    folder: Path, genome: Genome, content: dict[str, Any], sites: dict[str, str]
) -> None:
    """Write protocol.yaml, the files it pins and keyring.yaml into one folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "genes.gff3").write_bytes(gff3(genome))
    (folder / "territory.bed").write_bytes(territory(genome))
    write_yaml(folder / "protocol.yaml", content)
    keyring = {
        "protocol": content["protocol"]["id"],
        "sites": [{"id": site, "title": title} for site, title in sites.items()],
    }
    write_yaml(folder / "keyring.yaml", keyring)


def write_yaml(path: Path, content: dict[str, Any]) -> None:
    """Write plain data as YAML, keys in the order given."""
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=96)
    path.write_text(text, encoding="utf-8")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
