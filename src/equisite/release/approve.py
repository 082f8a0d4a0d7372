"""Approve a release: the ledger first, then the outbox; the only way out of a site."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from equisite.bundle.codec import Bundle, file_name, read_bundle
from equisite.core.atomic import write_bytes
from equisite.core.canonical import sha256_bytes
from equisite.core.errors import ConfigError, ReleaseRefusal
from equisite.core.tables import read_table
from equisite.intake.secret import site_key
from equisite.release.freshness import check_fresh
from equisite.release.ledger import RELEASE, Ledger, append, locked, patient_set, read_ledger
from equisite.release.prepare import BUNDLE, COHORT, LEDGER, SUMMARY

OUTBOX = "outbox"
KEY = "private/site.key"


@dataclass(frozen=True)
class Approved:
    """Where the bundle is. new: False when it had been approved before."""

    path: Path
    sha256: str
    release_no: int
    new: bool


def approve(folder: Path) -> Approved:
    """Let the prepared bundle out; doing it twice changes nothing.

    The release stands in the ledger before the file stands in the outbox: after a crash
    between the two, approving again writes the same file.
    Raises ConfigError NOTHING_PREPARED; ReleaseRefusal R_STALE when the bundle is not what
    would be prepared now, R_SCAN, R_OUTBOX, L_CHAIN, L_CANON, L_TRUNC; BundleError when the
    file is no bundle.
    """
    if not (folder / BUNDLE).is_file() or not (folder / SUMMARY).is_file():
        raise ConfigError("NOTHING_PREPARED")
    content = (folder / BUNDLE).read_bytes()
    with locked(folder / LEDGER):
        _clear_remains(folder)
        ledger = read_ledger(folder / LEDGER)
        sha256 = sha256_bytes(content)
        known = [r for r in ledger.releases if r["bundle_sha256"] == sha256]
        bundle = read_bundle(content)
        number = bundle.about.release_no
        target = folder / OUTBOX / file_name(bundle.about.site, number)
        if target.is_file() and target.read_bytes() != content:
            raise ReleaseRefusal("R_OUTBOX", release_no=number)
        if not known:
            _check_complete(folder, ledger)
            check_fresh(folder, content, bundle, ledger)
            append(folder / LEDGER, _record(folder, bundle, sha256))
        if not target.is_file():
            write_bytes(target, content)
    return Approved(target, sha256, number, not known)


def _clear_remains(folder: Path) -> None:
    """Remove half-written files of an approval that was killed; people carry the outbox."""
    for place in (folder / OUTBOX, folder / "private", folder / "private/sets"):
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


def _record(folder: Path, bundle: Bundle, sha256: str) -> dict[str, object]:
    """The ledger's line of a release; the set of patients is kept beside, as tags."""
    summary = json.loads((folder / SUMMARY).read_bytes())
    about = bundle.about
    patients = [row["patient"] for row in read_table(folder / COHORT)[1]]
    tags = patient_set(site_key(folder / KEY), patients)
    digest = sha256_bytes(tags)
    write_bytes(folder / "private/sets" / f"{digest}.bin", tags, mode=0o600)
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
        "statistics_sha256": summary["statistics_sha256"],
        "verdict": "released",
    }
