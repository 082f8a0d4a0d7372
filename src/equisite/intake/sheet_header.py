"""The header line of a sheet: which column is which, and what a mistyped one means."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from equisite.core.errors import Finding
from equisite.protocol.explain import did_you_mean

MEANT = 0.8
"""A name this like to a free column is read as that column, besides being told; difflib's
ratio, 1 for equal."""


@dataclass(frozen=True)
class Header:
    """The columns as written, and the known column of each position.

    usable: position to known column, where it is known or guessed. nameless: positions
    without a name. certain: no column's meaning is open. quoted: all names stand in quotation
    marks, as then do the cells; that is told once.
    """

    columns: tuple[str, ...]
    usable: dict[int, str]
    nameless: tuple[int, ...]
    certain: bool
    quoted: bool = False


def read_header(
    line: str,
    name: str,
    required: tuple[str, ...],
    known: tuple[str, ...],
    others: Mapping[str, tuple[str, ...]],
) -> tuple[Header | None, list[Finding]]:
    """The header of a sheet and what is wrong with it; None where nothing can be read.

    others: columns that sheets of other kinds must have.
    """
    columns = line.split("\t")
    where = f"{name} line 1"
    findings = list(_separator(columns, name, required))
    quoted = len(columns) > 1 and all(is_quoted(column) for column in columns)
    if quoted:
        columns = [column[1:-1] for column in columns]
    for kind, needed in others.items():
        if set(needed) <= set(columns) and not set(required) <= set(columns):
            findings.append(Finding("SHEET_OF_OTHER_KIND", where, {"kind": kind}))
    if findings:
        return None, findings
    if quoted:
        findings.append(Finding("SHEET_QUOTED", where))
    usable: dict[int, str] = {}
    nameless: list[int] = []
    named: set[str] = set()
    certain = True
    free = [k for k in known if k not in columns]
    for number, column in enumerate(columns):
        if not column.strip():
            nameless.append(number)
            findings.append(Finding("COLUMN_UNNAMED", where, {"number": number + 1}))
        elif column in columns[:number]:
            certain = False
            findings.append(Finding("COLUMN_TWICE", where, {"column": column}))
        elif column in known:
            usable[number] = column
        elif column.strip() in free:
            usable[number] = column.strip()
            free.remove(column.strip())
            findings.append(Finding("COLUMN_SPACES", where, {"column": column.strip()}))
        else:
            best, sure = _guess(column, free)
            guess = f" Did you mean {best}?" if best else ""
            numbers = {"column": column.strip() or column, "guess": guess}
            findings.append(Finding("COLUMN_UNKNOWN", where, {**numbers}))
            certain = certain and sure
            if best:
                named.add(best)
            if sure:
                usable[number] = best
                free.remove(best)
    if not usable and not named:
        return None, [Finding("HEADER_MISSING", where, {"columns": ", ".join(required[:3])})]
    findings += [
        Finding("COLUMN_MISSING", where, {"column": column})
        for column in required
        if column not in usable.values() and column not in named
    ]
    return Header(tuple(columns), usable, tuple(nameless), certain, quoted), findings


def is_quoted(cell: str) -> bool:
    """Whether a cell stands in quotation marks."""
    return len(cell) > 1 and cell[0] == cell[-1] == '"'


def _guess(column: str, free: list[str]) -> tuple[str, bool]:
    """The free column that a name may mean, and whether it is read as that one."""
    bare = re.sub(r"[(\[].*?[)\]]", "", column).strip().strip('"').strip()  # a unit in brackets
    plain = re.sub(r"[\s-]+", "_", bare).casefold()
    if plain in free:
        return plain, True
    best = did_you_mean(plain, free).removeprefix(" Did you mean ").rstrip("?")
    return best, bool(best) and difflib.SequenceMatcher(None, plain, best).ratio() >= MEANT


def _separator(header: list[str], name: str, required: tuple[str, ...]) -> Iterator[Finding]:
    if len(header) > 1:
        return
    for sign, word in ((",", "commas"), (";", "semicolons"), ("|", "bars"), (" ", "blanks")):
        if sign in header[0] and required[0] in header[0].replace('"', "").split(sign):
            yield Finding("SHEET_SEPARATOR", f"{name} line 1", {"found": word})
            return
