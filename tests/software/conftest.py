"""What the tests of the software share: the maker's modules, and the installed home."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

# Inside the image the front is plain bash: `run.py test` runs these outside, before all others.
collect_ignore = ["test_front.py"] if os.environ.get("EQUISITE_INSIDE") == "1" else []

CHECKOUT = Path(__file__).resolve().parents[2]
if str(CHECKOUT / "scripts") not in sys.path:
    sys.path.insert(0, str(CHECKOUT / "scripts"))


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The checkout."""
    return CHECKOUT


@pytest.fixture(scope="session")
def home() -> Path:
    """The software home in which these tests run."""
    return Path(os.environ.get("EQUISITE_HOME") or CHECKOUT / ".software")


@pytest.fixture(scope="session")
def root(home: Path, checkout: Path) -> Path:
    """The unpacked root of the installed image."""
    from software.home import Home
    from software.plan import Plan

    return Plan(Home(home, checkout), None).image_root
