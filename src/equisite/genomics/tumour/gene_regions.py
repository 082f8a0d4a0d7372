"""Where genes lie: whole span, and the bases before their start that hold the promoter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from equisite.genomics.genes import gff_rows
from equisite.variants.intervals import Interval, Territory

PROMOTER_BASES = 1000
"""Bases before a transcript's first one; the mutations of TERT's promoter lie within 150."""
_TRANSCRIPT, _GENE = "transcript:", "gene:"


@dataclass(frozen=True)
class GeneRegions:
    """spans: contig, start, end of each gene. promoters: bases before its transcripts."""

    spans: dict[str, Interval]
    promoters: dict[str, Territory]


def gene_regions(lines: Iterable[str]) -> GeneRegions:
    """Spans and promoters of all genes of checked gene models, by name."""
    names: dict[str, str] = {}
    spans: dict[str, Interval] = {}
    before: dict[str, list[Interval]] = {}
    for _, fields, attributes in gff_rows(lines):
        identifier = attributes.get("ID", "")
        start, end = int(fields[3]) - 1, int(fields[4])
        if identifier.startswith(_GENE):
            name = attributes.get("Name", identifier.removeprefix(_GENE))
            names[identifier] = name
            spans[name] = (fields[0], start, end)
        elif identifier.startswith(_TRANSCRIPT):
            gene = names.get(attributes.get("Parent", ""))
            if gene is not None and fields[6] == "+":
                window = (fields[0], max(start - PROMOTER_BASES, 0), start)
                before.setdefault(gene, []).append(window)
            elif gene is not None:
                before.setdefault(gene, []).append((fields[0], end, end + PROMOTER_BASES))
    promoters = {gene: Territory.of(windows) for gene, windows in before.items()}
    return GeneRegions(spans, promoters)
