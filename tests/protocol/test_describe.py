"""The generated reference tells every key."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from equisite.protocol.describe import rows_of
from equisite.protocol.keyring import Keyring, Lead
from equisite.protocol.models import Protocol
from equisite.protocol.shape import all_paths, keys_at
from equisite.protocol.site import ImagingRow, PatientRow, SequencingRow, SiteConfig

MODELS = (Protocol, SiteConfig, Keyring, Lead, PatientRow, SequencingRow, ImagingRow)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
def test_every_key_has_type_and_meaning(model: type[BaseModel]) -> None:
    rows = list(rows_of(model))
    assert len(rows) >= len(all_paths(model))
    for key, kind, _, meaning in rows:
        assert kind, key
        assert meaning.endswith("."), key


def test_words() -> None:
    rows = {key: (kind, default) for key, kind, default, _ in rows_of(Protocol)}
    assert rows["cohort.minimum_n"] == ("whole number, at least 1", "`30`")
    assert rows["protocol.data"] == ("`patients`, `public`", "**required**")
    assert rows["radiomics.modalities.*.spacing_mm"][0] == "list of 3 numbers"
    assert rows["tables[count].keys"] == ("list of text", "**required**")
    assert rows["reference.contigs[].md5"][0].startswith("an MD5")


def test_keys_at_follows_lists_dictionaries_and_kinds() -> None:
    document = {"tables": [{"kind": "quality"}]}
    assert "bin_width" in keys_at(Protocol, ("radiomics", "modalities", "MR"))
    assert keys_at(Protocol, ("reference", "contigs", 0)) == ["length", "md5", "name"]
    assert keys_at(Protocol, ("tables", 0), document) == [
        "analysis_set",
        "id",
        "kind",
        "variables",
    ]
    assert keys_at(Protocol, ("protocol", "id")) == []
