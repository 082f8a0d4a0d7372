"""One row of variant features per patient, and what became of every sample of the batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from equisite.core.outcomes import (
    DONE,
    FLAGGED,
    REFUSED,
    Outcome,
    judged,
    read_outcomes,
)
from equisite.genomics.consequences import CLASSES, count_alleles
from equisite.genomics.contamination import estimate_contamination
from equisite.genomics.counting import (
    count_heterozygotes,
    count_novel,
    count_variants,
    single_fraction,
)
from equisite.genomics.depth import Part
from equisite.genomics.frequencies import CommonSnps, read_alleles, read_common, read_depths
from equisite.genomics.genes import coding_bases
from equisite.genomics.homozygosity import roh_bases
from equisite.genomics.measures import read_measures
from equisite.genomics.quality import judge_quality
from equisite.genomics.samples import ROOM, Sample, germline_samples, not_refused, read_samples
from equisite.genomics.sex import AUTOSOMES, infer_sex, judge_sex, sex_regions
from equisite.protocol.models import Genomics, Protocol
from equisite.variants.intervals import Territory, read_bed
from equisite.variants.vcf import Genotype, open_text, read_genotypes

OF_READS = (
    "n_reads",
    "mapped_fraction",
    "duplicate_fraction",
    "read_length",
    "proper_pair_fraction",
    "insert_size_mean",
    "insert_size_sd",
    "insert_size_median",
    "mismatch_rate",
    "q30_fraction",
    "gc_fraction",
    "adapter_fraction",
    "mean_depth",
    "callable_bp",
    "callable_fraction",
    "fraction_10x",
    "fraction_20x",
    "fraction_30x",
    "contamination",
    "x_depth_ratio",
    "y_depth_ratio",
    "x_het_ratio",
    "sex_inferred",
    "single_caller_fraction",
)
"""Codebook variables that need reads; empty for a sample that starts from calls."""
OF_CALLS = (
    "n_snv",
    "n_indel",
    "n_het",
    "n_hom",
    "titv",
    "het_hom",
    "indel_snv",
    "novel_fraction",
    "n_singleton_vs_panel",
    "roh_bp",
)
VARIABLES = (*OF_READS, *OF_CALLS)
"""Codebook variables of a row, in order; the carriers columns of the panel follow."""
QUALITY_COLUMNS = ("token", "verdict", *VARIABLES)
"""Columns of `quality.tsv`: what the site's own report shows of each sample."""

Row = dict[str, object]


@dataclass(frozen=True)
class BatchFiles:
    """What earlier steps made of one batch, and what the reference's folder holds."""

    index: Path
    measured: Path
    annotated: Path
    outcomes: tuple[Path, ...]
    territory: Path
    genes: Path
    frequencies: Path


@dataclass(frozen=True)
class _Known:
    """What is the same for all samples of a batch."""

    territory: Territory
    genes: Mapping[str, Territory]
    sexes: Mapping[str, Territory]
    snps: CommonSnps
    alleles: frozenset[tuple[str, int, str, str]]


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


@dataclass(frozen=True)
class Counted:
    """A batch's rows of features, of quality, and outcomes.

    rows: patients whose sample is good enough, sorted. quality: every judged sample with
    reads under its token, also refused ones.
    """

    rows: list[Row]
    quality: list[Row]
    outcomes: list[Outcome]


def count_batch(files: BatchFiles, protocol: Protocol) -> Counted:
    """Count the variants of a batch and judge its samples.

    A patient who is refused has no row. Of given calls nothing is known of reads. A gene's
    count is empty where the gene has no model or is not callable; zero means that it was
    looked at and nothing found.
    """
    genomics = protocol.genomics
    samples = read_samples(files.index)
    chosen, _ = germline_samples(not_refused(samples, files.outcomes))
    known = _known(files, protocol)
    rows: list[Row] = []
    quality: list[Row] = []
    outcomes = read_outcomes(files.outcomes)
    for sample in sorted(chosen, key=lambda s: s.patient):
        records = [
            record
            for record in read_genotypes(files.annotated / f"{sample.token}.vcf")
            if known.territory.holds(record.contig, record.position)
        ]
        row: Row = {"patient": sample.patient, **dict.fromkeys(OF_READS)}
        findings = []
        genes = None
        if sample.given != "calls":
            measures = read_measures(files.measured, sample.token)
            genes = measures.genes
            evidence = infer_sex(measures.sexes, count_heterozygotes(records, known.sexes))
            row |= {
                **measures.variables,
                "contamination": _contamination(files.measured, sample, known.snps),
                "x_depth_ratio": evidence.x_ratio,
                "y_depth_ratio": evidence.y_ratio,
                "x_het_ratio": evidence.x_het_ratio,
                "sex_inferred": evidence.inferred,
                "single_caller_fraction": single_fraction(records, len(genomics.callers)),
            }
            findings = judge_quality(row, genomics.thresholds)
            differs = judge_sex(sample.lanes[0].sex, evidence)
            if differs and not any(f.severity == "refuse" for f in findings):
                findings = [differs] if differs.severity == "refuse" else [*findings, differs]
        outcomes += [judged(sample.patient, ROOM, sample.name, f) for f in findings]
        row |= count_variants(records)
        novel, found = count_novel(records, known.alleles)
        row["n_singleton_vs_panel"] = novel
        row["novel_fraction"] = novel / found if novel is not None and found else None
        row["roh_bp"] = roh_bases(records, known.sexes[AUTOSOMES])
        if sample.given != "calls":
            verdict = ",".join(finding.code for finding in findings) or "done"
            quality.append({**row, "token": sample.token, "verdict": verdict})
        if any(finding.severity == "refuse" for finding in findings):
            continue
        rows.append({**row, **_carriers(records, known.genes, genes, genomics)})
    return Counted(rows, quality, final_outcomes(outcomes, samples))


def _known(files: BatchFiles, protocol: Protocol) -> _Known:
    genomics = protocol.genomics
    territory = read_bed(open_text(files.territory))
    genes = {
        gene: coding.intersect(territory)
        for gene, coding in coding_bases(open_text(files.genes)).items()
        if gene in genomics.panel
    }
    sexes = sex_regions(territory, protocol.reference.contigs, genomics.sex_chromosomes)
    return _Known(
        territory,
        genes,
        sexes,
        read_common(files.frequencies),
        frozenset(read_alleles(files.frequencies)),
    )


def _contamination(folder: Path, sample: Sample, snps: CommonSnps) -> float | None:
    pileup = folder / f"{sample.token}.panel.tsv"
    if not snps.sites or not pileup.is_file():
        return None
    with pileup.open(encoding="utf-8") as lines:
        found = estimate_contamination(read_depths(lines, snps), snps)
    return found.share if found else None


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


def _carriers(
    records: Sequence[Genotype],
    genes: Mapping[str, Territory],
    covered: Mapping[str, Part] | None,
    genomics: Genomics,
) -> Row:
    """Alleles per gene; of given calls every gene with a model counts as looked at."""
    counts = count_alleles(records)
    row: Row = {}
    for gene in genomics.panel:
        bases = genes[gene].size if gene in genes else 0
        fraction = covered[gene].callable_fraction if covered and bases else 1.0
        known = fraction >= genomics.thresholds.minimum_callable_fraction and bases > 0
        for consequence in CLASSES:
            number = counts.get((gene, consequence), 0) if known else None
            row[carriers_column(gene, consequence)] = number
    return row
