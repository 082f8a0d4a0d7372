"""Radiomic features of a protocol: definitions, engine, and settings by modality."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from equisite.codebook.model import Mode
from equisite.protocol.filters import Filter
from equisite.protocol.robustness import Robustness
from equisite.protocol.strict import Strict

Modality = Literal["CT", "MR", "PT"]
Aggregation = Literal["2D_avg", "2D_smrg", "2.5D_dmrg", "2.5D_vmrg", "3D_avg", "3D_mrg"]
FeatureClass = Literal[
    "shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm",
    "morphology", "local_intensity", "statistics", "histogram", "volume_histogram",
    "gldzm", "ngldm",
]  # fmt: skip
CLASSES: dict[Mode, tuple[FeatureClass, ...]] = {
    "pyradiomics": ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm"),
    "ibsi": (
        "morphology", "local_intensity", "statistics", "histogram", "volume_histogram",
        "glcm", "glrlm", "glszm", "gldzm", "ngtdm", "ngldm",
    ),
}  # fmt: skip
"""Feature classes of each mode."""
FILTERED_CLASSES: dict[Mode, tuple[FeatureClass, ...]] = {
    "pyradiomics": ("firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm"),
    "ibsi": (
        "statistics", "histogram", "glcm", "glrlm", "glszm", "gldzm", "ngtdm", "ngldm",
    ),
}  # fmt: skip
"""Those that are computed again from the response to a filter."""


class RadiomicSettings(Strict):
    """Extraction settings of one modality; names as in PyRadiomics where it has them."""

    spacing_mm: tuple[float, float, float] | None = Field(
        default=None,
        description="x, y, z of the resampled grid, 0 keeps the native size; absent: native.",
    )
    interpolator: Literal["linear", "bspline", "nearest"] = Field(
        default="linear", description="How an image is resampled."
    )
    round_intensities: bool = Field(
        default=False, description="Whole numbers after resampling (CT); mode ibsi."
    )
    bin_width: float | None = Field(
        default=None, gt=0, description="Fixed bin size, in image units."
    )
    bin_count: int | None = Field(default=None, ge=2, le=1000, description="Fixed bin number.")
    range: tuple[float, float] | None = Field(
        default=None,
        description="Re-segmentation bounds; the lower one begins the first bin of fixed size.",
    )
    outlier_sigma: float | None = Field(
        default=None,
        gt=0,
        description="Voxels further from the mean, in standard deviations, are left out;"
        " mode ibsi.",
    )
    ivh_bin_width: float | None = Field(
        default=None, gt=0, description="Bin size of the intensity-volume histogram."
    )
    ivh_bin_count: int | None = Field(
        default=None,
        ge=2,
        description="Bins of the intensity-volume histogram. Both absent: whole numbers if"
        " rounded, else a tenth of bin_width, else 1000 bins.",
    )
    normalize: bool = Field(
        default=False, description="Scale to zero mean and unit SD before binning (MR)."
    )
    classes: tuple[FeatureClass, ...] | None = Field(
        default=None, description="Feature classes that are computed; absent: all of the mode."
    )
    aggregation: tuple[Aggregation, ...] = Field(
        default=("3D_mrg",),
        min_length=1,
        description="How directions and slices are put together in texture; mode ibsi.",
    )
    minimum_voxels: int = Field(
        default=64, ge=1, description="Fewer: ROI_SMALL, texture missing."
    )

    filters: tuple[Filter, ...] = Field(
        default=(),
        description="Filters, whose responses give features of their own:"
        " `<modality>__<roi>__<filter>__<feature>`.",
    )
    filter_bin_count: int = Field(
        default=32, ge=2, le=1000, description="Bins of a response; mode ibsi."
    )

    def classes_of(self, mode: Mode) -> tuple[str, ...]:
        """Classes that are computed in a mode."""
        return CLASSES[mode] if self.classes is None else self.classes

    def filtered_classes(self, mode: Mode) -> tuple[str, ...]:
        """Classes that are computed of responses in a mode."""
        return tuple(c for c in self.classes_of(mode) if c in FILTERED_CLASSES[mode])


class Radiomics(Strict):
    """Engine and settings by modality."""

    engine: Literal["equisite", "pyradiomics"] = Field(
        default="equisite",
        description="Program that computes the features: the product's own, or PyRadiomics.",
    )
    mode: Mode = Field(
        default="ibsi",
        description="Definitions of the IBSI manual, or PyRadiomics 3.0.1 number by number.",
    )
    modalities: dict[Modality, RadiomicSettings] = Field(
        min_length=1, description="Settings by modality: CT, MR, PT."
    )
    robustness: Robustness | None = Field(
        default=None,
        description="Perturbed copies of cases, to see which features stand them; "
        "absent: none are made.",
    )
