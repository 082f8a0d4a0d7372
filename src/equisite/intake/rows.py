"""Rows of the three sheets as typed records, each cell judged by its model."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from equisite.codebook.book import codebook
from equisite.codebook.model import Variable
from equisite.core.errors import Finding
from equisite.intake.sheet_text import NO_VALUE, Line, SheetText, read_sheet
from equisite.protocol.explain import close_to, did_you_mean, problem_of, shown
from equisite.protocol.shape import meaning_of
from equisite.protocol.site import NOT_KNOWN, WITHDRAWN, ImagingRow, PatientRow, SequencingRow

Model = TypeVar("Model", bound=BaseModel)

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
COMPUTED = frozenset({"analysis_set", "age_band", "sex_female"})
"""Clinical variables that are computed from others and may not be given."""

KINDS: dict[str, type[BaseModel]] = {
    "patients": PatientRow,
    "sequencing": SequencingRow,
    "imaging": ImagingRow,
}
"""The three sheets, as `sheets` of config.yaml names them."""
_MAY_BE_EMPTY = frozenset(
    column
    for model in KINDS.values()
    for column, field in model.model_fields.items()
    if not field.is_required()
)


@dataclass(frozen=True)
class Row(Generic[Model]):
    """A sound row and its line in the file."""

    line: int
    cells: Model


@dataclass(frozen=True)
class Sheet(Generic[Model]):
    """One sheet: its sound rows, and all its lines as text.

    Checks across rows look at `lines`, so that a mistake in one cell hides no mistake in
    another; what is computed takes `rows`. certain, mentioned: as of `SheetText`. gone: lines
    of withdrawn patients, set aside.
    """

    name: str
    folder: Path
    columns: tuple[str, ...]
    rows: tuple[Row[Model], ...]
    lines: tuple[Line, ...]
    certain: bool = True
    mentioned: frozenset[str] = frozenset()
    gone: tuple[Line, ...] = ()

    def where(self, line: int, column: str = "") -> str:
        """`sequencing.tsv line 17, column fastq_2`."""
        return f"{self.name} line {line}" + (f", column {column}" if column else "")


def read_patients(path: Path, name: str) -> tuple[Sheet[PatientRow] | None, list[Finding]]:
    """`patients.tsv`; further columns must be clinical variables of the codebook."""
    clinical = clinical_columns()
    known = (*PatientRow.model_fields, *clinical)
    others = _others(PatientRow)
    text, findings = read_sheet(path, name, _required(PatientRow), known, others)
    if text is None:
        return None, findings
    if not {"age", "birth_year"} & set(text.columns) and not _blames(findings, "age"):
        findings.append(Finding("COLUMN_MISSING", f"{name} line 1", {"column": "age"}))
    given = [clinical[c] for c in text.columns if c in clinical]
    return _typed(text, path, PatientRow, findings, given), findings


def read_sequencing(path: Path, name: str) -> tuple[Sheet[SequencingRow] | None, list[Finding]]:
    """`sequencing.tsv`."""
    return _read(path, name, SequencingRow)


def read_imaging(path: Path, name: str) -> tuple[Sheet[ImagingRow] | None, list[Finding]]:
    """`imaging.tsv`."""
    return _read(path, name, ImagingRow)


def withdrawn(sheet: Sheet[PatientRow]) -> frozenset[str]:
    """Patients whose files may be gone: the withdrawn, the word mistyped or not."""
    words = get_args(PatientRow.model_fields["status"].annotation)
    return frozenset(
        line.cells["patient"]
        for line in sheet.lines
        if "patient" in line.cells
        and close_to(line.cells.get("status", ""), words) == WITHDRAWN
    )


def without_withdrawn(sheet: Sheet[Model], patients: Sheet[PatientRow] | None) -> Sheet[Model]:
    """The sheet without rows of withdrawn patients: their files may be gone, rightly."""
    gone = withdrawn(patients) if patients is not None else frozenset[str]()
    rows = tuple(r for r in sheet.rows if getattr(r.cells, "patient", None) not in gone)
    lines = tuple(line for line in sheet.lines if line.cells.get("patient") not in gone)
    aside = tuple(line for line in sheet.lines if line.cells.get("patient") in gone)
    return replace(sheet, rows=rows, lines=lines, gone=aside)


def clinical_columns() -> dict[str, Variable]:
    """Variables of the codebook that may be columns of `patients.tsv`, besides its own."""
    return {
        v.id: v
        for v in codebook().variables
        if v.class_ == "clinical"
        and v.instances is None
        and v.id not in COMPUTED
        and v.id not in PatientRow.model_fields
    }


def _read(
    path: Path, name: str, model: type[Model]
) -> tuple[Sheet[Model] | None, list[Finding]]:
    known = tuple(model.model_fields)
    text, findings = read_sheet(path, name, _required(model), known, _others(model))
    if text is None:
        return None, findings
    return _typed(text, path, model, findings), findings


def _required(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(c for c, f in model.model_fields.items() if f.is_required())


def _others(model: type[BaseModel]) -> dict[str, tuple[str, ...]]:
    """Columns that the other kinds of sheets must have."""
    return {kind: _required(other) for kind, other in KINDS.items() if other is not model}


def _typed(
    text: SheetText,
    path: Path,
    model: type[Model],
    findings: list[Finding],
    clinical: Iterable[Variable] = (),
) -> Sheet[Model]:
    rows = []
    lines = []
    for line in text.lines:
        wrong: list[Finding] = []
        if line.whole:
            line, open_cells = _open_cells(text, line, model)  # noqa: PLW2901
            wrong += open_cells
            wrong += _clinical_findings(text, line, clinical)
            try:
                cells = model.model_validate(line.cells)
            except ValidationError as error:
                wrong += _cell_findings(text, line, error)
            else:
                if not (wrong or line.told or line.unclear):
                    rows.append(Row(line.number, cells))
        findings += wrong
        columns = {finding.where.rpartition(" column ")[2] for finding in wrong}
        lines.append(replace(line, told=line.told | columns) if columns else line)
    return Sheet(
        text.name,
        path.parent,
        text.columns,
        tuple(rows),
        tuple(lines),
        text.certain,
        text.mentioned,
    )


def _open_cells(
    text: SheetText, line: Line, model: type[BaseModel]
) -> tuple[Line, list[Finding]]:
    """Cells that a person has not filled yet are told, and are not judged any further."""
    columns = [column for column, cell in line.cells.items() if cell == NOT_KNOWN]
    if not columns:
        return line, []
    findings = []
    for column in columns:
        field = model.model_fields.get(column)
        what = meaning_of(field) if field else codebook().variable(column).definition
        where = text.where(line.number, column)
        findings.append(Finding("CELL_NOT_KNOWN", where, {"cell": NOT_KNOWN, "what": what}))
    kept = {column: cell for column, cell in line.cells.items() if cell != NOT_KNOWN}
    return replace(line, cells=kept, unclear=line.unclear | set(columns)), findings


def _cell_findings(text: SheetText, line: Line, error: ValidationError) -> Iterator[Finding]:
    for one in error.errors(include_url=False):
        column = str(one["loc"][0])
        where = text.where(line.number, column)
        if one["type"] == "missing":
            # a missing column was told once, for the header
            if column in text.columns and column not in line.unclear:
                yield Finding("CELL_EMPTY", where)
            continue
        problem = problem_of(one) + _left_empty(str(one["input"]), column in _MAY_BE_EMPTY)
        yield Finding("CELL_VALUE", where, {"cell": shown(one["input"]), "problem": problem})


def _left_empty(cell: str, may_be: bool) -> str:
    """How a value that is missing is written, for a cell that says so in a word."""
    return "; a value that is missing is an empty cell" * (
        may_be and cell.casefold() in NO_VALUE
    )


def _clinical_findings(
    text: SheetText, line: Line, variables: Iterable[Variable]
) -> Iterator[Finding]:
    for variable in variables:
        cell = line.cells.get(variable.id, "")
        problem = _clinical_problem(variable, cell) if cell else ""
        if problem:
            where = text.where(line.number, variable.id)
            problem += _left_empty(cell, may_be=True)
            yield Finding("CELL_VALUE", where, {"cell": shown(cell), "problem": problem})


def _clinical_problem(variable: Variable, cell: str) -> str:
    """What is wrong with a cell of a clinical variable, or an empty text."""
    if variable.type == "code":
        if cell in variable.codes:
            return ""
        return f"must be one of {', '.join(variable.codes)}" + (
            f" ({guess.strip()})" if (guess := did_you_mean(cell, variable.codes)) else ""
        )
    if variable.type == "flag":
        return "" if cell in ("0", "1") else "must be 0 or 1"
    if not _NUMBER.fullmatch(cell):
        return "must be a number with a decimal point"
    value = float(cell)
    if math.isinf(value):
        return "must be a finite number"
    if variable.type == "count" and value != int(value):
        return "must be a whole number"
    if variable.lower is not None and value < variable.lower:
        return f"must be at least {variable.lower:g}"
    return ""


def _blames(findings: Iterable[Finding], column: str) -> bool:
    """Whether an unknown column was already taken for `column`."""
    return any(f"Did you mean {column}?" in str(f.numbers.get("guess")) for f in findings)
