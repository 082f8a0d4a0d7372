"""Labels that people read: from codebook, protocol and keyring, never from a bundle."""

from __future__ import annotations

from equisite.bundle.keys import LAST, Key
from equisite.codebook.book import SEPARATOR, Codebook
from equisite.codebook.constants import Constant
from equisite.codebook.labels import code_label, column_label, region_label
from equisite.compare.suspects import GENES

SCORE_WORDS = {
    "recall": "recall",
    "precision": "precision",
    "f1": "F1",
    "n": "calls",
    "hit": "hit",
    "ccc": "concordance",
    "max_difference": "largest difference",
}
"""Measures of the public pack in words."""


def unit_text(unit: str) -> str:
    """A unit with raised powers.

    >>> unit_text("mm3"), unit_text("1/mm"), unit_text("")
    ('mm³', '1/mm', 'no unit')
    """
    if unit and unit[-1] in "23" and unit[:-1].isalpha():
        return unit[:-1] + {"2": "²", "3": "³"}[unit[-1]]
    return unit or "no unit"


def strata_label(book: Codebook, key: Key) -> str:
    """The coded variables of a key in words, empty when it has none."""
    return ", ".join(
        f"{book.variable(n).label}: {code_label(book, n, c)}" for n, c in key.variables.items()
    )


def cell_label(book: Codebook, key: Key) -> str:
    """A key in words, without its analysis set."""
    parts = []
    for name, value in key.pairs:
        if name == "feature":
            parts.append(column_label(book, value))
        elif name == "gene":
            consequence = key.get("consequence")
            parts.append(f"{value} {consequence}" if consequence else value)
        elif name == "variant":
            parts.append(value)
        elif name == "covariates":
            parts.append(" by ".join(book.variable(v).label for v in value.split(",")))
        elif name in LAST and name != "consequence":
            parts.append(f"{name} {value}")
    strata = strata_label(book, key)
    return "; ".join([*parts, strata] if strata else parts) or "All"


def set_label(book: Codebook, name: str) -> str:
    """An analysis set in words."""
    return code_label(book, "analysis_set", name)


def family_of(book: Codebook, name: str) -> str:
    """Family of a feature: modality, region and the codebook's family, or that alone.

    >>> from equisite.codebook.book import codebook
    >>> family_of(codebook(), "mr__gtv__shape_mesh_volume")
    'mr gtv shape'
    """
    variable = book.variable(name)
    family = variable.family or variable.class_
    parts = name.split(SEPARATOR)
    return f"{parts[0]} {parts[1]} {family}" if len(parts) == 3 else family


def family_label(family: str) -> str:
    """A family in words.

    >>> family_label("mr gtv shape"), family_label("genes"), family_label("imaging_quality")
    ('MR GTV shape features', 'shares of carriers', 'imaging quality')
    """
    if family == GENES:
        return "shares of carriers"
    strata = "strata of " if family.startswith("strata of ") else ""
    modality, _, rest = family.removeprefix("strata of ").partition(" ")
    if not rest:
        return strata + modality.replace("_", " ")
    place, _, kind = rest.partition(" ")
    return f"{strata}{modality.upper()} {region_label(place)} {kind.replace('_', ' ')} features"


def scale_label(constant: Constant, unit: str) -> str:
    """The scale on which means are compared, in words."""
    name = unit_text(unit)
    if constant.transform == "asinh":
        return f"signed log10 of {name} ({constant.offset:g} and less: linear)"
    if constant.transform == "log10":
        if constant.offset == 0 and not unit:
            return "log10"
        return (
            f"log10 of {name}"
            if constant.offset == 0
            else f"log10 of ({name} + {constant.offset:g})"
        )
    return name
