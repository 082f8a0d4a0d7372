"""One region under way: what is known of it so far, and what is to be said about it."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from equisite.core.errors import Finding, InputError
from equisite.protocol.radiomics import RadiomicSettings
from equisite.radiomics.region import Mask

MOST_LEVELS = 1000
"""Grey levels that are still plausible."""

LEAST_RESEGMENTED = 10
"""Voxels that must be left after re-segmentation."""

RATIOS = ("ibsi_stat_cov", "ibsi_stat_qcod", "ibsi_morph_com")
"""Features that divide by a mean or a sum of intensities, which may be 0."""


@dataclass
class Case:
    """Values and findings of one region, which a chain of steps fills in.

    classes: of features, that are asked for. values: by id; NaN until they are known.
    excused: ids that are missing for a reason that has been told.
    """

    settings: RadiomicSettings
    classes: Collection[str]
    values: dict[str, float]
    findings: list[Finding] = field(default_factory=list)
    excused: set[str] = field(default_factory=set)

    def keep(self, found: Mapping[str, float]) -> None:
        """Take over the values that are columns; what is not finite is missing."""
        for name, value in found.items():
            if name in self.values:
                self.values[name] = value if math.isfinite(value) else math.nan

    def excuse(self, names: Iterable[str]) -> None:
        """These are not defined, and the reason has been told."""
        for name in names:
            if name in self.values:
                self.values[name] = math.nan
                self.excused.add(name)

    def tell(self, code: str, **numbers: float | int | str) -> None:
        """Add a finding."""
        self.findings.append(Finding(code, "", dict(numbers)))

    @property
    def accepted(self) -> bool:
        """Whether nothing refuses the region so far."""
        return not any(f.severity == "refuse" for f in self.findings)

    def tell_dimensions(self, region: Mask) -> int:
        """Number of directions in which a tight mask is longer than one voxel; told if < 3."""
        dimensions = sum(1 for n in region.shape if n > 1)
        if dimensions < 3:
            self.tell(("ROI_ONE_VOXEL", "ROI_1D", "ROI_2D")[dimensions])
        return dimensions

    def resegmented(self, used: Mask) -> None:
        """Count the voxels left for intensities. Raises RESEG_EMPTY, RESEG_SMALL."""
        count = int(np.count_nonzero(used))
        if self.settings.range is not None and count < LEAST_RESEGMENTED:
            low, high = self.settings.range
            code = "RESEG_SMALL" if count else "RESEG_EMPTY"
            raise InputError(code, voxels=count, low=low, high=high)
        self.values["roi_voxels_used"] = float(count)

    def has_texture(self, voxels: int, *, flat: bool, levels: int, dimensions: int) -> bool:
        """Whether texture stands on something; if not, the reason becomes a finding.

        levels: number of grey levels that are present. dimensions: of the used voxels.
        """
        if flat:
            self.tell("ROI_FLAT")
        elif levels == 1:
            self.tell("ROI_ONE_LEVEL")
        least = self.settings.minimum_voxels
        small = voxels < least
        if small:
            self.tell("ROI_SMALL", voxels=voxels, least=least)
        elif dimensions < 3 and self.accepted:
            self.tell("ROI_2D")
        return not (flat or levels == 1 or small) and dimensions > 1

    def finish(self, wanted: Iterable[str]) -> None:
        """Values that were asked for and are missing without a reason get one."""
        if not self.accepted:
            return
        lost = {n for n in wanted if n in self.values and math.isnan(self.values[n])}
        lost -= self.excused
        ratios = sorted(lost & set(RATIOS))
        if ratios:
            self.tell("RATIO_UNDEFINED", features=", ".join(ratios))
        if lost - set(ratios):
            self.tell("FEATURE_UNDEFINED", features=len(lost) - len(ratios))


def refuse_unless_finite(inside: NDArray[np.generic]) -> None:
    """Raises ROI_NAN or ROI_INF with the number of voxels."""
    numbers = inside.astype(np.float64)
    missing = int(np.count_nonzero(np.isnan(numbers)))
    if missing:
        raise InputError("ROI_NAN", voxels=missing)
    infinite = int(np.count_nonzero(np.isinf(numbers)))
    if infinite:
        raise InputError("ROI_INF", voxels=infinite)
