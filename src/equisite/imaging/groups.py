"""Functional groups of multi-frame objects: what holds for one frame, or for all."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

GEOMETRY = ("PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence")
"""The groups without which a frame has no place; PS3.3 C.7.6.16.2."""
UNASSIGNED = (
    "UnassignedPerFrameConvertedAttributesSequence",
    "UnassignedSharedConvertedAttributesSequence",
)
"""Where a legacy converted object keeps attributes that have no group; PS3.3 C.7.6.16.2.25."""


@dataclass(frozen=True)
class FrameGroups:
    """The groups of one frame; what is stated per frame wins over what is shared."""

    own: Any
    shared: Any

    def group(self, name: str) -> Any:
        """The first item of a group's sequence, or None."""
        for holder in (self.own, self.shared):
            items = None if holder is None else holder.get(name)
            if items:
                return items[0]
        return None

    def value(self, name: str, keyword: str) -> Any:
        """An attribute of a group, or None; an item without it gives way to the shared one."""
        for holder in (self.own, self.shared):
            items = None if holder is None else holder.get(name)
            value = items[0].get(keyword) if items else None
            if value is not None:
                return value
        return None

    def unassigned(self, keyword: str) -> Any:
        """An attribute of the unassigned converted attributes, or None."""
        for name in UNASSIGNED:
            value = self.value(name, keyword)
            if value is not None:
                return value
        return None


def frame_groups(dataset: Any) -> Iterator[FrameGroups]:
    """Groups of each frame in stored order; as many as the object has per-frame items."""
    shared = next(iter(dataset.get("SharedFunctionalGroupsSequence") or ()), None)
    for own in dataset.get("PerFrameFunctionalGroupsSequence") or ():
        yield FrameGroups(own, shared)


def numbers(value: Any, count: int) -> tuple[float, ...] | None:
    """Exactly `count` finite numbers of an element, else None."""
    if value is None or isinstance(value, str) or not isinstance(value, Sequence):
        values = [value] if count == 1 and value not in (None, "") else []
    else:
        values = list(value)
    try:
        found = tuple(float(v) for v in values)
    except (TypeError, ValueError):
        return None
    return found if len(found) == count and all(map(math.isfinite, found)) else None


def number(value: Any) -> float | None:
    """One finite number, or None."""
    one = numbers(value, 1)
    return one[0] if one else None
