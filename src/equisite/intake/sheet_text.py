"""A sheet as text: every cell exactly as written, each row with its line in the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from equisite.core.errors import Finding
from equisite.protocol.explain import did_you_mean

_CONTROLS = {chr(c) for c in range(32)} | {"\x7f"}


@dataclass(frozen=True)
class Line:
    """One row: its line number in the file (header is 1) and its cells that are not empty."""

    number: int
    cells: dict[str, str]


@dataclass(frozen=True)
class SheetText:
    """A sheet that was read. columns: those that are known, in the order of the file.

    lines: rows whose form is sound; a row that was refused is not among them, but its
    cells are among `mentioned`, so that one mistake is not told as several.
    """

    name: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    mentioned: frozenset[str] = frozenset()

    def where(self, line: int, column: str = "") -> str:
        """`sequencing.tsv line 17, column fastq_2`."""
        return f"{self.name} line {line}" + (f", column {column}" if column else "")


def read_sheet(
    path: Path, name: str, required: tuple[str, ...], known: tuple[str, ...]
) -> tuple[SheetText | None, list[Finding]]:
    """Read tab-separated text with one header line.

    A byte order mark and any line end are accepted: they change no cell. `missing` is the
    empty cell and nothing else; an id `NA` or `001` stays as it is. Rows without any cell
    are skipped. Returns None where no row can be trusted, and all findings.
    """
    text, problem = _text_of(path, name)
    if problem is not None:
        return None, [problem]
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not lines[0].strip():
        return None, [Finding("SHEET_EMPTY", name)]
    header = lines[0].split("\t")
    findings = list(_separator(header, name, required))
    if findings:
        return None, findings
    findings = list(_header(header, name, required, known))
    usable = {
        index: column
        for index, column in enumerate(header)
        if column in known and header.index(column) == index
    }
    rows = []
    mentioned: set[str] = set()
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        wrong = list(_row(line, header, name, number))
        if wrong:
            findings += wrong
            mentioned |= {cell.strip().strip('"') for cell in line.split("\t")}
            continue
        cells = line.split("\t")
        rows.append(Line(number, {c: cells[i] for i, c in usable.items() if cells[i]}))
    return SheetText(name, tuple(usable.values()), tuple(rows), frozenset(mentioned)), findings


def _text_of(path: Path, name: str) -> tuple[str, Finding | None]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return "", Finding("SHEET_MISSING", name)
    except IsADirectoryError:
        return "", Finding("SHEET_UNREADABLE", name, {"problem": "it is a folder"})
    except OSError as error:
        problem = (error.strerror or "unknown reason").lower()
        return "", Finding("SHEET_UNREADABLE", name, {"problem": problem})
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return "", Finding("SHEET_NOT_UTF8", f"{name} line {line}")


def _separator(header: list[str], name: str, required: tuple[str, ...]) -> Iterator[Finding]:
    if len(header) > 1:
        return
    for sign, word in ((",", "commas"), (";", "semicolons"), ("|", "bars"), (" ", "blanks")):
        if sign in header[0] and required[0] in header[0].replace('"', "").split(sign):
            yield Finding("SHEET_SEPARATOR", f"{name} line 1", {"found": word})
            return


def _header(
    header: list[str], name: str, required: tuple[str, ...], known: tuple[str, ...]
) -> Iterator[Finding]:
    where = f"{name} line 1"
    meant: set[str] = set()
    seen: set[str] = set()
    for number, column in enumerate(header, start=1):
        if not column.strip():
            yield Finding("COLUMN_UNNAMED", where, {"number": number})
        elif column in seen:
            yield Finding("COLUMN_TWICE", where, {"column": column})
        elif column not in known:
            free = [k for k in known if k not in header]
            guess = did_you_mean(column.strip(), free)
            same = [k for k in free if k == column.strip().casefold()]
            if same:
                guess = f" Did you mean {same[0]}?"
            meant.add(guess.removeprefix(" Did you mean ").rstrip("?"))
            yield Finding(
                "COLUMN_UNKNOWN", where, {"column": column.strip() or column, "guess": guess}
            )
        seen.add(column)
    for column in required:
        if column not in seen and column not in meant:
            yield Finding("COLUMN_MISSING", where, {"column": column})


def _row(line: str, header: list[str], name: str, number: int) -> Iterator[Finding]:
    cells = line.split("\t")
    where = f"{name} line {number}"
    if cells == header:
        yield Finding("HEADER_REPEATED", where)
        return
    if len(cells) != len(header):
        yield Finding("ROW_RAGGED", where, {"found": len(cells), "expected": len(header)})
        return
    for column, cell in zip(header, cells, strict=True):
        place = f"{where}, column {column}"
        if cell != cell.strip():
            yield Finding("CELL_SPACES", place, {"cell": cell.strip()})
        elif len(cell) > 1 and cell[0] == cell[-1] == '"':
            yield Finding("CELL_QUOTED", place, {"cell": cell[1:-1]})
        elif not cell.isprintable() and any(c in _CONTROLS for c in cell):
            yield Finding("CELL_CONTROL", place)
