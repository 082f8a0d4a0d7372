"""Random streams named by what they are for: the same name gives the same numbers."""

from __future__ import annotations

import hashlib

import numpy as np


def stream(*name: object) -> np.random.Generator:
    """A generator that depends on its name only, not on what was drawn before.

    So a patient's data do not change when another patient is added or left out.
    """
    text = "/".join(str(part) for part in name)
    key = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
    return np.random.Generator(np.random.Philox(key=key))


def stable_uid(*name: object) -> str:
    """A DICOM UID below 2.25 that depends on its name only (PS3.5, annex B.2)."""
    text = "/".join(str(part) for part in name)
    return f"2.25.{int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], 'big')}"
