"""All tumours of a batch: which one of a patient counts, and one row each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from equisite.core.errors import Finding
from equisite.core.outcomes import Outcome, judged
from equisite.core.tables import read_rows
from equisite.genomics.genes import coding_bases
from equisite.genomics.samples import ROOM, Sample, not_refused, read_samples
from equisite.genomics.tumour.features import (
    Ground,
    Row,
    TumourFiles,
    on_territory,
    tumour_row,
)
from equisite.genomics.tumour.gene_regions import gene_regions
from equisite.genomics.tumour.given import given_row
from equisite.genomics.tumour.measured import OFF, PAIR, Measures
from equisite.genomics.tumour.signatures import Signatures, read_signatures
from equisite.protocol.models import Genomics
from equisite.variants.alleles import Reference
from equisite.variants.intervals import Territory, read_bed
from equisite.variants.vcf import open_text


@dataclass(frozen=True)
class BatchFolders:
    """What earlier steps made of a batch. copies: None without the layer of copy number."""

    index: Path
    after: Sequence[Path]
    annotated: Path
    called: Path
    measures: Path
    copies: Path | None


def ground_of(
    genomics: Genomics,
    reference: Reference,
    territory: Path,
    genes: Path,
    signatures: Path | None,
) -> Ground:
    """What is the same for all tumours. signatures: the site's file, where it has one."""
    ground = read_bed(open_text(territory))
    table = None
    if signatures is not None and genomics.tumour.signatures is not None:
        table = _fitted(read_signatures(signatures), genomics, ground, reference)
    lines = list(open_text(genes))
    return Ground(genomics, reference, ground, coding_bases(lines), gene_regions(lines), table)


def _fitted(
    table: Signatures, genomics: Genomics, territory: Territory, reference: Reference
) -> Signatures:
    """The table for a part of the genome; the whole genome takes it as it is."""
    if genomics.territory is None:
        return table
    return on_territory(table, territory, reference)


def count_tumours(folders: BatchFolders, ground: Ground) -> tuple[list[Row], list[Outcome]]:
    """Rows by patient and remarks; of a patient one tumour counts, the first called one."""
    rows: dict[str, Row] = {}
    outcomes = []
    for tumour in called_tumours(folders):
        if tumour.patient in rows:
            finding = Finding("SECOND_TUMOUR")
            outcomes.append(judged(tumour.patient, ROOM, tumour.name, finding))
            continue
        row, findings = _row_of(tumour, folders, ground)
        rows[tumour.patient] = {"patient": tumour.patient, **row}
        outcomes += [judged(tumour.patient, ROOM, tumour.name, f) for f in findings]
    return [rows[patient] for patient in sorted(rows)], outcomes


def _row_of(tumour: Sample, folders: BatchFolders, ground: Ground) -> tuple[Row, list[Finding]]:
    if tumour.given == "calls":
        annotated = folders.annotated / f"{tumour.token}.vcf"
        return given_row(annotated, folders.called / f"{tumour.token}.given.tsv", ground)
    files = files_of(tumour, folders)
    row, findings = tumour_row(files, ground)
    return row, [*findings, *_not_measured(files, ground.genomics)]


def called_tumours(folders: BatchFolders) -> list[Sample]:
    """Tumours of a batch that have calls, by patient, those with reads first, and name."""
    samples = not_refused(read_samples(folders.index), folders.after)
    called = [
        s
        for s in samples
        if s.kind == "tumour" and (folders.annotated / f"{s.token}.vcf").is_file()
    ]
    return sorted(called, key=lambda s: (s.patient, s.given == "calls", s.name))


def files_of(tumour: Sample, folders: BatchFolders) -> TumourFiles:
    """Paths of one tumour; None for what is not there."""
    token = tumour.token

    def there(folder: Path | None, ending: str) -> Path | None:
        path = folder / f"{token}.{ending}" if folder is not None else None
        return path if path is not None and path.is_file() else None

    return TumourFiles(
        folders.annotated / f"{token}.vcf",
        folders.called / f"{token}.callable.bed",
        folders.called / f"{token}.pair.tsv",
        there(folders.measures, "measures.tsv"),
        there(folders.measures, "events.tsv"),
        there(folders.copies, "cnr"),
        there(folders.copies, "cns"),
    )


def _not_measured(files: TumourFiles, genomics: Genomics) -> Iterable[Finding]:
    """Why variables that the protocol asks for are missing."""
    if genomics.tumour.copy_number != "off" and files.bins is None:
        yield Finding("COPIES_NO_LAYER")
    if files.measures is not None:
        (measures,) = read_rows(files.measures, Measures)
        if measures.structural not in (OFF, PAIR):
            yield Finding("STRUCTURAL_NOT_KNOWN", "", {"reason": measures.structural})
