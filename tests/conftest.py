"""How properties are tested: alike on a busy machine, and whichever rooms run with them.

A profile of Hypothesis is global. It is chosen for each module just before its import, so
that what one room asks for does not depend on the rooms that were collected before it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

EXAMPLES = {"genomics": 60, "variants": 300}
"""Examples of a property, by room."""

for room, most in {"suite": 100, **EXAMPLES}.items():
    settings.register_profile(room, derandomize=True, deadline=None, max_examples=most)
settings.load_profile("suite")


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Choose the profile of the room whose module is imported next."""
    if isinstance(collector, pytest.Module):
        room = next(
            (p.name for p in collector.path.parents if p.parent == Path(__file__).parent), ""
        )
        settings.load_profile(room if room in EXAMPLES else "suite")
