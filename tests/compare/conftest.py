"""Made consortia with constants of their own, so that no test depends on shipped numbers."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from equisite.bundle.ruleset import load_ruleset
from equisite.codebook.book import Codebook, codebook

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

import made_bundles as made

TITLES = {"north": "Hospital North", "south": "Hospital South", "west": "Clinic West"}
SHIFTED = made.Plan("west", 60, shift={"intensity": 1.0}, scale={"intensity": 1.3})
PLANS = (made.Plan("north", 60), made.Plan("south", 90), SHIFTED)


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Codebook]:
    """The codebook with made constants; the product sees it too while these tests run."""
    before = os.environ.get("EQUISITE_RESOURCES")
    folder = made.made_resources(tmp_path_factory.mktemp("resources"))
    os.environ["EQUISITE_RESOURCES"] = str(folder)
    codebook.cache_clear()
    load_ruleset.cache_clear()
    yield codebook()
    if before is None:
        del os.environ["EQUISITE_RESOURCES"]
    else:
        os.environ["EQUISITE_RESOURCES"] = before
    codebook.cache_clear()
    load_ruleset.cache_clear()


Consortium = Callable[..., tuple[Path, dict[str, made.Patients]]]


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
