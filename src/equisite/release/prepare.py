"""Prepare a release: aggregate, disclose, audit, and write what the officer is to read.

Everything is written below `private/review`; only `approve` opens the door.
"""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from equisite.bundle import format as form
from equisite.bundle.about import About, Facts
from equisite.bundle.codec import Bundle, encode, encode_files
from equisite.bundle.format import ConformanceRow
from equisite.bundle.outputs import alleles_of
from equisite.bundle.ruleset import Rules, rules_of
from equisite.bundle.scan import count_identifiers, count_patterns, free_text
from equisite.bundle.verify import verify
from equisite.codebook.book import Codebook
from equisite.core.atomic import write_bytes
from equisite.core.canonical import canonical_json, sha256_bytes
from equisite.core.errors import ConfigError, ReleaseRefusal
from equisite.core.provenance import code_digest
from equisite.core.tables import read_table
from equisite.intake.secret import site_key
from equisite.protocol.load import protocol_sha256, read_frozen_protocol
from equisite.protocol.models import Protocol
from equisite.protocol.responses import book_of
from equisite.protocol.site import Freeze, Tighten
from equisite.release.aggregate import Disclosed, disclose
from equisite.release.approvals import Permits, opt_in_tables, read_permits
from equisite.release.doubles import counted_twice
from equisite.release.identifiers import site_identifiers, vocabulary
from equisite.release.increments import Increments
from equisite.release.ledger import patient_set, read_ledger
from equisite.release.opt_in import OptIn
from equisite.release.past import Past
from equisite.release.patients import Mask, Patients, read_patients

COHORT = "private/cohort.tsv"
PERTURBED = "private/perturbed.tsv"
POSITIONS = "private/positions.tsv"
KEY = "private/site.key"
SETS = "private/sets"
SCORES = "work/conformance/scores.tsv"
PROTOCOL = "work/intake/protocol.json"
SITE = "work/intake/site.json"
LEDGER = "private/ledger.jsonl"
BUNDLE = "private/review/prepared.bundle"
PAGE = "private/review/review.html"
SUMMARY = "private/review/summary.json"
ROOMS = ("clinical", "cohort", "genomics", "imaging", "intake", "radiomics", "release")
TOOLS = ("numpy", "scipy", "pysam", "pydicom", "SimpleITK", "nibabel", "pyradiomics")


@dataclass(frozen=True)
class Prepared:
    """A bundle that waits for approval, and what the review page tells of it.

    book: the codebook with the limits of the protocol's filters. scanned: bytes, identifiers
    and kinds of patterns that the last scan looked for. permits: which opt-in tables may
    leave, and why the others may not.
    """

    bundle: Bundle
    content: bytes
    disclosed: Disclosed
    rules: Rules
    book: Codebook
    patients: int
    scanned: Mapping[str, int]
    release_is_known: bool
    permits: Permits


def prepare(folder: Path, image_digest: str) -> Prepared:
    """Make the bundle of a site folder in memory; nothing is written.

    Raises ConfigError COHORT_ABSENT; ReleaseRefusal R_SCAN, or the findings of the bundle's
    own verification, which must not happen.
    """
    needed = [folder / name for name in (COHORT, SCORES, PROTOCOL, SITE)]
    if not all(path.is_file() for path in needed):
        raise ConfigError("COHORT_ABSENT")
    protocol = read_frozen_protocol(folder / PROTOCOL)
    site: dict[str, Any] = json.loads((folder / SITE).read_bytes())
    book = book_of(protocol.radiomics)
    rules = rules_of(protocol, Tighten.model_validate(site["tighten"]))
    positions = folder / POSITIONS  # not there where the site has no genomics
    patients = read_patients(
        folder / COHORT,
        _perturbed(folder, protocol),
        positions if positions.is_file() and opt_in_tables(protocol) else None,
    )
    permits = read_permits(folder, protocol, site["freeze"]["date"])
    judged_by = _judged_by(folder, permits, rules, site["tighten"]["k"] or 0)
    disclosed = disclose(patients, protocol, book, rules, *judged_by)
    about = _about(site, protocol, book, rules, patients, image_digest)
    approved = tuple(sorted((c.approved for c in disclosed.charges), key=lambda a: a.table))
    bundle = Bundle(
        about.model_copy(update={"opt_in": bool(approved), "approvals": approved}),
        disclosed.tables,
        disclosed.cells,
        disclosed.quality,
        _scores(folder / SCORES),
    )
    bundle, known = _numbered(bundle, folder)
    scanned = audit(folder, bundle, protocol, book)
    return Prepared(
        bundle,
        encode(bundle),
        disclosed,
        rules,
        book,
        patients.count,
        scanned,
        known,
        permits,
    )


def _judged_by(
    folder: Path, permits: Permits, rules: Rules, least_k: int
) -> tuple[OptIn, Increments | None]:
    """Approvals and what left before; None where the rules compare no releases."""
    key = site_key(folder / KEY)
    names = [row["patient"] for row in read_table(folder / COHORT)[1]]
    past = Past.of(read_ledger(folder / LEDGER), folder / SETS, patient_set(key, names))

    def tags_of(group: Mask) -> bytes:
        return patient_set(key, (n for n, own in zip(names, group, strict=True) if own))

    compared = bool(rules.ruleset.fewest_changed)
    increments = Increments(past, key, names) if compared else None
    return OptIn(permits, past, tags_of, least_k), increments


