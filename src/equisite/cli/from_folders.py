"""`equisite init --from-fastq DIR --from-dicom DIR`: a site folder from raw data."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import quote

from equisite.core.atomic import write_text
from equisite.core.errors import ConfigError
from equisite.core.signs import written_out
from equisite.core.software import installed
from equisite.core.tables import write_table
from equisite.intake.found import Inventory, inventory_of
from equisite.intake.found_images import names_by_uid
from equisite.intake.found_reads import FoundReads, find_reads
from equisite.intake.from_folders import Draft, draft
from equisite.protocol.load import examine_protocol
from equisite.protocol.site import NOT_KNOWN

CHECKOUT = Path(__file__).parents[3]
FOUND = "private/found.tsv"
_SHOWN = 5
_WHAT = {
    ("patients", "sex"): "female, male, other or unknown",
    ("patients", "age"): "years at diagnosis; or rename the column to birth_year",
    ("patients", "diagnosis"): "an ICD-10 or ICD-O-3 code",
    ("sequencing", "kind"): "normal or tumour (all alike: start again with --kind)",
    ("sequencing", "assay"): "genome, exome or panel (all alike: start again with --assay)",
    ("sequencing", "lane"): "a name of its own for each lane of the sample",
    ("imaging", "patient"): "whose images these are",
    ("imaging", "series"): "the folder or SeriesInstanceUID that the mask was drawn on",
    ("imaging", "modality"): "CT, MR or PT, as that series",
    ("imaging", "roi"): "which region of the protocol it is",
    ("imaging", "roi_label"): "the region's local name, or its number",
    ("imaging", "reader"): "who drew it: several masks hold this region",
}
"""What goes into a cell that folders cannot tell."""


def write_site(
    directory: Path,
    fastq: Sequence[Path],
    dicom: Sequence[Path],
    protocol: Path | None,
    kind: str = "",
    assay: str = "",
) -> Iterator[str]:
    """Write the folder; gives what to tell, line by line.

    Raises ConfigError FOLDER_IN_USE, SOURCE_MISSING, NOTHING_FOUND, and those of a protocol
    that is not sound. Nothing is written then, and nothing is ever overwritten.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise ConfigError("FOLDER_IN_USE", folder=str(directory))
    for root in (*fastq, *dicom):
        if not root.is_dir():
            raise ConfigError("SOURCE_MISSING", folder=str(root))
    regions = _regions(protocol)
    reads = find_reads([root.absolute() for root in fastq]) if fastq else FoundReads()
    roots = [root.absolute() for root in dicom]
    inventory = _inventory(roots, protocol) if dicom else Inventory()
    made = draft(reads, inventory, regions, kind, assay)
    if not made.patients:
        raise ConfigError("NOTHING_FOUND", count=len(made.left_out))
    images = Path(os.path.commonpath(roots)) if roots else None
    _write(directory.absolute(), made, images, protocol)
    yield from _told(directory, reads, inventory, made)


def _regions(protocol: Path | None) -> list[str] | None:
    if protocol is None:
        return None
    found = examine_protocol(protocol)
    if found.value is None:
        raise ConfigError(found.findings)
    return [rule.name for rule in found.value.imaging.roi]


def _inventory(roots: Sequence[Path], protocol: Path | None) -> Inventory:
    """What the image's own program finds: headers are read there."""
    with tempfile.TemporaryDirectory(prefix="equisite-init-") as scratch:
        target = Path(scratch) / "inventory.json"
        words = ["equisite", "imaging", "inventory", "--out", str(target)]
        for root in roots:
            words += ["--root", str(root)]
        shown = [*map(str, roots)]
        if protocol is not None:
            words += ["--protocol", str(protocol.absolute())]
            shown.append(str(protocol.absolute().parent))
        front = installed(CHECKOUT).front
        start = [front, "-c", 'exec "$@"', "equisite"] if front is not None else []
        environment = {
            **os.environ,
            "EQUISITE_BINDS": ":".join([os.environ.get("EQUISITE_BINDS", ""), *shown]),
            "EQUISITE_BINDS_RW": ":".join([os.environ.get("EQUISITE_BINDS_RW", ""), scratch]),
        }
        done = subprocess.run(
            [*start, *words], env=environment, stdin=subprocess.DEVNULL, check=False
        )
        if done.returncode or not target.is_file():
            raise ConfigError("INVENTORY_FAILED", ended=done.returncode)
        return inventory_of(json.loads(target.read_text(encoding="utf-8")))


