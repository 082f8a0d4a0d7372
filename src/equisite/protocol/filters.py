"""Image filters of a protocol: what is asked for; `equisite.radiomics.filters` computes it.

Definitions and symbols are those of the IBSI-2 reference manual (arXiv 2006.05470). Lengths
are in mm where a filter has a physical scale, in voxels where the manual counts voxels.
"""

from __future__ import annotations

from typing import Annotated, Literal, assert_never

from pydantic import Field, field_validator

from equisite.protocol.strict import Strict

FilterName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,23}$")]
Boundary = Literal["mirror", "nearest", "periodic", "zero"]
Pooling = Literal["none", "mean", "max"]

_NAME = "Name of the response, which stands in its columns."
_BOUNDARY = (
    "What lies outside the image: `mirror` (d c b a | a b c d), `nearest` (a a a a), "
    "`periodic` or `zero`."
)
_DIMENSIONS = "Whole volume (3), or each axial plane by itself (2)."
_ROTATIONS = "Right-angle rotations of the filter (24 in 3D, 4 in 2D) pooled into one response."


class _Filter(Strict):
    """What all filters have."""

    name: FilterName = Field(description=_NAME)


class MeanFilter(_Filter):
    """Mean over a square or cube (IBSI-2, S60F)."""

    kind: Literal["mean"] = Field(description="Mean over a square or cube.")
    support: int = Field(ge=3, le=99, description="Edge length in voxels, an odd number.")
    dimensions: Literal[2, 3] = Field(default=3, description=_DIMENSIONS)
    boundary: Boundary = Field(default="mirror", description=_BOUNDARY)

    @field_validator("support")
    @classmethod
    def _odd(cls, support: int) -> int:
        if support % 2 == 0:
            raise ValueError("a mean over an even number of voxels has no centre voxel")
        return support


class LaplacianFilter(_Filter):
    """Laplacian of Gaussian, sampled and cut off (IBSI-2, L6PA)."""

    kind: Literal["log"] = Field(description="Laplacian of Gaussian.")
    sigma_mm: float = Field(gt=0, le=50, description="Scale of the Gaussian.")
    cutoff_sigma: float = Field(
        default=4, ge=3, le=12, description="Where the kernel ends, in units of sigma."
    )
    dimensions: Literal[2, 3] = Field(default=3, description=_DIMENSIONS)
    boundary: Boundary = Field(default="mirror", description=_BOUNDARY)


LAWS_KERNELS = ("L3", "E3", "S3", "L5", "E5", "S5", "W5", "R5")


class LawsFilter(_Filter):
    """Laws kernels, one per axis, and the energy of their response (IBSI-2, JTXT, PQSD)."""

    kind: Literal["laws"] = Field(description="Laws kernels.")
    kernels: str = Field(
        pattern=r"^([A-Z][0-9]){2,3}$",
        description="One of L3, E3, S3, L5, E5, S5, W5, R5 per axis x, y (and z): `E5L5S5`; "
        "two work in each axial plane.",
    )
    pooling: Pooling = Field(default="max", description=_ROTATIONS)
    energy_voxels: int | None = Field(
        default=7,
        ge=1,
        le=50,
        description="Energy: mean absolute response within so many voxels along each axis; "
        "null gives the response itself.",
    )
    boundary: Boundary = Field(default="mirror", description=_BOUNDARY)

    @field_validator("kernels")
    @classmethod
    def _known(cls, kernels: str) -> str:
        unknown = [kernel for kernel in split_kernels(kernels) if kernel not in LAWS_KERNELS]
        if unknown:
            raise ValueError(f"there is no Laws kernel {unknown[0]}")
        return kernels


def split_kernels(kernels: str) -> tuple[str, ...]:
    """Kernels in the order x, y, z.

    >>> split_kernels("E5L5S5")
    ('E5', 'L5', 'S5')
    """
    return tuple(kernels[i : i + 2] for i in range(0, len(kernels), 2))


