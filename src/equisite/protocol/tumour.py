"""What is counted of a tumour: burden, signatures, repeats, copies and structural variants."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from equisite.protocol.strict import Strict

SignatureName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,19}$")]
ArmName = Annotated[str, Field(pattern=r"^([1-9]|1[0-9]|2[0-2])[pq]$")]


class Signatures(Strict):
    """The table of signatures, named by content; each site brings the file itself."""

    version: str = Field(min_length=1, description="Name and version, for people.")
    sha256: str = Field(
        pattern=r"^[0-9a-f]{64}$", description="Sha256 of the site's `signature_file`."
    )
    names: tuple[SignatureName, ...] = Field(
        min_length=1,
        description="Signatures whose shares are variables, as the file names them; the "
        "spectrum is always taken apart by all of the file.",
    )


class Arm(Strict):
    """One arm of an autosome on the protocol's reference."""

    name: ArmName = Field(description="As in 1p, 22q.")
    contig: str = Field(min_length=1, description="Sequence of the reference.")
    start: int = Field(ge=0, description="First base, counted from 0.")
    end: int = Field(gt=0, description="Base behind the last one.")


class CopyNumber(Strict):
    """Copy number by cnvkit, where the site has its layer."""

    bin_bases: int = Field(
        default=250,
        ge=50,
        description="Size of bins on the territory; 250 for exomes and panels, some "
        "thousands for genomes.",
    )
    maximum_spread: float = Field(
        default=0.35,
        gt=0,
        description="Noise of neighbouring bins above which copy number is missing.",
    )
    arms: tuple[Arm, ...] = Field(
        min_length=1, description="Arms; what lies on other sequences is not looked at."
    )


class Tumour(Strict):
    """What is counted of a tumour whose somatic variants are called."""

    confidence: tuple[Literal["high", "medium"], ...] = Field(
        default=("high", "medium"),
        min_length=1,
        description="Classes of calls that are counted.",
    )
    count_silent: bool = Field(
        default=True, description="Whether mutations that change no protein are burden too."
    )
    minimum_coding_mb: float = Field(
        default=0.5,
        gt=0,
        description="Callable coding bases below which burden is missing, Mb.",
    )
    signatures: Signatures | None = Field(
        default=None, description="Table of signatures; absent: no shares."
    )
    repeats: Literal["off", "mononucleotide"] = Field(
        default="mononucleotide", description="Instability of repeats, of pairs."
    )
    structural: Literal["off", "delly"] = Field(
        default="off", description="Program that calls structural variants, or off."
    )
    copy_number: Literal["off"] | CopyNumber = Field(
        default="off", description="Copy number, or off."
    )
    other_callers: Literal["off", "evidence", "counted"] = Field(
        default="counted",
        description="What becomes of a site's VCFs of other callers (column `calls` of a "
        "tumour): nothing, evidence beside a tumour's own reads, or also all that is counted "
        "of a tumour without reads.",
    )
