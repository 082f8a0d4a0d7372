"""The site's own configuration and its sheets: where things lie, never what is computed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from equisite.protocol.models import Identifier, Modality, RoiName, Strict


class Sheets(Strict):
    """The three tables, relative to the site folder."""

    patients: str = "patients.tsv"
    sequencing: str | None = None
    imaging: str | None = None


class Freeze(Strict):
    """The named state of the cohort that is released."""

    id: Identifier
    date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$", description="The only date in a bundle.")


class SiteReference(Strict):
    """Where the reference genome lies at this site."""

    fasta: str
    cache: str | None = Field(default=None, description="Folder of a ready bwa index.")


class Roots(Strict):
    """Folders below which SeriesInstanceUIDs and reads are looked for."""

    images: str | None = None
    reads: str | None = None


class Pacs(Strict):
    """DICOMweb server of the hospital."""

    url: str
    token_env: str | None = None


class Tighten(Strict):
    """A site may only be stricter than the protocol."""

    k: int | None = Field(default=None, ge=1)
    minimum_n: int | None = Field(default=None, ge=1)


class Keep(Strict):
    """What stays in the site folder after the run."""

    crams: bool = True
    pictures: bool = True


class Batches(Strict):
    """Patients per job; changes when jobs end, never a result."""

    genomics: int = Field(default=8, ge=1)
    imaging: int = Field(default=25, ge=1)


class SiteConfig(Strict):
    """`config.yaml` of a site."""

    site: Identifier = Field(description="Id of this site in the keyring.")
    protocol: str = Field(description="Protocol file, relative to the site folder.")
    keyring: str | None = Field(
        default=None, description="Keyring file; default beside the protocol."
    )
    sheets: Sheets = Sheets()
    freeze: Freeze
    reference: SiteReference | None = Field(
        default=None, description="Needed as soon as the sequencing sheet has a row."
    )
    roots: Roots = Roots()
    pacs: Pacs | None = None
    signature_file: str | None = None
    tighten: Tighten = Tighten()
    keep: Keep = Keep()
    batches: Batches = Batches()


class Sheet(BaseModel):
    """A row of a sheet: text cells, empty cell means missing."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Cell = Annotated[str, Field(min_length=1)]


class PatientRow(BaseModel):
    """`patients.tsv`: further columns are clinical variables of the codebook, by id."""

    model_config = ConfigDict(extra="allow", frozen=True)

    patient: Identifier = Field(description="Unique after case folding; never leaves the site.")
    sex: Literal["female", "male", "other", "unknown"]
    age: int | None = Field(default=None, ge=0, le=120, description="Years at diagnosis.")
    birth_year: int | None = Field(default=None, ge=1900, le=2100)
    diagnosis: str = Field(
        pattern=r"^([A-Z]\d{2}(\.\d{1,2})?|\d{4}/\d|C\d{2}\.\d)$",
        description="ICD-10 or ICD-O-3 code.",
    )
    status: Literal["included", "withdrawn"] = "included"


class SequencingRow(Sheet):
    """`sequencing.tsv`: one row per lane or file."""

    patient: Identifier
    sample: Identifier
    kind: Literal["normal", "tumour"]
    library: Identifier | None = None
    lane: Identifier | None = None
    fastq_1: Cell | None = Field(default=None, description="Path relative to the sheet.")
    fastq_2: Cell | None = None
    reads: Cell | None = Field(default=None, description="BAM or CRAM.")
    calls: Cell | None = Field(default=None, description="VCF.")
    assay: Literal["genome", "exome", "panel"] = "genome"


class ImagingRow(Sheet):
    """`imaging.tsv`: one row per series and region."""

    patient: Identifier
    series: Cell = Field(description="Folder relative to the sheet, or SeriesInstanceUID.")
    modality: Modality
    mask: Cell = Field(description="RTSTRUCT, SEG, NIfTI or NRRD file.")
    roi: RoiName | None = Field(default=None, description="Canonical name of the protocol.")
    roi_label: Cell | None = Field(default=None, description="Local name, or label number.")
    reader: Identifier | None = None
