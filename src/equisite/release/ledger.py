"""The ledger: one line per release, each chained to the one before by its digest.

`private/ledger.jsonl` holds canonical JSON with integers and texts only; the digest of a
line is sha256 of its bytes without the line end, and every line names the digest of the
line before. An edit, a removal or another order breaks the chain.
"""

from __future__ import annotations

import fcntl
import hmac
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from equisite.core.atomic import write_bytes
from equisite.core.canonical import canonical_json, sha256_bytes
from equisite.core.errors import ReleaseRefusal

GENESIS = "0" * 64
SCHEMA = "ledger-v1"
RELEASE = "release"
PATIENT_TAG = 16
"""Bytes of a patient's tag."""

Record = Mapping[str, object]


@dataclass(frozen=True)
class Ledger:
    """All records, verified, and the digest of the last line."""

    records: tuple[Record, ...]
    head: str

    @property
    def releases(self) -> tuple[Record, ...]:
        """Records of released bundles, in order."""
        return tuple(r for r in self.records if r["kind"] == RELEASE)

    @property
    def last_release_no(self) -> int:
        """Number of the last released bundle, 0 before the first."""
        return int(str(self.releases[-1]["release_no"])) if self.releases else 0


def read_ledger(path: Path) -> Ledger:
    """Read and verify a ledger; an absent file is an empty one.

    Raises ReleaseRefusal L_CANON or L_CHAIN naming the line.
    """
    content = path.read_bytes() if path.is_file() else b""
    head = GENESIS
    records: list[Record] = []
    lines = content.split(b"\n")
    if lines.pop():
        raise ReleaseRefusal("L_CANON", line=len(lines) + 1)
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except ValueError:
            raise ReleaseRefusal("L_CANON", line=number) from None
        if not isinstance(record, dict) or canonical_json(record) != line:
            raise ReleaseRefusal("L_CANON", line=number)
        if record.get("prev") != head or record.get("seq") != number:
            raise ReleaseRefusal("L_CHAIN", line=number)
        head = sha256_bytes(line)
        records.append(record)
    return Ledger(tuple(records), head)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the ledger's lock; only one process at a time may append."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def append(path: Path, content: Record) -> Ledger:
    """Add one record behind a verified chain; the file is whole at every moment.

    Call it under `locked`. Raises ReleaseRefusal as `read_ledger`.
    """
    ledger = read_ledger(path)
    record = {
        **content,
        "schema": SCHEMA,
        "seq": len(ledger.records) + 1,
        "prev": ledger.head,
    }
    before = path.read_bytes() if path.is_file() else b""
    write_bytes(path, before + canonical_json(record) + b"\n", mode=0o600)
    return read_ledger(path)


def patient_tag(key: bytes, patient: str) -> bytes:
    """A patient without a name: HMAC-SHA256(site key, "equisite-set-v1|" + patient)[0:16]."""
    return hmac.digest(key, b"equisite-set-v1|" + patient.encode(), "sha256")[:PATIENT_TAG]


def patient_set(key: bytes, patients: Iterable[str]) -> bytes:
    """Sorted tags of a set of patients, joined: who was in a release, without a name."""
    return b"".join(sorted(patient_tag(key, patient) for patient in patients))
