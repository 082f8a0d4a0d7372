"""Files in, figures out: the comparator as the command line and the pack use it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from equisite.core.canonical import canonical_json
from equisite.variants.alleles import Reference
from equisite.variants.comparison import (
    INDEL,
    SNP,
    bootstrap_f1,
    compare_alleles,
    compare_genotypes,
    total,
)
from equisite.variants.fasta import read_fasta
from equisite.variants.intervals import Territory, read_bed
from equisite.variants.strata import Strata
from equisite.variants.vcf import Genotype, open_text, read_genotypes

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
    Raises ValueError with the file and what is wrong in it, also where files do not belong to
    the reference (every figure would be wrong), and OSError.
    """
    try:
        sequences = {name: bases.decode() for name, bases in read_fasta(reference)}
    except ValueError as error:
        raise ValueError(f"{reference}: {error}") from None
    territory = _bed(bed, sequences)
    known = _genotypes(truth, truth_sample, sequences)
    called = _genotypes(calls, calls_sample, sequences)
    strata = None
    if regions is not None:
        strata = Strata({name: _bed(path, sequences) for name, path in regions.items()})
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


def _genotypes(path: Path, sample: str | None, reference: Reference) -> list[Genotype]:
    """Records of a VCF that has a header line and stands on this reference."""
    try:
        if not any(line.startswith("#CHROM\t") for line in open_text(path)):
            raise ValueError("the file has no header line")
        records = list(read_genotypes(path, sample))
        _check_contigs((record.contig for record in records), reference)
        for record in records:
            _check_bases(record, reference[record.contig])
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return records


def _check_bases(record: Genotype, sequence: str) -> None:
    """REF must be what the reference has; letters that stand for several bases are let be."""
    ref, start = record.alleles[0], record.position
    own = sequence[start : start + len(ref)] if start >= 0 else ""
    same = len(own) == len(ref) and all(
        a == b or not {a, b} <= set("ACGT") for a, b in zip(ref, own, strict=True)
    )
    if not same:
        place = f"{record.contig}:{start + 1}"
        raise ValueError(f"REF at {place} is not what the reference has: another assembly?")


def _bed(path: Path, reference: Reference) -> Territory:
    try:
        territory = read_bed(open_text(path))
        _check_contigs(territory.spans, reference)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return territory


def _check_contigs(names: Iterable[str], reference: Reference) -> None:
    strange = set(names) - reference.keys()
    if strange:
        raise ValueError(
            f"the reference has no sequence {min(strange)}; it has {', '.join(reference)}"[:300]
        )


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
