"""`datapackage.json` and `manifest.tsv`: what the other files are, and their digests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from equisite.bundle import format as form
from equisite.core.canonical import canonical_json

_INTEGER = {"rank", "cells", "bytes"}
_ENUMS: dict[str, dict[str, tuple[str, ...]]] = {
    form.TABLES: {
        "kind": form.KINDS,
        "class": form.CLASSES,
        "status": form.TABLE_STATUSES,
        "reason": tuple(form.TABLE_REASONS),
    },
    form.CELLS: {"measure": form.CELL_MEASURES, "status": form.CELL_STATUSES},
    form.QUALITY: {"measure": form.CELL_MEASURES, "status": form.CELL_STATUSES},
    form.CONFORMANCE: {"measure": form.CONFORMANCE_MEASURES},
}
_PRIMARY = {
    form.TABLES: ["table"],
    form.CELLS: ["table", "key", "measure"],
    form.QUALITY: ["table", "key", "measure"],
    form.CONFORMANCE: ["item", "measure"],
}
COLUMNS = {
    form.TABLES: form.TABLE_COLUMNS,
    form.CELLS: form.CELL_COLUMNS,
    form.QUALITY: form.CELL_COLUMNS,
    form.CONFORMANCE: form.CONFORMANCE_COLUMNS,
}
"""Columns of each table file."""


def _field(path: str, column: str) -> dict[str, object]:
    field: dict[str, object] = {
        "name": column,
        "type": "integer" if column in _INTEGER else "string",
    }
    allowed = [word for word in _ENUMS[path].get(column, ()) if word]
    if allowed:
        field["constraints"] = {"enum": allowed}
    return field


def datapackage(site: str, release_no: int, tables: Mapping[str, bytes]) -> bytes:
    """Frictionless description of the table files of a bundle, canonical JSON.

    tables: content of each file of `COLUMNS`. It follows from them alone, so verification
    makes it again and compares.
    """
    resources = [
        {
            "name": path.removesuffix(".tsv"),
            "path": path,
            "profile": "tabular-data-resource",
            "format": "tsv",
            "mediatype": "text/tab-separated-values",
            "encoding": "utf-8",
            "dialect": {"delimiter": "\t", "header": True},
            "bytes": len(tables[path]),
            "hash": f"sha256:{hashlib.sha256(tables[path]).hexdigest()}",
            "schema": {
                "fields": [_field(path, column) for column in COLUMNS[path]],
                "missingValues": [""],
                "primaryKey": _PRIMARY[path],
            },
        }
        for path in sorted(COLUMNS)
    ]
    name = f"{site.lower()}-r{release_no:04d}"
    return canonical_json(
        {"name": name, "profile": "tabular-data-package", "resources": resources}
    )


def manifest(files: Mapping[str, bytes]) -> bytes:
    """`manifest.tsv` of all other files: path, bytes, sha256."""
    lines = ["\t".join(form.MANIFEST_COLUMNS)]
    lines += [
        f"{path}\t{len(files[path])}\t{hashlib.sha256(files[path]).hexdigest()}"
        for path in sorted(files)
        if path != form.MANIFEST
    ]
    return ("\n".join(lines) + "\n").encode()
