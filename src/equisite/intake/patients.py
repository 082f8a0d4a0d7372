"""What the rows of the patients sheet must agree on among themselves and with others."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from equisite.core.errors import Finding, Number
from equisite.core.signs import looks_like
from equisite.intake.rows import Sheet
from equisite.intake.sheet_text import Line
from equisite.protocol.models import IDENTIFIER
from equisite.protocol.site import WITHDRAWN, ImagingRow, PatientRow, SequencingRow


def check_patients(sheet: Sheet[PatientRow]) -> Iterator[Finding]:
    """Patients given twice, ids that differ only by case, age and year of birth both empty."""
    first: dict[str, Line] = {}
    ages = [column for column in ("age", "birth_year") if column in sheet.columns]
    for line in sheet.lines:
        patient = line.cells.get("patient")
        if patient is not None:
            other = first.setdefault(patient.casefold(), line)
            where = sheet.where(line.number, "patient")
            numbers: dict[str, Number] = {"id": patient, "line": other.number}
            if other is not line and other.cells["patient"] == patient:
                yield Finding("PATIENT_TWICE", where, numbers)
            elif other is not line:
                yield Finding("ID_CASE", where, {**numbers, "other": other.cells["patient"]})
        open_question = line.unclear & {"age", "birth_year"} or not sheet.certain
        if ages and not open_question and not any(column in line.cells for column in ages):
            yield Finding("AGE_MISSING", sheet.where(line.number, ages[0]))
    if not sheet.lines:
        yield Finding("SHEET_NO_ROWS", sheet.name)
    elif all(line.cells.get("status") == WITHDRAWN for line in sheet.lines):
        yield Finding("NOBODY_INCLUDED", sheet.name, {"count": len(sheet.lines)})


def included(sheet: Sheet[PatientRow]) -> dict[str, PatientRow]:
    """Patients who take part, by id, sorted; the withdrawn are left out."""
    rows = {r.cells.patient: r.cells for r in sheet.rows if r.cells.status == "included"}
    return dict(sorted(rows.items()))


def check_known(
    patients: Sheet[PatientRow], sheet: Sheet[SequencingRow] | Sheet[ImagingRow]
) -> Iterator[Finding]:
    """Patients of another sheet who are not in the patients sheet, each told once.

    An id whose own form is wrong was told already, here or there, and is no second mistake.
    """
    first = {
        line.cells["patient"]: line.number
        for line in reversed(patients.lines)
        if "patient" in line.cells
    }
    known = first.keys() | patients.mentioned
    folded = {patient.casefold(): patient for patient in sorted(known)}
    alike = {
        _letters(line.cells["patient"])
        for line in patients.lines
        if "patient" in line.cells and _ill_formed(line.cells["patient"])
    }
    asked: set[str] = set()
    for line in sheet.lines:
        patient = line.cells.get("patient")
        if patient is None or patient in known or patient in asked or not line.whole:
            continue
        if _ill_formed(patient) or _letters(patient) in alike:
            continue
        asked.add(patient)
        where = sheet.where(line.number, "patient")
        other = folded.get(patient.casefold())
        if other in first:
            place = f"{first[other]} of {patients.name}"
            yield Finding("ID_CASE", where, {"id": patient, "other": other, "line": place})
        elif other is None:
            yield Finding("PATIENT_UNKNOWN", where, {"id": patient, "sheet": patients.name})


def _ill_formed(patient: str) -> bool:
    return re.match(IDENTIFIER, patient) is None


def _letters(patient: str) -> str:
    """An id without its signs and cases: what ids of one person written twice share."""
    return "".join(sign for sign in looks_like(patient) if sign.isalnum())


def check_clinical_only(
    sheet: Sheet[PatientRow], with_rows: Iterable[str]
) -> Iterator[Finding]:
    """How many included patients have neither sequencing nor imaging; they stay."""
    alone = set(included(sheet)) - set(with_rows)
    if alone:
        yield Finding("CLINICAL_ONLY", sheet.name, {"count": len(alone)})


def check_alike(sheet: Sheet[PatientRow]) -> Iterator[Finding]:
    """Included patients whose ids differ in signs only, as P_1 and P-1: one person twice?"""
    by_letters: dict[str, list[str]] = defaultdict(list)
    for patient in included(sheet):
        by_letters[_letters(patient)].append(patient)
    groups = [found for found in by_letters.values() if len(found) > 1]
    if groups:
        one, other = groups[0][:2]
        numbers: dict[str, Number] = {"count": len(groups), "one": one, "other": other}
        yield Finding("PATIENTS_ALIKE", sheet.name, numbers)
