"""Made regions: a smooth random texture inside an ellipsoid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from equisite.protocol.radiomics import RadiomicSettings

Case = tuple[Any, Any]


def make_case(
    shape: tuple[int, int, int] = (16, 30, 34),
    radii: tuple[float, float, float] = (4.3, 7.2, 8.6),
    centre: tuple[float, float, float] | None = None,
    seed: int = 0,
    scale: float = 120.0,
) -> Case:
    """Image float32 and mask bool, both (z, y, x)."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, scale, shape)
    for axis in range(3):
        noise = (noise + np.roll(noise, 1, axis) + np.roll(noise, -1, axis)) / 3**0.5
    middle = centre or tuple(n / 2 for n in shape)
    axes = np.ogrid[: shape[0], : shape[1], : shape[2]]
    distance = sum(((a - c) / r) ** 2 for a, c, r in zip(axes, middle, radii, strict=True))
    return (noise + 40).astype(np.float32), distance <= 1


@pytest.fixture
def case() -> Callable[..., Case]:
    return make_case


@pytest.fixture
def settings() -> Callable[..., RadiomicSettings]:
    def make(**given: Any) -> RadiomicSettings:
        if "bin_width" not in given and "bin_count" not in given:
            given["bin_width"] = 25.0
        return RadiomicSettings(**given)

    return make
