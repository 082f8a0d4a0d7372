"""How well the planted variants of the public pack were found, and digests of the result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from equisite.core.canonical import sha256_bytes
from equisite.core.errors import InputError
from equisite.core.tables import format_cell, read_table
from equisite.variants.comparison import (
    INDEL,
    SNP,
    Tallies,
    Tally,
    compare_genotypes,
    total,
)
from equisite.variants.fasta import read_fasta
from equisite.variants.intervals import Territory, read_bed
from equisite.variants.strata import Strata
from equisite.variants.vcf import open_text, read_genotypes

ITEM = "genomics"
CHANGING = ("truncating", "missense", "inframe")
"""Classes of inherited alleles that change a protein."""
PARTS = {
    "type=insertion": "insertion",
    "type=deletion": "deletion",
    "size=2-5": "size-2-5",
    "size=6-20": "size-6-20",
    "size=21+": "size-over-20",
}
"""Labels of strata that are scored beside the two kinds, by their name in an item."""


@dataclass(frozen=True, order=True)
class Score:
    """One row of the conformance scores: item, measure (as in the bundle), value as text."""

    item: str
    measure: str
    value: str


@dataclass(frozen=True)
class Genome:
    """What the pack's variants lie on: its sequences, and the bases that are judged."""

    sequences: Mapping[str, str]
    territory: Territory


def read_genome(pack: Path) -> Genome:
    """Sequences and territory of the shipped pack. pack: its folder."""
    folder = pack / "genome"
    sequences = read_fasta(folder / "reference.fa.gz")
    return Genome(
        {name: bases.decode() for name, bases in sequences},
        read_bed(open_text(folder / "territory.bed")),
    )


def score(calls: Path, variants: Path, truth: Path, genome: Genome) -> list[Score]:
    """Scores of the pack's calls, sorted by item and measure.

    calls: VCF of the pack's sample. variants: table of features of the pack's batch.
    truth: VCF of what was planted.
    `genomics/snp`, `genomics/indel` and parts of the indels: precision, recall and F1,
    genotypes compared by replay. `genomics/genes/<gene>`: whether an allele that changes
    the protein was counted. `genomics/calls` and `genomics/features`: digest.
    Raises InputError PACK_INCOMPLETE when the pack's patient has no row: the pack's reads
    have no excuse.
    """
    entries = compare_genotypes(
        read_genotypes(truth),
        read_genotypes(calls),
        genome.sequences,
        genome.territory,
        Strata(),
    )
    row = the_row(variants)
    scores = list(scores_of_kinds(ITEM, total(entries)))
    scores += scores_of_genes(ITEM, hits_of(row, "carriers", CHANGING))
    scores.append(Score(f"{ITEM}/calls", "digest", digest_of_calls(calls)))
    scores.append(Score(f"{ITEM}/features", "digest", digest_of_row(row)))
    return sorted(scores)


def scores_of_kinds(item: str, tallies: Tallies) -> Iterator[Score]:
    """Shares of both kinds, and of those parts of which the truth holds any.

    What is scored depends on the truth alone, so that every site has the same items. No
    calls at all of what was planted is precision 0.
    """
    named = {SNP: SNP, INDEL: INDEL, **PARTS}
    for label, name in named.items():
        tally = tallies.get(label, Tally())
        if label not in (SNP, INDEL) and tally.recall is None:
            continue
        for measure in ("precision", "recall", "f1"):
            value: float | None = getattr(tally, measure)
            yield Score(f"{item}/{name}", measure, format_cell(value or 0.0))


def scores_of_genes(item: str, hits: Mapping[str, bool]) -> Iterator[Score]:
    """One row per gene of the pack, found changed or not."""
    for gene, hit in sorted(hits.items()):
        yield Score(f"{item}/genes/{gene}", "hit", str(int(hit)))


def hits_of(row: Mapping[str, str], stem: str, classes: Iterable[str]) -> dict[str, bool]:
    """Which genes a row of features says are hit in one of some classes of consequence.

    stem: of the columns `<stem>__<gene>__<class>`. A gene that was not read has no hit.
    """
    hits: dict[str, bool] = {}
    wanted = set(classes)
    for column, value in row.items():
        first, _, rest = column.partition("__")
        gene, _, kind = rest.rpartition("__")
        if first == stem and kind in wanted:
            hits[gene] = hits.get(gene, False) or value not in ("", "0")
    return hits


def digest_of_calls(calls: Path) -> str:
    """Sha256 of the records of a VCF, sorted, without any header line."""
    records = sorted(line for line in open_text(calls) if line and not line.startswith("#"))
    return sha256_bytes("".join(f"{record}\n" for record in records).encode())


def the_row(table: Path) -> dict[str, str]:
    """The one row of features of the pack's patient, without the patient.

    Raises InputError PACK_INCOMPLETE.
    """
    columns, rows = read_table(table)
    if len(rows) != 1:
        raise InputError("PACK_INCOMPLETE", rows=len(rows))
    return {column: rows[0][column] for column in columns if column != "patient"}


def digest_of_row(row: Mapping[str, str]) -> str:
    """Sha256 of a row of features as it is written."""
    return sha256_bytes("\n".join(f"{c}={value}" for c, value in row.items()).encode())
