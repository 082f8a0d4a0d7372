"""What the rows of the sequencing sheet must agree on, and the files they name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from equisite.core.errors import Finding
from equisite.intake.places import Place, Places
from equisite.intake.rows import Row, Sheet
from equisite.protocol.site import SequencingRow

FILES = ("fastq_1", "fastq_2", "reads", "calls")
ENDINGS = {
    "reads": (".bam", ".cram"),
    "calls": (".vcf", ".vcf.gz", ".vcf.bgz", ".bcf"),
}
"""Columns whose files have fixed endings; FASTQ has many, so only others' are refused there."""

Found = dict[tuple[int, str], Place]
"""Sound files by line and column."""


def check_sequencing(sheet: Sheet[SequencingRow]) -> Iterator[Finding]:
    """Every contradiction among the rows; no file is looked at."""
    yield from _starts(sheet)
    yield from _samples(sheet)
    yield from _lanes(sheet)
    yield from _endings(sheet)


def check_files(sheet: Sheet[SequencingRow], places: Places) -> tuple[Found, list[Finding]]:
    """Look at every file once: absent, empty, unreadable, or given in two places."""
    found: Found = {}
    findings: list[Finding] = []
    first: dict[str, tuple[Row[SequencingRow], str]] = {}
    for row in sheet.rows:
        for column in FILES:
            name = getattr(row.cells, column)
            if name is None:
                continue
            where = sheet.where(row.line, column)
            place = places.file(name, where)
            if isinstance(place, Finding):
                findings.append(place)
                continue
            found[row.line, column] = place
            other, other_column = first.setdefault(place.identity, (row, column))
            if other is row and other_column == column:
                continue
            if _same_lane(other, row) and other_column == column:
                continue  # the row itself stands twice, which is told as LANE_TWICE
            numbers: dict[str, str | int | float | bool] = {"path": name}
            if other is row:
                findings.append(
                    Finding("SAME_FILE_TWICE", where, {**numbers, "other": other_column})
                )
            else:
                numbers |= {"line": other.line, "other": other_column}
                findings.append(Finding("FILE_IN_TWO_ROWS", where, numbers))
    return found, findings


def tumours_alone(sheet: Sheet[SequencingRow]) -> int:
    """Patients with tumour samples and no normal one."""
    kinds = defaultdict(set)
    for row in sheet.rows:
        kinds[row.cells.patient].add(row.cells.kind)
    return sum(1 for found in kinds.values() if found == {"tumour"})


def _starts(sheet: Sheet[SequencingRow]) -> Iterator[Finding]:
    for row in sheet.rows:
        cells = row.cells
        given = [c for c in ("fastq_1", "reads", "calls") if getattr(cells, c) is not None]
        if cells.fastq_2 is not None and cells.fastq_1 is None:
            yield Finding("FASTQ_2_ALONE", sheet.where(row.line, "fastq_2"))
            given.append("fastq_2")
        if not given:
            yield Finding("START_MISSING", sheet.where(row.line))
        elif len([g for g in given if g != "fastq_2"]) > 1:
            yield Finding(
                "START_TWO_KINDS", sheet.where(row.line), {"given": " and ".join(given)}
            )


def _start_of(cells: SequencingRow) -> str:
    return "FASTQ" if cells.fastq_1 else "reads" if cells.reads else "calls"


def _samples(sheet: Sheet[SequencingRow]) -> Iterator[Finding]:
    """One sample: one spelling, one patient, one kind, one assay, one kind of file."""
    first: dict[str, Row[SequencingRow]] = {}
    for row in sheet.rows:
        cells = row.cells
        other = first.setdefault(cells.sample.casefold(), row)
        if other is row:
            continue
        theirs = other.cells
        where = sheet.where(row.line, "sample")
        if theirs.sample != cells.sample:
            yield Finding(
                "ID_CASE",
                where,
                {"id": cells.sample, "other": theirs.sample, "line": other.line},
            )
            continue
        if theirs.patient.casefold() != cells.patient.casefold():
            yield Finding(
                "SAMPLE_OF_TWO_PATIENTS",
                where,
                {"id": cells.sample, "other": theirs.patient, "line": other.line},
            )
            continue
        for column in ("kind", "assay"):
            mine, its = getattr(cells, column), getattr(theirs, column)
            if mine != its:
                place = sheet.where(row.line, column)
                yield Finding(
                    "SAMPLE_DIFFERS",
                    place,
                    {"cell": mine, "other": its, "line": other.line, "id": cells.sample},
                )
        if _start_of(cells) != _start_of(theirs):
            yield Finding(
                "SAMPLE_STARTS_DIFFER", where, {"id": cells.sample, "line": other.line}
            )


def _same_lane(one: Row[SequencingRow], other: Row[SequencingRow]) -> bool:
    return _lane_key(one.cells) == _lane_key(other.cells)


def _lane_key(cells: SequencingRow) -> tuple[str, ...]:
    key = (cells.sample, cells.library or "", cells.lane or "")
    if cells.fastq_1 is not None:
        return tuple(part.casefold() for part in key)
    return (*(part.casefold() for part in key), cells.reads or "", cells.calls or "")


def _lanes(sheet: Sheet[SequencingRow]) -> Iterator[Finding]:
    first: dict[tuple[str, ...], Row[SequencingRow]] = {}
    for row in sheet.rows:
        other = first.setdefault(_lane_key(row.cells), row)
        if other is row or other.cells.patient != row.cells.patient:
            continue
        column = "lane" if "lane" in sheet.columns else "sample"
        yield Finding(
            "LANE_TWICE",
            sheet.where(row.line, column),
            {"id": row.cells.sample, "line": other.line},
        )


def _endings(sheet: Sheet[SequencingRow]) -> Iterator[Finding]:
    of_others = tuple(e for endings in ENDINGS.values() for e in endings)
    for row in sheet.rows:
        for column in FILES:
            name = getattr(row.cells, column)
            if name is None:
                continue
            if column in ENDINGS:
                wrong = not name.casefold().endswith(ENDINGS[column])
                wanted = " or ".join(ENDINGS[column][:2])
            else:
                wrong = name.casefold().endswith(of_others)
                wanted = ".fastq.gz, .fq.gz, .fastq or .fq"
            if wrong:
                yield Finding(
                    "FILE_OF_OTHER_KIND",
                    sheet.where(row.line, column),
                    {"path": name, "wanted": wanted},
                )