def _write(directory: Path, made: Draft, images: Path | None, protocol: Path | None) -> None:
    """Everything beside the folder's name first; the name appears when all is written."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{directory.name}.", dir=directory.parent))
    try:
        for name, (columns, rows) in made.sheets.items():
            write_table(beside / f"{name}.tsv", columns, rows)
        uses_uids = images is not None and names_by_uid(made.imaging)
        text = _config(list(made.sheets), images if uses_uids else None, protocol)
        write_text(beside / "config.yaml", text)
        (beside / "private").mkdir(mode=0o700)
        remarks = [{"kind": "remark", "what": written_out(r), "why": ""} for r in made.remarks]
        gone = [{"kind": "left out", "what": o.what, "why": o.why} for o in made.left_out]
        write_table(beside / FOUND, ("kind", "what", "why"), [*remarks, *gone])
        beside.chmod(0o755)
        beside.rename(directory)  # also over a folder that is there and empty
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _config(sheets: Sequence[str], images: Path | None, protocol: Path | None) -> str:
    """`config.yaml` as text, each open place with its meaning."""
    named = json.dumps(str(protocol.absolute())) if protocol is not None else "protocol.yaml"
    lines = [
        f"site: {NOT_KNOWN}  # the id that the lead gave to this site (keyring.yaml)",
        f"protocol: {named}  # as the consortium sent it, with the files that it names",
        "sheets:",
        *(f"  {name}: {name}.tsv" for name in sheets),
        "freeze:",
        "  id: freeze-1",
        f"  date: {NOT_KNOWN}  # the day to which the cohort is complete, as 2024-01-31",
    ]
    if "sequencing" in sheets:
        lines += ["reference:", f"  fasta: {NOT_KNOWN}  # the genome of the protocol, FASTA"]
    if images is not None:
        lines += ["roots:", f"  images: {json.dumps(str(images))}  # holds series named by UID"]
    return "\n".join(lines) + "\n"


def _told(
    directory: Path, reads: FoundReads, inventory: Inventory, made: Draft
) -> Iterator[str]:
    yield f"Written: {', '.join(f'{name}.tsv' for name in made.sheets)} and config.yaml"
    yield "Found:"
    samples = {row["sample"] for row in made.sequencing}
    yield f"  {len(made.patients)} patients"
    if made.sequencing:
        yield f"  {len(samples)} samples, {len(reads.lanes)} lanes or files"
    if inventory.series or inventory.masks:
        series, masks = len(inventory.series), len(inventory.masks)
        yield f"  {series} series, {masks} files of regions, {len(made.imaging)} rows of both"
    yield from (f"  Note: {written_out(remark)}." for remark in made.remarks[:_SHOWN])
    if len(made.remarks) > _SHOWN:
        yield f"  {len(made.remarks) - _SHOWN} more notes: {directory / FOUND}"
    if made.left_out:
        yield f"Left out: {len(made.left_out)}"
        yield from (f"  {one.what}: {one.why}" for one in made.left_out[:_SHOWN])
        if len(made.left_out) > _SHOWN:
            yield f"  {len(made.left_out) - _SHOWN} more: {directory / FOUND}"
    yield f"To fill, wherever {NOT_KNOWN} stands:"
    yield f"  config.yaml: site, freeze.date{', reference.fasta' * bool(made.sequencing)}"
    for (sheet, column), count in sorted(made.not_known().items()):
        yield f"  {sheet}.tsv, column {column}: {count} cell(s): {_WHAT[sheet, column]}"
    yield f"Then: equisite check --directory {quote(str(directory))}"
