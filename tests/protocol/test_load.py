"""Hash, keyring, lead and the findings of files with several mistakes."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from equisite.core.errors import ConfigError
from equisite.protocol.load import (
    deep_merge,
    load_keyring,
    load_lead,
    load_protocol,
    load_site_config,
    protocol_json,
    protocol_sha256,
    read_frozen_protocol,
    section_digest,
)

ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43


def shuffled(value: Any, order: random.Random) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        order.shuffle(keys)
        return {key: shuffled(value[key], order) for key in keys}
    return [shuffled(item, order) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("seed", range(5))
def test_hash_ignores_comments_order_and_layout(protocol_file: Path, seed: int) -> None:
    before = protocol_sha256(load_protocol(protocol_file))
    content = yaml.load(protocol_file.read_text(), Loader=yaml.SafeLoader)
    content["conformance"]["pack_sha256"] = content["codebook"]["constants_sha256"] = "0" * 64
    mixed = shuffled(content, random.Random(seed))
    protocol_file.write_text("# other\n" + json.dumps(mixed, indent=seed))
    assert protocol_sha256(load_protocol(protocol_file)) == before


def test_hash_sees_values_and_the_order_of_tables(protocol_file: Path) -> None:
    text = protocol_file.read_text()
    hashes = {protocol_sha256(load_protocol(protocol_file))}
    first, second = (line for line in text.splitlines() if "kind: c" in line)
    exchanged = text.replace(first, "X").replace(second, first).replace("X", second)
    for changed in (text.replace("minimum_n: 3", "minimum_n: 4"), exchanged):
        protocol_file.write_text(changed)
        hashes.add(protocol_sha256(load_protocol(protocol_file)))
    assert len(hashes) == 3


def test_a_default_written_out_does_not_change_the_hash(protocol_file: Path) -> None:
    before = protocol_sha256(load_protocol(protocol_file))
    text = protocol_file.read_text()
    protocol_file.write_text(text.replace("genomics:\n", "genomics:\n  aligner: bwa-mem\n"))
    assert protocol_sha256(load_protocol(protocol_file)) == before


def test_the_frozen_protocol_reads_back_the_same(protocol_file: Path, tmp_path: Path) -> None:
    protocol = load_protocol(protocol_file)
    frozen = tmp_path / "frozen.json"
    frozen.write_bytes(protocol_json(protocol))
    assert read_frozen_protocol(frozen) == protocol


def test_section_digest_sees_its_sections_only(protocol_file: Path) -> None:
    one = load_protocol(protocol_file)
    protocol_file.write_text(protocol_file.read_text().replace("minimum_n: 3", "minimum_n: 5"))
    other = load_protocol(protocol_file)
    for sections, same in ((("genomics", "tables"), True), (("cohort",), False)):
        digests = {section_digest(p, sections=sections) for p in (one, other)}
        assert (len(digests) == 1) is same
    with pytest.raises(AttributeError):
        section_digest(one, sections=("genomic",))


def test_items_that_were_refused_are_not_missing_too(protocol_file: Path) -> None:
    text = protocol_file.read_text().replace("length: 1000", "length: -1, lenth: 4")
    protocol_file.write_text(text.replace("keys: [sex]", "keyes: [sex]"))
    with pytest.raises(ConfigError) as caught:
        load_protocol(protocol_file)
    found = [(f.code, f.where.partition(", key ")[2]) for f in caught.value.findings]
    assert found == [
        ("KEY_VALUE", "reference.contigs[1].length"),
        ("KEY_UNKNOWN", "reference.contigs[1].lenth"),
        ("KEY_UNKNOWN", "tables[1].keyes"),
    ]
    assert "Did you mean keys?" in caught.value.findings[2].sentence


def test_a_table_of_unknown_kind_is_told_with_the_kinds(protocol_file: Path) -> None:
    protocol_file.write_text(protocol_file.read_text().replace("kind: moment", "kind: momnet"))
    with pytest.raises(ConfigError, match=r"must be one of count, .*Did you mean moment"):
        load_protocol(protocol_file)


def test_keyring(tmp_path: Path) -> None:
    path = tmp_path / "keyring.yaml"
    good = f"protocol: trial\nsites:\n  - {{id: north, title: N, approve_key: {ED25519} me}}\n"
    path.write_text(good)
    assert load_keyring(path).sites[0].id == "north"
    path.write_text(
        good.replace("ed25519 AAAA", "rsa AAAA")
        + "  - {id: North, title: M, valid_from: 2026-02-01, valid_until: 2026-01-01}\n"
    )
    with pytest.raises(ConfigError) as caught:
        load_keyring(path)
    codes = {f.code for f in caught.value.findings}
    assert codes == {"NAME_TWICE", "KEY_NOT_ED25519", "VALIDITY_REVERSED"}


def test_lead(tmp_path: Path) -> None:
    path = tmp_path / "compare.yaml"
    path.write_text("protocol: p.yaml\nkeyring: k.yaml\n")
    assert load_lead(path).inbox == "inbox"
    path.write_text("protocol: p.yaml\nkeyrings: k.yaml\n")
    with pytest.raises(ConfigError) as caught:
        load_lead(path)
    assert [f.code for f in caught.value.findings] == ["KEY_UNKNOWN"]
    path.write_text("protocol: p.yaml\nk_file: k.yaml\n")
    with pytest.raises(ConfigError) as caught:
        load_lead(path)
    assert {f.code for f in caught.value.findings} == {"KEY_MISSING", "KEY_UNKNOWN"}


def test_site_config_without_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"CONFIG_MISSING config\.yaml"):
        load_site_config(tmp_path / "config.yaml")


groups = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
)


@given(
    base=st.dictionaries(st.sampled_from("abcd"), groups),
    over=st.dictionaries(st.sampled_from("abcd"), groups),
)
def test_deep_merge_keeps_all_keys_and_prefers_the_second(
    base: dict[str, Any], over: dict[str, Any]
) -> None:
    merged = deep_merge(base, over)
    assert set(merged) == set(base) | set(over)
    assert deep_merge(merged, over) == merged
    assert all(merged[k] == v for k, v in over.items() if not isinstance(v, dict))
    assert deep_merge(base, {}) == base
