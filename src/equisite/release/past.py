"""What left this site before: the ledger's releases, and who stood behind them, as tags."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from equisite.core.canonical import sha256_bytes
from equisite.release.ledger import PATIENT_TAG, Ledger, Record

Tags = frozenset[bytes]


@dataclass(frozen=True)
class Past:
    """What left before. sets: folder of the kept tags. own: set digest of this cohort."""

    releases: Sequence[Record] = ()
    sets: Path = Path()
    own: str = ""

    @classmethod
    def of(cls, ledger: Ledger, sets: Path, tags: bytes) -> Past:
        """The past of a cohort whose patients have these tags."""
        return cls(ledger.releases, sets, sha256_bytes(tags))

    def content(self, digest: str) -> bytes | None:
        """A kept file by its digest; None when it is gone or was changed."""
        path = self.sets / f"{digest}.bin"
        content = path.read_bytes() if path.is_file() else b""
        return content if hmac.compare_digest(sha256_bytes(content), digest) else None

    def tags(self, digest: str) -> Tags | None:
        """The patients of an earlier set; None as `content`."""
        content = self.content(digest)
        return None if content is None else split_tags(content)


NO_PAST = Past()


def split_tags(tags: bytes) -> Tags:
    """The tags of a set of patients (`ledger.patient_set`)."""
    return frozenset(tags[at : at + PATIENT_TAG] for at in range(0, len(tags), PATIENT_TAG))
