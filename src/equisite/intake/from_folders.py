"""The three sheets of a site as far as folders of raw data tell them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from equisite.intake.found import FoundSeries, Inventory, LeftOut, safe_ids
from equisite.intake.found_images import COLUMNS as IMAGING
from equisite.intake.found_images import Row, begins, imaging_rows
from equisite.intake.found_reads import FoundLane, FoundReads
from equisite.intake.read_names import kind_of
from equisite.protocol.site import NOT_KNOWN

PATIENTS = ("patient", "sex", "age", "diagnosis", "status")
SEQUENCING = (
    "patient", "sample", "kind", "library", "lane", "fastq_1", "fastq_2", "reads", "calls",
    "assay",
)  # fmt: skip
SEXES = {"F": "female", "M": "male", "O": "other"}
"""PatientSex (DICOM PS3.3, C.7.1.1) as the patients sheet writes it."""


@dataclass(frozen=True)
class Draft:
    """Rows of the sheets, what has no row, and what a person should look at."""

    patients: list[Row]
    sequencing: list[Row]
    imaging: list[Row]
    left_out: list[LeftOut]
    remarks: list[str]

    @property
    def sheets(self) -> dict[str, tuple[tuple[str, ...], list[Row]]]:
        """Columns and rows by name of the sheet; a sheet without rows is not one."""
        every = {
            "patients": (PATIENTS, self.patients),
            "sequencing": (SEQUENCING, self.sequencing),
            "imaging": (IMAGING, self.imaging),
        }
        return {
            name: (columns, rows)
            for name, (columns, rows) in every.items()
            if rows or name == "patients"
        }

    def not_known(self) -> Counter[tuple[str, str]]:
        """How many cells of each sheet and column a person must fill."""
        return Counter(
            (name, column)
            for name, (_, rows) in self.sheets.items()
            for row in rows
            for column, cell in row.items()
            if cell == NOT_KNOWN
        )


def draft(
    reads: FoundReads,
    inventory: Inventory,
    regions: Sequence[str] | None,
    kind: str = "",
    assay: str = "",
) -> Draft:
    """Put together what was found.

    regions: names of the protocol's regions, None without a protocol. kind, assay: of all
    samples, where the caller knows; else a kind is read from the sample's name, and an
    assay is never known.
    """
    remarks: list[str] = []
    owners = {one.patient for one in inventory.series} | {m.patient for m in inventory.masks}
    ids = safe_ids(owners - {""})
    images, left_out = imaging_rows(inventory, ids, regions)
    lanes = _sequencing_rows(reads.lanes, ids, kind, assay, remarks)
    remarks += _changed(ids, "PatientID")
    known = {row["patient"] for row in (*images, *lanes)} - {NOT_KNOWN}
    sexes = _sexes(inventory.series, ids, remarks)
    patients = [
        {
            "patient": patient,
            "sex": sexes.get(patient, NOT_KNOWN),
            "age": NOT_KNOWN,
            "diagnosis": NOT_KNOWN,
            "status": "included",
        }
        for patient in sorted(known)
    ]
    return Draft(patients, lanes, images, sorted([*reads.left_out, *left_out]), remarks)


def _sequencing_rows(
    lanes: Iterable[FoundLane],
    patients: Mapping[str, str],
    kind: str,
    assay: str,
    remarks: list[str],
) -> list[Row]:
    lanes = list(lanes)
    samples = safe_ids({lane.sample for lane in lanes})
    remarks += _changed(samples, "sample")
    owners = _owners(samples, patients, remarks)
    rows = []
    single = 0
    for lane in lanes:
        sample = samples[lane.sample]
        single += bool(lane.fastq_1) and not lane.fastq_2
        rows.append(
            {
                "patient": owners[sample],
                "sample": sample,
                "kind": kind or kind_of(sample)[0] or NOT_KNOWN,
                "library": "",
                "lane": lane.lane if lane.lane_known else NOT_KNOWN,
                "fastq_1": lane.fastq_1,
                "fastq_2": lane.fastq_2,
                "reads": lane.reads,
                "calls": lane.calls,
                "assay": assay or NOT_KNOWN,
            }
        )
    if single:
        remarks.append(f"{single} FASTQ file(s) have no mate beside them and are single-end")
    return sorted(rows, key=lambda row: tuple(row.values()))


def _owners(
    samples: Mapping[str, str], patients: Mapping[str, str], remarks: list[str]
) -> dict[str, str]:
    """Patient of each sample: whose id its name begins with, else its name without kind.

    Sequencers forbid the `_` that many ids have, so `STS-001-blood` is of `STS_001` where
    no other id differs from that in signs only.
    """
    known = {patient.casefold(): patient for patient in patients.values()}
    alike = _alike(patients.values())
    owners: dict[str, str] = {}
    guessed: dict[str, str] = {}
    other_signs: list[str] = []
    for sample in sorted(set(samples.values())):
        folded = sample.casefold()
        owner = max((p for p in known if begins(folded, p)), key=len, default="")
        if owner:
            owners[sample] = known[owner]
            continue
        words = _words(sample)
        beginnings = (words[:end] for end in range(1, len(words) + 1))
        found = [alike[beginning] for beginning in beginnings if beginning in alike]
        if found:
            owners[sample] = found[-1]
            other_signs.append(f"{sample} to {found[-1]}")
            continue
        stem = kind_of(sample)[1]
        owners[sample] = guessed.setdefault(stem.casefold(), stem)
    if other_signs:
        remarks.append(
            f"{len(other_signs)} sample(s) were given to the patient whose id differs in signs"
            f" only, as {other_signs[0]}: look at the column patient of sequencing.tsv"
        )
    if guessed:
        remarks.append(
            f"{len(guessed)} patient(s) are named after their samples, for want of anything"
            " else: look at the column patient of sequencing.tsv"
        )
    return owners


def _alike(patients: Iterable[str]) -> dict[tuple[str, ...], str]:
    """Patients by the words of their ids; without those that share them."""
    by_words: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for patient in patients:
        by_words[_words(patient)].append(patient)
    return {words: found[0] for words, found in by_words.items() if len(found) == 1}


def _words(name: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[a-z0-9]+", name.casefold()))


def _sexes(
    series: Iterable[FoundSeries], ids: Mapping[str, str], remarks: list[str]
) -> dict[str, str]:
    told: dict[str, set[str]] = defaultdict(set)
    for one in series:
        if one.sex in SEXES and one.patient:
            told[ids[one.patient]].add(SEXES[one.sex])
    torn = sum(len(sexes) > 1 for sexes in told.values())
    if torn:
        remarks.append(f"{torn} patient(s) have more than one PatientSex in their images")
    return {patient: sexes.pop() for patient, sexes in told.items() if len(sexes) == 1}


def _changed(ids: Mapping[str, str], what: str) -> list[str]:
    """Names that are no ids of ours as they stand, and names that fall together."""
    return [
        f"the {what} `{name}` is written {chosen}: "
        + (
            "another one would have the same id"
            if chosen.rpartition("-")[2].isdigit() and not name.endswith(chosen[-2:])
            else "ids have letters, digits, `.`, `_` and `-` only"
        )
        for name, chosen in ids.items()
        if name != chosen
    ]
