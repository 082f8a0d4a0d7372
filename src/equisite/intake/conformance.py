"""The public conformance pack as batch 0: same rules, same protocol, its own reference."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equisite.core.errors import ConfigError
from equisite.intake.index import ImagingItem, SequencingItem
from equisite.intake.items import imaging_items, sequencing_items
from equisite.intake.places import Place
from equisite.intake.rows import Sheet, read_imaging, read_patients, read_sequencing
from equisite.intake.sequencing import FILES
from equisite.protocol.load import deep_merge
from equisite.protocol.models import Protocol
from equisite.protocol.site import ImagingRow, SequencingRow

KEY = b"equisite conformance pack"
"""Public key of the pack's tokens: its files have one name and the same bytes everywhere."""
DEFAULT_SETTINGS = {"bin_count": 32}
"""For a modality of the pack that the protocol does not extract itself."""
WITHOUT_THE_SITES_REFERENCE = {
    "genomics": {
        "alleles": None,
        "frequencies": None,
        "sex_chromosomes": None,
        "tumour": {"signatures": None, "copy_number": "off"},
    }
}
WITHOUT_OTHER_PEOPLE = {"panel_of_normals": "off", "population": None}


@dataclass(frozen=True)
class Pack:
    """Rows of batch 0, the protocol they run under and the files it pins, by name."""

    protocol: Protocol
    sequencing: tuple[SequencingItem, ...]
    imaging: tuple[ImagingItem, ...]
    files: dict[str, Path]


def read_pack(folder: Path, protocol: Protocol) -> Pack:
    """Read the pack whose digest was verified.

    Its tumour takes part where the protocol calls somatic variants.
    Stamps are the pack's digest, so that a checkout's file times do not matter.
    Raises ConfigError when the shipped pack has a fault of its own.
    """
    patients, faults = read_patients(folder / "patients.tsv", "patients.tsv")
    sequencing, more = read_sequencing(folder / "sequencing.tsv", "sequencing.tsv")
    imaging, others = read_imaging(folder / "imaging.tsv", "imaging.tsv")
    faults += more + others
    if patients is None or sequencing is None or imaging is None or faults:
        raise ConfigError(faults)
    sex = {row.cells.patient: row.cells.sex for row in patients.rows}
    stamp = protocol.conformance.pack_sha256[:16]
    lanes = [
        lane
        for lane in sequencing_items(
            sequencing, _lane_places(sequencing, folder, stamp), sex, KEY
        )
        if lane.kind == "normal" or protocol.genomics.somatic != "off"
    ]
    series = imaging_items(imaging, _series_places(imaging, folder, stamp), "", KEY)
    pinned = sorted(p for p in (folder / "genome").iterdir() if p.suffix in (".gff3", ".bed"))
    return Pack(
        _protocol_of(folder, protocol, imaging),
        tuple(lanes),
        tuple(series),
        {path.name: path for path in pinned},
    )


def _protocol_of(folder: Path, protocol: Protocol, imaging: Sheet[ImagingRow]) -> Protocol:
    """The site's protocol with reference, genes and regions of the pack.

    What lies on the site's reference has no counterpart there: lists of alleles and
    frequencies, a pinned panel of normals, arms, signatures.
    """
    content: dict[str, Any] = protocol.model_dump(mode="json")
    content = deep_merge(content, WITHOUT_THE_SITES_REFERENCE)
    if protocol.genomics.somatic != "off":
        content = deep_merge(content, {"genomics": {"somatic": WITHOUT_OTHER_PEOPLE}})
    content = deep_merge(content, json.loads((folder / "pack.json").read_text("utf-8")))
    labels = {row.cells.roi: row.cells.roi_label or row.cells.roi for row in imaging.rows}
    content["imaging"]["roi"] = [
        {"name": roi, "patterns": [re.escape(str(label))]} for roi, label in labels.items()
    ]
    for row in imaging.rows:
        content["radiomics"]["modalities"].setdefault(row.cells.modality, DEFAULT_SETTINGS)
    return Protocol.model_validate(content)


def _lane_places(
    sheet: Sheet[SequencingRow], folder: Path, stamp: str
) -> dict[tuple[int, str], Place]:
    return {
        (row.line, column): Place(str(folder / name), stamp, name)
        for row in sheet.rows
        for column in FILES
        if (name := getattr(row.cells, column)) is not None
    }


def _series_places(
    sheet: Sheet[ImagingRow], folder: Path, stamp: str
) -> dict[tuple[int, str], Place]:
    return {
        (row.line, column): Place(str(folder / name), stamp, name)
        for row in sheet.rows
        for column, name in (("series", row.cells.series), ("mask", row.cells.mask))
    }
