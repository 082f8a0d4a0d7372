"""Labels of columns, regions and codes as people read them, alike on every page."""

from __future__ import annotations

from equisite.codebook.book import SEPARATOR, Codebook

MISSING_LABEL = "Missing"
SHORT_REGION = 4


def column_label(book: Codebook, name: str) -> str:
    """Label of a variable or of a feature of one modality and region.

    `mr__gtv__shape_mesh_volume` becomes `MR GTV: Volume (mesh)`; of the response to a filter
    the filter's name follows the region.
    """
    label = book.variable(name).label
    parts = name.split(SEPARATOR)
    if len(parts) < 3:
        return label
    filtered = f", {parts[2]}" if len(parts) == 4 else ""
    return f"{parts[0].upper()} {region_label(parts[1])}{filtered}: {label}"


def region_label(name: str) -> str:
    """A region's name; short ones are abbreviations.

    >>> region_label("gtv"), region_label("prostate")
    ('GTV', 'prostate')
    """
    return name.upper() if len(name) <= SHORT_REGION else name


def code_label(book: Codebook, name: str, code: str) -> str:
    """Label of a code of a coded variable."""
    variable = book.variable(name)
    if code in variable.codes:
        return variable.codes[code]
    if variable.type == "flag" and code in ("0", "1"):
        return "yes" if code == "1" else "no"
    return MISSING_LABEL
