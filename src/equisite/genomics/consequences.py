"""Alleles per gene and class of consequence, from the INFO/BCSQ of `bcftools csq -p a`.

One record is one allele (`bcftools norm -m-` ran before) and counts once per gene, in its
worst class, times its copies in the genotype. FORMAT/BCSQ is not used: it is empty for most
splice consequences (bcftools 1.16).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from equisite.variants.vcf import Genotype

TRUNCATING, INFRAME, MISSENSE, SYNONYMOUS = "truncating", "inframe", "missense", "synonymous"
CLASSES = (TRUNCATING, MISSENSE, SYNONYMOUS, INFRAME)
"""Classes in the order of columns."""

_TERMS = {
    TRUNCATING: {
        "stop_gained", "frameshift", "splice_acceptor", "splice_donor",
        "start_lost", "stop_lost",
    },
    INFRAME: {"inframe_insertion", "inframe_deletion", "inframe_altering"},
    MISSENSE: {"missense"},
    SYNONYMOUS: {"synonymous", "stop_retained", "start_retained"},
}  # fmt: skip
"""Terms of each class, worst class first; names as bcftools writes them."""


@dataclass(frozen=True)
class Effect:
    """One entry of BCSQ. events: the records that cause it together, `<pos><ref>><alt>`."""

    terms: frozenset[str]
    gene: str
    events: tuple[str, ...]

    @property
    def worst(self) -> str | None:
        """Worst class among the terms; None for introns, UTRs and the like."""
        return next((c for c, terms in _TERMS.items() if self.terms & terms), None)


def count_alleles(records: Iterable[Genotype]) -> dict[tuple[str, str], int]:
    """Number of alleles by (gene, class).

    A consequence behind a stop of the same haplotype (`*`) is not counted: the residue is
    not made. `-p a` takes unphased records as lying on one haplotype, so that two shifts of
    the frame become one in-frame change; unless all its records are homozygous, which puts
    them on one haplotype for certain, each of the two counts as truncating.
    """
    annotated = [(record, _entries(record)) for record in records]
    written: dict[tuple[str, int], list[str]] = {}
    by_event: dict[tuple[str, str], Genotype] = {}
    for record, entries in annotated:
        written.setdefault((record.contig, record.position + 1), []).extend(entries)
        by_event[record.contig, _event(record)] = record
    counts: dict[tuple[str, str], int] = {}
    for record, entries in annotated:
        copies = sum(c == 1 for c in record.copies)
        worst: dict[str, str] = {}
        for effect in _effects(record, entries, written):
            found = _class(effect, record, by_event)
            if found is not None:
                known = worst.get(effect.gene)
                order = list(_TERMS)
                if known is None or order.index(found) < order.index(known):
                    worst[effect.gene] = found
        for gene, found in worst.items():
            counts[gene, found] = counts.get((gene, found), 0) + copies
    return counts


def _entries(record: Genotype) -> list[str]:
    return [entry for entry in record.info.get("BCSQ", "").split(",") if entry]


def _event(record: Genotype) -> str:
    return f"{record.position + 1}{record.alleles[0]}>{record.alleles[1]}"


def _effects(
    record: Genotype, entries: Sequence[str], written: dict[tuple[str, int], list[str]]
) -> list[Effect]:
    """Effects of one record; `@pos` is looked up at the record that carries the entry."""
    effects = []
    for entry in entries:
        if entry.startswith("@"):
            there = written.get((record.contig, int(entry[1:])), [])
            others = [_effect(other) for other in there if not other.startswith("@")]
            effects += [e for e in others if _event(record) in e.events]
        else:
            effects.append(_effect(entry))
    return [e for e in effects if e.terms]


def _effect(entry: str) -> Effect:
    fields = entry.split("|")
    behind_stop = fields[0].startswith("*")
    terms = frozenset() if behind_stop else frozenset(fields[0].split("&"))
    events = tuple(fields[6].split("+")) if len(fields) > 6 else ()
    return Effect(terms, fields[1] if len(fields) > 1 else "", events)


def _class(
    effect: Effect, record: Genotype, by_event: dict[tuple[str, str], Genotype]
) -> str | None:
    found = effect.worst
    shift = (len(record.alleles[1]) - len(record.alleles[0])) % 3
    if found == TRUNCATING or len(effect.events) < 2 or not shift:
        return found
    partners = [by_event.get((record.contig, event)) for event in effect.events]
    if all(p is not None and set(p.copies) == {1} for p in partners):
        return found
    return TRUNCATING
