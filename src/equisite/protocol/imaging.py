"""The protocol on images: which series are accepted and how regions are made of masks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from equisite.protocol.strict import Strict

SplitKey = Literal[
    "orientation",
    "matrix",
    "spacing",
    "image_type",
    "echo",
    "b_value",
    "temporal_position",
    "acquisition",
    "frame_of_reference",
]
RoiName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*$")]


class SeriesLimits(Strict):
    """Limits of the checks of a series (imaging page, section 3)."""

    minimum_slices: int = Field(
        default=3, ge=1, description="Fewer slices: the series is refused."
    )
    slice_gap_mm: float = Field(
        default=0.01,
        gt=0,
        description="Largest deviation of a slice gap from the median, in mm.",
    )
    slice_gap_fraction: float = Field(
        default=0.01,
        gt=0,
        lt=1,
        description="The same as a fraction of the gap; the larger of both counts.",
    )
    tilt_degrees: float = Field(
        default=0.25,
        gt=0,
        description="Largest angle between slice normal and stacking direction.",
    )
    orientation: float = Field(
        default=1e-3,
        gt=0,
        description="Largest difference of direction cosines within a series.",
    )
    pixel_spacing_mm: float = Field(
        default=1e-4,
        gt=0,
        description="Largest difference of pixel spacing within a series, in mm.",
    )
    in_plane_shift_mm: float = Field(
        default=0.05, gt=0, description="Largest sideways shift of a slice, in mm."
    )
    projections: tuple[str, ...] = Field(
        default=(
            "MIP",
            "MINIP",
            "MAX_IP",
            "MIN_IP",
            "PROJECTION IMAGE",
            "SCREEN SAVE",
            "CURVED",
            "CSA PARALLEL",
        ),
        description="Values of ImageType that no stack of slices has.",
    )
    lossy: Literal["refuse", "accept"] = Field(
        default="refuse", description="What becomes of lossy compressed images."
    )


class RoiRule(Strict):
    """How a canonical region is found among a site's structure names."""

    name: RoiName = Field(description="Canonical name, used in columns and tables.")
    patterns: tuple[str, ...] = Field(
        min_length=1, description="Ordered regular expressions, full match, case-insensitive."
    )
    combine: Literal["refuse", "union"] = Field(
        default="refuse",
        description="Several structures that match: refuse the region, or take their union.",
    )


class BiasField(Strict):
    """Settings of N4 bias field correction; only MR series are corrected."""

    shrink: int = Field(default=2, ge=1, le=8, description="Shrinking in the planes.")
    iterations: tuple[int, ...] = Field(
        default=(50, 50, 50, 50), min_length=1, description="Iterations at each level."
    )
    convergence: float = Field(default=0.001, gt=0, description="Threshold of convergence.")


class Imaging(Strict):
    """Which series are accepted and which regions are read."""

    limits: SeriesLimits = Field(default=SeriesLimits(), description="Limits of the checks.")
    split_by: tuple[SplitKey, ...] = Field(
        default=(),
        description="Fields whose values make parts of a series that are judged alone.",
    )
    choose: dict[SplitKey, str] = Field(
        default={},
        description="Value of a field of `split_by` that names the part to use, where "
        "several are sound.",
    )
    tilt: Literal["refuse", "shear"] = Field(
        default="refuse",
        description="Series with gantry tilt: refuse, or resample to an orthogonal grid.",
    )
    n4: Literal["off"] | BiasField = Field(default="off", description="N4 of MR, or off.")
    resample_mask: Literal["never", "nearest"] = Field(
        default="never", description="Whether a mask of another geometry may be resampled."
    )
    overlapping_rings: Literal["xor", "union"] = Field(
        default="xor", description="Contours of one slice that overlap: holes (xor) or union."
    )
    fill: Literal["off", "nearest", "shape"] = Field(
        default="off",
        description="Slices inside a region without a contour: left empty, drawn like the "
        "nearest one, or interpolated by shape.",
    )
    consensus: Literal["off", "majority", "staple"] = Field(
        default="off",
        description="Several readers: each one's region, the majority's, or that of STAPLE.",
    )
    deid: Literal["off", "warn", "block"] = Field(
        default="off",
        description="Headers that hold what PS3.15 would remove: not looked for, told, or "
        "refused.",
    )
    segment_threshold: float = Field(
        default=0.5, gt=0, le=1, description="Share of the maximum where a segment begins."
    )
    roi: tuple[RoiRule, ...] = Field(min_length=1, description="Regions, by canonical name.")
