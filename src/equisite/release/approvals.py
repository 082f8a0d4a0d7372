"""Approvals of a site (R15): which opt-in tables may leave, under which k and budget.

`private/approvals` holds one canonical JSON and two signatures for each approval: of the whole,
which stays, and of the permission, which the lead checks. What stands
there is judged again at every preparation: a signature that does not fit, another protocol
or codes that do not allow the use keep the table inside, and the page says why.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from equisite.bundle.about import ApprovedTable
from equisite.bundle.ruleset import load_ruleset
from equisite.bundle.scan import count_patterns
from equisite.bundle.signature import Signer, bare, is_signed, sign
from equisite.core.atomic import write_bytes
from equisite.core.canonical import canonical_json, sha256_bytes
from equisite.core.errors import ConfigError, Finding, ReleaseRefusal
from equisite.protocol.approval import Approval, Permission, permission_of
from equisite.protocol.duo import refused_by_duo
from equisite.protocol.load import protocol_sha256
from equisite.protocol.models import OPT_IN, Protocol
from equisite.protocol.salvage import examined
from equisite.protocol.yaml_text import read_yaml

APPROVALS = "private/approvals"
APPROVER = "work/intake/approver.json"
SIGNED, PERMITTED = ".sig", ".permission.sig"
"""Signatures beside an approval: of all of it, and of the part that leaves."""


@dataclass(frozen=True)
class Permit:
    """What an approval allows its tables, and the signature of its permission."""

    approval: Approval
    permission: Permission
    signature: str

    def told(self, table: str, k: int) -> ApprovedTable:
        """As it stands in the bundle. k: what held in the end."""
        return ApprovedTable(
            table=table,
            approval_id=self.permission.approval_id,
            approval_sha256=self.permission.approval_sha256,
            k=k,
            approved_k=self.permission.k,
            budget=self.permission.budget,
            duo=self.permission.duo,
            table_ids=self.permission.table_ids,
            signature=self.signature,
        )


@dataclass(frozen=True)
class Permits:
    """Permits by table, and why each other opt-in table has none."""

    by_table: Mapping[str, Permit]
    findings: Mapping[str, Finding]


NONE = Permits({}, {})


def opt_in_tables(protocol: Protocol) -> tuple[str, ...]:
    """Tables that leave only by approval, in the protocol's order."""
    return tuple(table.id for table in protocol.tables if table.kind in OPT_IN)


def read_permits(folder: Path, protocol: Protocol, freeze_date: str) -> Permits:
    """Judge all approvals of a site folder.

    freeze_date: an approval that had expired by then allows nothing. Whether it holds on the
    day on which the bundle leaves is looked at by `approve` (`check_day`).
    """
    permits: dict[str, Permit] = {}
    findings: dict[str, Finding] = {}
    tables = opt_in_tables(protocol)
    if not tables:
        return NONE
    signer = read_signer(folder)
    for path in sorted((folder / APPROVALS).glob("*.json")):
        approval, judged = _judged(path, protocol, signer, freeze_date)
        for table in tables if approval is None else approval.table_ids:
            if isinstance(judged, Finding):
                findings.setdefault(table, judged)
            else:
                permits.setdefault(table, judged)
    for table in tables:
        findings.setdefault(table, Finding("R15_NOT_NAMED", "", {"table": table}))
    return Permits(permits, {t: findings[t] for t in tables if t not in permits})


def read_signer(folder: Path) -> Signer | None:
    """Who approves at this site, as the keyring said at the last check; None if it did not."""
    path = folder / APPROVER
    known = json.loads(path.read_bytes()) if path.is_file() else {}
    if not known.get("approve_key"):
        return None
    return Signer(
        known["site"],
        known["approve_key"],
        known["valid_from"],
        known["valid_until"],
    )


def _judged(
    path: Path, protocol: Protocol, signer: Signer | None, freeze_date: str
) -> tuple[Approval | None, Permit | Finding]:
    """An approval and its permit, or what is wrong; without a form there is no approval."""
    content = path.read_bytes()
    try:
        approval = Approval.model_validate_json(content)
        if approval_bytes(approval) != content or path.stem != approval.approval_id:
            raise ValueError
    except ValueError:
        problem = "it is not as `equisite approval sign` wrote it"
        return None, Finding("R15_FORM", "", {"name": path.name, "problem": problem})
    told: dict[str, str | int | float | bool] = {"approval": approval.approval_id}
    if signer is None:
        return approval, Finding("R15_KEY_ABSENT")
    permission = permission_of(approval, sha256_bytes(content), signer.site)
    whole, part = (
        place.read_bytes() if place.is_file() else b""
        for place in (path.with_suffix(SIGNED), path.with_suffix(PERMITTED))
    )
    if not (
        whole
        and part
        and is_signed(content, whole, signer, approval.date)
        and is_signed(permission.signed_bytes(), part, signer, approval.date)
    ):
        return approval, Finding("R15_SIGNATURE", "", told)
    findings = faults(approval, protocol)
    if not findings and freeze_date > approval.expires:
        findings = [_expired(approval, freeze_date)]
    if findings:
        return approval, findings[0]
    return approval, Permit(approval, permission, bare(part))


