"""What the rows of the patients sheet must agree on among themselves and with others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from equisite.core.errors import Finding
from equisite.intake.rows import Row, Sheet
from equisite.protocol.site import ImagingRow, PatientRow, SequencingRow


def check_patients(sheet: Sheet[PatientRow]) -> Iterator[Finding]:
    """Patients given twice, ids that differ only by case, age and year of birth both empty."""
    first: dict[str, Row[PatientRow]] = {}
    for row in sheet.rows:
        patient = row.cells.patient
        other = first.setdefault(patient.casefold(), row)
        where = sheet.where(row.line, "patient")
        if other is not row and other.cells.patient == patient:
            yield Finding("PATIENT_TWICE", where, {"id": patient, "line": other.line})
        elif other is not row:
            yield Finding(
                "ID_CASE",
                where,
                {"id": patient, "other": other.cells.patient, "line": other.line},
            )
        given = {"age", "birth_year"} & set(sheet.columns)
        if given and row.cells.age is None and row.cells.birth_year is None:
            yield Finding("AGE_MISSING", sheet.where(row.line, sorted(given)[0]))
    if not sheet.rows and not sheet.mentioned:
        yield Finding("SHEET_NO_ROWS", sheet.name)
    elif not included(sheet) and not sheet.mentioned:
        yield Finding("NOBODY_INCLUDED", sheet.name, {"count": len(sheet.rows)})


def included(sheet: Sheet[PatientRow]) -> dict[str, PatientRow]:
    """Patients who take part, by id, sorted; the withdrawn are left out."""
    rows = {r.cells.patient: r.cells for r in sheet.rows if r.cells.status == "included"}
    return dict(sorted(rows.items()))


def check_known(
    patients: Sheet[PatientRow], sheet: Sheet[SequencingRow] | Sheet[ImagingRow]
) -> Iterator[Finding]:
    """Patients of another sheet who are not in the patients sheet, each told once."""
    known = {row.cells.patient for row in patients.rows} | patients.mentioned
    folded = {patient.casefold(): patient for patient in sorted(known)}
    told: set[str] = set()
    for row in sheet.rows:
        patient = row.cells.patient
        if patient in known or patient in told:
            continue
        told.add(patient)
        where = sheet.where(row.line, "patient")
        if patient.casefold() in folded:
            other = folded[patient.casefold()]
            line = next((r.line for r in patients.rows if r.cells.patient == other), 0)
            yield Finding(
                "ID_CASE",
                where,
                {"id": patient, "other": other, "line": f"{line} of {patients.name}"},
            )
            continue
        yield Finding("PATIENT_UNKNOWN", where, {"id": patient, "sheet": patients.name})


def check_clinical_only(
    sheet: Sheet[PatientRow], with_rows: Iterable[str]
) -> Iterator[Finding]:
    """How many included patients have neither sequencing nor imaging; they stay."""
    alone = set(included(sheet)) - set(with_rows)
    if alone:
        yield Finding("CLINICAL_ONLY", sheet.name, {"count": len(alone)})
