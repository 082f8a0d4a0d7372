"""What all rooms leave in a made site folder, small enough to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from equisite.core.canonical import canonical_json
from equisite.core.outcomes import REFUSED, Outcome, done, write_outcomes
from equisite.core.tables import columns_of, write_table
from equisite.intake.index import ImagingItem, SequencingItem

VARIANTS = ("patient", "mean_depth", "carriers__AAA1__truncating")
REGIONS = (
    "patient", "token", "modality", "roi", "reader", "engine", "settings_hash", "roi_status",
    "shape_mesh_volume", "firstorder_mean",
)  # fmt: skip


def region(patient: str, volume: str = "10.5", file: str = "", **cells: str) -> dict[str, str]:
    row = {
        "patient": patient,
        "token": file or f"t{patient.lower()}",
        "modality": "MR",
        "roi": "gtv",
        "reader": "",
        "engine": "made",
        "settings_hash": "00",
        "roi_status": "ok",
        "shape_mesh_volume": volume,
        "firstorder_mean": "3" if volume else "",
    }
    return row | cells


def refused(patient: str, room: str, item: str, code: str) -> Outcome:
    return Outcome(patient, room, item, REFUSED, code, "{}", "It is wrong.", "Send another.")


def write_rooms(
    folder: Path,
    *,
    patients: Sequence[str] = ("P1", "P2", "P3", "P4"),
    sequenced: Sequence[str] = ("P1", "P2", "P3"),
    imaged: Sequence[str] = ("P1", "P2", "P4"),
    variants: Sequence[Mapping[str, str]] | None = None,
    regions: Sequence[Mapping[str, str]] | None = None,
    outcomes: Iterable[Outcome] | None = None,
) -> Path:
    """Write one batch of each room; without further words everything went well."""
    work = folder / "work"
    clinical = [{"patient": p, "sex": "female", "age": "50"} for p in patients]
    write_table(work / "clinical/variables.tsv", ["patient", "sex", "age"], clinical)
    write_outcomes(
        work / "clinical/outcomes.tsv",
        [done(p, "clinical", "patients sheet") for p in patients],
    )
    lanes = [
        {"patient": p, "sample": f"{p}-N", "token": f"s{p}", "lane_number": "1"}
        for p in sequenced
    ]
    write_table(work / "intake/genomics/1.tsv", columns_of(SequencingItem), lanes)
    series = [{"patient": p, "token": f"t{p.lower()}", "series": f"/in/{p}"} for p in imaged]
    write_table(work / "intake/imaging/1.tsv", columns_of(ImagingItem), series)
    if variants is None:
        variants = [
            {"patient": p, "mean_depth": "30.5", "carriers__AAA1__truncating": "1"}
            for p in sequenced
        ]
    if regions is None:
        regions = [region(p) for p in imaged]
    if outcomes is None:
        outcomes = [
            *(done(p, "genomics", f"{p}-N") for p in sequenced),
            *(done(p, room, "MR/gtv") for p in imaged for room in ("imaging", "radiomics")),
        ]
    told = list(outcomes)
    write_table(work / "genomics/1/variants.tsv", VARIANTS, variants)
    write_table(work / "radiomics/1/regions.tsv", REGIONS, regions)
    write_table(
        work / "imaging/1/regions.tsv", ["patient", "token", "modality", "roi"], regions
    )
    for room in ("genomics", "imaging", "radiomics"):
        write_outcomes(work / room / "1/outcomes.tsv", [o for o in told if o.room == room])
    (work / "intake/site.json").write_bytes(
        canonical_json({"site": "north", "freeze": {"id": "freeze-1", "date": "2024-01-31"}})
    )
    return folder
