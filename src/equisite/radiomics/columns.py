"""Which columns a table of features has: they depend on the protocol, never on a case."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from equisite.codebook.aggregation import ENDS
from equisite.codebook.book import SEPARATOR, codebook
from equisite.codebook.model import Mode
from equisite.protocol.radiomics import FILTERED_CLASSES, RadiomicSettings

FAMILY_OF_CLASS = {
    "morphology": "morph",
    "local_intensity": "loc",
    "statistics": "stat",
    "histogram": "ih",
    "volume_histogram": "ivh",
    "glcm": "cm",
    "glrlm": "rlm",
    "glszm": "szm",
    "gldzm": "dzm",
    "ngtdm": "ngt",
    "ngldm": "ngl",
}
"""First word of the tags of a class of mode `ibsi`."""


@cache
def quality_columns() -> tuple[str, ...]:
    """Ids of the quality numbers of a region."""
    return tuple(
        v.id
        for v in codebook().variables
        if v.class_ == "quality" and v.instances == "modality_roi"
    )


def feature_columns(mode: Mode, settings: Iterable[RadiomicSettings]) -> tuple[str, ...]:
    """Ids of all features of a mode, in the order of the codebook, then quality numbers.

    settings: of all modalities; their aggregations decide which IBSI textures there are, and
    their filters which features there are a second time, as `<filter>__<id>`.
    """
    chosen = tuple(settings)
    aggregations = frozenset(name for s in chosen for name in s.aggregation)
    filters = tuple(dict.fromkeys(f.name for s in chosen for f in s.filters))
    return _columns(mode, aggregations, filters)


@cache
def _columns(
    mode: Mode, aggregations: frozenset[str], filters: tuple[str, ...]
) -> tuple[str, ...]:
    wanted = {"", *(end for name in aggregations for end in ENDS[name])}
    features = tuple(v.id for v in codebook().features(mode) if v.aggregation in wanted)
    again = of_classes(features, mode, FILTERED_CLASSES[mode])
    filtered = (filtered_column(name, feature) for name in filters for feature in again)
    return (*features, *filtered, *quality_columns())


def filtered_column(name: str, feature: str) -> str:
    """Column of a feature of the response to a filter.

    >>> filtered_column("log2", "ibsi_stat_mean")
    'log2__ibsi_stat_mean'
    """
    return f"{name}{SEPARATOR}{feature}"


def of_classes(columns: Iterable[str], mode: Mode, classes: Iterable[str]) -> tuple[str, ...]:
    """Features of the image itself, among the columns, that belong to classes."""
    words = [FAMILY_OF_CLASS[c] if mode == "ibsi" else c for c in classes]
    starts = tuple(f"ibsi_{word}_" if mode == "ibsi" else f"{word}_" for word in words)
    return tuple(n for n in columns if n.startswith(starts) and SEPARATOR not in n)
