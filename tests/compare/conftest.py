"""Made consortia, whose patients stay at hand to check what is pooled from bundles."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from equisite.codebook.book import Codebook, codebook

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
sys.path.insert(0, str(Path(__file__).parent))

import made_bundles as made

TITLES = {"north": "Hospital North", "south": "Hospital South", "west": "Clinic West"}
SHIFTED = made.Plan("west", 60, shift={"intensity": 1.0}, scale={"intensity": 1.3})
PLANS = (made.Plan("north", 60), made.Plan("south", 90), SHIFTED)

Consortium = Callable[..., tuple[Path, dict[str, made.Patients]]]


@pytest.fixture(scope="session")
def book() -> Codebook:
    """The shipped codebook."""
    return codebook()


@pytest.fixture
def consortium(tmp_path: Path, book: Codebook) -> Consortium:
    """Make a lead folder with one bundle per plan; returns it and the patients by site."""

    def make(
        plans: tuple[made.Plan, ...] = PLANS, titles: dict[str, str] | None = None
    ) -> tuple[Path, dict[str, made.Patients]]:
        lead = tmp_path / "lead"
        protocol = made.write_lead(lead, made.protocol_content(book), titles or TITLES)
        columns = book.columns_of("mr__gtv__core")
        people = {}
        for plan in plans:
            people[plan.site] = made.draw(plan, book, columns, seed=7)
            made.put_bundle(lead, made.bundle_of(plan, people[plan.site], protocol, book))
        return lead, people

    return make


@pytest.fixture
def plans() -> tuple[made.Plan, ...]:
    """Three sites, the third with another scanner."""
    return PLANS