def faults(approval: Approval, protocol: Protocol) -> list[Finding]:
    """What is wrong with an approval for a protocol, whoever signed it and whenever."""
    told: dict[str, str | int | float | bool] = {"approval": approval.approval_id}
    known = opt_in_tables(protocol)
    found = [
        Finding("R15_TABLE", "", {**told, "table": table})
        for table in approval.table_ids
        if table not in known
    ]
    if approval.protocol_sha256 != protocol_sha256(protocol):
        found.insert(0, Finding("R15_PROTOCOL", "", told))
    if approval.expires < approval.date:
        found.append(Finding("R15_DATES", "", told))
    problem = refused_by_duo(approval.duo, protocol.protocol.duo)
    if problem:
        found.append(Finding("R15_DUO", "", {**told, "problem": problem}))
    least = load_ruleset(protocol.disclosure.ruleset)[0].opt_in_least_k
    if approval.k is not None and approval.k < least:
        found.append(Finding("R15_K", "", {**told, "k": approval.k, "least": least}))
    return found


def _expired(approval: Approval, day: str) -> Finding:
    numbers = {"date": approval.date, "expires": approval.expires, "day": day}
    return Finding("R15_EXPIRED", "", {"approval": approval.approval_id, **numbers})


def check_day(folder: Path, used: Iterable[ApprovedTable], day: str) -> None:
    """Raise ReleaseRefusal R15_EXPIRED when an approval does not hold on the day of leaving."""
    findings = []
    for name in sorted({one.approval_id for one in used}):
        approval = Approval.model_validate_json(
            (folder / APPROVALS / f"{name}.json").read_bytes()
        )
        if not approval.date <= day <= approval.expires:
            findings.append(_expired(approval, day))
    if findings:
        raise ReleaseRefusal(findings)


def approval_bytes(approval: Approval) -> bytes:
    """What is signed: canonical JSON."""
    return canonical_json(approval.model_dump(mode="json"))


def read_draft(path: Path) -> Approval:
    """An approval as a person wrote it, in YAML.

    Raises ConfigError with the mistakes of the file, or R15_FORM.
    """
    document, problems = read_yaml(path)
    if document is None:
        raise ConfigError(problems)
    found = examined(document, problems, Approval)
    approval = found.value
    if approval is None or found.findings:
        raise ConfigError(found.findings)
    if count_patterns(approval.approval_id.encode(), allowed_date=""):
        problem = "its approval_id looks like a date or like a number of a patient"
        raise ConfigError("R15_FORM", name=path.name, problem=problem)
    return approval


def sign_approval(folder: Path, approval: Approval, protocol: Protocol, key: Path) -> Path:
    """Sign an approval and put it where `prepare` finds it; returns its path.

    Raises ReleaseRefusal with all that is wrong with it, R15_KEY_ABSENT, R15_KEY.
    """
    findings = faults(approval, protocol)
    signer = read_signer(folder)
    if signer is None:
        findings.append(Finding("R15_KEY_ABSENT"))
    if findings or signer is None:
        raise ReleaseRefusal(findings)
    content = approval_bytes(approval)
    permission = permission_of(approval, sha256_bytes(content), signer.site)
    signatures = {
        SIGNED: _signed(content, key, signer, approval.date),
        PERMITTED: _signed(permission.signed_bytes(), key, signer, approval.date),
    }
    path = folder / APPROVALS / f"{approval.approval_id}.json"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for suffix, signature in signatures.items():
        write_bytes(path.with_suffix(suffix), signature, mode=0o600)
    write_bytes(path, content, mode=0o600)
    return path


def _signed(content: bytes, key: Path, signer: Signer, day: str) -> bytes:
    """The signature by a private key, which must be the signer's. Raises R15_KEY."""
    try:
        signature = sign(content, key)
    except ValueError as error:
        raise ReleaseRefusal("R15_KEY", problem=str(error)) from None
    if not is_signed(content, signature, signer, day):
        problem = "it is not the approve_key of the keyring, or was not valid on that day"
        raise ReleaseRefusal("R15_KEY", problem=problem)
    return signature
