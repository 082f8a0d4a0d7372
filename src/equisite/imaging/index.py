"""Headers that were read before: a cache by path, size and time, updated and never rebuilt."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType

from equisite.imaging.fields import ImageHeader

VERSION = 4
"""Raised when the header reader gives other values for the same bytes."""
NAMES = tuple(f.name for f in fields(ImageHeader) if f.name != "frame")
FORMAT = f"{VERSION} {' '.join(NAMES)}"
_TUPLES = ("image_type", "position", "orientation", "spacing")
_WAIT_S = 60.0
AT_ONCE = 20_000
"""Entries that are held in memory before they are written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file as it was seen: its state, its series and where the slice lies.

    plane: what all slices of a stack share, as text. along: mm along the normal; both are
    empty for what is no single slice. header: JSON of its values, read when it is wanted.
    """

    size: int
    mtime_ns: int
    state: str
    series: str
    plane: str
    along: float | None
    header: str


class HeaderIndex:
    """The cache of one site. It may vanish at any time; then headers are read again.

    Use as a context manager: what is new is written at its end, and now and then. Names of
    folders and files are bytes, since not every disk holds UTF-8.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._new: list[tuple[object, ...]] = []
        self._gone: list[tuple[bytes, bytes]] = []

    def __enter__(self) -> HeaderIndex:
        with suppress(sqlite3.Error):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = self._open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._connection is None:
            return
        self._write()
        with suppress(sqlite3.Error):
            self._connection.close()
        self._connection = None

    def _write(self) -> None:
        """Write what is new and forget it.

        A cache that cannot be written is none: another job may hold it, or the disk is full.
        """
        if self._connection is not None:
            with suppress(sqlite3.Error), self._connection:
                self._connection.executemany(
                    "DELETE FROM file WHERE folder = ? AND name = ?", self._gone
                )
                self._connection.executemany(
                    "REPLACE INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", self._new
                )
        self._new.clear()
        self._gone.clear()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_WAIT_S)
        try:
            return self._prepared(connection)
        except sqlite3.DatabaseError as problem:
            connection.close()
            if isinstance(problem, sqlite3.OperationalError):
                raise
            self._path.unlink(missing_ok=True)  # no database: what is there is not ours
            return self._prepared(sqlite3.connect(self._path, timeout=_WAIT_S))

    @staticmethod
    def _prepared(connection: sqlite3.Connection) -> sqlite3.Connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("CREATE TABLE IF NOT EXISTS made (format TEXT)")
        row = connection.execute("SELECT format FROM made").fetchone()
        if row is None or row[0] != FORMAT:
            with connection:
                connection.execute("DELETE FROM made")
                connection.execute("DROP TABLE IF EXISTS file")
                connection.execute(
                    "CREATE TABLE file (folder BLOB, name BLOB, size INTEGER, "
                    "mtime_ns INTEGER, state TEXT, series TEXT, plane TEXT, "
                    "along REAL, header TEXT, PRIMARY KEY (folder, name)) WITHOUT ROWID"
                )
                connection.execute("INSERT INTO made VALUES (?)", (FORMAT,))
        return connection

    def of_folder(self, folder: str, wanted: Iterable[str] | None) -> dict[str, Entry]:
        """Entries of the files of one folder by name.

        wanted: series whose headers are needed (None: all); others come without.
        """
        if self._connection is None:
            return {}
        keep = None if wanted is None else set(wanted)
        values: list[str | bytes]
        column, values = "header", [os.fsencode(folder)]
        if keep is not None:
            column = (
                f"CASE WHEN series IN ({','.join('?' * len(keep))}) THEN header ELSE '' END"
            )
            values = [*sorted(keep), os.fsencode(folder)]
        with suppress(sqlite3.Error):
            rows = self._connection.execute(
                "SELECT name, size, mtime_ns, state, series, plane, along, "  # noqa: S608
                f"{column} FROM file WHERE folder = ?",
                values,
            )
            return {os.fsdecode(row[0]): Entry(*row[1:]) for row in rows}
        return {}

    def add(self, folder: str, name: str, entry: Entry) -> None:
        """Remember a file that is new or has changed."""
        self._new.append(
            (
                os.fsencode(folder),
                os.fsencode(name),
                entry.size,
                entry.mtime_ns,
                entry.state,
                entry.series,
                entry.plane,
                entry.along,
                entry.header,
            )
        )
        if len(self._new) >= AT_ONCE:
            self._write()

    def forget(self, folder: str, names: Iterable[str]) -> None:
        """Remove files that are not there any more."""
        self._gone += [(os.fsencode(folder), os.fsencode(name)) for name in names]


def packed(header: ImageHeader) -> str:
    """A header as JSON."""
    return json.dumps([getattr(header, name) for name in NAMES])


def unpacked(text: str) -> ImageHeader:
    """The header of `packed`."""
    values = dict(zip(NAMES, json.loads(text), strict=True))
    for name in _TUPLES:
        if values[name] is not None:
            values[name] = tuple(values[name])
    return ImageHeader(**values)
