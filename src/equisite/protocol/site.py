"""The site's own configuration and its sheets: where things lie, never what is computed."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticKnownError

from equisite.protocol.days import Day
from equisite.protocol.imaging import RoiName
from equisite.protocol.models import Identifier
from equisite.protocol.radiomics import Modality
from equisite.protocol.strict import PathText, Strict


class Sheets(Strict):
    """The three tables, relative to the site folder."""

    patients: PathText = Field(default="patients.tsv", description="Patients sheet.")
    sequencing: PathText | None = Field(
        default=None, description="Sequencing sheet; absent: no genomics."
    )
    imaging: PathText | None = Field(
        default=None, description="Imaging sheet; absent: no imaging."
    )


class Freeze(Strict):
    """The named state of the cohort that is released."""

    id: Identifier = Field(description="Name of the state, shown in the bundle.")
    date: Day = Field(
        description="Day to which the cohort is complete, year-month-day; the only date "
        "in a bundle.",
    )


class SiteReference(Strict):
    """Where the reference genome lies at this site."""

    fasta: PathText = Field(
        description="FASTA, plain or gzip-compressed; checked against the protocol."
    )


class Roots(Strict):
    """Folders below which SeriesInstanceUIDs and reads are looked for."""

    images: PathText | None = Field(
        default=None, description="DICOM archive in which SeriesInstanceUIDs are found."
    )
    reads: PathText | None = Field(
        default=None, description="Folder of reads, shown to the steps read-only."
    )


class Pacs(Strict):
    """The site's own archive, asked by DICOMweb for series that are given by their UID."""

    url: str = Field(
        pattern=r"^https?://[^\s@]+$",
        description="Address of DICOMweb (QIDO-RS and WADO-RS), without user or password.",
    )
    token_env: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="Environment variable that holds the token; absent: no token is sent.",
    )


class Tighten(Strict):
    """A site may only be stricter than the protocol."""

    k: int | None = Field(
        default=None, ge=1, description="Smallest publishable count, at least the protocol's."
    )
    minimum_n: int | None = Field(
        default=None, ge=1, description="Smallest cohort, at least the protocol's."
    )


class Batches(Strict):
    """Patients per job; changes when jobs end, never a result."""

    genomics: int = Field(
        default=8, ge=1, description="Patients per genomics job; 1 for whole genomes."
    )
    imaging: int = Field(default=25, ge=1, description="Patients per imaging job.")
    calling: int | None = Field(
        default=None,
        ge=1,
        description="Most jobs over which the calling of one genomics job spreads, where the "
        "protocol's territory is cut into pieces (about 80 of a whole genome). Absent: one per "
        "piece where `genomics` is 1, else one for all pieces.",
    )

    def calling_jobs(self, pieces: int) -> int:
        """Jobs over which the calling of one batch spreads; pieces: of the territory.

        The number hangs on the configuration alone, so that a patient added moves nobody.
        """
        return min(pieces, self.calling or (pieces if self.genomics == 1 else 1))


class SiteConfig(Strict):
    """`config.yaml` of a site."""

    site: Identifier = Field(description="Id of this site in the keyring.")
    protocol: PathText = Field(description="Protocol file, relative to the site folder.")
    keyring: PathText | None = Field(
        default=None, description="Keyring file; default beside the protocol."
    )
    sheets: Sheets = Field(default=Sheets(), description="The three sheets.")
    freeze: Freeze = Field(description="The state of the cohort.")
    reference: SiteReference | None = Field(
        default=None, description="Needed as soon as the sequencing sheet has a row."
    )
    signature_file: PathText | None = Field(
        default=None,
        description="Table of mutational signatures that the protocol names by its sha256; "
        "none ships with the product. Absent: no shares of signatures.",
    )
    roots: Roots = Field(default=Roots(), description="Folders of raw data.")
    pacs: Pacs | None = Field(
        default=None,
        description="Archive from which `equisite run` copies series and masks given by UID; "
        "instead of `roots.images`.",
    )
    tighten: Tighten = Field(default=Tighten(), description="Stricter limits of disclosure.")
    batches: Batches = Field(default=Batches(), description="Sizes of jobs.")
    multiqc: bool = Field(
        default=False,
        description="Write MultiQC's page of all samples to `private/multiqc.html`; needs "
        "the layer of `run.py install --with report-qc`.",
    )


