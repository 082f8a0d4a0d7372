"""Which columns a table of features has: they depend on the protocol, never on a case."""

from __future__ import annotations

from collections.abc import Iterable

from equisite.codebook.aggregation import ENDS
from equisite.codebook.book import codebook
from equisite.codebook.model import Mode
from equisite.protocol.radiomics import RadiomicSettings


def quality_columns() -> tuple[str, ...]:
    """Ids of the quality numbers of a region."""
    return tuple(
        v.id
        for v in codebook().variables
        if v.class_ == "quality" and v.instances == "modality_roi"
    )


def feature_columns(mode: Mode, settings: Iterable[RadiomicSettings]) -> tuple[str, ...]:
    """Ids of all features of a mode, in the order of the codebook, then quality numbers.

    settings: of all modalities; their aggregations decide which IBSI textures there are.
    """
    wanted = {""} | {
        end
        for chosen in settings
        for aggregation in chosen.aggregation
        for end in ENDS[aggregation]
    }
    features = tuple(v.id for v in codebook().features(mode) if v.aggregation in wanted)
    return (*features, *quality_columns())
