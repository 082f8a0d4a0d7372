"""Scores of the public conformance pack at this site; its truth ships with the product."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from equisite.core.errors import ConfigError
from equisite.genomics import conformance as genomics_scores
from equisite.radiomics import conformance as radiomics_scores


@dataclass(frozen=True, order=True)
class ScoreRow:
    """One row of `work/conformance/scores.tsv`: an item, a measure and its value as text."""

    item: str
    measure: str
    value: str


def score_pack(genomics: Path, radiomics: Path, pack: Path) -> list[ScoreRow]:
    """Digests and scores of batch 0 against the pack's truth, sorted.

    genomics, radiomics: folders of batch 0. pack: the shipped pack with its truth.
    Raises ConfigError SCORES_INCOMPLETE when the pack's sample was not called or a room
    gives no score: the pack's data have no excuse.
    """
    calls = sorted((genomics / "calls").glob("*.vcf.gz"))
    if len(calls) != 1:
        raise ConfigError("SCORES_INCOMPLETE", room="genomics")
    genome = pack / "genome"
    variants = genomics_scores.score(
        calls[0],
        genome / "truth.vcf",
        genome / "reference.fa.gz",
        genome / "territory.bed",
        genomics / "variants.tsv",
    )
    truth = radiomics_scores.read_truth(pack / "phantom" / "truth.tsv")
    features = radiomics_scores.score(radiomics / "regions.tsv", truth)
    if not variants or not features:
        raise ConfigError("SCORES_INCOMPLETE", room="radiomics" if variants else "genomics")
    rows = [ScoreRow(s.item, s.measure, s.value) for s in variants]
    return sorted(rows + [ScoreRow(s.item, s.measure, s.value) for s in features])
