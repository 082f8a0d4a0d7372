"""Whether the codebook knows what tables name, and lets it leave in their form."""

from __future__ import annotations

from collections.abc import Iterator

from equisite.codebook.book import Codebook
from equisite.core.errors import ConfigError, Finding
from equisite.protocol.models import (
    ComomentTable,
    CountTable,
    FeatureTable,
    QualityTable,
    RepeatabilityTable,
    Table,
)
from equisite.protocol.yaml_text import Document, Location

FORM = {"moment": "moment", "hist": "hist", "comoment": "comoment", "repeatability": "moment"}
"""Form in which a feature leaves, by kind of table."""


def unreleasable_variables(
    table: Table, place: Location, book: Codebook, document: Document
) -> Iterator[Finding]:
    """What a table names other than features, and why it cannot leave."""
    named: tuple[str, str, tuple[str, ...]] = ("", "", ())
    match table:
        case CountTable():
            named = ("keys", "count", table.keys)
        case FeatureTable():
            named = ("strata", "count", table.strata)
        case ComomentTable():
            named = ("covariates", "comoment", table.covariates)
        case QualityTable():
            named = ("variables", "moment", table.variables)
    key, form, names = named
    for name in names:
        yield from _why_not(name, form, document.where((*place, key)), book)


def unreleasable_features(
    table: FeatureTable | ComomentTable | RepeatabilityTable,
    name: str,
    where: str,
    book: Codebook,
) -> Iterator[Finding]:
    """Why a feature, or one of a core list, cannot leave, before anything is computed."""
    try:
        columns = book.columns_of(name)
    except ConfigError as error:
        yield from (Finding(f.code, where, f.numbers) for f in error.findings)
        return
    for column in columns:
        yield from _why_not(column, FORM[table.kind], where, book)


def _why_not(name: str, form: str, where: str, book: Codebook) -> Iterator[Finding]:
    try:
        variable = book.variable(name)
        if form not in variable.forms:
            yield Finding("R1_UNREGISTERED", where, {"variable": name, "form": form})
        elif variable.is_numeric:
            book.constant(name)
    except ConfigError as error:
        yield from (Finding(f.code, where, f.numbers) for f in error.findings)
