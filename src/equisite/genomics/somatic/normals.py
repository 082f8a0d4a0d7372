"""The steps on the normals of a batch: what each shows, and the panel of all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from equisite.core.each import Bench, run_each
from equisite.core.errors import Finding
from equisite.core.outcomes import Outcome
from equisite.genomics.cells import cells_of, cells_of_share
from equisite.genomics.samples import ROOM, Sample, items_of, not_refused, read_samples
from equisite.genomics.somatic.bases import MappedReference
from equisite.genomics.somatic.panel import (
    Allele,
    build_panel,
    read_sighted,
    sighted,
    write_sighted,
)
from equisite.variants.intervals import Territory, read_bed
from equisite.variants.vcf import open_text


@dataclass(frozen=True)
class Batch:
    """Files of one batch. aligned: outcomes of alignment. pinned: folder of pinned files."""

    index: Path
    aligned: Path
    reference: MappedReference
    out: Path


def read_cells(
    territory: Path, reference: MappedReference, share: tuple[int, int] | None
) -> Sequence[Territory]:
    """Cells of a BED; share: only those of one job, its number from 1, of how many."""
    cells = cells_of(read_bed(open_text(territory)), reference.lengths)
    return cells if share is None else cells_of_share(cells, *share)


def sight_alleles(batch: Batch, crams: Path, cells: Sequence[Territory]) -> list[Outcome]:
    """Write `<token>.alleles.tsv.gz` of every normal with reads."""

    def work(sample: Sample, bench: Bench) -> Iterator[Allele]:
        cram = crams / f"{sample.token}.cram"
        return sighted(cram, cells, batch.reference, bench.scratch)

    return _on_normals(batch, work)


def join_sighted(batch: Batch, folders: Sequence[Path]) -> list[Outcome]:
    """The same of the folders that `sight_alleles` filled, share by share."""

    def work(sample: Sample, _: Bench) -> Iterator[Allele]:
        for folder in folders:
            yield from read_sighted(folder / f"{sample.token}.alleles.tsv.gz")

    return _on_normals(batch, work)


def _on_normals(
    batch: Batch, work: Callable[[Sample, Bench], Iterator[Allele]]
) -> list[Outcome]:
    normals = {
        sample.token: sample
        for sample in not_refused(read_samples(batch.index), [batch.aligned])
        if sample.kind == "normal" and sample.given != "calls"
    }

    def write(bench: Bench) -> Iterable[Finding]:
        token = bench.item.token
        write_sighted(bench.place / f"{token}.alleles.tsv.gz", work(normals[token], bench))
        return ()

    return run_each(items_of(normals.values()), write, room=ROOM, folder=batch.out)


def collect_panel(
    indexes: Sequence[Path],
    folders: Sequence[Path],
    judged: Sequence[Path],
    reference: MappedReference,
    out: Path,
) -> tuple[int, int]:
    """Build the site's panel; the normals of refused pairs stay out.

    indexes, folders, judged: index, sighted alleles and outcomes of each batch.
    Returns the numbers of alleles and of normals.
    """
    samples = []
    for index, folder, outcomes in zip(indexes, folders, judged, strict=True):
        for sample in not_refused(read_samples(index), [outcomes]):
            path = folder / f"{sample.token}.alleles.tsv.gz"
            if path.is_file():
                samples.append(path)
    order = {name: number for number, name in enumerate(reference.lengths)}
    return build_panel(sorted(samples), order, out), len(samples)
