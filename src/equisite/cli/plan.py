"""What a run of a checked site would do, in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shlex import quote

from equisite.core.errors import Finding
from equisite.genomics.pieces import pieces_of
from equisite.intake.batches import batch_count, batch_numbers
from equisite.intake.check import CheckedSite
from equisite.intake.frozen import recorded_counts
from equisite.intake.patients import included
from equisite.intake.secret import BYTES
from equisite.protocol.load import protocol_sha256

STEPS = {"genomics": 15, "imaging": 4}
"""Most jobs over one batch, with all that a protocol can ask for; those that share the calling
of a genome come on top."""
MANY_JOBS = 10_000
_SECONDS_PER_JOB = 0.002
"""What Snakemake takes to plan one (docs/decisions/0179)."""


def plan(site: CheckedSite) -> Iterator[str]:
    """Lines for the terminal: protocol, patients, what each kind of data amounts to."""
    head = site.protocol.protocol
    yield f"Site {site.config.site}, freeze {site.config.freeze.id}"
    yield f"Protocol {head.id} {head.version}, sha256 {protocol_sha256(site.protocol)}"
    if head.data == "public":
        yield "Rule set for public data: never use this protocol on patients."
    people = included(site.patients)
    yield f"Patients: {len(people)}"
    key = _key(site.directory)
    before = recorded_counts(site.directory)
    jobs = 0
    for name, sheet, unit in (
        ("genomics", site.sequencing, "rows of lanes or files"),
        ("imaging", site.imaging, "series with a region"),
    ):
        rows = sheet.rows if sheet is not None else ()
        patients = {row.cells.patient for row in rows}
        size = getattr(site.config.batches, name)
        count = batch_count(len(patients), size, before.get(name, 0))
        batches = len(set(batch_numbers(key, patients, count).values()))
        line = f"{name.capitalize()}: {len(patients)} patients, {len(rows)} {unit}"
        told = f"{batches} batch{'es' if batches != 1 else ''}"
        yield f"{line}, {told}" if rows else f"{name.capitalize()}: none"
        jobs += batches * STEPS[name]
        if name == "genomics" and rows:
            shares = site.config.batches.calling_jobs(
                pieces_of(site.protocol, site.protocol_folder)
            )
            # Inherited calls, and of tumours their normals' alleles and their evidence.
            spread = 1 if site.protocol.genomics.somatic == "off" else 3
            jobs += batches * (spread * shares if shares > 1 else 0)
    if jobs > MANY_JOBS:
        minutes = max(round(jobs * _SECONDS_PER_JOB / 60), 1)
        yield Finding("MANY_JOBS", "", {"jobs": jobs, "minutes": minutes}).render()
    place = quote(str(site.directory))
    yield f"Nothing is wrong. Start with: equisite run --directory {place}"


def _key(directory: Path) -> bytes:
    """The site's key, or zeros before there is one: only the number of batches is shown."""
    path = directory / "private" / "site.key"
    return path.read_bytes() if path.is_file() else bytes(BYTES)
