"""Keys and columns of the models as rows of a table, for `config/README.md`."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from equisite.protocol.explain import PATTERNS
from equisite.protocol.shape import members, models_in

WORDS = {str: "text", int: "whole number", float: "number", bool: "true or false"}


def rows_of(model: type[BaseModel], above: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Key, type, default and meaning of every key of a model, in its order.

    Keys inside a list are written `contigs[].name`, with its kinds `tables[count].id`, those
    of a dictionary `modalities.*.range`.
    """
    for name, field in model.model_fields.items():
        key = f"{above}{name}"
        inner = models_in(field.annotation)
        yield key, type_words(field), default_words(field), field.description or ""
        kinds = len(inner) > 1
        for part in inner:
            step = f"{key}{_step(field.annotation)}"
            if kinds:
                kind = typing.get_args(part.model_fields["kind"].annotation)
                step = f"{key}[{' or '.join(kind)}]"
            yield from rows_of(part, f"{step}.")


def _step(annotation: Any) -> str:
    origins = {typing.get_origin(m) for m in members(annotation)}
    return "[]" if tuple in origins else ".*" if dict in origins else ""


def type_words(field: FieldInfo) -> str:
    """What may stand here, in words."""
    pattern = next((m.pattern for m in field.metadata if getattr(m, "pattern", None)), "")
    if pattern:
        return PATTERNS.get(pattern, "text")
    return " or ".join(dict.fromkeys(_words(field.annotation, field.metadata)))


def _words(annotation: Any, metadata: Any = ()) -> list[str]:
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        base, *notes = typing.get_args(annotation)
        pattern = next((n.metadata for n in notes if isinstance(n, FieldInfo)), [])
        found = next((m.pattern for m in pattern if getattr(m, "pattern", None)), "")
        return [PATTERNS.get(found, "text")] if found else _words(base)
    if origin is typing.Literal:
        return [", ".join(f"`{value}`" for value in typing.get_args(annotation))]
    if origin is tuple:
        inner = [a for a in typing.get_args(annotation) if a is not Ellipsis]
        if len(inner) == 1:
            return [f"list of {' or '.join(dict.fromkeys(_words(inner[0])))}"]
        return [f"list of {len(inner)} numbers"]
    if origin is dict:
        return ["group of keys"]
    if annotation in WORDS:
        return [WORDS[annotation] + _bounds(metadata)]
    choices = members(annotation)
    if choices != [annotation]:
        arguments = [a for a in typing.get_args(annotation) if a is not type(None)]
        return [word for a in arguments for word in _words(a, metadata)]
    return ["group of keys"]


def _bounds(metadata: Any) -> str:
    parts = []
    for note in metadata:
        for name, sign in (
            ("ge", "at least "),
            ("gt", "above "),
            ("le", "at most "),
            ("lt", "below "),
        ):
            value = getattr(note, name, None)
            if value is not None:
                parts.append(f"{sign}{value:g}")
    return f", {', '.join(parts)}" if parts else ""


def default_words(field: FieldInfo) -> str:
    """The default as it would stand in the file; **required** where there is none."""
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined or isinstance(value, BaseModel):
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(str(v) for v in value)}]`" if value else "`[]`"
    if isinstance(value, dict):
        return "`{}`"
    return f"`{value}`"


def table(rows: Iterator[tuple[str, str, str, str]], first: str) -> str:
    """Rows as a Markdown table."""
    lines = [f"| {first} | what may stand here | default | meaning |", "|---|---|---|---|"]
    for key, kind, default, meaning in rows:
        cells = (f"`{key}`", kind, default, meaning)
        lines.append("| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |")
    return "\n".join(lines) + "\n"
