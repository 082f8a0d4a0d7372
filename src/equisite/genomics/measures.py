"""What is measured on one sample's reads: written by the step that reads the alignment."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from equisite.core.atomic import write_bytes
from equisite.core.canonical import canonical_json
from equisite.core.each import Bench
from equisite.core.errors import Finding
from equisite.genomics.depth import Coverage, Part, measure_depth
from equisite.genomics.genes import coding_bases
from equisite.genomics.one_reading import read_once
from equisite.genomics.samples import Sample
from equisite.genomics.sex import AUTOSOMES, X, Y, sex_regions
from equisite.genomics.stream import stream_first
from equisite.protocol.models import Protocol
from equisite.protocol.sequencing import GenomicThresholds
from equisite.variants.intervals import Territory, read_bed
from equisite.variants.vcf import open_text

GENE = "gene:"
FIRST_PAIRS = 1_000_000
"""Pairs of FASTQ that are inspected: enough for shares to a tenth of a per cent, and a small
part of a genome's cost."""
Row = dict[str, object]


@dataclass(frozen=True)
class Meter:
    """How the reads of a sample are measured.

    regions: parts of the territory whose depth is told apart. pileup: pipeline that writes
    reads at the panel's common substitutions, empty without panel. inspect: pipeline that
    reads the first pairs of FASTQ.
    """

    crams: Path
    bed: Path
    territory: Territory
    regions: Mapping[str, Territory]
    thresholds: GenomicThresholds
    pileup: str
    inspect: str

    @classmethod
    def of(
        cls,
        protocol: Protocol,
        *,
        crams: Path,
        bed: Path,
        models: Path,
        pileup: str,
        inspect: str,
    ) -> Meter:
        """Meter of a protocol; models: the gene models, whose panel genes are told apart."""
        territory = read_bed(open_text(bed))
        genomics = protocol.genomics
        genes = coding_bases(open_text(models))
        regions = {
            f"{GENE}{gene}": genes[gene].intersect(territory)
            for gene in genomics.panel
            if gene in genes
        }
        contigs = protocol.reference.contigs
        regions |= sex_regions(territory, contigs, genomics.sex_chromosomes)
        return cls(crams, bed, territory, regions, genomics.thresholds, pileup, inspect)

    def work(self, sample: Sample, bench: Bench) -> Iterable[Finding]:
        """Measure one sample; files of the tools and `<token>.depth.json` are what is left."""
        out = bench.place / sample.token
        cram = self.crams / f"{sample.token}.cram"
        coverage = read_once(cram, out, self._depth)
        write_bytes(out.with_name(f"{out.name}.depth.json"), canonical_json(asdict(coverage)))
        if self.pileup:
            bench.run(self.pileup)
        if sample.given == "fastq":
            bench.feed(self.inspect, lambda write: stream_first(sample, FIRST_PAIRS, write))
        return ()

    def _depth(self, alignment: IO[bytes]) -> Coverage:
        return measure_depth(alignment, self.bed, self.territory, self.regions, self.thresholds)


@dataclass(frozen=True)
class Measures:
    """Everything measured on the reads of one sample; `variables` by codebook id."""

    coverage: Coverage
    variables: Row

    @property
    def genes(self) -> dict[str, Part]:
        """Coverage of each gene's coding bases inside the territory."""
        return {
            name.removeprefix(GENE): part
            for name, part in self.coverage.regions.items()
            if name.startswith(GENE)
        }

    @property
    def sexes(self) -> dict[str, Part]:
        """Coverage of autosomes, X and Y."""
        return {
            name: part
            for name, part in self.coverage.regions.items()
            if name in (AUTOSOMES, X, Y)
        }


def read_measures(folder: Path, token: str) -> Measures:
    """What `measure_sample` and fastp wrote of one sample."""
    text = json.loads((folder / f"{token}.depth.json").read_bytes())
    coverage = Coverage(
        text["bases"],
        text["summed"],
        text["callable_bases"],
        {name: Part(**part) for name, part in text["regions"].items()},
        {int(depth): bases for depth, bases in text["reached"].items()},
    )
    flags = _flags((folder / f"{token}.flagstat").read_text(encoding="utf-8"))
    reads, mapped = flags["primary"], flags["primary mapped"]
    report = folder / f"{token}.fastp.json"
    variables: Row = {
        "n_reads": reads,
        "mapped_fraction": _over(mapped, reads),
        "duplicate_fraction": _over(flags["primary duplicates"], mapped),
        **_of_stats((folder / f"{token}.stats").read_text(encoding="utf-8").splitlines()),
        **_of_fastp(json.loads(report.read_bytes()) if report.is_file() else None),
        "mean_depth": coverage.mean_depth,
        "callable_bp": coverage.callable_bases,
        "callable_fraction": coverage.callable_fraction,
        **{
            f"fraction_{depth}x": bases / coverage.bases
            for depth, bases in sorted(coverage.reached.items())
        },
    }
    return Measures(coverage, variables)


def _over(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _flags(text: str) -> dict[str, int]:
    """Reads that passed, by what `samtools flagstat` calls them."""
    counts = {}
    for line in text.splitlines():
        number, _, _, name = line.split(" ", 3)
        counts[name.partition(" (")[0]] = int(number)
    return counts


def _of_stats(lines: Iterable[str]) -> Row:
    """Pairs, insert sizes and mismatches, from `samtools stats`."""
    summary: dict[str, float] = {}
    sizes: list[tuple[int, int]] = []
    for line in lines:
        fields = line.split("\t")
        if fields[0] == "SN":
            summary[fields[1].rstrip(":")] = float(fields[2])
        elif fields[0] == "IS":
            sizes.append((int(fields[1]), int(fields[2])))
    paired = any(count for _, count in sizes)
    return {
        "read_length": _over(summary["total length"], summary["raw total sequences"]),
        "proper_pair_fraction": _over(
            summary["reads properly paired"], summary["reads paired"]
        ),
        "insert_size_mean": summary["insert size average"] if paired else None,
        "insert_size_sd": summary["insert size standard deviation"] if paired else None,
        "insert_size_median": _median(sizes),
        "mismatch_rate": _over(summary["mismatches"], summary["bases mapped (cigar)"]),
    }


def _median(sizes: list[tuple[int, int]]) -> int | None:
    """Lower median of a histogram of value and count."""
    half = sum(count for _, count in sizes) / 2
    seen = 0
    for size, count in sorted(sizes):
        seen += count
        if count and seen >= half:
            return size
    return None


def _of_fastp(report: dict[str, dict[str, dict[str, float]]] | None) -> Row:
    """Qualities, bases and adapters of the first pairs; empty without a report."""
    row: Row = dict.fromkeys(("q30_fraction", "gc_fraction", "adapter_fraction"))
    if report is not None:
        before = report["summary"]["before_filtering"]
        row["q30_fraction"] = before["q30_rate"]
        row["gc_fraction"] = before["gc_content"]
        cut = report.get("adapter_cutting")
        # fastp leaves the section out where it found no adapter at all.
        trimmed = float(str(cut["adapter_trimmed_reads"])) if cut else 0.0
        row["adapter_fraction"] = _over(trimmed, before["total_reads"])
    return row
