"""What DICOM files still hold that the basic confidentiality profile would not leave.

Nothing is changed and no value is shown: counts only. A clean result is no proof that
nobody can be recognised; text in pixels and faces in volumes are not looked for.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from equisite.imaging.findings import REFUSE, WARN, ImagingFinding, finding
from equisite.imaging.foreign import foreign_parser
from equisite.imaging.walk import folders

TABLE = Path(__file__).with_name("ps3_15.tsv")
"""PS3.15 Table E.1-1: tag (x and g stand for any digit), action, options that allow it."""
PRIVATE, BURNED_IN, STATED_REMOVED = "private", "burned in", "identity removed"
DUMMY_ALLOWED = frozenset("DU")
"""Actions that leave a value: a dummy or a new UID cannot be told from the old one."""


@dataclass(frozen=True)
class Attribute:
    """One row of the table."""

    name: str
    action: str
    options: frozenset[str]


@dataclass(frozen=True, order=True)
class PrivacyRow:
    """One attribute in the report. files: that hold a value. declared: of them, those whose
    declared options (0012,0064) allow one. action: of the basic profile.
    """

    tag: str
    name: str
    action: str
    files: int
    declared: int


class _Unreadable(Exception):  # noqa: N818 - counted, not raised further
    """The file cannot be parsed."""


@cache
def profile() -> dict[str, Attribute]:
    """The table by tag: eight hexadecimal digits, some of which may be x or g."""
    with TABLE.open(encoding="utf-8", newline="") as stream:
        return {
            row["tag"]: Attribute(
                row["name"], row["action"], frozenset(row["options"].split(",")) - {""}
            )
            for row in csv.DictReader(stream, delimiter="\t")
        }


def attribute_of(tag: int) -> tuple[str, Attribute] | None:
    """The row of the table for a tag, with its pattern; None when it has none."""
    table = profile()
    text = f"{tag:08x}"
    for pattern in (text, text[:2] + "xx" + text[4:], text[:2] + "xx" + "xxxx"):
        if pattern in table:
            return pattern, table[pattern]
    return None


def inspect(paths: Iterable[Path]) -> tuple[int, int, list[PrivacyRow]]:
    """Look at DICOM files: how many, how many unreadable ones, and rows by tag.

    Sequences are walked. Attributes whose action only replaces the value (D, U) are left
    out: a dummy looks like any value. Raises OSError when the machine cannot read.
    """
    import pydicom

    files = unreadable = 0
    held: Counter[tuple[str, str, str]] = Counter()
    allowed: Counter[tuple[str, str, str]] = Counter()
    for path in paths:
        try:
            with foreign_parser(_Unreadable):
                dataset = pydicom.dcmread(path, stop_before_pixels=True, force=True)
                if "SOPClassUID" not in dataset:
                    continue
                keys = _held(dataset)
        except _Unreadable:
            unreadable += 1
            continue
        files += 1
        held.update(keys.keys())
        allowed.update(key for key, by_option in keys.items() if by_option)
    rows = [PrivacyRow(*key, number, allowed[key]) for key, number in held.items()]
    return files, unreadable, sorted(rows)


def files_below(root: Path) -> Iterator[Path]:
    """Every file below a folder; links that lead out of it are not followed."""
    for folder, found, _ in folders(root):
        for file in found:
            yield Path(folder, file.name)


def undeclared(rows: Iterable[PrivacyRow]) -> list[PrivacyRow]:
    """Rows that some file holds without having declared an option that allows them.

    Only what the profile removes (X): where it may leave a dummy (Z), as in PatientID, a
    pseudonym cannot be told from a name.
    """
    return [
        r
        for r in rows
        if r.files > r.declared and (r.action[:1] == "X" or r.action in (PRIVATE, BURNED_IN))
    ]


def held_by(paths: Iterable[str], setting: Literal["warn", "block"]) -> list[ImagingFinding]:
    """DEID_HELD: attributes, private elements and burned-in text that a series still holds."""
    files, unreadable, rows = inspect(Path(p) for p in sorted(set(paths)))
    found = undeclared(rows)
    if not found and not unreadable:
        return []
    private = max((r.files for r in found if r.action == PRIVATE), default=0)
    burned = max((r.files for r in found if r.action == BURNED_IN), default=0)
    attributes = sum(r.action not in (PRIVATE, BURNED_IN) for r in found)
    return [
        finding(
            "DEID_HELD",
            REFUSE if setting == "block" else WARN,
            count=attributes,
            total=files,
            private=private,
            burned=burned,
            unreadable=unreadable,
        )
    ]


def _held(dataset: Any) -> dict[tuple[str, str, str], bool]:
    """Attributes with a value in one file, and whether a declared option allows it."""
    codes = {
        str(item.get("CodeValue", ""))
        for item in dataset.get("DeidentificationMethodCodeSequence") or ()
    }
    found: dict[tuple[str, str, str], bool] = {}
    for element in _elements(dataset):
        if element.tag.is_private:
            found["gggggggg", "Private attributes", PRIVATE] = "113111" in codes
            continue
        row = attribute_of(int(element.tag))
        if row is None or element.is_empty or row[1].action[:1] in DUMMY_ALLOWED:
            continue
        found[row[0], row[1].name, row[1].action] = bool(row[1].options & codes)
    if str(dataset.get("BurnedInAnnotation", "")).upper() == "YES":
        found["00280301", "Burned In Annotation", BURNED_IN] = False
    if str(dataset.get("PatientIdentityRemoved", "")).upper() == "YES":
        found["00120062", "Patient Identity Removed", STATED_REMOVED] = True
    return found


def _elements(dataset: Any) -> Iterator[Any]:
    """All elements, those inside sequences too."""
    for element in dataset:
        yield element
        if element.VR == "SQ":
            for item in element.value:
                yield from _elements(item)
