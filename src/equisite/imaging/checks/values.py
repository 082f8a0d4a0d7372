"""What the decoded values tell: constant frames, and a range that fits the modality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from equisite.imaging.fields import ImageHeader
from equisite.imaging.findings import ImagingFinding, finding, listed

AIR_MAXIMUM_HU = -200.0
TISSUE_MINIMUM_HU = 100.0
LOWEST_HU = -1024.0
BELOW_LOWEST_FRACTION = 1e-3


@dataclass
class ValueTally:
    """Gathers what `check_values` needs while the frames stream by.

    constant: for each frame in slice order True, False, or None when it was not decoded.
    """

    constant: list[bool | None] = field(default_factory=list)
    failed: dict[int, str] = field(default_factory=dict)
    lowest: float = np.inf
    highest: float = -np.inf
    below: int = 0
    below_lowest: float = np.inf
    below_highest: float = -np.inf
    voxels: int = 0

    def unread(self, cause: str = "") -> None:
        """A frame that could not be read; a cause means that its stream is corrupt."""
        if cause:
            self.failed[len(self.constant)] = cause
        self.constant.append(None)

    def add(
        self,
        header: ImageHeader,
        stored: NDArray[np.integer[Any]],
        scaled: NDArray[np.float64],
    ) -> None:
        """Count one frame: stored values and values after rescale."""
        self.constant.append(header.slope == 0 or bool(stored.min() == stored.max()))
        if header.modality != "CT":
            return
        self.voxels += scaled.size
        kept = scaled if header.padding is None else scaled[stored != header.padding]
        if not kept.size:
            return
        lowest = float(kept.min())
        self.lowest = min(self.lowest, lowest)
        self.highest = max(self.highest, float(kept.max()))
        if lowest < LOWEST_HU:
            below = kept[kept < LOWEST_HU]
            self.below += below.size
            self.below_lowest = min(self.below_lowest, lowest)
            self.below_highest = max(self.below_highest, float(below.max()))

    def empty_ends(self) -> list[int]:
        """Indices of constant frames that have only constant frames outside of them."""
        kept = [i for i, flat in enumerate(self.constant) if flat is False]
        if not kept:
            return []
        return [
            i for i, flat in enumerate(self.constant) if flat and not kept[0] < i < kept[-1]
        ]


def check_values(tally: ValueTally) -> list[ImagingFinding]:
    """CORRUPT_PIXELS, CONSTANT_IMAGE, EMPTY_END_SLICES, VALUE_RANGE, PADDING."""
    total = len(tally.constant)
    findings = []
    if tally.failed:
        findings.append(
            finding(
                "CORRUPT_PIXELS",
                count=len(tally.failed),
                slice=listed(i + 1 for i in tally.failed),
                total=total,
                cause=", ".join(sorted(set(tally.failed.values()))),
            )
        )
    findings += _constant(tally, total)
    if np.isfinite(tally.lowest):
        findings += _range(tally)
    return findings


def _constant(tally: ValueTally, total: int) -> list[ImagingFinding]:
    flat = [i for i, constant in enumerate(tally.constant) if constant]
    if not flat:
        return []
    ends = set(tally.empty_ends())
    inner = [i for i in flat if i not in ends]
    findings = []
    if inner:
        findings.append(_named("CONSTANT_IMAGE", inner, total))
    if ends:
        findings.append(_named("EMPTY_END_SLICES", sorted(ends), total))
    return findings


def _named(code: str, frames: Sequence[int], total: int) -> ImagingFinding:
    return finding(code, count=len(frames), slice=listed(i + 1 for i in frames), total=total)


def _range(tally: ValueTally) -> list[ImagingFinding]:
    findings = []
    single = tally.below > 0 and tally.below_lowest == tally.below_highest
    if single:
        findings.append(finding("PADDING", value=tally.below_lowest, count=tally.below))
    too_low = not single and tally.below > BELOW_LOWEST_FRACTION * tally.voxels
    if tally.lowest > AIR_MAXIMUM_HU or tally.highest < TISSUE_MINIMUM_HU or too_low:
        findings.append(
            finding(
                "VALUE_RANGE",
                lowest=round(tally.lowest, 3),
                highest=round(tally.highest, 3),
                count=tally.below,
            )
        )
    return findings
