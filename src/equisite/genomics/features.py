"""One row of variant features per patient, and what became of every sample of the batch."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from equisite.core.errors import Finding
from equisite.core.outcomes import (
    DONE,
    FLAGGED,
    REFUSED,
    Outcome,
    judged,
    read_outcomes,
)
from equisite.genomics.consequences import CLASSES, count_alleles
from equisite.genomics.depth import Coverage, measure_depth
from equisite.genomics.genes import coding_bases
from equisite.genomics.samples import ROOM, Sample, germline_samples, not_refused, read_samples
from equisite.protocol.models import Genomics, GenomicThresholds
from equisite.variants.intervals import Territory, read_bed
from equisite.variants.vcf import Genotype, open_text, read_genotypes

VARIABLES = (
    "n_reads",
    "mapped_fraction",
    "duplicate_fraction",
    "mean_depth",
    "callable_bp",
    "callable_fraction",
    "n_snv",
    "n_indel",
    "n_het",
    "n_hom",
    "titv",
)
"""Codebook variables of a row, in order; the carriers columns of the panel follow."""

_TRANSITIONS = ({"A", "G"}, {"C", "T"})

Row = dict[str, object]


@dataclass(frozen=True)
class BatchFiles:
    """What earlier steps made of one batch, and the reference's territory and genes."""

    index: Path
    crams: Path
    annotated: Path
    outcomes: tuple[Path, ...]
    territory: Path
    genes: Path


def columns(genomics: Genomics) -> list[str]:
    """Columns of `variants.tsv`: the same at all sites, whatever was found.

    >>> columns(Genomics(panel=("TP53",)))[-4:]
    ['carriers__TP53__truncating', 'carriers__TP53__missense', \
'carriers__TP53__synonymous', 'carriers__TP53__inframe']
    """
    genes = [carriers_column(gene, c) for gene in genomics.panel for c in CLASSES]
    return ["patient", *VARIABLES, *genes]


def carriers_column(gene: str, consequence: str) -> str:
    """Name of the column that counts a gene's alleles of one class."""
    return f"carriers__{gene}__{consequence}"


def count_batch(files: BatchFiles, genomics: Genomics) -> tuple[list[Row], list[Outcome]]:
    """Rows of all patients whose sample is good enough, sorted, and all outcomes.

    A patient who is refused has no row. Of given calls nothing is known of reads. A gene's
    count is empty where the gene has no model or is not callable; zero means that it was
    looked at and nothing found.
    """
    samples = read_samples(files.index)
    chosen, _ = germline_samples(not_refused(samples, files.outcomes))
    territory = read_bed(open_text(files.territory))
    genes = {
        gene: coding.intersect(territory)
        for gene, coding in coding_bases(open_text(files.genes)).items()
        if gene in genomics.panel
    }
    rows = []
    outcomes = read_outcomes(files.outcomes)
    for sample in sorted(chosen, key=lambda s: s.patient):
        quality = None
        if sample.given != "calls":
            cram = files.crams / f"{sample.token}.cram"
            coverage = measure_depth(
                cram, files.territory, territory, genes, genomics.thresholds
            )
            finding = judge(coverage, genomics.thresholds)
            if finding is not None:
                outcomes.append(judged(sample.patient, ROOM, sample.name, finding))
                continue
            quality = coverage, _flag_fractions(cram)
        records = [
            record
            for record in read_genotypes(files.annotated / f"{sample.token}.vcf")
            if territory.holds(record.contig, record.position)
        ]
        rows.append(
            {
                "patient": sample.patient,
                **_of_reads(quality),
                **count_variants(records),
                **_carriers(records, genes, quality[0] if quality else None, genomics),
            }
        )
    return rows, final_outcomes(outcomes, samples)


def _of_reads(quality: tuple[Coverage, Row] | None) -> Row:
    """What is known of the reads; all empty for a sample that starts from calls."""
    if quality is None:
        return dict.fromkeys(VARIABLES[: VARIABLES.index("n_snv")])
    coverage, flags = quality
    return {
        **flags,
        "mean_depth": coverage.mean_depth,
        "callable_bp": coverage.callable_bases,
        "callable_fraction": coverage.callable_fraction,
    }


