"""A bundle as typed rows, and as bytes: equal content gives equal bytes, and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError

from equisite.bundle import archive, describe
from equisite.bundle import format as form
from equisite.bundle.about import About
from equisite.bundle.format import CellRow, ConformanceRow, Row, TableRow
from equisite.bundle.keys import parse_key
from equisite.core.canonical import canonical_json
from equisite.core.errors import BundleError

_RowType = TypeVar("_RowType", TableRow, CellRow, ConformanceRow)


@dataclass(frozen=True)
class Bundle:
    """Content of a bundle. Rows of each file are sorted by their texts, byte by byte."""

    about: About
    tables: tuple[TableRow, ...]
    cells: tuple[CellRow, ...]
    quality: tuple[CellRow, ...]
    conformance: tuple[ConformanceRow, ...]


def file_name(site: str, release_no: int) -> str:
    """Name of an approved bundle in the outbox."""
    return f"{site}-r{release_no:04d}.bundle"


def _lines(columns: Sequence[str], rows: Iterable[Row]) -> bytes:
    texts = sorted("\t".join(form.cells_of(row)).encode() for row in rows)
    return b"\n".join(["\t".join(columns).encode(), *texts]) + b"\n"


def about_bytes(about: About) -> bytes:
    """Canonical JSON of `about.json`."""
    return canonical_json(about.model_dump(mode="json", by_alias=True))


def encode_files(bundle: Bundle) -> dict[str, bytes]:
    """Bytes of each file of a bundle."""
    tables = {
        form.TABLES: _lines(form.TABLE_COLUMNS, bundle.tables),
        form.CELLS: _lines(form.CELL_COLUMNS, bundle.cells),
        form.QUALITY: _lines(form.CELL_COLUMNS, bundle.quality),
        form.CONFORMANCE: _lines(form.CONFORMANCE_COLUMNS, bundle.conformance),
    }
    files = {
        form.ABOUT: about_bytes(bundle.about),
        form.DATAPACKAGE: describe.datapackage(
            bundle.about.site, bundle.about.release_no, tables
        ),
        **tables,
    }
    files[form.MANIFEST] = describe.manifest(files)
    return files


def encode(bundle: Bundle) -> bytes:
    """The bundle's archive."""
    return archive.pack(encode_files(bundle), bundle.about.freeze.date)


def read_files(content: bytes) -> dict[str, bytes]:
    """Files of a bundle whose archive is exactly in form.

    Raises BundleError V_NAME for any other, missing or extra file, or archive form.
    """
    files, seconds = archive.unpack(content)
    if tuple(sorted(files)) != form.FILES:
        raise BundleError("V_NAME", problem="the list of files is not that of a bundle")
    try:
        date = json.loads(files[form.ABOUT])["freeze"]["date"]
        expected = archive.freeze_seconds(date)
    except (ValueError, TypeError, KeyError):
        raise BundleError("V_NAME", problem="the archive's date cannot be checked") from None
    if seconds != expected:
        raise BundleError("V_NAME", problem="the archive's date is not the freeze date")
    return files


def check_manifest(files: dict[str, bytes]) -> None:
    """Every digest and size of the manifest is that of the file.

    Raises BundleError V_MANIFEST.
    """
    if files[form.MANIFEST] != describe.manifest(files):
        raise BundleError("V_MANIFEST")


def _read_table(
    path: str, content: bytes, read: Callable[[list[str]], _RowType]
) -> list[_RowType]:
    columns = describe.COLUMNS[path]
    lines = content.split(b"\n")
    if lines[-1] != b"" or lines[0] != "\t".join(columns).encode():
        raise _schema(path, 1, "header or last line")
    body = lines[1:-1]
    rows = []
    for number, line in enumerate(body, start=2):
        if number > 2 and line <= body[number - 3]:
            raise _schema(path, number, "order")
        try:
            cells = line.decode("utf-8").split("\t")
            if len(cells) != len(columns):
                raise ValueError
            rows.append(read(cells))
        except ValueError:
            raise _schema(path, number, "content") from None
    return rows


def _schema(path: str, line: int, problem: str) -> BundleError:
    return BundleError("V_SCHEMA", path=path, line=line, problem=problem)


def _known(word: str, words: Iterable[str]) -> str:
    if word not in words:
        raise ValueError
    return word


def _whole(text: str) -> int:
    if not form.INTEGER.fullmatch(text):
        raise ValueError
    return int(text)


def _word(text: str) -> str:
    if not form.WORD.fullmatch(text):
        raise ValueError
    return text


def _table_row(cells: list[str]) -> TableRow:
    table, kind, data_class, analysis_set, status, reason, rank, count = cells
    row = TableRow(
        _word(table),
        _known(kind, form.KINDS),
        _known(data_class, form.CLASSES),
        _word(analysis_set),
        _known(status, form.TABLE_STATUSES),
        _known(reason, form.TABLE_REASONS),
        _whole(rank),
        _whole(count),
    )
    if (row.status == "released") != (row.reason == ""):
        raise ValueError
    return row


def _cell_row(cells: list[str]) -> CellRow:
    table, key, measure, value, status = cells
    parse_key(key)
    _known(measure, form.CELL_MEASURES)
    published = _known(status, form.CELL_STATUSES) in ("ok", "merged", "structural")
    if published != form.is_canonical(measure, value) or (not published and value):
        raise ValueError
    return CellRow(_word(table), key, measure, value, status)


def _conformance_row(cells: list[str]) -> ConformanceRow:
    item, measure, value = cells
    _known(measure, form.CONFORMANCE_MEASURES)
    good = (
        form.DIGEST.fullmatch(value) is not None
        if measure == "digest"
        else form.is_canonical(measure, value)
    )
    if not good or (measure in form.SHARES and not 0 <= float(value) <= 1):
        raise ValueError
    if not form.ITEM.fullmatch(item):
        raise ValueError
    return ConformanceRow(item, measure, value)


def decode(files: dict[str, bytes]) -> Bundle:
    """Typed content of a bundle's files, every form checked.

    Raises BundleError V_SCHEMA naming file and line, never a content.
    """
    try:
        about = About.model_validate_json(files[form.ABOUT])
        if about_bytes(about) != files[form.ABOUT]:
            raise ValueError
    except (ValidationError, ValueError):
        raise _schema(form.ABOUT, 1, "content") from None
    bundle = Bundle(
        about,
        tuple(_read_table(form.TABLES, files[form.TABLES], _table_row)),
        tuple(_read_table(form.CELLS, files[form.CELLS], _cell_row)),
        tuple(_read_table(form.QUALITY, files[form.QUALITY], _cell_row)),
        tuple(_read_table(form.CONFORMANCE, files[form.CONFORMANCE], _conformance_row)),
    )
    tables = {path: files[path] for path in describe.COLUMNS}
    if files[form.DATAPACKAGE] != describe.datapackage(about.site, about.release_no, tables):
        raise _schema(form.DATAPACKAGE, 1, "content")
    return bundle


def read_bundle(content: bytes) -> Bundle:
    """Archive, manifest and schema checked; rules are `verify`'s.

    Raises BundleError V_NAME, V_MANIFEST or V_SCHEMA.
    """
    files = read_files(content)
    check_manifest(files)
    return decode(files)
