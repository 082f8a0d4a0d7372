"""Which panel genes a tumour has hit, by class of consequence: yes, no, or not known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from equisite.genomics.tumour.calls import SomaticCall
from equisite.variants.intervals import Territory

TRUNCATING, SPLICE, INFRAME, MISSENSE = "truncating", "splice", "inframe", "missense"
PROMOTER = "promoter"
SMALL_CLASSES = (TRUNCATING, SPLICE, INFRAME, MISSENSE, PROMOTER)
"""Classes of small variants, in the order of columns; of a gene's the worst comes first."""
CALLABLE_SHARE = 0.8

_TERMS = {
    TRUNCATING: {"stop_gained", "frameshift", "start_lost", "stop_lost"},
    SPLICE: {"splice_acceptor", "splice_donor"},
    INFRAME: {"inframe_insertion", "inframe_deletion", "inframe_altering"},
    MISSENSE: {"missense"},
}
"""Terms of each class as bcftools writes them, worst class first."""


def hit_of(call: SomaticCall) -> dict[str, str]:
    """Worst class of one allele in each gene that its consequences name."""
    terms: dict[str, set[str]] = {}
    for entry in call.consequences:
        fields = entry.split("|")
        if len(fields) > 1 and not fields[0].startswith(("*", "@")):
            terms.setdefault(fields[1], set()).update(fields[0].split("&"))
    found = {}
    for gene, said in sorted(terms.items()):
        worst = next((kind for kind, names in _TERMS.items() if said & names), None)
        if worst is not None:
            found[gene] = worst
    return found


def changes_protein(call: SomaticCall) -> bool:
    """Whether the allele changes a protein or its splicing in any gene."""
    return bool(hit_of(call))


def gene_hits(
    calls: Iterable[SomaticCall],
    panel: Sequence[str],
    coding: Mapping[str, Territory],
    promoters: Mapping[str, Territory],
    callable_bases: Territory,
) -> dict[tuple[str, str], int | None]:
    """1 or 0 by gene and class; None where less than 80 % of the bases could be called.

    coding, promoters: bases of the gene models, whole, not cut to the territory: a gene of
    which only hotspots were sequenced is not known to be intact.
    """
    hits: set[tuple[str, str]] = set()
    for call in calls:
        hits |= set(hit_of(call).items())
        hits |= {(g, PROMOTER) for g in panel if g in promoters and call.inside(promoters[g])}
    found: dict[tuple[str, str], int | None] = {}
    for gene in panel:
        for kind in SMALL_CLASSES:
            bases = (promoters if kind == PROMOTER else coding).get(gene)
            known = bases is not None and is_callable(bases, callable_bases)
            found[gene, kind] = int((gene, kind) in hits) if known else None
    return found


def is_callable(bases: Territory, callable_bases: Territory) -> bool:
    """Whether 80 % of the bases could be called."""
    size = bases.size
    return size > 0 and bases.intersect(callable_bases).size >= CALLABLE_SHARE * size
