"""The protocol: what every site computes and what may leave; the same bytes everywhere.

Nothing that changes a result has a default outside this file's models, and nothing here
depends on a site. The canonical hash of the protocol is part of every bundle.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Md5 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
RoiName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*$")]
Modality = Literal["CT", "MR", "PT"]
AnalysisSet = Literal["all", "genomics", "imaging", "both"]


class Strict(BaseModel):
    """A frozen model that knows all its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Head(Strict):
    """Who made the protocol and what it may be used for."""

    id: Identifier = Field(description="Short name of the protocol.")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$", description="Semantic version.")
    title: str = Field(min_length=1, description="Title shown in the report.")
    contact: str = Field(min_length=1, description="Whom sites ask.")
    licence: str = Field(min_length=1, description="Licence of the released tables (SPDX).")
    duo: tuple[Annotated[str, Field(pattern=r"^DUO:\d{7}$")], ...] = Field(
        default=(), description="Data use codes of the analysis (GA4GH DUO)."
    )
    data: Literal["patients", "public"] = Field(
        description="`public` selects the small minimums for open data; "
        "never pooled with `patients`."
    )


class Contig(Strict):
    """One sequence of the reference genome (SAM @SQ SN, LN, M5)."""

    name: str = Field(pattern=r"^[0-9A-Za-z!#$%&+./:;?@^_|~-][0-9A-Za-z!#$%&*+./:;=?@^_|~-]*$")
    length: int = Field(gt=0)
    md5: Md5 = Field(description="MD5 of the upper-case sequence (SAM M5, GA4GH refget).")


class Reference(Strict):
    """The reference genome, named by content."""

    assembly: Identifier
    contigs: tuple[Contig, ...] = Field(min_length=1)


class PinnedFile(Strict):
    """A file that lies beside the protocol, named by content."""

    file: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="Name beside the protocol."
    )
    sha256: Sha256


class GenomicThresholds(Strict):
    """What counts as callable and when a sample is refused."""

    minimum_depth: int = Field(default=10, ge=1, description="Reads a callable base needs.")
    minimum_mapping_quality: int = Field(default=20, ge=0, le=60)
    minimum_mean_depth: float = Field(
        default=5.0, ge=0, description="Below: LOW_DEPTH, refused."
    )
    minimum_callable_fraction: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Share of the territory; below: LOW_CALLABLE, refused.",
    )


class Genomics(Strict):
    """Alignment, callers and the genes that are counted."""

    aligner: Literal["bwa-mem"] = "bwa-mem"
    bases_per_batch: int = Field(
        default=10_000_000,
        ge=100_000,
        description="bwa mem -K: part of the result, hence pinned.",
    )
    callers: tuple[Literal["bcftools"], ...] = Field(default=("bcftools",), min_length=1)
    gene_models: PinnedFile | None = Field(
        default=None, description="Ensembl-style GFF3 for `bcftools csq`."
    )
    territory: PinnedFile | None = Field(
        default=None,
        description="BED of the bases that are judged; absent: the whole reference.",
    )
    panel: tuple[str, ...] = Field(
        default=(), description="Genes that may be counted, by name."
    )
    thresholds: GenomicThresholds = GenomicThresholds()


class SeriesLimits(Strict):
    """Limits of the checks of a series (imaging page, section 3)."""

    minimum_slices: int = Field(default=3, ge=1)
    slice_gap_mm: float = Field(default=0.01, gt=0)
    slice_gap_fraction: float = Field(default=0.01, gt=0, lt=1)
    tilt_degrees: float = Field(default=0.25, gt=0)
    orientation: float = Field(default=1e-3, gt=0)
    pixel_spacing_mm: float = Field(default=1e-4, gt=0)
    in_plane_shift_mm: float = Field(default=0.05, gt=0)
    lossy: Literal["refuse", "accept"] = "refuse"


class RoiRule(Strict):
    """How a canonical region is found among a site's structure names."""

    name: RoiName = Field(description="Canonical name, used in columns and tables.")
    patterns: tuple[str, ...] = Field(
        min_length=1, description="Ordered regular expressions, full match, case-insensitive."
    )
    combine: Literal["refuse", "union"] = "refuse"


