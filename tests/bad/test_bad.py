"""Each wrong input gives exactly its messages, all of them and no other."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import pytest

from equisite.core.codes import registry
from equisite.core.errors import ConfigError
from equisite.intake.freeze import freeze

_spec = importlib.util.spec_from_file_location("broken", Path(__file__).with_name("broken.py"))
assert _spec is not None and _spec.loader is not None
broken = importlib.util.module_from_spec(_spec)
sys.modules["broken"] = broken
_spec.loader.exec_module(broken)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("EQUISITE_FROZEN", raising=False)
    return broken.tiny_site(tmp_path)


def test_the_site_that_cases_start_from_is_sound(site: Path) -> None:
    assert freeze(site).site == "north"


@pytest.mark.parametrize("path", broken.CASES, ids=lambda path: path.stem)
def test_case(path: Path, site: Path) -> None:
    case = broken.read_case(path)
    if any(c.get("do") == "forbid" for c in case.change) and os.geteuid() == 0:
        pytest.skip("root may read everything")
    for change in case.change:
        broken.apply(site, change)
    with pytest.raises(ConfigError) as caught:
        freeze(site)
    assert caught.value.exit_code == 2
    assert broken.neutral(caught.value.render(), site) == case.expected.rstrip("\n")
    assert case.code in {f.code for f in caught.value.findings}
    assert not (site / "work").exists(), "something was written although the site is wrong"


def test_every_refusal_of_intake_and_protocol_has_a_case() -> None:
    elsewhere = {
        "MORE_OF_A_KIND",  # tests/intake/test_check.py
        "LAYER_MISSING",
        "SITE_KEY_BROKEN",  # tests/intake/test_secret.py
        "SITE_KEY_OPEN",
        "KEY_NOT_ED25519",  # tests/protocol/test_load.py
        "VALIDITY_REVERSED",
    }
    codes = {
        c.code
        for c in registry().values()
        if c.room in ("intake", "protocol") and c.severity == "refuse"
    }
    of_the_codebook = {"UNKNOWN_VARIABLE"}
    cases = {broken.read_case(path).code for path in broken.CASES}
    assert codes - elsewhere == cases - of_the_codebook
