"""Which bundles are admitted, and which go to quarantine with their code.

Every file of inbox and quarantine is judged again each time, so the verdict follows from
the bytes and the lead's configuration alone: what is mended (a keyring, an override) is
mended by running again. A refused bundle stops no other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from equisite.bundle.codec import Bundle
from equisite.bundle.opt_in import unsigned
from equisite.bundle.verify import verify
from equisite.compare.conformance import SiteConformance, judge
from equisite.compare.lead import SUFFIX, LeadFolder, bundle_files
from equisite.core.canonical import sha256_bytes
from equisite.core.errors import ConfigError, Finding
from equisite.protocol.keyring import SiteKeys

ADMITTED, REFUSED, AWAITED = "admitted", "refused", "awaited"


@dataclass(frozen=True)
class AdmittedRow:
    """One line of `admitted.tsv`: a bundle, or a site of the keyring that sent none.

    pooled: 1 when its numbers enter the pooled ones. approved: 1 when two people signed.
    code, sentence, mend: why it was refused, or is not pooled. title: of the keyring.
    """

    site: str
    title: str
    verdict: str
    pooled: bool
    code: str
    sentence: str
    mend: str
    release_no: int | None
    freeze_id: str
    freeze_date: str
    approved: bool
    conformance: str
    override: str
    image_digest: str
    bundle_sha256: str


@dataclass(frozen=True)
class Received:
    """A file of inbox or quarantine and what verification said about it."""

    path: Path
    sha256: str
    bundle: Bundle | None
    approved: bool
    finding: Finding | None


def receive(lead: LeadFolder) -> list[Received]:
    """Verify every file and settle which release of each site counts.

    Raises ConfigError INBOX_EMPTY when there is no bundle at all.
    """
    paths = bundle_files(lead.inbox, lead.quarantine)
    if not paths:
        raise ConfigError("INBOX_EMPTY", lead.config.inbox)
    judged = sorted((_verified(p, lead) for p in paths), key=lambda r: r.sha256)
    return _one_release_per_site(_once_each(judged))


def _verified(path: Path, lead: LeadFolder) -> Received:
    content = path.read_bytes()
    result = verify(content, lead.protocol, lead.book)
    finding = result.findings[0] if result.findings else None
    if result.bundle is not None and finding is None:
        finding = stranger(result.bundle, lead.keyring.sites)
    return Received(path, sha256_bytes(content), result.bundle, result.approved, finding)


def stranger(bundle: Bundle, sites: Iterable[SiteKeys]) -> Finding | None:
    """V_SITE, V_VALIDITY or V_PERMISSION, when the keyring does not admit the sender."""
    keys = next((s for s in sites if s.id == bundle.about.site), None)
    if keys is None:
        return Finding("V_SITE")
    first, last = keys.valid_from or "0000-00-00", keys.valid_until or "9999-99-99"
    if not first <= bundle.about.freeze.date <= last:
        return Finding(
            "V_VALIDITY", "", {"first": keys.valid_from or "-", "last": keys.valid_until or "-"}
        )
    tables = unsigned(bundle, keys.approve_key, (keys.valid_from, keys.valid_until))
    if tables:
        return Finding("V_PERMISSION", "", {"cells": len(tables), "table": tables[0]})
    return None


def _once_each(received: list[Received]) -> list[Received]:
    """V_REPLAY for every further file with the same bytes."""
    seen: set[str] = set()
    out = []
    for one in received:
        again = one.sha256 in seen
        seen.add(one.sha256)
        out.append(replace(one, finding=Finding("V_REPLAY")) if again else one)
    return out


def _one_release_per_site(received: list[Received]) -> list[Received]:
    """Only the highest release of a site stays; two with one number are both refused."""
    releases: dict[tuple[str, int], int] = {}
    for one in received:
        if one.finding is None and one.bundle is not None:
            about = one.bundle.about
            place = (about.site, about.release_no)
            releases[place] = releases.get(place, 0) + 1
    latest: dict[str, int] = {}
    for site, number in releases:
        latest[site] = max(number, latest.get(site, 0))
    out = []
    for one in received:
        if one.finding is None and one.bundle is not None:
            about = one.bundle.about
            if releases[about.site, about.release_no] > 1:
                fork = Finding("V_FORK", "", {"release_no": about.release_no})
                out.append(replace(one, finding=fork))
                continue
            if about.release_no < latest[about.site]:
                old = Finding("V_SUPERSEDED", "", {"release_no": latest[about.site]})
                out.append(replace(one, finding=old))
                continue
        out.append(one)
    return out


def admit(lead: LeadFolder) -> tuple[list[AdmittedRow], list[SiteConformance]]:
    """Judge all bundles, move the files to their places, return the rows of the table.

    Files in order stand in the inbox afterwards as `<site>-r<NNNN>.bundle`, all others in
    quarantine as `<code>-<16 digits of sha256>.bundle`.
    """
    received = receive(lead)
    good = {r.bundle.about.site: r.bundle for r in received if r.bundle and not r.finding}
    conformance = judge(good, lead.protocol.conformance.relative_tolerance)
    by_site = {c.site: c for c in conformance}
    rows = [_row(one, lead, by_site) for one in received]
    sent = {row.site for row in rows if row.site}
    rows += [_awaited(site) for site in lead.keyring.sites if site.id not in sent]
    _put_in_place(received, lead)
    order = {ADMITTED: 0, REFUSED: 1, AWAITED: 2}
    rows.sort(key=lambda r: (order[r.verdict], r.site, r.bundle_sha256))
    return rows, conformance


def _row(one: Received, lead: LeadFolder, by_site: dict[str, SiteConformance]) -> AdmittedRow:
    known = one.bundle is not None and one.bundle.about.site in lead.titles
    about = one.bundle.about if known and one.bundle else None
    reason = lead.config.admit_overrides.get(one.sha256, "")
    finding, pooled, level = one.finding, False, ""
    if finding is None and about is not None:
        conformance = by_site[about.site]
        level = conformance.level
        finding = conformance.finding
        pooled = finding is None or bool(reason)
        if finding is not None and reason:
            finding = Finding("CONFORMANCE_OVERRIDDEN")
        if finding is None and not one.approved:
            finding = Finding("NOT_APPROVED")
    return AdmittedRow(
        about.site if about else "",
        lead.titles[about.site] if about else "",
        ADMITTED if one.finding is None else REFUSED,
        pooled,
        finding.code if finding else "",
        finding.sentence if finding else "",
        finding.mend if finding else "",
        about.release_no if about else None,
        about.freeze.id if about else "",
        about.freeze.date if about else "",
        one.approved,
        level,
        " ".join(reason.split())
        if finding and finding.code == "CONFORMANCE_OVERRIDDEN"
        else "",
        about.image_digest if about else "",
        one.sha256,
    )


def _awaited(site: SiteKeys) -> AdmittedRow:
    return AdmittedRow(
        site.id, site.title, AWAITED, False, "", "", "", None, "", "", False, "", "", "", ""
    )


def _put_in_place(received: Iterable[Received], lead: LeadFolder) -> None:
    """Move every file to its place; none is lost, whichever names they came under.

    Places may be taken by files that are to move themselves. So each first leaves for a name
    that holds its bytes' digest; a run that is killed between finds it there again.
    """
    moves = []
    for number, one in enumerate(received):
        target = _place(one, lead)
        if one.path != target:
            aside = lead.inbox / f"moving-{number}-{one.sha256[:16]}{SUFFIX}"
            one.path.replace(aside)
            moves.append((aside, target))
    for aside, target in moves:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside.replace(target)


def _place(one: Received, lead: LeadFolder) -> Path:
    if one.bundle is None or one.finding is not None:
        code = one.finding.code if one.finding else ""
        return lead.quarantine / f"{code}-{one.sha256[:16]}{SUFFIX}"
    about = one.bundle.about
    return lead.inbox / f"{about.site}-r{about.release_no:04d}{SUFFIX}"
