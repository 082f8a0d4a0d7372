"""What the rows of the sequencing sheet must agree on, and the files they name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from equisite.core.errors import Finding, Number
from equisite.intake.file_samples import HeaderError, samples_of
from equisite.intake.places import Place, Places
from equisite.intake.rows import Sheet
from equisite.intake.sheet_text import Line
from equisite.protocol.site import SequencingRow

FILES = ("fastq_1", "fastq_2", "reads", "calls")
ENDINGS = {
    "reads": (".bam", ".cram"),
    "calls": (".vcf", ".vcf.gz", ".vcf.bgz", ".bcf"),
}
"""Columns whose files have fixed endings; FASTQ has many, so only others' are refused there."""
ASSAY = str(SequencingRow.model_fields["assay"].default)

Found = dict[tuple[int, str], Place]
"""Sound files by line and column."""


def check_sequencing(sheet: Sheet[SequencingRow]) -> Iterator[Finding]:
    """Every contradiction among the rows; no file is looked at."""
    yield from _starts(sheet)
    yield from _samples(sheet)
    yield from _one_start(sheet)
    yield from _lanes(sheet)
    yield from _endings(sheet)


def check_files(sheet: Sheet[SequencingRow], places: Places) -> tuple[Found, list[Finding]]:
    """Look at every file once: absent, empty, unreadable, or given in two places.

    One VCF may hold the calls of several samples; it may stand in the rows of those that it
    names.
    """
    found: Found = {}
    findings: list[Finding] = []
    named: dict[str, frozenset[str]] = {}
    first: dict[str, tuple[Line, str]] = {}
    for line in sheet.lines:
        for column in FILES:
            name = line.cells.get(column)
            if name is None:
                continue
            where = sheet.where(line.number, column)
            place = places.file(name, where)
            if isinstance(place, Finding):
                findings.append(place)
                continue
            found[line.number, column] = place
            other, other_column = first.setdefault(place.identity, (line, column))
            if other is line and other_column == column:
                continue
            if other_column == column and _lane_key(other) == _lane_key(line):
                continue  # the row itself stands twice, which is told as LANE_TWICE
            if column == other_column == "calls":
                if place.path not in named:
                    named[place.path] = _columns_of(place)
                if {line.cells.get("sample"), other.cells.get("sample")} <= named[place.path]:
                    continue
            numbers: dict[str, Number] = {"path": name, "other": other_column}
            if other is line:
                findings.append(Finding("SAME_FILE_TWICE", where, numbers))
            else:
                numbers["line"] = other.number
                findings.append(Finding("FILE_IN_TWO_ROWS", where, numbers))
    return found, findings


def _columns_of(place: Place) -> frozenset[str]:
    """Names of a VCF's samples; none where it cannot be read, which a later step tells."""
    try:
        return frozenset(samples_of(Path(place.path)))
    except HeaderError:
        return frozenset()


def tumours_alone(sheet: Sheet[SequencingRow]) -> int:
    """Patients with tumour samples and no normal one."""
    kinds = defaultdict(set)
    for row in sheet.rows:
        kinds[row.cells.patient].add(row.cells.kind)
    return sum(1 for found in kinds.values() if found == {"tumour"})


def _starts(sheet: Sheet[SequencingRow]) -> Iterator[Finding]:
    """Which file each row starts from. A column of open meaning may be the file's."""
    for line in sheet.lines:
        if not line.whole:
            continue
        cells = line.cells
        given = [c for c in ("fastq_1", "reads", "calls") if c in cells]
        if len(given) > 1:
            yield Finding(
                "START_TWO_KINDS", sheet.where(line.number), {"given": " and ".join(given)}
            )
        if not sheet.certain:
            continue
        if "fastq_2" in cells and "fastq_1" not in cells:
            yield Finding("FASTQ_2_ALONE", sheet.where(line.number, "fastq_2"))
        elif not given:
            yield Finding("START_MISSING", sheet.where(line.number))