class GaborFilter(_Filter):
    """Modulus of the response to complex 2D Gabor kernels (IBSI-2, Q88H)."""

    kind: Literal["gabor"] = Field(description="Modulus of a 2D Gabor response.")
    sigma_mm: float = Field(gt=0, le=50, description="Scale of the envelope.")
    wavelength_mm: float = Field(gt=0, le=200, description="Wavelength of the carrier.")
    aspect: float = Field(
        default=1, gt=0, le=10, description="Gamma: elongation of the envelope."
    )
    orientation_deg: float = Field(
        default=0, ge=0, lt=360, description="Angle in the plane, or the first of several."
    )
    step_deg: float | None = Field(
        default=None,
        gt=0,
        le=90,
        description="Orientations this far apart are pooled; it divides 180.",
    )
    pooling: Literal["mean", "max"] = Field(
        default="mean", description="How orientations and planes become one response."
    )
    planes: Literal["axial", "orthogonal"] = Field(
        default="axial",
        description="Axial planes, or the planes of all three directions.",
    )
    boundary: Boundary = Field(default="mirror", description=_BOUNDARY)

    @field_validator("step_deg")
    @classmethod
    def _closes(cls, step_deg: float | None) -> float | None:
        if step_deg is not None and abs(180 / step_deg - round(180 / step_deg)) > 1e-9:
            raise ValueError("a half turn is not a whole number of such steps")
        return step_deg


class WaveletFilter(_Filter):
    """One sub-band of an undecimated separable wavelet transform (IBSI-2, 25BO)."""

    kind: Literal["wavelet"] = Field(description="Sub-band of a separable wavelet transform.")
    wavelet: str = Field(
        pattern=r"^(haar|db[1-9]|coif[1-5]|sym[2-9])$",
        description="haar, db1 to db9, coif1 to coif5 or sym2 to sym9.",
    )
    band: str = Field(
        pattern=r"^[LH]{2,3}$",
        description="L (low) or H (high) per axis x, y (and z); two work in each axial plane.",
    )
    level: int = Field(default=1, ge=1, le=5, description="Level of the decomposition.")
    pooling: Pooling = Field(default="mean", description=_ROTATIONS)
    boundary: Boundary = Field(default="mirror", description=_BOUNDARY)


class SimoncelliFilter(_Filter):
    """Band-pass of the non-separable Simoncelli wavelet (IBSI-2, PRT7).

    Its kernel is a weight per frequency of the whole image, so it has no boundary to choose.
    """

    kind: Literal["simoncelli"] = Field(description="Isotropic band-pass (Simoncelli).")
    level: int = Field(ge=1, le=6, description="1 holds the highest frequencies.")
    dimensions: Literal[2, 3] = Field(default=3, description=_DIMENSIONS)


class PyradiomicsLogFilter(_Filter):
    """`log-sigma-*-mm-3D` of PyRadiomics: recursive, scaled by sigma squared; not IBSI-2."""

    kind: Literal["pyradiomics_log"] = Field(
        description="LoG as PyRadiomics has it (recursive, scale-normalised)."
    )
    sigma_mm: float = Field(gt=0, le=50, description="Scale of the Gaussian.")


class PyradiomicsWaveletFilter(_Filter):
    """`wavelet-***` of PyRadiomics: one sub-band of a stationary transform; not IBSI-2."""

    kind: Literal["pyradiomics_wavelet"] = Field(
        description="Wavelet sub-band as PyRadiomics has it (periodic at the crop)."
    )
    wavelet: str = Field(
        default="coif1",
        pattern=r"^(haar|db[1-9]|coif[1-5]|sym[2-9])$",
        description="haar, db1 to db9, coif1 to coif5 or sym2 to sym9.",
    )
    band: str = Field(pattern=r"^[LH]{3}$", description="L or H per axis x, y, z.")


Filter = Annotated[
    MeanFilter
    | LaplacianFilter
    | LawsFilter
    | GaborFilter
    | WaveletFilter
    | SimoncelliFilter
    | PyradiomicsLogFilter
    | PyradiomicsWaveletFilter,
    Field(discriminator="kind"),
]


def dimensions(setting: Filter) -> int:
    """2 if the filter looks at each axial plane by itself, 3 otherwise."""
    match setting:
        case MeanFilter() | LaplacianFilter() | SimoncelliFilter():
            return setting.dimensions
        case LawsFilter():
            return len(split_kernels(setting.kernels))
        case WaveletFilter():
            return len(setting.band)
        case GaborFilter():
            return 2 if setting.planes == "axial" else 3
        case PyradiomicsLogFilter() | PyradiomicsWaveletFilter():
            return 3
        case _:
            assert_never(setting)
