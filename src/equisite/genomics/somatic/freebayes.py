"""Evidence B: what freebayes calls in tumour and normal together, judged by its counts.

Its QUAL is no somatic score. Kept are alleles with at least 3 reads and the protocol's share in
the tumour, of mapping quality 40, and in a normal of at least 5 reads no more than a tenth of
that share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from equisite.core.atomic import write_text
from equisite.core.tables import header_text, row_text
from equisite.variants.intervals import Territory
from equisite.variants.vcf import open_text

READS, NORMAL, SHARE, MAPQ = 3, 5, 0.1, 40.0
TUMOUR, NORMAL_SAMPLE = "TUMOUR", "NORMAL"
"""Names of the samples in every run: freebayes goes by their order, and with tokens, which are
other ones at every site, its records would, too."""


@dataclass(frozen=True)
class Counted:
    """One allele and its reads in both samples; position 0-based, normal 0 where not asked."""

    contig: str
    position: int
    ref: str
    alt: str
    alt_tumour: int
    ref_tumour: int
    alt_normal: int
    ref_normal: int
    mapq: float

    @property
    def edit(self) -> tuple[str, int, str, str]:
        """What the allele is known by elsewhere."""
        return self.contig, self.position, self.ref, self.alt


def count_cells(
    cells: Iterable[Territory],
    run: Callable[[Path, Path], object],
    out: Path,
    scratch: Path,
    *,
    paired: bool,
) -> None:
    """Write rows of `Counted`, in the order of the cells.

    run: calls the bases of a BED into a VCF; it is started anew for every cell. paired: there
    is a normal.
    """
    bed, calls = scratch / "cell.bed", scratch / "cell.vcf"
    with out.open("w", encoding="utf-8") as rows:
        rows.write(header_text(Counted))
        for cell in cells:
            write_text(bed, "".join(f"{c}\t{s}\t{e}\n" for c, s, e in cell))
            run(bed, calls)
            for counted in counted_of(calls, cell, TUMOUR, NORMAL_SAMPLE if paired else None):
                rows.write(row_text(counted))


def counted_of(
    calls: Path, cell: Territory, tumour: str, normal: str | None
) -> Iterable[Counted]:
    """Alleles of a VCF that begin in a cell, sorted.

    Reads reach over the ends of a cell, and what they show there is the neighbour's. An
    allele that stands twice counts with its larger count.
    """
    best: dict[tuple[str, int, str, str], Counted] = {}
    for counted in read_counted(calls, tumour, normal):
        if not cell.holds(counted.contig, counted.position):
            continue
        other = best.get(counted.edit)
        if other is None or counted.alt_tumour > other.alt_tumour:
            best[counted.edit] = counted
    order = {contig: number for number, contig in enumerate(cell.spans)}
    return sorted(best.values(), key=lambda c: (order[c.contig], c.edit))


def read_counted(path: Path, tumour: str, normal: str | None) -> Iterator[Counted]:
    """Records of a VCF of freebayes, one allele each; tumour, normal: names of the samples.

    Raises ValueError where a sample is missing: both are in every run.
    """
    columns: list[str] = []
    for line in open_text(path):
        if line.startswith("#CHROM"):
            columns = line.split("\t")
        if line.startswith("#") or not line:
            continue
        fields = line.split("\t")
        info = dict(part.partition("=")[::2] for part in fields[7].split(";"))
        counts = [_counts(fields, columns.index(tumour))]
        counts.append(_counts(fields, columns.index(normal)) if normal else (0, 0))
        (ref_tumour, alt_tumour), (ref_normal, alt_normal) = counts
        yield Counted(
            fields[0], int(fields[1]) - 1, fields[3], fields[4], alt_tumour, ref_tumour,
            alt_normal, ref_normal, _number(info["MQM"]),
        )  # fmt: skip


def _number(text: str) -> float:
    """First number of a field; 0 where nothing was measured."""
    first = text.split(",")[0]
    return 0.0 if first == "." else float(first)


def _counts(fields: list[str], column: int) -> tuple[int, int]:
    """Reads of reference and allele; none where the sample has no reads there."""
    values = dict(zip(fields[8].split(":"), fields[column].split(":"), strict=False))
    numbers = values.get("AD", ".").split(",")
    if len(numbers) < 2 or "." in numbers:
        return 0, 0
    return int(numbers[0]), int(numbers[1])


def is_called(counted: Counted, minimum: float, *, alone: bool) -> bool:
    """Whether evidence B holds. minimum: share in the tumour. alone: there is no normal."""
    tumour = counted.alt_tumour + counted.ref_tumour
    fraction = counted.alt_tumour / max(tumour, 1)
    kept = counted.alt_tumour >= READS and fraction >= minimum and counted.mapq >= MAPQ
    if alone or not kept:
        return kept
    normal = counted.alt_normal + counted.ref_normal
    return normal >= NORMAL and counted.alt_normal / normal <= SHARE * fraction
