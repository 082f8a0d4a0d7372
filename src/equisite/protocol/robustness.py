"""Perturbations that a protocol asks for, to see which features stand them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from equisite.protocol.strict import Strict

Fraction = Annotated[float, Field(ge=0, lt=1)]
Angle = Annotated[float, Field(gt=-90, lt=90)]
VolumeChange = Annotated[float, Field(ge=-0.2, le=0.2)]


class Robustness(Strict):
    """The perturbation chain: every combination of its lists is one copy of a case."""

    share: float = Field(
        default=1,
        gt=0,
        le=1,
        description="Share of the cases, chosen by a hash of their token.",
    )
    translations: tuple[Fraction, ...] = Field(
        default=(0, 0.5),
        min_length=1,
        description="Shifts along each axis, as a fraction of the resampled voxel.",
    )
    rotations_deg: tuple[Angle, ...] = Field(
        default=(-6, 0, 6), min_length=1, description="Rotations in the axial plane."
    )
    volume_changes: tuple[VolumeChange, ...] = Field(
        default=(-0.1, 0, 0.1), min_length=1, description="Growth and shrinking of the region."
    )
    noise: bool = Field(
        default=True, description="Add noise of the level that the image itself has."
    )
    contour: bool = Field(default=True, description="Redraw the contour along supervoxels.")
    copies: int | None = Field(
        default=None,
        ge=2,
        le=1000,
        description="So many copies, spread over the chain; null: all of them.",
    )
    minimum_icc: float = Field(
        default=0.75,
        gt=0,
        lt=1,
        description="A feature whose lower 95 % bound is below this is marked.",
    )

    @property
    def combinations(self) -> int:
        """Copies of the whole chain."""
        shifts = len(self.translations) ** 3
        return shifts * len(self.rotations_deg) * len(self.volume_changes)

    @property
    def number_of_copies(self) -> int:
        """Copies of each case."""
        return self.copies or self.combinations

    @model_validator(mode="after")
    def _enough(self) -> Robustness:
        if self.combinations < (self.copies or 2):
            raise ValueError(
                f"the lists have {self.combinations} combinations, too few for copies"
            )
        return self
