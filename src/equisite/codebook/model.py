"""A variable of the codebook: what it is, what it may be released as, where it comes from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Mode = Literal["ibsi", "pyradiomics"]
Form = Literal[
    "count", "moment", "hist", "carriers", "comoment", "variants", "spectrum", "positions"
]
Kind = Literal["code", "number", "count", "flag"]
SensitivityClass = Literal["clinical", "germline", "somatic", "imaging", "quality"]
Dimension = Literal["0", "1", "2", "3", "-1", "i", "i2", "i_3", "i2_3"]
Label = Annotated[str, Field(min_length=1, max_length=80)]
CodeName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$")]
VariableId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
Source = Annotated[str, Field(pattern=r"^[A-Za-z0-9]+:\S+$")]

ABSENT_CODES = ("unknown", "missing")
"""Codes that mean that the value is not there; a category like any other (R2)."""


class RegisteredConstant(BaseModel):
    """Limits set by hand where the meaning fixes them, for example of an age or a fraction.

    The same numbers, with the same meaning, as a row of `constants.tsv`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    transform: Literal["identity", "log10", "asinh"] = "identity"
    offset: float = 0.0
    clip_low: float
    clip_high: float
    centre: float
    edge_low: float
    edge_high: float


class Variable(BaseModel):
    """One entry of a domain file.

    codes: code to label, in the order of tables and plots. bands: lower bound, inclusive,
    of each code of a banded number. ranges: the codes of a classification that fall into
    each code. dimension: 0 ratio, 1 length, 2 area, 3 volume, -1 inverse length, i
    intensity, i2 its square, i_3 and i2_3 these times a volume. aggregation: of directions
    and slices, as the IBSI reference values name it. lower: smallest possible value.
    structural_zeros: partial keys (`sex=male|diagnosis_chapter=XV`) that are zero by
    nature. reference_frequency: of carriers in a public population, one number or by
    instance. instances: columns stand per modality and region, per gene of the panel, per
    signature of the protocol's table, per allele of its list, or per channel of a spectrum.
    core: modalities whose core list holds the feature. constant: limits set by hand.
    source: `SCHEME:CODE` of standards. since: codebook version that brought it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: VariableId
    label: Label
    definition: str = Field(min_length=1)
    type: Kind
    unit: str = ""
    codes: dict[CodeName, Label] = Field(default_factory=dict)
    bands: dict[CodeName, float] = Field(default_factory=dict)
    ranges: dict[CodeName, tuple[str, ...]] = Field(default_factory=dict)
    family: str = ""
    dimension: Dimension = "0"
    class_: SensitivityClass = Field(alias="class")
    forms: tuple[Form, ...] = Field(min_length=1)
    lower: float | None = None
    structural_zeros: tuple[str, ...] = ()
    reference_frequency: float | dict[str, float] | None = None
    instances: Literal["modality_roi", "panel", "signature", "allele", "channel"] | None = None
    aggregation: str = ""
    core: tuple[Literal["CT", "MR", "PT"], ...] = ()
    constant: RegisteredConstant | None = None
    source: tuple[Source, ...] = Field(min_length=1)
    since: str = Field(pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$")

    @field_validator("source", mode="before")
    @classmethod
    def _one_source(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @field_validator("dimension", mode="before")
    @classmethod
    def _dimension_text(cls, value: object) -> object:
        return str(value) if isinstance(value, int) else value

    @property
    def absent_code(self) -> str:
        """The code that stands for a value that is not there; empty if none is registered."""
        return next((c for c in self.codes if c in ABSENT_CODES), "")

    @property
    def mode(self) -> Mode:
        """Whose definition of a radiomic feature this is."""
        return "pyradiomics" if self.external("PyRadiomics") else "ibsi"

    @property
    def is_numeric(self) -> bool:
        """Whether the variable is a number or a count, with moments and bins."""
        return self.type in ("number", "count")

    def external(self, scheme: str) -> str:
        """Code of this variable in a standard (`IBSI`, `NCIT`, ...), or empty."""
        return next(
            (s.partition(":")[2] for s in self.source if s.startswith(scheme + ":")), ""
        )
