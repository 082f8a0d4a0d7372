"""How well the planted mutations of the public pack's tumour were found and counted."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from equisite.codebook.channels import CHANNELS
from equisite.core.tables import format_cell, read_table
from equisite.genomics.conformance import (
    Genome,
    Score,
    digest_of_calls,
    digest_of_row,
    hits_of,
    scores_of_genes,
    scores_of_kinds,
    the_row,
)
from equisite.genomics.tumour.burden import MEGABASE
from equisite.genomics.tumour.calls import HIGH, MEDIUM
from equisite.genomics.tumour.features import TUMOUR_COLUMN
from equisite.genomics.tumour.gene_hits import INFRAME, MISSENSE, SPLICE, TRUNCATING
from equisite.genomics.tumour.spectrum import spectrum
from equisite.variants.comparison import INDEL, SNP, Tally, compare_alleles, total
from equisite.variants.strata import Strata
from equisite.variants.vcf import Genotype, read_genotypes

ITEM = "somatic"
CHANGING = (TRUNCATING, SPLICE, INFRAME, MISSENSE)
"""Classes of mutations that change a protein."""
MUTATIONS, BASES, CHANNEL = "coding/mutations", "coding/bases", "spectrum/"
"""Items of the pack's counts: coding mutations, coding bases, substitutions by channel."""


def score(
    calls: Path, tumours: Path, pack: Path, genome: Genome, counted: Collection[str]
) -> list[Score]:
    """Scores of the pack's tumour, sorted by item and measure.

    calls: annotated VCF of the tumour. tumours: features of the pack's batch. pack: the
    shipped pack. counted: classes of confidence that the protocol counts.
    `somatic/snp`, `somatic/indel` and parts of the indels: precision, recall and F1 of the
    counted calls, alleles compared by replay. `somatic/high`, `somatic/medium`: precision of
    the class, and the number n of calls that it stands on. `somatic/spectrum`: largest
    difference of a channel's count from the planted one. `somatic/burden`: relative
    difference from planted mutations over coding bases, 1 where it is missing.
    `somatic/genes/<gene>`: hit. `somatic/calls`, `somatic/features`: digest.
    Raises InputError PACK_INCOMPLETE when the pack's tumour has no row.
    """
    truth = list(read_genotypes(pack / "genome" / "somatic.vcf"))
    called = list(read_genotypes(calls, TUMOUR_COLUMN))
    planted = planted_counts(pack / "genome" / "somatic.tsv")
    used = [call for call in called if call.info["CLASS"] in counted]
    row = the_row(tumours)
    entries = compare_alleles(truth, used, genome.sequences, genome.territory, Strata())
    scores = list(scores_of_kinds(ITEM, total(entries)))
    for grade in (HIGH, MEDIUM):
        own = [call for call in called if call.info["CLASS"] == grade]
        scores += _scores_of_class(grade, truth, own, genome)
    scores += scores_of_genes(ITEM, hits_of(row, "som_gene", CHANGING))
    spread = spectrum_difference(used, planted, genome)
    scores.append(Score(f"{ITEM}/spectrum", "max_difference", str(spread)))
    missed = format_cell(burden_difference(row["som_tmb"], planted))
    scores.append(Score(f"{ITEM}/burden", "max_difference", missed))
    scores.append(Score(f"{ITEM}/calls", "digest", digest_of_calls(calls)))
    scores.append(Score(f"{ITEM}/features", "digest", digest_of_row(row)))
    return sorted(scores)


def planted_counts(path: Path) -> dict[str, int]:
    """Counts of what was planted, by item, from `genome/somatic.tsv`."""
    return {row["item"]: int(row["value"]) for row in read_table(path)[1]}


def _scores_of_class(
    grade: str, truth: list[Genotype], calls: list[Genotype], genome: Genome
) -> Iterator[Score]:
    """Precision of one class, where it has calls, and their number."""
    tallies = total(compare_alleles(truth, calls, genome.sequences, genome.territory))
    both: Tally = tallies[SNP] + tallies[INDEL]
    yield Score(f"{ITEM}/{grade}", "n", str(both.right + both.wrong))
    if both.precision is not None:
        yield Score(f"{ITEM}/{grade}", "precision", format_cell(both.precision))


def spectrum_difference(
    calls: list[Genotype], planted: Mapping[str, int], genome: Genome
) -> int:
    """Largest difference of a channel's number of substitutions from the planted one."""
    edits = [e for call in calls for e in dict.fromkeys(call.edits) if e is not None]
    found: list[int] = spectrum(edits, genome.sequences).tolist()
    return max(
        abs(number - planted.get(f"{CHANNEL}{name}", 0))
        for name, number in zip(CHANNELS, found, strict=True)
    )


def burden_difference(found: str, planted: Mapping[str, int]) -> float:
    """Relative difference of a burden, as it is written, from the planted mutations per Mb.

    >>> burden_difference("5000", {"coding/mutations": 12, "coding/bases": 3000})
    0.25
    """
    if not found:
        return 1.0
    expected = float(format_cell(planted[MUTATIONS] / (planted[BASES] / MEGABASE)))
    return abs(float(found) - expected) / expected