def _perturbed(folder: Path, protocol: Protocol) -> Path | None:
    """The table of perturbed copies, if a table of the protocol needs it.

    Raises ConfigError COHORT_ABSENT when it is needed and not there.
    """
    if all(table.kind != "repeatability" for table in protocol.tables):
        return None
    if not (folder / PERTURBED).is_file():
        raise ConfigError("COHORT_ABSENT")
    return folder / PERTURBED


def write_prepared(folder: Path, prepared: Prepared, page: str) -> None:
    """Write summary, page and, last, the bundle."""
    write_bytes(folder / SUMMARY, canonical_json(summary(folder, prepared)), mode=0o600)
    write_bytes(folder / PAGE, page.encode(), mode=0o600)
    write_bytes(folder / BUNDLE, prepared.content, mode=0o600)


def summary(folder: Path, prepared: Prepared) -> dict[str, object]:
    """What was prepared from what: digests and numbers, for `approve` and for scripts."""
    bundle = prepared.bundle
    return {
        "bundle_sha256": sha256_bytes(prepared.content),
        "cohort_sha256": sha256_bytes((folder / COHORT).read_bytes()),
        "scores_sha256": sha256_bytes((folder / SCORES).read_bytes()),
        "protocol_sha256": bundle.about.protocol_sha256,
        "statistics_sha256": statistics_sha256(bundle),
        "release_no": bundle.about.release_no,
        "ruleset": prepared.rules.ruleset.id,
        "k": prepared.rules.k,
        "minimum_n": prepared.rules.minimum_n,
        "patients": prepared.patients,
        "left_out": prepared.disclosed.left_out,
        "opt_in": bundle.about.opt_in,
        "not_approved": {t: f.code for t, f in prepared.permits.findings.items()},
        "scanned": dict(prepared.scanned),
        "spent": {name: f"{s:.4f}" for name, s in prepared.disclosed.spent.items()},
        "tables": [
            dict(zip(form.TABLE_COLUMNS, form.cells_of(row), strict=True))
            for row in bundle.tables
        ],
    }


def statistics_sha256(bundle: Bundle) -> str:
    """Digest of a bundle's content whatever its release number."""
    return sha256_bytes(encode(replace(bundle, about=_with_number(bundle.about, 1))))


def audit(folder: Path, bundle: Bundle, protocol: Protocol, book: Codebook) -> dict[str, int]:
    """The last look before anything is written; returns what was looked for.

    Raises ReleaseRefusal R_SCAN with the number of hits only, or the findings of `verify`.
    """
    files = encode_files(bundle)
    # Of head and description the site itself names the freeze and its approvals only.
    head = json.loads(files[form.ABOUT])
    del head["freeze"]["id"]
    for approval in head["approvals"]:
        del approval["approval_id"]
    own = [canonical_json(head).decode(), files[form.DATAPACKAGE].decode()]
    public = vocabulary(protocol, book, [*own, *(row.item for row in bundle.conformance)])
    identifiers = {name for name in site_identifiers(folder) if name.lower() not in public}
    texts = free_text(files, alleles_of(protocol))
    hits = sum(count_identifiers(content, identifiers) for content in texts.values())
    hits += sum(
        sum(count_patterns(content, allowed_date=bundle.about.freeze.date).values())
        for content in texts.values()
    )
    if hits:
        raise ReleaseRefusal("R_SCAN", hits=hits)
    verdict = verify(encode(bundle), protocol, book)
    if verdict.findings:
        raise ReleaseRefusal(verdict.findings)
    return {"bytes": sum(map(len, files.values())), "identifiers": len(identifiers)}


def _about(
    site: Mapping[str, Any],
    protocol: Protocol,
    book: Codebook,
    rules: Rules,
    patients: Patients,
    image_digest: str,
) -> About:
    clinical = frozenset(v.id for v in book.variables if v.class_ == "clinical")
    return About(
        site=site["site"],
        release_no=1,
        freeze=Freeze.model_validate(site["freeze"]),
        protocol_sha256=protocol_sha256(protocol),
        codebook_sha256=book.sha256,
        constants_sha256=book.constants_sha256,
        ruleset_sha256=rules.sha256,
        data=protocol.protocol.data,
        stamp=form.STAMPS[protocol.protocol.data],
        k=rules.k,
        image_digest=image_digest,
        tools=_tools(),
        code={room: code_digest(room) for room in ROOMS},
        facts=Facts(records_counted_twice=counted_twice(patients.texts, clinical)),
    )


def _tools() -> dict[str, str]:
    found = {}
    for name in TOOLS:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _scores(path: Path) -> tuple[ConformanceRow, ...]:
    rows = []
    for row in read_table(path)[1]:
        measure, value = row["measure"], row["value"]
        text = value if measure == "digest" else form.value_text(measure, float(value))
        rows.append(ConformanceRow(row["item"], measure, text))
    return tuple(sorted(rows))


def _with_number(about: About, release_no: int) -> About:
    return about.model_copy(update={"release_no": release_no})


def _numbered(bundle: Bundle, folder: Path) -> tuple[Bundle, bool]:
    """The bundle under the next number, or under its own if the same content is out.

    Preparing again what was released last gives the same bytes again.
    """
    ledger = read_ledger(folder / LEDGER)
    number = ledger.last_release_no + 1
    same = ledger.releases and ledger.releases[-1]["statistics_sha256"] == statistics_sha256(
        bundle
    )
    if same:
        number -= 1
    return replace(bundle, about=_with_number(bundle.about, number)), bool(same)