def _start_of(line: Line) -> str:
    """The kind of file of a row; empty where no file is given."""
    kinds = (("fastq_1", "FASTQ"), ("fastq_2", "FASTQ"), ("reads", "reads"), ("calls", "calls"))
    return next((kind for column, kind in kinds if column in line.cells), "")


def _samples(sheet: Sheet[SequencingRow]) -> Iterator[Finding]:
    """One sample: one spelling, one patient, one kind, one assay, one kind of file."""
    first: dict[str, Line] = {}
    for line in sheet.lines:
        sample = line.cells.get("sample")
        if sample is None or not line.whole:
            continue
        other = first.setdefault(sample.casefold(), line)
        if other is line:
            continue
        theirs = other.cells["sample"]
        where = sheet.where(line.number, "sample")
        numbers: dict[str, Number] = {"id": sample, "line": other.number}
        if theirs != sample:
            yield Finding("ID_CASE", where, {**numbers, "other": theirs})
            continue
        if not _one_patient(line, other):
            owner = other.cells.get("patient", "")
            yield Finding("SAMPLE_OF_TWO_PATIENTS", where, {**numbers, "other": owner})
            continue
        yield from _differences(sheet, line, other)


def _differences(sheet: Sheet[SequencingRow], line: Line, other: Line) -> Iterator[Finding]:
    """What two rows of one sample say differently."""
    sample = line.cells["sample"]
    for column, default in (("kind", None), ("assay", ASSAY)):
        mine = line.cells.get(column, default)
        its = other.cells.get(column, default)
        if mine is None or its is None or column in line.told | other.told or mine == its:
            continue
        yield Finding(
            "SAMPLE_DIFFERS",
            sheet.where(line.number, column),
            {"cell": mine, "other": its, "line": other.number, "id": sample},
        )


def _one_start(sheet: Sheet[SequencingRow]) -> Iterator[Finding]:
    """All rows of one sample start from one kind of file.

    Calls of a tumour are evidence of other callers beside its reads, so they agree with all.
    """
    first: dict[str, Line] = {}
    for line in sheet.lines:
        sample, start = line.cells.get("sample"), _start_of(line)
        evidence = start == "calls" and line.cells.get("kind") == "tumour"
        if sample is None or not line.whole or not start or evidence:
            continue
        other = first.setdefault(sample.casefold(), line)
        if _start_of(other) != start and _one_patient(line, other):
            where = sheet.where(line.number, "sample")
            yield Finding("SAMPLE_STARTS_DIFFER", where, {"id": sample, "line": other.number})


def _lane_key(line: Line) -> tuple[str, ...]:
    key = [line.cells.get(column, "").casefold() for column in ("sample", "library", "lane")]
    if "fastq_1" not in line.cells:
        key += [line.cells.get(column, "") for column in ("reads", "calls")]
    return tuple(key)


def _lanes(sheet: Sheet[SequencingRow]) -> Iterator[Finding]:
    first: dict[tuple[str, ...], Line] = {}
    column = "lane" if "lane" in sheet.columns else "sample"
    for line in sheet.lines:
        if "sample" not in line.cells or line.unclear & {"library", "lane"}:
            continue
        if not sheet.certain and "lane" not in sheet.columns:
            continue  # the lanes may stand in the column whose name is not known
        other = first.setdefault(_lane_key(line), line)
        if other is line or not _one_patient(line, other):
            continue  # told as SAMPLE_OF_TWO_PATIENTS
        yield Finding(
            "LANE_TWICE",
            sheet.where(line.number, column),
            {"id": line.cells["sample"], "line": other.number},
        )


def _one_patient(line: Line, other: Line) -> bool:
    """Whether two rows may be of one patient: equal ids, or a mistake was told of one."""
    mine, theirs = line.cells.get("patient", ""), other.cells.get("patient", "")
    return mine.casefold() == theirs.casefold() or "patient" in line.told | other.told


def _endings(sheet: Sheet[SequencingRow]) -> Iterator[Finding]:
    of_others = tuple(e for endings in ENDINGS.values() for e in endings)
    for line in sheet.lines:
        for column in FILES:
            name = line.cells.get(column)
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
                    sheet.where(line.number, column),
                    {"path": name, "wanted": wanted},
                )
