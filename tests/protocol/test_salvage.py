"""What is sound of a document with mistakes, and what may not be called absent."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from equisite.protocol.models import Strict
from equisite.protocol.salvage import Examined, examined
from equisite.protocol.yaml_text import Document


class Item(Strict):
    """One item."""

    name: str = Field(pattern="^[a-z]+$")
    size: int = 1


class Part(Strict):
    """A group with a list and a free dictionary."""

    items: tuple[Item, ...] = ()
    free: dict[str, Item] = Field(default_factory=dict)
    number: int


class Whole(Strict):
    """The whole."""

    id: str
    part: Part
    extra: Part | None = None


SOUND: dict[str, Any] = {
    "id": "x",
    "part": {
        "items": [{"name": "a"}, {"name": "b"}, {"name": "c"}],
        "free": {"one": {"name": "d"}, "two": {"name": "e"}},
        "number": 3,
    },
}


def judge(content: dict[str, Any]) -> Examined[Whole]:
    return examined(Document("whole.yaml", content, {(): 1}), [], Whole, own_file="it")


def changed(*path: str | int, value: Any) -> dict[str, Any]:
    content = deepcopy(SOUND)
    holder: Any = content
    for part in path[:-1]:
        holder = holder[part]
    if value is ...:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return content


def test_a_sound_document_is_its_value() -> None:
    found = judge(SOUND)
    assert found.value is not None and found.part is found.value
    assert found.knows("id", "part.items", "part.number", "extra") and not found.findings


def test_a_wrong_item_goes_alone_and_the_others_keep_their_numbers() -> None:
    found = judge(changed("part", "items", 1, value={"name": "B"}))
    assert found.value is None and found.part is not None and found.document is not None
    assert [item.name for item in found.part.part.items] == ["a", "c"]
    assert found.document.where(("part", "items", 1)).endswith("part.items[3]")
    assert not found.knows("part.items") and not found.knows("part")
    assert found.knows("part.number", "part.free", "id")


def test_a_wrong_entry_of_a_dictionary_goes_alone() -> None:
    found = judge(changed("part", "free", "one", value={"name": "d", "size": "big"}))
    assert found.part is not None and set(found.part.part.free) == {"two"}
    assert not found.knows("part.free") and found.knows("part.items")


@pytest.mark.parametrize("value", ["many", ...])
def test_a_key_that_is_wrong_or_missing_is_no_attribute(value: Any) -> None:
    found = judge(changed("part", "number", value=value))
    assert found.part is not None and not hasattr(found.part.part, "number")
    assert not found.knows("part.number") and found.knows("part.items", "id")


def test_an_unknown_key_hides_only_what_it_may_mean() -> None:
    content = changed("part", "number", value=...)
    content["part"]["numbr"] = 3
    content["part"]["zebra"] = 1
    found = judge(content)
    assert not found.knows("part.number") and found.knows("part.items", "part.free")
    assert [f.code for f in found.findings].count("KEY_UNKNOWN") == 2


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["id", "part", "extra", "items", "free", "number", "name", "q"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_stands_there_is_judged(value: Any) -> None:
    for content in (
        value if isinstance(value, dict) else {"id": value},
        changed("part", value=value),
        changed("part", "items", value=value),
        changed("part", "free", value=value),
    ):
        found = judge(content)
        assert (found.value is None) == bool(found.findings)
        assert found.part is not None
