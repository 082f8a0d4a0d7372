"""Somatic variants in the protocol: what is called, and from which evidence on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from equisite.protocol.pinned import PinnedFile
from equisite.protocol.strict import Strict


class SomaticThresholds(Strict):
    """From which evidence on a somatic variant is called (docs/site/somatic.md, Thresholds)."""

    minimum_fragments: int = Field(
        default=3, ge=1, description="Fragments that carry a single-nucleotide variant."
    )
    minimum_fragments_indel: int = Field(
        default=2, ge=1, description="Fragments that carry an insertion or deletion."
    )
    two_fragment_depth: int = Field(
        default=30,
        ge=0,
        description="Fragments of the tumour up to which two may carry a single-nucleotide "
        "variant, where a panel of ten or more normals tells common artefacts; 0: never.",
    )
    minimum_fraction: float = Field(
        default=0.03, gt=0, lt=1, description="Share of the tumour's fragments."
    )
    tumour_lod: float = Field(
        default=5.0, description="Log10 odds in the tumour: variant against error."
    )
    normal_lod: float = Field(
        default=2.2, description="Log10 odds in the normal: reference against heterozygous."
    )
    somatic_lod: float = Field(
        default=0.3,
        description="Log10 odds of the pair: different fractions against the same one.",
    )
    minimum_mapping_quality: float = Field(
        default=40.0, ge=0, le=60, description="Mean mapping quality of the variant's reads."
    )
    minimum_end_distance: float = Field(
        default=5.0, ge=0, description="Median bases to the end of the variant's reads."
    )
    maximum_population_frequency: float = Field(
        default=1e-3,
        gt=0,
        le=1,
        description="Tumour alone: alleles that are more frequent are not called.",
    )
    callable_tumour: int = Field(
        default=20, ge=1, description="Fragments of the tumour at a callable base."
    )
    callable_normal: int = Field(
        default=10, ge=1, description="Fragments of the normal at a callable base."
    )
    minimum_normal_depth: float = Field(
        default=8.0,
        ge=0,
        description="Median depth of the normal; below, the tumour is called alone.",
    )


class Somatic(Strict):
    """How somatic variants of tumour samples are called."""

    mode: Literal["paired", "paired_or_alone"] = Field(
        default="paired_or_alone",
        description="What becomes of a tumour without usable normal: refused, or called "
        "alone, marked so and never pooled with pairs.",
    )
    tumour_in_normal: float = Field(
        default=0.02,
        ge=0,
        lt=1,
        description="Share of the tumour that the normal may hold (blood cancers: .15 to .3).",
    )
    panel_of_normals: Literal["site", "off"] | PinnedFile = Field(
        default="site",
        description="Made from the site's own normals, none, or a VCF beside the protocol.",
    )
    population: PinnedFile | None = Field(
        default=None,
        description="VCF of population alleles with INFO AF (gnomAD, 1000 Genomes).",
    )
    identity: Literal["check", "off"] = Field(
        default="check",
        description="Whether tumour and normal must be of one person; `off` for test data.",
    )
    thresholds: SomaticThresholds = Field(
        default=SomaticThresholds(), description="Limits of the evidence."
    )
