"""What keys a model has, at any depth: for suggestions, and for the generated papers."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

from equisite.protocol.yaml_text import Location


def members(annotation: Any) -> list[Any]:
    """The alternatives of an annotation: unions opened, `Annotated` and None taken off."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return members(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return [m for a in typing.get_args(annotation) for m in members(a)]
    return [] if annotation is type(None) else [annotation]


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """Models that an annotation holds, through lists and dictionaries."""
    found: list[type[BaseModel]] = []
    for member in members(annotation):
        if isinstance(member, type) and issubclass(member, BaseModel):
            found.append(member)
        elif typing.get_origin(member) in (tuple, list, dict):
            found += [m for a in typing.get_args(member) for m in models_in(a)]
    return found


def keys_at(model: type[BaseModel], location: Location, content: Any = None) -> list[str]:
    """Keys that may stand in the mapping at `location`; empty where the model has none.

    content: the document, used to choose among the kinds of a table.
    """
    candidates: list[type[BaseModel]] = [model]
    value = content
    for part in location:
        value = _child(value, part)
        if isinstance(part, int) or not _has(candidates, part):
            continue  # list items and free keys of a dictionary lead to the same models
        annotations = [c.model_fields[part].annotation for c in candidates if _has([c], part)]
        candidates = [m for a in annotations for m in models_in(a)]
        if not candidates:
            return []
    if isinstance(value, Mapping) and len(candidates) > 1:
        candidates = [c for c in candidates if _is_kind(c, value.get("kind"))] or candidates
    return sorted({key for c in candidates for key in c.model_fields})


def _child(value: Any, part: str | int) -> Any:
    try:
        return value[part]
    except (KeyError, IndexError, TypeError):
        return None


def _has(models: list[type[BaseModel]], key: str | int) -> bool:
    return any(key in m.model_fields for m in models)


def _is_kind(model: type[BaseModel], kind: Any) -> bool:
    field = model.model_fields.get("kind")
    return field is not None and kind in typing.get_args(field.annotation)


def meaning_of(field: Any) -> str:
    """Description of a field, and what may stand there where that is a choice of words."""
    words = [
        str(word)
        for member in members(field.annotation)
        if typing.get_origin(member) is typing.Literal
        for word in typing.get_args(member)
    ]
    return f"{field.description}" + (f" One of: {', '.join(words)}." if words else "")


def meaning_at(model: type[BaseModel], location: Location) -> str:
    """`meaning_of` the key at a location; empty where no model has it."""
    found: Any = None
    candidates = [model]
    for part in names_only(location):
        fields = [c.model_fields[part] for c in candidates if part in c.model_fields]
        if not fields:
            return ""
        found = fields[0]
        candidates = models_in(found.annotation)
    return meaning_of(found) if found is not None else ""


@cache
def all_paths(model: type[BaseModel]) -> frozenset[tuple[str, ...]]:
    """Every key of a model as a path of names, list positions left out."""
    return frozenset(_paths(model, ()))


def _paths(model: type[BaseModel], above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        yield (*above, name)
        for inner in models_in(field.annotation):
            yield from _paths(inner, (*above, name))


def names_only(location: Location) -> tuple[str, ...]:
    """A location without its list positions."""
    return tuple(part for part in location if isinstance(part, str))
