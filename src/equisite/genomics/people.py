"""Samples of a site compared with each other; what is said of pairs stays in outcomes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from equisite.core.errors import Finding
from equisite.core.outcomes import Outcome, judged
from equisite.genomics.frequencies import read_common, read_depths
from equisite.genomics.kinship import (
    FIRST_DEGREE,
    SAME,
    UNRELATED,
    Pair,
    genotypes_of,
    independent_sites,
    kinships,
)
from equisite.genomics.samples import ROOM, Sample, read_samples


@dataclass(frozen=True)
class MeasuredBatch:
    """A batch's index, and the folder with the pileups at the panel."""

    index: Path
    measured: Path


def compare_people(batches: Iterable[MeasuredBatch], frequencies: Path) -> list[Outcome]:
    """What is to be said of samples that are too much, or too little, alike.

    Compared are samples with reads, at independent common substitutions of the panel; of
    pairs with too few of them nothing is said.
    """
    snps = read_common(frequencies)
    places = independent_sites(snps.sites)
    samples = []
    genotypes = []
    for batch in batches:
        for sample in read_samples(batch.index):
            pileup = batch.measured / f"{sample.token}.panel.tsv"
            if pileup.is_file():
                with pileup.open(encoding="utf-8") as lines:
                    counts = read_depths(lines, snps)
                samples.append(sample)
                genotypes.append(genotypes_of(counts[places]))
    return sorted({o for pair in kinships(genotypes) for o in _told(pair, samples)})


def _told(pair: Pair, samples: Sequence[Sample]) -> list[Outcome]:
    one, other = samples[pair.one], samples[pair.other]
    own = one.patient == other.patient
    if own:
        code = "OWN_SAMPLES_DIFFER" if pair.phi < UNRELATED else ""
    elif pair.phi > SAME:
        code = "SAME_PERSON"
    else:
        code = "CLOSE_RELATIVES" if pair.phi > FIRST_DEGREE else ""
    if not code:
        return []
    return [
        judged(
            mine.patient,
            ROOM,
            mine.name,
            Finding(
                code,
                "",
                {
                    "other": theirs.name if own else theirs.patient,
                    "kinship": round(pair.phi, 3),
                    "sites": pair.sites,
                },
            ),
        )
        for mine, theirs in ((one, other), (other, one))
    ]
