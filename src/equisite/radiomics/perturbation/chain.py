"""Which copies are made, and with which random numbers."""

from __future__ import annotations

import hashlib
import itertools
import math
from dataclasses import dataclass

import numpy as np

from equisite.protocol.robustness import Robustness

GOLDEN = 0.6180339887498949


@dataclass(frozen=True)
class Perturbation:
    """What is done to one copy.

    copy: number in the full chain, from 0. shift: (z, y, x) in resampled voxels. angle_deg:
    in the axial plane, from x to y. volume_change: share of the region's voxels.
    """

    copy: int
    shift: tuple[float, float, float]
    angle_deg: float
    volume_change: float
    noise: bool
    contour: bool


def chain(settings: Robustness) -> tuple[Perturbation, ...]:
    """The copies of every case, in the order of the settings' lists.

    Fewer than all are taken by steps of about N / golden ratio that have no common divisor
    with N: so each list is used evenly, and so are their combinations.
    """
    shifts = settings.translations
    combinations = itertools.product(
        shifts, shifts, shifts, settings.rotations_deg, settings.volume_changes
    )
    full = [
        Perturbation(number, (z, y, x), angle, change, settings.noise, settings.contour)
        for number, (z, y, x, angle, change) in enumerate(combinations)
    ]
    count = len(full)
    step = next(s for s in range(round(GOLDEN * count), 0, -1) if math.gcd(s, count) == 1)
    taken = sorted(number * step % count for number in range(settings.number_of_copies))
    return tuple(full[number] for number in taken)


def generator(token: str, copy: int, purpose: str) -> np.random.Generator:
    """Random numbers of one copy of one case: the same in any order, at any site.

    Philox with the first 128 bits of sha256 over token, copy and purpose as its key.
    """
    digest = hashlib.sha256(f"{token}\n{copy}\n{purpose}".encode()).digest()
    key = int.from_bytes(digest[:16], "big")
    return np.random.Generator(np.random.Philox(key=key))


def is_chosen(token: str, share: float) -> bool:
    """Whether a case is among those that are perturbed, by its token alone."""
    digest = hashlib.sha256(f"{token}\nperturbed".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64
