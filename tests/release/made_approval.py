"""Keys, approvals and carried alleles of a made site, for tests of opt-in tables."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from made_cohort import columns, patient, protocol, write_site

from equisite.core.canonical import canonical_json
from equisite.core.tables import write_table
from equisite.protocol.approval import Approval
from equisite.protocol.load import protocol_sha256
from equisite.protocol.models import Protocol
from equisite.release.approvals import APPROVER, sign_approval
from equisite.release.prepare import POSITIONS

HMB, NPU = "DUO:0000006", "DUO:0000045"
TABLE = {"id": "site_positions", "kind": "positions", "regions": ["chr17:1000-9000"]}
COHORT = {"id": "cohort", "kind": "count", "keys": ["analysis_set"]}
COLUMNS = ("contig", "position", "ref", "alt", "patients", "frequency")
COMMON = 0.3
"""Frequency in the population of an allele whose carriers are no surprise."""


def allele(number: int) -> str:
    """Name of a made allele inside the region."""
    return f"chr17:{1000 + number}:A:G"


def opt_in_protocol(
    tables: Sequence[Mapping[str, Any]] = (COHORT, TABLE), *, public: bool = False
) -> Protocol:
    """A protocol with a table of positions and a use that approvals can allow."""
    return protocol(tables=tables, duo=[HMB, NPU], public=public)


def write_carried(
    folder: Path,
    carriers: Mapping[str, Sequence[int]],
    frequency: float | None = COMMON,
) -> None:
    """`private/positions.tsv`: by allele, the numbers of the patients who carry it."""
    rows = []
    for name, people in carriers.items():
        contig, position, ref, alt = name.split(":")
        cells = (contig, position, ref, alt, ",".join(map(patient, people)), frequency)
        rows.append(dict(zip(COLUMNS, cells, strict=True)))
    write_table(folder / POSITIONS, COLUMNS, rows)


def make_key(folder: Path, name: str = "approve") -> Path:
    """A fresh ed25519 key pair without a passphrase; returns the private one."""
    path = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(path)],
        check=True,
        stdin=subprocess.DEVNULL,
    )
    return path


def write_approver(folder: Path, key: Path, **validity: str) -> None:
    """What intake freezes of the keyring."""
    public = key.with_name(f"{key.name}.pub").read_text()
    found = {"site": "north", "approve_key": public, "valid_from": None, "valid_until": None}
    path = folder / APPROVER
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(canonical_json(found | validity))


def approval(made: Protocol, **other: Any) -> Approval:
    """An approval that allows the table of positions."""
    fields: dict[str, Any] = {
        "approval_id": "REC-17",
        "body": "Research ethics committee North",
        "date": "2024-01-15",
        "expires": "2024-12-31",
        "protocol_sha256": protocol_sha256(made),
        "table_ids": ["site_positions"],
        "duo": [HMB, NPU],
    }
    return Approval.model_validate(fields | other)


def opt_in_site(
    folder: Path,
    key: Path,
    carriers: Mapping[str, Sequence[int]],
    *,
    patients: int = 60,
    made: Protocol | None = None,
    approved: Mapping[str, Any] | None = None,
    frequency: float | None = COMMON,
) -> Path:
    """A site with carried alleles and a signed approval; None: without any approval."""
    made = made or opt_in_protocol()
    write_site(folder, columns(patients), made)
    write_carried(folder, carriers, frequency)
    write_approver(folder, key)
    if approved is not None:
        sign_approval(folder, approval(made, **approved), made, key)
    return folder
