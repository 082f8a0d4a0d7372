"""Texts that ship with the report: its template, style and script, sentences, references."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TypeVar

from equisite.core.tables import read_rows

Row = TypeVar("Row")
FOLDER = "templates"


def read_text(name: str) -> str:
    """A file of the folder `templates`."""
    package = resources.files("equisite.compare")
    return package.joinpath(FOLDER).joinpath(name).read_text(encoding="utf-8")


def read_words(name: str, row_type: type[Row]) -> list[Row]:
    """Rows of the table `templates/<name>.tsv`."""
    with resources.as_file(resources.files("equisite.compare").joinpath(FOLDER)) as folder:
        return list(read_rows(Path(folder) / f"{name}.tsv", row_type))  # type: ignore[type-var]
