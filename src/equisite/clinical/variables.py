"""From the checked patients sheet to the clinical variables of the codebook.

A variable is taken from the column of its name; a band is derived from its number
(`age_band` from `age`), a chapter from the diagnosis code, `sex_female` from `sex`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from equisite.codebook.book import Codebook
from equisite.codebook.derive import band_code, range_code
from equisite.codebook.model import Variable
from equisite.core.errors import Finding
from equisite.core.outcomes import Outcome, done, judged

ROOM = "clinical"
ITEM = "patients sheet"
FREEZE_KEY = "analysis_set"
"""A key of tables, made when the cohort is joined; no value of a patient."""
_FEMALE = {"female": "1", "male": "0", "other": "0"}


@dataclass(frozen=True)
class ClinicalRow:
    """Values of one patient by variable id, as text; empty is missing."""

    patient: str
    values: Mapping[str, str]


def clinical_variables(book: Codebook, columns: Sequence[str]) -> tuple[Variable, ...]:
    """Clinical variables that a sheet with these columns fills, in codebook order."""
    given = set(columns)
    if "birth_year" in given:
        given.add("age")
    return tuple(
        v
        for v in book.variables
        if v.class_ == "clinical"
        and v.id != FREEZE_KEY
        and (v.id in given or _source_of(v) in given)
    )


def _source_of(variable: Variable) -> str:
    """Column of the sheet from which a derived variable is made, or an empty name."""
    if variable.bands:
        return variable.id.removesuffix("_band")
    if variable.ranges:
        return "diagnosis"
    return "sex" if variable.id == "sex_female" else ""


def derive(
    row: Mapping[str, str], variables: Sequence[Variable], freeze_year: int
) -> tuple[ClinicalRow, list[Outcome]]:
    """Variables of one row of the sheet, and what has to be said about it."""
    findings: list[Finding] = []
    given = dict(row)
    if not given.get("age") and given.get("birth_year"):
        given["age"] = str(freeze_year - int(given["birth_year"]))
        findings.append(Finding("AGE_FROM_BIRTH_YEAR"))
    values: dict[str, str] = {}
    for variable in variables:
        if variable.id in given:
            values[variable.id] = _checked(variable, given[variable.id], findings)
    for variable in variables:
        if variable.id not in given:
            values[variable.id] = _derived(variable, given, values, findings)
    patient = row["patient"]
    outcomes = [judged(patient, ROOM, ITEM, f) for f in findings]
    return ClinicalRow(patient, values), outcomes or [done(patient, ROOM, ITEM)]


def _checked(variable: Variable, text: str, findings: list[Finding]) -> str:
    """The value if the codebook allows it, otherwise missing and a finding."""
    if text == "":
        findings.append(Finding("CLINICAL_MISSING", "", {"variable": variable.id}))
        return variable.absent_code
    if variable.type == "code":
        allowed: tuple[str, ...] = tuple(variable.codes)
        good = text in variable.codes
    elif variable.type == "flag":
        allowed, good = ("0", "1"), text in ("0", "1")
    else:
        least = -math.inf if variable.lower is None else variable.lower
        allowed = ("a number",) if variable.lower is None else (f"a number from {least:g} on",)
        good = _number(text) >= least
    if good:
        return text
    numbers = {"variable": variable.id, "allowed": ", ".join(allowed)}
    findings.append(Finding("CLINICAL_VALUE", "", dict(numbers)))
    return variable.absent_code


def _derived(
    variable: Variable,
    given: Mapping[str, str],
    values: Mapping[str, str],
    findings: list[Finding],
) -> str:
    source = _source_of(variable)
    if variable.bands:
        return band_code(variable, _number(values.get(source, "")))
    if variable.ranges:
        code = range_code(variable, given[source])
        if code == variable.absent_code:
            findings.append(Finding("DIAGNOSIS_UNMAPPED"))
        return code
    return _FEMALE.get(values.get(source, ""), "")


def _number(text: str) -> float:
    """The finite number that a text is, NaN for every other text."""
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan
