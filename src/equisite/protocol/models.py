"""The protocol: what every site computes and what may leave; the same bytes everywhere.

Nothing that changes a result has a default outside this file's models, and nothing here
depends on a site. The canonical hash of the protocol is part of every bundle.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from equisite.protocol.imaging import Imaging
from equisite.protocol.pinned import PinnedFile, Sha256
from equisite.protocol.places import AlleleName, Region
from equisite.protocol.radiomics import Radiomics
from equisite.protocol.sequencing import GenomicThresholds, SexChromosomes
from equisite.protocol.somatic import Somatic
from equisite.protocol.strict import Strict
from equisite.protocol.tumour import Tumour

IDENTIFIER = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""Form of every id; ids are unique after case folding."""
Identifier = Annotated[str, Field(pattern=IDENTIFIER)]
Md5 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Gene = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
DuoCode = Annotated[str, Field(pattern=r"^DUO:[0-9]{7}$")]
AnalysisSet = Literal["all", "genomics", "imaging", "both"]
Consequence = Literal[
    "truncating", "missense", "synonymous", "inframe",
    "splice", "promoter", "amplification", "deletion", "rearrangement",
]  # fmt: skip
CONSEQUENCES: dict[str, tuple[Consequence, ...]] = {
    "germline": ("truncating", "missense", "synonymous", "inframe"),
    "somatic": (
        "truncating", "splice", "inframe", "missense", "promoter",
        "amplification", "deletion", "rearrangement",
    ),
}  # fmt: skip
"""Classes of consequence by domain, in the order of columns."""


class Head(Strict):
    """Who made the protocol and what it may be used for."""

    id: Identifier = Field(description="Short name of the protocol.")
    version: str = Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$", description="Semantic version.")
    title: str = Field(min_length=1, description="Title shown in the report.")
    contact: str = Field(min_length=1, description="Whom sites ask.")
    licence: str = Field(min_length=1, description="Licence of the released tables (SPDX).")
    duo: tuple[DuoCode, ...] = Field(
        default=(),
        description="Data use codes of the analysis (GA4GH DUO): what it is for, and the "
        "modifiers that it keeps.",
    )
    data: Literal["patients", "public"] = Field(
        description="`public` selects the small minimums for open data; "
        "never pooled with `patients`."
    )


class Contig(Strict):
    """One sequence of the reference genome (SAM @SQ SN, LN, M5)."""

    name: str = Field(
        pattern=r"^[0-9A-Za-z!#$%&+./:;?@^_|~-][0-9A-Za-z!#$%&*+./:;=?@^_|~-]*$",
        description="Name as in the FASTA (SAM SN).",
    )
    length: int = Field(gt=0, description="Number of bases (SAM LN).")
    md5: Md5 = Field(description="MD5 of the upper-case sequence (SAM M5, GA4GH refget).")


class Reference(Strict):
    """The reference genome, named by content."""

    assembly: Identifier = Field(description="Name of the assembly, for people.")
    contigs: tuple[Contig, ...] = Field(
        min_length=1,
        description="The sequences that are used, in this order; a site's FASTA may hold more.",
    )


class Genomics(Strict):
    """Alignment, callers and the genes that are counted."""

    aligner: Literal["bwa-mem", "minimap2"] = Field(
        default="bwa-mem",
        description="Program that aligns reads; minimap2 (preset sr) takes about a third of "
        "the time.",
    )
    bases_per_batch: int = Field(
        default=10_000_000,
        ge=100_000,
        description="Option -K of the aligner: part of the result of bwa mem, hence pinned.",
    )
    trimming: Literal["off", "adapters"] = Field(
        default="off",
        description="`adapters`: fastp cuts them off reads of FASTQ before they are aligned.",
    )
    callers: tuple[Literal["bcftools", "freebayes"], ...] = Field(
        default=("bcftools",),
        min_length=1,
        description="`[bcftools]`, or `[bcftools, freebayes]`: the second where it can change "
        "the answer; both are reconciled, and reads that span a repeat may overrule them.",
    )
    gene_models: PinnedFile | None = Field(
        default=None, description="Ensembl-style GFF3 for `bcftools csq`."
    )
    territory: PinnedFile | None = Field(
        default=None,
        description="BED of the bases that are judged; absent: the whole reference.",
    )
    alleles: PinnedFile | None = Field(
        default=None,
        description="VCF without genotypes: the fixed list of alleles in which every patient "
        "is genotyped (a panel's, or a public catalogue's).",
    )
    panel: tuple[Gene, ...] = Field(
        default=(), description="Genes that may be counted, by name."
    )
    frequencies: PinnedFile | None = Field(
        default=None,
        description="VCF of a population panel with INFO AF (and AF_<population>), for "
        "contamination, relatedness and novelty.",
    )
    sex_chromosomes: SexChromosomes | None = Field(
        default=None,
        description="Absent: those of GRCh38 and GRCh37, known by length; others have none.",
    )
    thresholds: GenomicThresholds = Field(
        default=GenomicThresholds(), description="Limits of depth, coverage and purity."
    )
    somatic: Literal["off"] | Somatic = Field(
        default="off", description="Somatic variants of tumour samples, or off."
    )
    tumour: Tumour = Field(
        default=Tumour(), description="What is counted of tumours, where they are called."
    )

    @property
    def pinned(self) -> dict[tuple[str, ...], PinnedFile]:
        """Files beside the protocol, by their key below `genomics`."""
        named: dict[tuple[str, ...], object] = {
            ("gene_models",): self.gene_models,
            ("territory",): self.territory,
            ("alleles",): self.alleles,
            ("frequencies",): self.frequencies,
        }
        if self.somatic != "off":
            for key in ("panel_of_normals", "population"):
                named["somatic", key] = getattr(self.somatic, key)
        return {place: file for place, file in named.items() if isinstance(file, PinnedFile)}

    @field_validator("callers")
    @classmethod
    def _bcftools_first(cls, callers: tuple[str, ...]) -> tuple[str, ...]:
        if callers not in (("bcftools",), ("bcftools", "freebayes")):
            raise ValueError("either [bcftools] or [bcftools, freebayes]")
        return callers


class Cohort(Strict):
    """Who is analysed and from how many patients on anything may leave."""

    minimum_n: int = Field(
        default=30,
        ge=1,
        description="Fewer patients in the freeze: nothing about patients leaves.",
    )
    analysis_sets: tuple[AnalysisSet, ...] = Field(
        default=("all", "genomics", "imaging", "both"),
        description="Nested sets that tables may name.",
    )
    several_series: Literal["first", "mean"] = Field(
        default="first", description="A patient with several series or readers of one kind."
    )


class CountTable(Strict):
    """Coded counts of one to three keys."""

    id: Identifier = Field(description="Name of the table in the bundle.")
    kind: Literal["count"] = Field(description="Coded counts.")
    keys: tuple[str, ...] = Field(
        min_length=1,
        max_length=3,
        description="Variables of the codebook whose combinations are counted.",
    )
    analysis_set: AnalysisSet = Field(default="all", description="Which patients are counted.")


class CarriersTable(Strict):
    """Patients with at least one qualifying variant, by gene and consequence."""

    id: Identifier = Field(description="Name of the table in the bundle.")
    kind: Literal["carriers"] = Field(description="Carriers by gene and consequence.")
    genes: Literal["panel"] | tuple[Gene, ...] = Field(
        description="All genes of the panel, or some of them."
    )
    domain: Literal["germline", "somatic"] = Field(
        default="germline", description="Inherited alleles, or those of the tumour."
    )
    consequence: tuple[Consequence, ...] = Field(
        min_length=1,
        description="Classes of consequence: truncating, missense, inframe; synonymous "
        "(germline); splice, promoter, amplification, deletion, rearrangement (somatic). "
        "A patient counts where all classes of the table are known.",
    )
    analysis_set: AnalysisSet = Field(
        default="genomics", description="Which patients are counted."
    )


class VariantsTable(Strict):
    """Copies of alleles of the protocol's fixed list; each allele stands here by name."""

    id: Identifier = Field(description="Name of the table in the bundle.")
    kind: Literal["variants"] = Field(description="Copies of listed alleles.")
    alleles: tuple[AlleleName, ...] = Field(
        min_length=1,
        description="Alleles of `genomics.alleles`, `contig:position:ref:alt`, leftmost.",
    )
    analysis_set: AnalysisSet = Field(
        default="genomics", description="Which patients are counted."
    )


class SpectrumTable(Strict):
    """Sums of somatic substitutions over a group, by the 96 channels."""

    id: Identifier = Field(description="Name of the table in the bundle.")
    kind: Literal["spectrum"] = Field(description="Mutational spectrum of a group.")
    spectrum: Literal["sbs96", "sbs96_alone"] = Field(
        default="sbs96",
        description="Tumours called with their normal, or (sbs96_alone) without one; the two "
        "are never added.",
    )
    analysis_set: AnalysisSet = Field(
        default="genomics", description="Which patients are counted."
    )


class PositionsTable(Strict):
    """Alleles, not on the fixed list, that at least k patients carry; without any number.

    An opt-in table (R15): it stays inside until a site's approval names it.
    """

    id: Identifier = Field(description="Name of the table in the bundle.")
    kind: Literal["positions"] = Field(
        description="Positions and alleles carried by enough patients; leaves by approval."
    )
    regions: tuple[Region, ...] = Field(
        min_length=1,
        description="Where alleles are looked for: `contig:first-last`, both bases included.",
    )
    analysis_set: AnalysisSet = Field(
        default="genomics", description="Whose alleles are looked for."
    )


class FeatureTable(Strict):
    """Moments or nested histograms of a list of features.

    features: `<modality>__<roi>__core` (the codebook's core list) or column names.
    """

    id: Identifier = Field(description="Name of the table in the bundle.")
    kind: Literal["moment", "hist"] = Field(description="Moments, or nested histograms.")
    features: str | tuple[str, ...] = Field(
        description="`<modality>__<roi>__core`, or a list of columns."
    )
    strata: tuple[str, ...] = Field(
        default=(), description="Variables of the codebook by which the table is split."
    )
    analysis_set: AnalysisSet = Field(
        default="imaging", description="Which patients are counted."
    )


class ComomentTable(Strict):
    """Site-centred co-moments of features with covariates."""

    id: Identifier = Field(description="Name of the table in the bundle.")
    kind: Literal["comoment"] = Field(
        description="Co-moments with covariates, for harmonisation and regression."
    )
    features: str | tuple[str, ...] = Field(
        description="`<modality>__<roi>__core`, or a list of columns."
    )
    covariates: tuple[str, ...] = Field(min_length=1, description="Variables of the codebook.")
    analysis_set: AnalysisSet = Field(
        default="imaging", description="Which patients are counted."
    )


class RepeatabilityTable(Strict):
    """Mean squares of features over perturbed copies (needs `radiomics.robustness`)."""

    id: Identifier = Field(description="Name of the table in the bundle.")
    kind: Literal["repeatability"] = Field(
        description="Mean squares between patients and within their perturbed copies."
    )
    features: str | tuple[str, ...] = Field(
        description="`<modality>__<roi>__core`, or a list of columns."
    )
    analysis_set: AnalysisSet = Field(
        default="imaging", description="Which patients are counted."
    )


class QualityTable(Strict):
    """Moments of technical quality variables."""

    id: Identifier = Field(description="Name of the table in the bundle.")
    kind: Literal["quality"] = Field(description="Moments of technical quality.")
    variables: tuple[str, ...] = Field(
        min_length=1, description="Quality variables of the codebook."
    )
    analysis_set: AnalysisSet = Field(default="all", description="Which patients are counted.")


Table = Annotated[
    CountTable
    | CarriersTable
    | VariantsTable
    | SpectrumTable
    | PositionsTable
    | FeatureTable
    | ComomentTable
    | RepeatabilityTable
    | QualityTable,
    Field(discriminator="kind"),
]


OPT_IN = frozenset({"positions"})
"""Kinds of tables that leave only where a site's approval names them (R15)."""


class Disclosure(Strict):
    """Rule set of the door; overrides only where the rule set allows them (R15)."""

    ruleset: Literal["default-v1", "public-data-v1"] = Field(
        description="`default-v1` for patients, `public-data-v1` for open data."
    )
    k: int | None = Field(default=None, ge=1, description="Smallest publishable count.")


class Conformance(Strict):
    """The public pack that every site runs, and how close is close enough."""

    pack_sha256: Sha256 = Field(
        description="Digest of the pack (`resources/conformance/pack.sha256`)."
    )
    relative_tolerance: float = Field(
        default=1e-9,
        gt=0,
        description="Largest relative difference of a value from the pack's reference run.",
    )


class CodebookPin(Strict):
    """Which codebook names the variables."""

    version: str = Field(description="Version of the codebook.")
    constants_sha256: Sha256 = Field(
        description="Sha256 of `resources/codebook/constants.tsv`."
    )


class Protocol(Strict):
    """The whole protocol file."""

    protocol: Head = Field(description="Who made the protocol, and for what.")
    reference: Reference = Field(description="The reference genome.")
    genomics: Genomics = Field(description="Alignment, calling, genes.")
    imaging: Imaging = Field(description="Series and regions.")
    radiomics: Radiomics = Field(description="Feature extraction.")
    cohort: Cohort = Field(description="Who is analysed.")
    tables: tuple[Table, ...] = Field(min_length=1, description="In order of priority.")
    disclosure: Disclosure = Field(description="The rules of the door.")
    conformance: Conformance = Field(description="The public pack that every site runs.")
    codebook: CodebookPin = Field(description="Which variables exist.")
