"""Scores of the public conformance pack at this site; its truth ships with the product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from equisite.codebook.book import codebook
from equisite.core.errors import ConfigError
from equisite.genomics import conformance as germline_scores
from equisite.genomics.tumour import conformance as somatic_scores
from equisite.protocol.models import Protocol
from equisite.radiomics import conformance as radiomics_scores


@dataclass(frozen=True, order=True)
class ScoreRow:
    """One row of `work/conformance/scores.tsv`: an item, a measure and its value as text."""

    item: str
    measure: str
    value: str


@dataclass(frozen=True)
class BatchZero:
    """What the rooms made of the public pack. tumours: None where nothing somatic is called."""

    genomics: Path
    radiomics: Path
    tumours: Path | None


def score_pack(batch: BatchZero, protocol: Protocol, pack: Path) -> list[ScoreRow]:
    """Digests and scores of batch 0 against the pack's truth, sorted.

    protocol: that of the pack. pack: the shipped pack with its truth.
    Raises ConfigError SCORES_INCOMPLETE when the pack's sample or its tumour was not called,
    or a room gives no score: the pack's data have no excuse.
    """
    germline = _only(sorted((batch.genomics / "calls").glob("*.vcf.gz")))
    genome = germline_scores.read_genome(pack)
    variants = germline_scores.score(
        germline, batch.genomics / "variants.tsv", pack / "genome" / "truth.vcf", genome
    )
    if batch.tumours is not None:
        calls = _only(sorted((batch.tumours / "annotated").glob("*.vcf")))
        counted = protocol.genomics.tumour.confidence
        table = batch.tumours / "tumours.tsv"
        variants += somatic_scores.score(calls, table, pack, genome, counted)
    truth = radiomics_scores.known_under(
        radiomics_scores.read_truth(pack / "phantom" / "truth.tsv"),
        protocol.radiomics,
        codebook(),
    )
    features = radiomics_scores.score(batch.radiomics / "regions.tsv", truth)
    if not features:
        raise ConfigError("SCORES_INCOMPLETE", room="radiomics")
    rows = [ScoreRow(s.item, s.measure, s.value) for s in variants]
    return sorted(rows + [ScoreRow(s.item, s.measure, s.value) for s in features])


def _only(calls: Sequence[Path]) -> Path:
    if len(calls) != 1:
        raise ConfigError("SCORES_INCOMPLETE", room="genomics")
    return calls[0]
