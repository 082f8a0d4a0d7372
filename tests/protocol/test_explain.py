"""What is wrong, in words: never an expression, never an unseen sign."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from equisite.protocol.approval import Approval
from equisite.protocol.explain import PATTERNS, shown
from equisite.protocol.keyring import Keyring
from equisite.protocol.models import Protocol
from equisite.protocol.site import ImagingRow, PatientRow, SequencingRow, SiteConfig

MODELS = (
    Protocol, SiteConfig, Keyring, Approval, PatientRow, SequencingRow, ImagingRow,
)  # fmt: skip


def patterns(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for item in schema:
            yield from patterns(item)
    elif isinstance(schema, dict):
        for key, item in schema.items():
            if key == "pattern" and isinstance(item, str):
                yield item
            else:
                yield from patterns(item)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_pattern_of_a_model_has_words(model: type[BaseModel]) -> None:
    found = set(patterns(model.model_json_schema()))
    assert found
    assert found <= set(PATTERNS)
    assert not [pattern for pattern in found if r"\d" in pattern], "other scripts have digits"


def test_nothing_is_shown_as_nothing() -> None:
    assert shown("") == shown(None) == "nothing"
    assert shown("x" * 61).endswith("xxx...")
