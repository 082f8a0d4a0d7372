"""Parts of the protocol about reads: limits of quality, and the sex chromosomes."""

from __future__ import annotations

from pydantic import Field

from equisite.protocol.strict import Strict


class GenomicThresholds(Strict):
    """What counts as callable and when a sample is refused."""

    minimum_depth: int = Field(default=10, ge=1, description="Reads a callable base needs.")
    minimum_mapping_quality: int = Field(
        default=20, ge=0, le=60, description="Mapping quality a counted read needs."
    )
    minimum_mean_depth: float = Field(
        default=5.0, ge=0, description="Below: LOW_DEPTH, refused."
    )
    minimum_callable_fraction: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Share of the territory; below: LOW_CALLABLE, refused.",
    )
    maximum_duplicate_fraction: float | None = Field(
        default=None, gt=0, le=1, description="Share of mapped reads; above: refused."
    )
    maximum_contamination: float | None = Field(
        default=0.05, gt=0, le=0.5, description="Share of foreign reads; above: refused."
    )
    warn_mean_depth: float = Field(default=10.0, ge=0, description="Below: flagged.")
    warn_callable_fraction: float = Field(
        default=0.9, ge=0, le=1, description="Below: flagged."
    )
    warn_duplicate_fraction: float = Field(
        default=0.3, ge=0, le=1, description="Above: flagged."
    )
    warn_contamination: float = Field(default=0.02, ge=0, le=0.5, description="Above: flagged.")
    warn_single_caller_fraction: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Calls of one of two callers alone; above: flagged.",
    )


class Region(Strict):
    """A stretch of a sequence, first and last base counted from 1."""

    contig: str = Field(description="Name as in `reference.contigs`.")
    start: int = Field(ge=1, description="First base.")
    end: int = Field(ge=1, description="Last base.")


class SexChromosomes(Strict):
    """Where a reference has its sex chromosomes, for the comparison with the declared sex."""

    x: str = Field(description="Name of X as in `reference.contigs`.")
    y: str | None = Field(default=None, description="Name of Y, where the reference has it.")
    pseudoautosomal: tuple[Region, ...] = Field(
        default=(), description="Regions that X and Y share, on both."
    )
