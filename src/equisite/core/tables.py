"""Typed tables: one dataclass per row type, TSV with a header, equal rows give equal bytes."""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from equisite.core.atomic import write_text
from equisite.core.errors import InputError


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


Row = TypeVar("Row", bound=_Dataclass)

PRIVATE_FORMAT = "%.10g"
"""Numbers of private tables; those of a bundle are `%.6e` (contracts, section 4)."""


def format_cell(value: object) -> str:
    """Text of one cell: empty for None and NaN, `%.10g` for a real, 1/0 for a flag.

    Raises ValueError for text that holds a tab or a line break.

    >>> format_cell(0.1 + 0.2), format_cell(None), format_cell(True), format_cell(-0.0)
    ('0.3', '', '1', '0')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        return PRIVATE_FORMAT % (value + 0.0)  # -0.0 becomes 0.0
    text = str(value)
    if "\t" in text or "\n" in text or "\r" in text:
        raise ValueError("a cell of a table may not hold a tab or a line break")
    return text


def table_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Header and rows as TSV text, LF at each line's end."""
    lines = ["\t".join(columns)]
    lines += ["\t".join(format_cell(value) for value in row) for row in rows]
    return "\n".join(lines) + "\n"


def write_table(
    path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, object]]
) -> None:
    """Write rows given as mappings; a column that a row lacks is an empty cell."""
    write_text(path, table_text(columns, ([row.get(c) for c in columns] for row in rows)))


def read_table(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Columns and rows of a TSV, every cell as text (an identifier `001` stays `001`).

    Raises InputError TABLE_UNREADABLE when a line has another number of cells than the
    header or the file has no header.
    """
    lines = _lines(path)
    columns = next(lines)
    return columns, [dict(zip(columns, cells, strict=True)) for cells in lines]


def _lines(path: Path) -> Iterator[list[str]]:
    """Cells of the header, then of each row; raises as `read_table` says."""
    columns: list[str] = []
    with path.open(encoding="utf-8", newline="\n") as stream:
        for number, line in enumerate(stream, start=1):
            cells = line.removesuffix("\n").split("\t")
            if number == 1:
                columns = cells
            elif len(cells) != len(columns):
                raise InputError(
                    "TABLE_UNREADABLE",
                    f"{path.name} line {number}",
                    problem=f"{len(cells)} cells where the header has {len(columns)}",
                )
            yield cells
    if not columns:
        raise InputError("TABLE_UNREADABLE", path.name, problem="the file is empty")


def columns_of(row_type: type[Row]) -> list[str]:
    """Column names of a row type, in order."""
    return [f.name for f in fields(row_type)]


def header_text(row_type: type[Row]) -> str:
    """The line above the rows of a type."""
    return "\t".join(columns_of(row_type)) + "\n"


def row_text(row: Row) -> str:
    """One row as a line, for tables that are written as they are made."""
    cells = (format_cell(getattr(row, name)) for name in columns_of(type(row)))
    return "\t".join(cells) + "\n"


def write_rows(path: Path, row_type: type[Row], rows: Iterable[Row]) -> None:
    """Write dataclass rows of one type, in the order given."""
    columns = columns_of(row_type)
    write_text(path, table_text(columns, ([getattr(r, c) for c in columns] for r in rows)))


def read_rows(path: Path, row_type: type[Row]) -> list[Row]:
    """All rows of `each_row`."""
    return list(each_row(path, row_type))


def each_row(path: Path, row_type: type[Row]) -> Iterator[Row]:
    """Rows of a table written by `write_rows`, one by one.

    Field types may be str, int, float, bool and `T | None` of these; an empty cell is
    None where the type allows it, NaN for float, and an empty string for str.
    Raises InputError TABLE_UNREADABLE when the columns are not those of the row type.
    """
    lines = _lines(path)
    columns = next(lines)
    if columns != columns_of(row_type):
        raise InputError(
            "TABLE_UNREADABLE",
            path.name,
            problem=f"columns are not those of {row_type.__name__}",
        )
    hints = typing.get_type_hints(row_type)
    readers = [(name, _reader(hints[name])) for name in columns]
    for cells in lines:
        yield row_type(
            **{name: read(cell) for (name, read), cell in zip(readers, cells, strict=True)}
        )


@dataclass(frozen=True)
class Rows(Generic[Row]):
    """Rows of a table that is gone through as often as needed, and never held as a whole."""

    path: Path
    row_type: type[Row]

    def __iter__(self) -> Iterator[Row]:
        return each_row(self.path, self.row_type)


def _reader(hint: Any) -> typing.Callable[[str], Any]:
    optional = False
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        members = [m for m in typing.get_args(hint) if m is not type(None)]
        optional, hint = len(members) < len(typing.get_args(hint)), members[0]
    convert: dict[Any, typing.Callable[[str], Any]] = {
        str: str,
        int: int,
        float: lambda text: float(text) if text else math.nan,
        bool: lambda text: text == "1",
    }
    read = convert[hint]
    if not optional:
        return read
    return lambda text: None if text == "" else read(text)
