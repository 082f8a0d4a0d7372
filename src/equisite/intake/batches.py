"""Which patient is in which batch: adding one patient touches one batch."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

SINGLE = 2**31 - 1
"""Numbers to choose from when every patient is a batch of one."""
MOST = 200
"""Batches of one room: as many as jobs run at a time on a cluster (`jobs` of its profile). With
all that a protocol can ask for, some sixteen steps of genomics and four of imaging over each,
the plan stays below 5,000 jobs, which Snakemake plans in seconds."""


def batch_count(patients: int, size: int, before: int = 0) -> int:
    """How many batches for a number of patients, about `size` in each.

    before: the count of the last freeze; it is kept while batches are neither more than
    twice nor less than half as full as wished, so that growing by one patient moves nobody.
    With size 1 each patient has a number of its own, whoever else is there. More than
    `MOST` batches are not made: they grow with the cohort instead.

    >>> batch_count(60, 8), batch_count(65, 8, before=8), batch_count(129, 8, before=8)
    (8, 8, 17)
    >>> batch_count(100_000, 8)
    200
    """
    if size == 1:
        return SINGLE
    size = max(size, -(-patients // MOST))
    if before and before != SINGLE and before * size <= 2 * patients <= 4 * before * size:
        return before
    return max(1, -(-patients // size))


def batch_number(key: bytes, patient: str, count: int) -> int:
    """Number from 1 to `count` of a patient's batch (linear hashing of a keyed hash).

    When the count grows by one, a single batch is split; all others keep their patients.
    """
    digest = hmac.new(key, b"batch:" + patient.encode(), hashlib.sha256).digest()
    hashed = int.from_bytes(digest[:8], "big")
    level = 1 << (count.bit_length() - 1)
    slot = hashed % (2 * level)
    return 1 + (slot if slot < count else slot - level)


def batch_numbers(key: bytes, patients: Iterable[str], count: int) -> dict[str, int]:
    """The batch of each patient."""
    return {patient: batch_number(key, patient, count) for patient in sorted(patients)}
