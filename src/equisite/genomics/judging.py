"""Files in, figures out: the comparator as the command line and the pack use it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from equisite.core.canonical import canonical_json
from equisite.variants.comparison import (
    INDEL,
    SNP,
    bootstrap_f1,
    compare_alleles,
    compare_genotypes,
    total,
)
from equisite.variants.fasta import read_fasta
from equisite.variants.intervals import read_bed
from equisite.variants.strata import Strata
from equisite.variants.vcf import open_text, read_genotypes

Figures = dict[str, float | int | list[float] | None]
Report = dict[str, dict[str, Figures]]
"""mode (genotype, allele) -> kind (snp, indel) or label of a stratum -> figures."""


def judge_files(
    truth: Path,
    calls: Path,
    reference: Path,
    bed: Path,
    *,
    truth_sample: str | None = None,
    calls_sample: str | None = None,
    rounds: int = 0,
    seed: int = 1,
    regions: Mapping[str, Path] | None = None,
) -> Report:
    """Judge one sample's calls by its truth, in both modes.

    rounds: bootstrap rounds of the interval of F1; 0 leaves it out. regions: BED by name;
    given, also empty, records count by type, size and region as well.
    Raises VcfError, ValueError (FASTA, BED) and OSError with what is wrong.
    """
    sequences = {name: bases.decode() for name, bases in read_fasta(reference)}
    territory = read_bed(open_text(bed))
    known = list(read_genotypes(truth, truth_sample))
    called = list(read_genotypes(calls, calls_sample))
    strange = {r.contig for r in (*known, *called)} - sequences.keys()
    if strange:
        raise ValueError(f"the reference has no sequence {min(strange)}")
    strata = None
    if regions is not None:
        strata = Strata({name: read_bed(open_text(path)) for name, path in regions.items()})
    report: Report = {}
    for mode, compare in (("genotype", compare_genotypes), ("allele", compare_alleles)):
        entries = compare(known, called, sequences, territory, strata)
        summed = total(entries)
        report[mode] = {}
        for kind in (SNP, INDEL, *sorted(summed.keys() - {SNP, INDEL})):
            tally = summed[kind]
            figures: Figures = {
                "precision": tally.precision,
                "recall": tally.recall,
                "f1": tally.f1,
                "truth_found": tally.found,
                "truth_missed": tally.missed,
                "calls_right": tally.right,
                "calls_wrong": tally.wrong,
            }
            if rounds:
                interval = bootstrap_f1(entries, kind, rounds=rounds, seed=seed)
                figures["f1_interval"] = list(interval) if interval else None
            report[mode][kind] = figures
    return report


def report_lines(report: Report) -> list[str]:
    """A table for people, then one line of JSON."""
    columns = ("truth_found", "truth_missed", "calls_right", "calls_wrong")
    shares = ("recall", "precision", "f1")
    lines = ["mode\tkind\t" + "\t".join((*columns, *shares, "f1_interval"))]
    for mode, kinds in report.items():
        for kind, figures in kinds.items():
            cells = [mode, kind, *(str(figures[c]) for c in columns)]
            cells += [_share(figures[c]) for c in shares]
            interval = figures.get("f1_interval")
            cells.append("-".join(map(_share, interval)) if isinstance(interval, list) else "")
            lines.append("\t".join(cells))
    lines.append(canonical_json(report).decode())
    return lines


def _share(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else ""
