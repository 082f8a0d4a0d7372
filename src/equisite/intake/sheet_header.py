"""The header line of a sheet: which column is which, and what a mistyped one means."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
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
    without a name. certain: no column's meaning is open.
    """

    columns: tuple[str, ...]
    usable: dict[int, str]
    nameless: tuple[int, ...]
    certain: bool


def read_header(
    line: str, name: str, required: tuple[str, ...], known: tuple[str, ...]
) -> tuple[Header | None, list[Finding]]:
    """The header of a sheet and what is wrong with it; None where nothing can be read."""
    columns = line.split("\t")
    findings = list(_separator(columns, name, required))
    if findings:
        return None, findings
    where = f"{name} line 1"
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
    findings += [
        Finding("COLUMN_MISSING", where, {"column": column})
        for column in required
        if column not in usable.values() and column not in named
    ]
    return Header(tuple(columns), usable, tuple(nameless), certain), findings


def _guess(column: str, free: list[str]) -> tuple[str, bool]:
    """The free column that a name may mean, and whether it is read as that one."""
    plain = re.sub(r"[\s-]+", "_", column.strip().strip('"').strip()).casefold()
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
