"""Alleles that other callers passed, in the order of the reference and on disk.

Callers write their files in some order, alleles are shifted to the left, and a tumour called
alone has as many of them as a person has variants. So rows are sorted in runs of a fixed size,
the runs are merged, and only bases that count are let through on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import groupby, islice
from pathlib import Path

from equisite.core.tables import each_row, write_rows
from equisite.genomics.somatic.panel import Allele
from equisite.variants.intervals import Interval

RUN = 1 << 16
"""Rows that are sorted in memory: some 50 MB."""


@dataclass(frozen=True)
class GivenRow:
    """One allele of one caller: counts of the pair, None where the file does not say."""

    contig: str
    position: int
    ref: str
    alt: str
    caller: str
    ref_tumour: int | None
    alt_tumour: int | None
    ref_normal: int | None
    alt_normal: int | None

    @property
    def allele(self) -> Allele:
        """Sequence, 0-based position, and bases as VCF writes them."""
        return self.contig, self.position, self.ref, self.alt


class Order:
    """The order of rows: by sequences of the reference, then by allele and caller.

    Of one allele that a caller wrote several times the largest count comes first: SAGE and
    VarDict write an allele again when its reads differ around it.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._ranks: Mapping[str, int] = {name: rank for rank, name in enumerate(names)}

    def of(self, row: GivenRow) -> tuple[int, int, str, str, str, int]:
        """What rows are sorted by."""
        rank = self._ranks[row.contig]
        return rank, row.position, row.ref, row.alt, row.caller, -(row.alt_tumour or 0)

    def ends_before(self, span: Interval, row: GivenRow) -> bool:
        """Whether an interval lies before a row."""
        return (self._ranks[span[0]], span[2]) <= (self._ranks[row.contig], row.position)


def write_runs(rows: Iterable[GivenRow], order: Order, stem: Path) -> list[Path]:
    """Write rows as sorted runs `<stem>.<number>.tsv`; returns the files."""
    left = iter(rows)
    runs: list[Path] = []
    while run := sorted(islice(left, RUN), key=order.of):
        runs.append(stem.with_name(f"{stem.name}.{len(runs)}.tsv"))
        write_rows(runs[-1], GivenRow, run)
    return runs


def merged(runs: Sequence[Path], order: Order) -> Iterator[GivenRow]:
    """All rows in order, one for each allele of each caller."""
    rows = merge(*(each_row(run, GivenRow) for run in runs), key=order.of)
    for _, same in groupby(rows, key=lambda row: (row.allele, row.caller)):
        yield next(same)


def inside(
    rows: Iterable[GivenRow], spans: Iterable[Interval], order: Order
) -> Iterator[GivenRow]:
    """Rows whose position lies in one of the intervals; both are in order."""
    left = iter(spans)
    span = next(left, None)
    for row in rows:
        while span is not None and order.ends_before(span, row):
            span = next(left, None)
        if span is None:
            return
        if span[0] == row.contig and span[1] <= row.position:
            yield row
