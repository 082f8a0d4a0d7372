"""Names of cells: `name=value` pairs joined by `|`, in one fixed order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

FIRST = "analysis_set"
LAST = (
    "feature", "channel", "gene", "consequence", "variant", "covariates", "pattern", "level",
    "bin", "side",
)  # fmt: skip
"""Names with a fixed place; every other name is a coded variable and stands before them."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.,:*+-]{0,255}")


@dataclass(frozen=True)
class Key:
    """A parsed cell key; pairs are in canonical order."""

    pairs: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return "|".join(f"{name}={value}" for name, value in self.pairs)

    def get(self, name: str) -> str | None:
        """Value of one name, None when the key does not have it."""
        return dict(self.pairs).get(name)

    @property
    def variables(self) -> dict[str, str]:
        """The coded variables of the key and their codes."""
        return {n: v for n, v in self.pairs if n != FIRST and n not in LAST}


def _place(name: str) -> tuple[int, int, str]:
    if name == FIRST:
        return (0, 0, "")
    if name in LAST:
        return (2, LAST.index(name), "")
    return (1, 0, name)


def make_key(values: Mapping[str, object]) -> Key:
    """Key of these names and values, put in canonical order.

    Raises ValueError when a name or value has a character that keys may not hold.

    >>> str(make_key({"bin": 3, "sex": "female", "analysis_set": "all", "level": 10}))
    'analysis_set=all|sex=female|level=10|bin=3'
    """
    pairs = tuple((n, str(values[n])) for n in sorted(values, key=_place))
    for name, value in pairs:
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError("a key holds names and codes only")
    if not pairs or pairs[0][0] != FIRST:
        raise ValueError("a key begins with its analysis set")
    return Key(pairs)


def parse_key(text: str) -> Key:
    """Read a key; only its canonical form is accepted.

    Raises ValueError for a wrong order, a repeated name, a missing `=` or other marks.
    """
    values: dict[str, str] = {}
    for pair in text.split("|"):
        name, equals, value = pair.partition("=")
        if not equals or name in values:
            raise ValueError("a key is name=value pairs, each name once")
        values[name] = value
    key = make_key(values)
    if str(key) != text:
        raise ValueError("the pairs of a key stand in a fixed order")
    return key
