"""Approve a release: the ledger first, then the outbox; the only way out of a site."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from equisite.bundle.codec import Bundle, file_name, read_bundle
from equisite.core.atomic import write_bytes
from equisite.core.canonical import sha256_bytes
from equisite.core.errors import BundleError, ConfigError, ReleaseRefusal
from equisite.core.tables import read_table
from equisite.intake.secret import site_key
from equisite.release.approvals import check_day
from equisite.release.freshness import check_fresh
from equisite.release.increments import Behind
from equisite.release.ledger import RELEASE, Ledger, append, locked, patient_set, read_ledger
from equisite.release.opt_in import digest_of
from equisite.release.prepare import BUNDLE, COHORT, KEY, LEDGER, SETS, SUMMARY, Prepared

OUTBOX = "outbox"


@dataclass(frozen=True)
class Approved:
    """Where the bundle is. new: False when it had been approved before."""

    path: Path
    sha256: str
    release_no: int
    new: bool


def approve(folder: Path, day: str | None = None) -> Approved:
    """Let the prepared bundle out; doing it twice changes nothing.

    The release stands in the ledger before the file stands in the outbox: after a crash
    between the two, approving again writes the same file.
    day: year-month-day on which approvals of opt-in tables must hold; today (UTC).
    Raises ConfigError NOTHING_PREPARED; ReleaseRefusal R_STALE when the bundle is not what
    would be prepared now, R15_EXPIRED, R_SCAN, R_OUTBOX, L_CHAIN, L_CANON, L_TRUNC;
    BundleError when the file is no bundle.
    """
    if not (folder / BUNDLE).is_file() or not (folder / SUMMARY).is_file():
        raise ConfigError("NOTHING_PREPARED")
    content = (folder / BUNDLE).read_bytes()
    with locked(folder / LEDGER):
        _clear_remains(folder)
        ledger = read_ledger(folder / LEDGER)
        sha256 = sha256_bytes(content)
        known = [r for r in ledger.releases if r["bundle_sha256"] == sha256]
        bundle = _read(content)
        number = bundle.about.release_no
        target = folder / OUTBOX / file_name(bundle.about.site, number)
        if target.is_file() and target.read_bytes() != content:
            raise ReleaseRefusal("R_OUTBOX", release_no=number)
        if not known:
            _check_complete(folder, ledger)
            prepared = check_fresh(folder, content, bundle, ledger)
            check_day(folder, bundle.about.approvals, day or today())
            append(folder / LEDGER, _record(folder, prepared, sha256))
        if not target.is_file():
            write_bytes(target, content)
    return Approved(target, sha256, number, not known)


def _read(content: bytes) -> Bundle:
    """The prepared bundle. One of another version is sound in itself, but not in our form."""
    try:
        return read_bundle(content)
    except BundleError as error:
        if error.code != "V_SCHEMA":
            raise
        what = "the form of bundles, by another version of the software"
        raise ReleaseRefusal("R_STALE", what=what) from None


def today() -> str:
    """Today's date, year-month-day, UTC: no number of a bundle depends on it."""
    return datetime.now(UTC).date().isoformat()


def _clear_remains(folder: Path) -> None:
    """Remove half-written files of an approval that was killed; people carry the outbox."""
    for place in (folder / OUTBOX, folder / "private", folder / SETS):
        for remains in place.glob(".*.[0-9]*.tmp"):
            remains.unlink(missing_ok=True)


def _check_complete(folder: Path, ledger: Ledger) -> None:
    """L_TRUNC: the outbox holds a release after the ledger's last one.

    A chain whose end was cut is whole by itself; what went out tells that it is not.
    """
    for path in sorted((folder / OUTBOX).glob("*-r[0-9][0-9][0-9][0-9].bundle")):
        number = int(path.stem[-4:])
        if number > ledger.last_release_no:
            raise ReleaseRefusal("L_TRUNC", release_no=number)


def _keep(folder: Path, tags: bytes) -> str:
    """Keep a set of patients, as tags, under its digest; returns the digest."""
    digest = sha256_bytes(tags)
    write_bytes(folder / SETS / f"{digest}.bin", tags, mode=0o600)
    return digest


def _behind(folder: Path, behind: Behind | None) -> dict[str, object]:
    """Columns of a table and the digest of who stood behind it, kept as tags."""
    if behind is None:
        return {}
    return {"columns": list(behind.columns), "rows_sha256": _keep(folder, behind.content)}


def _record(folder: Path, prepared: Prepared, sha256: str) -> dict[str, object]:
    """The ledger's line of a release; the sets of patients are kept beside, as tags."""
    summary = json.loads((folder / SUMMARY).read_bytes())
    bundle, about = prepared.bundle, prepared.bundle.about
    patients = [row["patient"] for row in read_table(folder / COHORT)[1]]
    digest = _keep(folder, patient_set(site_key(folder / KEY), patients))
    cells = (*bundle.cells, *bundle.quality)
    ranks: dict[str, int] = {}
    for row in bundle.tables:
        ranks[row.data_class] = ranks.get(row.data_class, 0) + row.rank
    return {
        "kind": RELEASE,
        "bundle_sha256": sha256,
        "classes": {name: {"rank": rank} for name, rank in ranks.items()},
        "codebook_sha256": about.codebook_sha256,
        "freeze_date": about.freeze.date,
        "freeze_id": about.freeze.id,
        "n": len(patients),
        "protocol_sha256": about.protocol_sha256,
        "release_no": about.release_no,
        "ruleset_sha256": about.ruleset_sha256,
        "set_digest": digest,
        "opt_in": [
            {
                "approval_id": charge.approved.approval_id,
                "approval_sha256": charge.approved.approval_sha256,
                "cells_sha256": charge.cells_sha256,
                "kind": charge.kind,
                "rank": charge.rank,
                "set_digest": _keep(folder, charge.tags),
                "table": charge.table,
            }
            for charge in prepared.disclosed.charges
        ],
        "tables": {
            row.table: {
                "cells_sha256": digest_of([c for c in cells if c.table == row.table]),
                "class": row.data_class,
                "rank": row.rank,
                "share": f"{prepared.disclosed.shares[row.table]:.9f}",
                **_behind(folder, prepared.disclosed.behind.get(row.table)),
            }
            for row in bundle.tables
            if row.status == "released"
        },
        "statistics_sha256": summary["statistics_sha256"],
        "verdict": "released",
    }
