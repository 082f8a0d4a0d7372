"""A sound tiny site for each test."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def tiny() -> ModuleType:
    """The module that writes the tiny site."""
    spec = importlib.util.spec_from_file_location(
        "tiny_site", Path(__file__).with_name("tiny_site.py")
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def site(tiny: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Its folder; no run of another test is taken for this one's."""
    monkeypatch.delenv("EQUISITE_FROZEN", raising=False)
    folder: Path = tiny.write_site(tmp_path / "site")
    return folder