def judge(coverage: Coverage, thresholds: GenomicThresholds) -> Finding | None:
    """Why a sample is not good enough, or None."""
    if coverage.mean_depth < thresholds.minimum_mean_depth:
        return Finding(
            "LOW_DEPTH",
            "",
            {"mean_depth": coverage.mean_depth, "minimum": thresholds.minimum_mean_depth},
        )
    if coverage.callable_fraction < thresholds.minimum_callable_fraction:
        return Finding(
            "LOW_CALLABLE",
            "",
            {
                "callable_fraction": coverage.callable_fraction,
                "minimum": thresholds.minimum_callable_fraction,
            },
        )
    return None


def count_variants(records: Iterable[Genotype]) -> Row:
    """Numbers of alleles by kind and of genotypes by copies; records hold one allele each.

    titv: transitions per transversion among substitutions, None without transversions.
    """
    n_snv = n_indel = n_het = n_hom = transitions = 0
    for record in records:
        ref, alt = record.alleles[:2]
        if record.is_indel:
            n_indel += 1
        elif len(ref) == 1:
            n_snv += 1
            transitions += any({ref, alt} == pair for pair in _TRANSITIONS)
        if set(record.copies) == {1}:
            n_hom += 1
        else:
            n_het += 1
    transversions = n_snv - transitions
    return {
        "n_snv": n_snv,
        "n_indel": n_indel,
        "n_het": n_het,
        "n_hom": n_hom,
        "titv": transitions / transversions if transversions else None,
    }


def final_outcomes(outcomes: Iterable[Outcome], samples: Sequence[Sample]) -> list[Outcome]:
    """What is left to say of each sample: why it was refused, else its remarks, else done.

    Raises RuntimeError when a sample of the batch was lost on the way: success with nothing
    must not pass.
    """
    by_item: dict[tuple[str, str], set[Outcome]] = {}
    for outcome in outcomes:
        by_item.setdefault((outcome.patient, outcome.item), set()).add(outcome)
    missing = [s.token for s in samples if (s.patient, s.name) not in by_item]
    if missing:
        raise RuntimeError(f"{len(missing)} samples have no outcome, first {missing[0]}")
    final = []
    for _, found in sorted(by_item.items()):
        for kind in (REFUSED, FLAGGED, DONE):
            said = sorted(o for o in found if o.outcome == kind)
            if said:
                final += said
                break
    return final


def _flag_fractions(cram: Path) -> Row:
    """Reads, share of mapped ones, and share of duplicates among those."""
    text = subprocess.run(
        ["samtools", "flagstat", "-O", "tsv", str(cram)], check=True, capture_output=True
    ).stdout.decode()
    counts = {}
    for line in text.splitlines():
        passed, _, name = line.split("\t")
        counts[name] = passed
    reads, mapped, duplicates = (
        int(counts[name]) for name in ("primary", "primary mapped", "primary duplicates")
    )
    return {
        "n_reads": reads,
        "mapped_fraction": mapped / reads if reads else None,
        "duplicate_fraction": duplicates / mapped if mapped else None,
    }


def _carriers(
    records: Sequence[Genotype],
    genes: dict[str, Territory],
    coverage: Coverage | None,
    genomics: Genomics,
) -> Row:
    """Alleles per gene; of given calls every gene with a model counts as looked at."""
    counts = count_alleles(records)
    row: Row = {}
    for gene in genomics.panel:
        bases = genes[gene].size if gene in genes else 0
        fraction = coverage.regions[gene] / bases if coverage and bases else 1.0
        known = fraction >= genomics.thresholds.minimum_callable_fraction and bases > 0
        for consequence in CLASSES:
            number = counts.get((gene, consequence), 0) if known else None
            row[carriers_column(gene, consequence)] = number
    return row
