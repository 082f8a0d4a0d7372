"""From where to where a series reaches, to see a stack that was split into two series."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from equisite.imaging.fields import ImageHeader

ADJACENT = 1.5
"""Series continue each other when they are at most so many slice distances apart."""


@dataclass
class Extent:
    """Lowest and highest position of a series along its normal, mm, and its images."""

    low: float = math.inf
    high: float = -math.inf
    images: int = 0

    def add(self, along: float) -> None:
        """Take one more slice in."""
        self.low = min(self.low, along)
        self.high = max(self.high, along)
        self.images += 1


def place_of(header: ImageHeader) -> tuple[str, float | None]:
    """What all slices of a stack share (study, frame, matrix ...), and the slice's position.

    Empty and None when the header does not place a single slice.
    """
    if header.position is None or header.orientation is None or header.spacing is None:
        return "", None
    a, b, c, d, e, f = header.orientation
    normal = (b * f - c * e, c * d - a * f, a * e - b * d)
    along = sum(n * p for n, p in zip(normal, header.position, strict=True))
    turned = ",".join(f"{v:.3f}" for v in header.orientation).replace("-0.000", "0.000")
    spacing = ",".join(f"{v:.4f}" for v in header.spacing)
    return (
        f"{header.study} {header.modality} {header.frame_of_reference} {turned} {spacing} "
        f"{header.rows} {header.columns}",
        along,
    )


def continuing(
    positions: Sequence[float], gap: float, others: Sequence[Extent]
) -> list[tuple[int, float]]:
    """Images and distance of the series that begin where this one ends, or end before it.

    positions: of the own slices, mm. gap: usual distance of them.
    """
    low, high = min(positions), max(positions)
    found = []
    for other in others:
        apart = max(other.low - high, low - other.high)
        if 0 < apart <= ADJACENT * gap:
            found.append((other.images, apart))
    return found