class Sheet(BaseModel):
    """A row of a sheet: text cells, empty cell means missing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Cell = Annotated[str, Field(min_length=1)]
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}(\.0{1,18})?")
WITHDRAWN = "withdrawn"
"""Status of a patient who is left out everywhere."""
NOT_KNOWN = "???"
"""Stands where `equisite init` could not know; a person fills it."""


class PatientRow(BaseModel):
    """`patients.tsv`: further columns are clinical variables of the codebook, by id."""

    model_config = ConfigDict(extra="allow", frozen=True)

    patient: Identifier = Field(description="Unique after case folding; never leaves the site.")
    sex: Literal["female", "male", "other", "unknown"] = Field(
        description="As recorded by the hospital."
    )
    age: int | None = Field(default=None, ge=0, le=120, description="Years at diagnosis.")
    birth_year: int | None = Field(
        default=None, ge=1900, le=2100, description="Instead of age."
    )
    diagnosis: str = Field(
        pattern=r"^([A-Z][0-9]{2}(\.[0-9]{1,2})?|[0-9]{4}/[0-9]|C[0-9]{2}\.[0-9])$",
        description="ICD-10 or ICD-O-3 code.",
    )
    status: Literal["included", "withdrawn"] = Field(
        default="included", description="A withdrawn patient is left out everywhere."
    )

    @field_validator("age", "birth_year", mode="before")
    @classmethod
    def _digits(cls, cell: object) -> object:
        """Digits only (`47`, `47.0`): `4_7` is no number that a person writes."""
        if isinstance(cell, str) and not _WHOLE.fullmatch(cell):
            raise PydanticKnownError("int_parsing")
        return cell


class SequencingRow(Sheet):
    """`sequencing.tsv`: one row per lane or file."""

    patient: Identifier = Field(description="Id as in the patients sheet.")
    sample: Identifier = Field(
        description="Id of the sample, unique in the site; all its lanes share it."
    )
    kind: Literal["normal", "tumour"] = Field(description="Normal tissue or blood, or tumour.")
    library: Identifier | None = Field(
        default=None, description="Name of the library; duplicates are marked within it."
    )
    lane: Identifier | None = Field(
        default=None, description="Name of the lane; needed where a sample has several."
    )
    fastq_1: Cell | None = Field(default=None, description="Path relative to the sheet.")
    fastq_2: Cell | None = Field(default=None, description="Second file of the pair.")
    reads: Cell | None = Field(default=None, description="BAM or CRAM.")
    calls: Cell | None = Field(default=None, description="VCF.")
    assay: Literal["genome", "exome", "panel"] = Field(
        default="genome", description="What was sequenced."
    )


class ImagingRow(Sheet):
    """`imaging.tsv`: one row per series and region."""

    patient: Identifier = Field(description="Id as in the patients sheet.")
    series: Cell = Field(description="Folder relative to the sheet, or SeriesInstanceUID.")
    modality: Modality = Field(description="Modality of the series.")
    mask: Cell = Field(
        description="RTSTRUCT, SEG, NIfTI or NRRD file; or the SeriesInstanceUID of an "
        "RTSTRUCT or SEG in the PACS."
    )
    roi: RoiName | None = Field(default=None, description="Canonical name of the protocol.")
    roi_label: Cell | None = Field(default=None, description="Local name, or label number.")
    reader: Identifier | None = Field(
        default=None, description="Who drew the region, where several did."
    )
    trust_frame: Literal["yes"] | None = Field(
        default=None,
        description="`yes`: the mask's coordinates hold although its frame of reference is "
        "another.",
    )
