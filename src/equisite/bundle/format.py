"""The one truth of a bundle's form: files, columns, enumerations, numbers.

Writer, reader, verification, the review page and the lead all stand on this module.
A bundle is a plain ustar of exactly the files in `FILES`, see `archive`. Which cells a
protocol allows is in `outputs`; how a cell is named is in `keys`.

Cells of each kind of table (`analysis_set=S` is always the first pair of the key):

| kind | key after analysis_set | measure |
|---|---|---|
| count | coded variables; a variable left out is the margin over it | count |
| carriers | gene, consequence; and gene alone | count; n (patients in whom the gene was read) |
| variants | variant | ac, an (copies of the allele, of the locus); n (callable patients) |
| spectrum | feature; and feature, channel | n; sum (substitutions, each patient's bounded) |
| positions | variant | listed (1; the number of carriers does not leave) |
| moment | strata, feature | n, mean_off, m2 |
| moment | strata, feature, side=low or high | clipped |
| hist | strata, feature, level, bin (0 and level+1 are the open ends) | bin |
| comoment | pattern | n |
| comoment | covariates=a, pattern | mean_off |
| comoment | covariates=a,b (a before or equal b in the protocol), pattern | sxx |
| comoment | feature, pattern | mean_off, m2 |
| comoment | feature, covariates=a, pattern | sxy |
| repeatability | feature | n, msb, msw (mean squares of perturbed copies) |
| quality (in quality.tsv) | feature | n, mean_off, m2; clipped with side |

mean_off is the mean of the transformed, clipped values minus the registered centre; m2,
sxx and sxy are sums of products about the site's own means on the same scale. A cell of a
withheld feature stands with status `clipped` or `suppressed` and an empty value.
"""

from __future__ import annotations

import math
import re
from dataclasses import astuple, dataclass
from typing import Literal

ABOUT = "about.json"
CELLS = "cells.tsv"
CONFORMANCE = "conformance.tsv"
DATAPACKAGE = "datapackage.json"
MANIFEST = "manifest.tsv"
QUALITY = "quality.tsv"
TABLES = "tables.tsv"

FILES = (ABOUT, CELLS, CONFORMANCE, DATAPACKAGE, MANIFEST, QUALITY, TABLES)
"""Every file of a bundle, in the order of the archive."""

STAMPS = {
    "patients": "patients' data, aggregated under full disclosure control",
    "public": "open data under small minimums; never pooled with patients' data",
}
"""What `data` of the protocol means, in the words that stand in every bundle."""

KINDS = (
    "count", "carriers", "variants", "spectrum", "positions", "moment", "hist", "comoment",
    "repeatability", "quality",
)  # fmt: skip
CLASSES = ("clinical", "germline", "somatic", "imaging", "quality")
TABLE_STATUSES = ("released", "withheld")
TABLE_REASONS = {
    "": "released",
    "approval": "no valid approval of this site names it",
    "absent": "this site has no values of this kind",
    "budget": "with all that leaves it would tell too much about who is in the cohort",
    "clipped": "every feature had too many values outside the registered limits",
    "dominated": "one or two patients make up most of it",
    "increment": "too few patients changed since an earlier release of it",
    "linked": "together with an earlier table it would show a small group",
    "minimum": "too few patients",
    "overlap": "its features left already for an overlapping group of patients",
    "small": "its groups are too small, and hiding the small ones would leave nothing to send",
}
"""Why a whole table stays, one word in the bundle, a sentence on the pages."""

CELL_STATUSES = ("ok", "suppressed", "merged", "structural", "clipped")
CELL_MEASURES = (
    "count", "n", "mean_off", "m2", "sxx", "sxy", "bin", "clipped", "ac", "an", "sum",
    "msb", "msw", "listed",
)  # fmt: skip
LISTED = "1"
"""The only value of a cell that says that something is so, and no number."""
INTEGER_MEASURES = frozenset({"count", "n", "bin", "clipped", "ac", "an", "sum", "hit"})
CONFORMANCE_MEASURES = (
    "digest", "recall", "precision", "f1", "n", "hit", "ccc", "max_difference",
)  # fmt: skip
"""Of the public pack: n is a number of calls, hit whether a gene was found changed (0 or 1)."""
SHARES = frozenset({"recall", "precision", "f1", "hit"})
"""Conformance measures from 0 to 1."""

TABLE_COLUMNS = (
    "table", "kind", "class", "analysis_set", "status", "reason", "rank", "cells",
)  # fmt: skip
CELL_COLUMNS = ("table", "key", "measure", "value", "status")
CONFORMANCE_COLUMNS = ("item", "measure", "value")
MANIFEST_COLUMNS = ("path", "bytes", "sha256")

FIRST_PATTERNS = frozenset(str(number) for number in range(1, 21))
"""Missingness patterns of a co-moment table are numbered from 1; rarer ones stay inside."""

CellStatus = Literal["ok", "suppressed", "merged", "structural", "clipped"]

INTEGER = re.compile(r"0|[1-9][0-9]{0,14}")
REAL = re.compile(r"-?[0-9]\.[0-9]{6}e[+-][0-9]{2,3}")
DIGEST = re.compile(r"[0-9a-f]{64}")
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
ITEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}(/[A-Za-z0-9][A-Za-z0-9._-]{0,63}){0,3}")
"""An item of the conformance pack: room, region, feature."""


@dataclass(frozen=True, order=True)
class TableRow:
    """One line of `tables.tsv`: what became of one table of the protocol.

    rank: independent statistics among the released cells. cells: lines of the table.
    """

    table: str
    kind: str
    data_class: str
    analysis_set: str
    status: str
    reason: str
    rank: int
    cells: int


@dataclass(frozen=True, order=True)
class CellRow:
    """One line of `cells.tsv` or `quality.tsv`; value is canonical text, or empty."""

    table: str
    key: str
    measure: str
    value: str
    status: str

    @property
    def number(self) -> float:
        """The value as a number, NaN where it is withheld."""
        return float(self.value) if self.value else math.nan


@dataclass(frozen=True, order=True)
class ConformanceRow:
    """One line of `conformance.tsv`: a digest in hexadecimal or a score."""

    item: str
    measure: str
    value: str


Row = TableRow | CellRow | ConformanceRow


def real_text(value: float) -> str:
    """Seven significant digits, no negative zero.

    Raises ValueError for NaN and infinity: they never leave.

    >>> real_text(-0.0), real_text(1 / 3)
    ('0.000000e+00', '3.333333e-01')
    """
    if not math.isfinite(value):
        raise ValueError("only finite numbers leave")
    text = f"{value:.6e}"
    return text.removeprefix("-") if float(text) == 0.0 else text


def value_text(measure: str, value: float) -> str:
    """Canonical text of a released number: integers exact, reals with seven digits.

    Raises ValueError for a count that is not a whole number >= 0.
    """
    if measure == "listed":
        return LISTED
    if measure not in INTEGER_MEASURES:
        return real_text(value)
    if value < 0 or value != int(value):
        raise ValueError("a count is a whole number")
    return str(int(value))


def is_canonical(measure: str, text: str) -> bool:
    """Whether `text` is the canonical form of a number of this measure."""
    if measure == "listed":
        return text == LISTED
    if measure in INTEGER_MEASURES:
        return INTEGER.fullmatch(text) is not None
    return REAL.fullmatch(text) is not None and real_text(float(text)) == text


def cells_of(row: Row) -> tuple[str, ...]:
    """Texts of one line."""
    return tuple(str(cell) for cell in astuple(row))
