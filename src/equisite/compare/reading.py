"""The result tables of a comparison, read back from their files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from equisite.compare import lead as places
from equisite.compare.admission import ADMITTED, AdmittedRow
from equisite.compare.results import MetaRow, PooledRow, SiteRow
from equisite.compare.suspects import SuspectRow
from equisite.core.tables import read_rows


@dataclass(frozen=True)
class Results:
    """The result tables of one comparison, as read from their files."""

    admitted: list[AdmittedRow]
    sites: list[SiteRow]
    pooled: list[PooledRow]
    meta: list[MetaRow]
    suspects: list[SuspectRow]


def read_results(report: Path) -> Results:
    """Read the tables of a report folder."""
    return Results(
        read_rows(report / places.ADMITTED, AdmittedRow),
        read_rows(report / places.SITES, SiteRow),
        read_rows(report / places.POOLED, PooledRow),
        read_rows(report / places.META, MetaRow),
        read_rows(report / places.SUSPECTS, SuspectRow),
    )


def titles_of(found: Results) -> dict[str, str]:
    """Names of the admitted sites by id, sorted by id."""
    return {r.site: r.title for r in found.admitted if r.verdict == ADMITTED}
