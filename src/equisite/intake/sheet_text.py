"""A sheet as text: every cell exactly as written, each row with its line in the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from equisite.core.errors import Finding
from equisite.core.signs import named, unseen
from equisite.core.text_file import read_people_file
from equisite.intake.sheet_header import Header, is_quoted, read_header
from equisite.protocol.explain import did_you_mean
from equisite.protocol.site import WITHDRAWN

FREE_TEXT = frozenset(("fastq_1", "fastq_2", "reads", "calls", "series", "mask", "roi_label"))
"""Columns whose cells name something outside the sheet, in whatever signs it is written."""
NO_VALUE = frozenset(("na", "n/a", "#n/a", "nan", "null", "none", "nil", "-", "--", ".", "?"))
"""What other programs write for a value that is missing; here it is the empty cell."""
_LARGEST = 1_000_000_000
"""Bytes of the largest sheet that is read: some million rows."""
_CONTROLS = frozenset(map(chr, (*range(32), 127)))


@dataclass(frozen=True)
class Line:
    """One row: its line number in the file (header is 1) and its cells that are not empty.

    Blanks and quotation marks around a cell, and signs that are not seen, are told and taken
    off, so that checks across rows see what is meant. told: columns of which a mistake was
    told. whole: whether each cell stands below its column; of other lines only the patient
    is taken, and the other columns are unclear.
    """

    number: int
    cells: dict[str, str]
    told: frozenset[str] = frozenset()
    unclear: frozenset[str] = frozenset()
    whole: bool = True


@dataclass(frozen=True)
class SheetText:
    """A sheet that was read.

    columns: those that are known or were guessed, in the order of the file. certain: no
    column's meaning is open, so that an empty cell is truly not given. mentioned: cells of
    lines that are not whole: nobody is unknown because of them.
    """

    name: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    certain: bool = True
    mentioned: frozenset[str] = frozenset()

    def where(self, line: int, column: str = "") -> str:
        """`sequencing.tsv line 17, column fastq_2`."""
        return f"{self.name} line {line}" + (f", column {column}" if column else "")


def read_sheet(
    path: Path,
    name: str,
    required: tuple[str, ...],
    known: tuple[str, ...],
    others: Mapping[str, tuple[str, ...]] = MappingProxyType({}),
) -> tuple[SheetText | None, list[Finding]]:
    """Read tab-separated text with one header line.

    A byte order mark and any line end are accepted: they change no cell. `missing` is the
    empty cell and nothing else; an id `NA` or `001` stays as it is. Rows without any cell
    are skipped. others: columns that sheets of other kinds must have.
    Returns None where no row can be trusted, and all findings.
    """
    text, problem = _text_of(path, name)
    if problem is not None:
        return None, [problem]
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not lines[0].strip():
        return None, [Finding("SHEET_EMPTY", name)]
    header, findings = read_header(lines[0], name, required, known, others)
    if header is None:
        return None, findings
    rows: list[Line] = []
    mentioned: set[str] = set()
    nameless = False
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        cells = line.split("\t")
        if header.quoted:  # told once, for the header
            cells = [cell[1:-1] if is_quoted(cell) else cell for cell in cells]
        row, wrong = _row(cells, header, name, number)
        findings += wrong
        if row is not None:
            rows.append(row)
            if not row.whole:
                mentioned |= {_bare(cell) for cell in cells}
            elif header.nameless:
                nameless = nameless or any(cells[i].strip() for i in header.nameless)
    return (
        SheetText(
            name,
            tuple(header.usable.values()),
            tuple(rows),
            header.certain and not nameless,
            frozenset(mentioned),
        ),
        findings,
    )


def _text_of(path: Path, name: str) -> tuple[str, Finding | None]:
    try:
        content = read_people_file(path, _LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        return "", Finding("SHEET_MISSING", name, {"guess": _beside(path)})
    except OSError as error:
        problem = (error.strerror or "unknown reason").lower()
        return "", Finding("SHEET_UNREADABLE", name, {"problem": problem})
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return "", Finding("SHEET_NOT_TEXT", name)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return "", Finding("SHEET_NOT_UTF8", f"{name} line {line}")
    if "\0" in text:  # UTF-16 without its mark, and only letters that ASCII has
        return "", Finding("SHEET_NOT_UTF8", f"{name} line 1")
    return text, None


def _beside(path: Path) -> str:
    """` Did you mean patients.tsv.txt?`, where a file of a like name lies in its place."""
    try:
        there = [other.name for other in path.parent.iterdir()]
    except OSError:
        return ""
    return did_you_mean(path.name, there)


def _row(
    cells: list[str], header: Header, name: str, number: int
) -> tuple[Line | None, list[Finding]]:
    where = f"{name} line {number}"
    expected = len(header.columns)
    if cells == list(header.columns):
        return None, [Finding("HEADER_REPEATED", where)]
    findings: list[Finding] = []
    if len(cells) != expected:
        findings.append(
            Finding("ROW_RAGGED", where, {"found": len(cells), "expected": expected})
        )
        if len(cells) < expected or any(cells[expected:]):
            return _broken(cells, header, number), findings
        cells = cells[:expected]  # only tabs too many at the end: every cell has its column
    meant: dict[str, str] = {}
    told: set[str] = set()
    for index, cell in enumerate(cells):
        column = header.usable.get(index)
        problem = _form(cell, column) if not _plain(cell) else None
        if problem is not None:
            code, numbers = problem
            place = f"{where}, column {header.columns[index]}"
            findings.append(Finding(code, place, numbers))
            if column is not None:
                told.add(column)
        bare = cell if problem is None else _bare(cell)
        if column is not None and bare:
            meant[column] = bare
    return Line(number, meant, frozenset(told)), findings


def _broken(cells: list[str], header: Header, number: int) -> Line:
    """What is sure of a row whose cells cannot be given to columns: who, and who left."""
    kept = {}
    if header.usable.get(0) == "patient" and (cell := _bare(cells[0])):
        kept["patient"] = cell
    if WITHDRAWN in cells:
        kept["status"] = WITHDRAWN
    others = frozenset(header.usable.values()) - kept.keys()
    return Line(number, kept, frozenset(kept), others, whole=False)


def _plain(cell: str) -> bool:
    """Whether a cell has certainly no mistake of form (most cells, quickly)."""
    return cell.isascii() and cell.isprintable() and cell == cell.strip() and cell[:1] != '"'


def _form(
    cell: str, column: str | None
) -> tuple[str, dict[str, str | int | float | bool]] | None:
    if cell != cell.strip():
        return "CELL_SPACES", {"cell": cell.strip()}
    if is_quoted(cell):
        return "CELL_QUOTED", {"cell": cell[1:-1]}
    for position, sign in enumerate(cell, start=1):
        if unseen(sign) and (column not in FREE_TEXT or sign in _CONTROLS):
            return "CELL_CONTROL", {"sign": named(sign), "at": position}
    return None


def _bare(cell: str) -> str:
    """A cell without what is not seen, and without blanks and quotation marks around it."""
    cell = "".join(sign for sign in cell if not unseen(sign)).strip()
    if is_quoted(cell):
        return cell[1:-1].strip()
    return cell
