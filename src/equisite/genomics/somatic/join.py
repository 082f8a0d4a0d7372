"""Parts of a pair put behind each other: a genome that many jobs read is one again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from equisite.core.atomic import replacing
from equisite.core.errors import Finding
from equisite.core.tables import header_text, write_rows
from equisite.genomics.somatic.evidence import Evidence
from equisite.genomics.somatic.freebayes import Counted
from equisite.genomics.somatic.gather import Part
from equisite.genomics.somatic.pair import ALONE, PairFacts, facts_of
from equisite.genomics.somatic.sums import Gathered
from equisite.genomics.somatic.windows import BedWriter
from equisite.variants.intervals import Interval


def join(
    parts: Sequence[Part], gathered: Gathered, mode: str, remarks: Sequence[Finding], out: str
) -> None:
    """Write what a pair is called from, of parts in the order of the reference.

    gathered, mode, remarks: their sums, and how `judge` judged them. Files are
    `<out>.evidence.tsv`, `<out>.counted.tsv`, `<out>.callable.bed` and `<out>.pair.tsv`.
    """
    write_joined(Path(f"{out}.evidence.tsv"), Evidence, [p.evidence for p in parts])
    write_joined(Path(f"{out}.counted.tsv"), Counted, [p.counted for p in parts])
    beds = [part.alone if mode == ALONE else part.pair for part in parts]
    with replacing(Path(f"{out}.callable.bed")) as stream:
        bed = BedWriter(lambda line: stream.write(line.encode()))
        for contig, start, end in (span for path in beds for span in intervals_of(path)):
            bed.add(contig, [(start, end)])
        bed.end()
    write_rows(Path(f"{out}.pair.tsv"), PairFacts, [facts_of(gathered, mode, remarks)])


def write_joined(
    path: Path, row_type: type[Evidence | Counted], tables: Iterable[Path]
) -> None:
    """One table of several of the same rows, in their order.

    Raises ValueError for a table with others.
    """
    header = header_text(row_type).encode()
    with replacing(path) as stream:
        stream.write(header)
        for table in tables:
            with table.open("rb") as rows:
                if rows.readline() != header:
                    raise ValueError("a part has other columns")
                for row in rows:
                    stream.write(row)


def intervals_of(bed: Path) -> Iterator[Interval]:
    """Intervals of a BED that `BedWriter` wrote, one by one."""
    with bed.open(encoding="utf-8") as lines:
        for line in lines:
            contig, start, end = line.split("\t")
            yield contig, int(start), int(end)
