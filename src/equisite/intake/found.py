"""What lies in a hospital's folders of raw data, before any sheet names it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from equisite.core.signs import written_out
from equisite.protocol.models import IDENTIFIER

LONGEST_ID = 64
UNUSABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]|^\s|\s$|^\"")
"""A text that cannot stand in a cell of a sheet, nor half a sign of another encoding."""
NO_CELL = "its name cannot stand in a sheet"


@dataclass(frozen=True, order=True)
class LeftOut:
    """A file, series or folder of which no row was made. why: the end of `left out: ...`.

    Both are to be told: signs that are not seen, or are no text, are written out.
    """

    what: str
    why: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "what", written_out(self.what))
        object.__setattr__(self, "why", written_out(self.why))


@dataclass(frozen=True, order=True)
class FoundSeries:
    """An image series. patient: PatientID as it is; sex: DICOM's M, F, O or empty.

    folder: below which all its images lie. alone: no image of another series lies there.
    """

    patient: str
    sex: str
    modality: str
    uid: str
    folder: str
    alone: bool
    images: int
    frame: str


@dataclass(frozen=True, order=True)
class FoundMask:
    """A file of regions. kind: RTSTRUCT, SEG, NIfTI or NRRD. patient: PatientID or empty.

    names: its regions by their local names; labels: how many numbers a label image without
    names has. series, frames: what it says it was drawn on. rois: regions of the protocol
    that its names match, None where no protocol was given.
    """

    path: str
    kind: str
    patient: str
    names: tuple[str, ...]
    labels: int
    series: tuple[str, ...]
    frames: tuple[str, ...]
    rois: tuple[str, ...] | None


@dataclass(frozen=True)
class Inventory:
    """All series and masks below some folders."""

    series: tuple[FoundSeries, ...] = ()
    masks: tuple[FoundMask, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def plain(self) -> dict[str, Any]:
        """As plain data, for a file between two programs."""
        return asdict(self)


def inventory_of(plain: dict[str, Any]) -> Inventory:
    """The inventory of `Inventory.plain`, also after a way through JSON."""
    masks: list[dict[str, Any]] = [
        {key: tuple(value) if isinstance(value, list) else value for key, value in mask.items()}
        for mask in plain["masks"]
    ]
    return Inventory(
        tuple(FoundSeries(**one) for one in plain["series"]),
        tuple(FoundMask(**mask) for mask in masks),
        tuple(LeftOut(**one) for one in plain["left_out"]),
    )


def safe_ids(names: Iterable[str]) -> dict[str, str]:
    """An id of our form for each name, unique after case folding, in sorted order.

    >>> safe_ids(["a b", "A/B", "x"])
    {'A/B': 'A-B', 'a b': 'a-b-2', 'x': 'x'}
    """
    ids: dict[str, str] = {}
    taken: set[str] = set()
    # Names that are ids already keep their own, whatever others would become.
    for name in sorted(set(names), key=lambda n: (re.match(IDENTIFIER, n) is None, n)):
        plain = name if re.match(IDENTIFIER, name) else _plain(name)
        number, chosen = 1, plain
        while chosen.casefold() in taken:
            number += 1
            end = f"-{number}"
            chosen = plain[: LONGEST_ID - len(end)] + end
        taken.add(chosen.casefold())
        ids[name] = chosen
    return dict(sorted(ids.items()))


def _plain(name: str) -> str:
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", ascii_name)
    plain = re.sub(r"^[^A-Za-z0-9]+", "", plain)[:LONGEST_ID].rstrip("-")
    return plain or "id"