class Imaging(Strict):
    """Which series are accepted and which regions are read."""

    limits: SeriesLimits = SeriesLimits()
    tilt: Literal["refuse"] = "refuse"
    n4: Literal["off"] = "off"
    resample_mask: Literal["never", "nearest"] = "never"
    overlapping_rings: Literal["xor", "union"] = "xor"
    roi: tuple[RoiRule, ...] = Field(min_length=1)


class RadiomicSettings(Strict):
    """Extraction settings of one modality; names as in PyRadiomics where it has them."""

    spacing_mm: tuple[float, float, float] | None = Field(
        default=None, description="x, y, z of the resampled grid; absent: native grid."
    )
    interpolator: Literal["linear", "bspline", "nearest"] = "linear"
    bin_width: float | None = Field(
        default=None, gt=0, description="Fixed bin size, in image units."
    )
    bin_count: int | None = Field(default=None, ge=2, le=1000, description="Fixed bin number.")
    range: tuple[float, float] | None = Field(
        default=None, description="Re-segmentation bounds."
    )
    normalize: bool = False
    classes: tuple[
        Literal["shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm"], ...
    ] = ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")
    minimum_voxels: int = Field(
        default=64, ge=1, description="Fewer: ROI_SMALL, texture missing."
    )


class Radiomics(Strict):
    """Engine and settings by modality."""

    engine: Literal["pyradiomics"] = "pyradiomics"
    modalities: dict[Modality, RadiomicSettings] = Field(min_length=1)


class Cohort(Strict):
    """Who is analysed and from how many patients on anything may leave."""

    minimum_n: int = Field(default=30, ge=1)
    analysis_sets: tuple[AnalysisSet, ...] = ("all", "genomics", "imaging", "both")
    several_series: Literal["first", "mean"] = Field(
        default="first", description="A patient with several series or readers of one kind."
    )


class CountTable(Strict):
    """Coded counts of one to three keys."""

    id: Identifier
    kind: Literal["count"]
    keys: tuple[str, ...] = Field(min_length=1, max_length=3)
    analysis_set: AnalysisSet = "all"


class CarriersTable(Strict):
    """Patients with at least one qualifying variant, by gene and consequence."""

    id: Identifier
    kind: Literal["carriers"]
    genes: Literal["panel"] | tuple[str, ...]
    consequence: tuple[Literal["truncating", "missense", "synonymous", "inframe"], ...] = Field(
        min_length=1
    )
    analysis_set: AnalysisSet = "genomics"


class FeatureTable(Strict):
    """Moments or nested histograms of a list of features.

    features: `<modality>__<roi>__core` (the codebook's core list) or column names.
    """

    id: Identifier
    kind: Literal["moment", "hist"]
    features: str | tuple[str, ...]
    strata: tuple[str, ...] = ()
    analysis_set: AnalysisSet = "imaging"


class ComomentTable(Strict):
    """Site-centred co-moments of features with covariates."""

    id: Identifier
    kind: Literal["comoment"]
    features: str | tuple[str, ...]
    covariates: tuple[str, ...] = Field(min_length=1)
    analysis_set: AnalysisSet = "imaging"


class QualityTable(Strict):
    """Moments of technical quality variables."""

    id: Identifier
    kind: Literal["quality"]
    variables: tuple[str, ...] = Field(min_length=1)
    analysis_set: AnalysisSet = "all"


Table = Annotated[
    CountTable | CarriersTable | FeatureTable | ComomentTable | QualityTable,
    Field(discriminator="kind"),
]


class Disclosure(Strict):
    """Rule set of the door; overrides only where the rule set allows them (R15)."""

    ruleset: Literal["default-v1", "public-data-v1"]
    k: int | None = Field(default=None, ge=1, description="Smallest publishable count.")


class Conformance(Strict):
    """The public pack that every site runs, and how close is close enough."""

    pack_sha256: Sha256
    relative_tolerance: float = Field(default=1e-9, gt=0)


class CodebookPin(Strict):
    """Which codebook names the variables."""

    version: str
    constants_sha256: Sha256


class Protocol(Strict):
    """The whole protocol file."""

    protocol: Head
    reference: Reference
    genomics: Genomics
    imaging: Imaging
    radiomics: Radiomics
    cohort: Cohort
    tables: tuple[Table, ...] = Field(min_length=1, description="In order of priority.")
    disclosure: Disclosure
    conformance: Conformance
    codebook: CodebookPin
