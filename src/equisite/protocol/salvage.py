"""What is sound of a document with mistakes, so that one mistake hides no other."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from equisite.core.errors import Finding
from equisite.protocol.explain import close_to, findings_of, true_location
from equisite.protocol.shape import keys_at
from equisite.protocol.yaml_text import Document, Location, dotted

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Examined(Generic[Model]):
    """A file as it was judged.

    value: its model when it is sound, else None. part: what is sound of it; keys that are
    not are no attributes. lost: keys of which something is not sound, with dots: nothing may
    be called absent because of them. document: as the part is numbered.
    """

    value: Model | None = None
    part: Model | None = None
    document: Document | None = None
    findings: list[Finding] = field(default_factory=list)
    lost: frozenset[str] = frozenset()

    def knows(self, *keys: str) -> bool:
        """Whether all these keys (with dots) can be read and nothing in them is lost."""
        return self.part is not None and not any(
            f"{lost}.".startswith(f"{key}.") or f"{key}.".startswith(f"{lost}.")
            for lost in self.lost
            for key in keys
        )


def examined(
    document: Document,
    faults: list[Finding],
    model: type[Model],
    other: type[BaseModel] | None = None,
    other_file: str = "",
    own_file: str = "",
) -> Examined[Model]:
    """Judge a document by its model; faults: what was wrong with its text already.

    other: the model of the file with which this one may be mixed up.
    """
    lost = {fault.where.rpartition("key ")[2] for fault in faults}
    try:
        value = model.model_validate(document.content)
    except ValidationError as error:
        more = findings_of(error, document, model, other, other_file, own_file)
        sound, cut = _without_faults(document, model, error)
        part = _built(model, sound.content)
        return Examined(None, part, sound, [*faults, *more], frozenset(lost | cut))
    return Examined(None if faults else value, value, document, list(faults), frozenset(lost))


def _without_faults(
    document: Document, model: type[BaseModel], error: ValidationError
) -> tuple[Document, set[str]]:
    """The document without its faulty places, and the keys that were lost with them.

    Cut is the smallest item of a list or of a free dictionary that holds the fault, else
    the key itself. A key that nobody knows hides nothing, unless it is like one that is
    not there.
    """
    content = deepcopy(document.content)
    moved: dict[Location, list[int]] = {}
    lost: set[str] = set()
    errors = error.errors(include_url=False)
    while errors:
        places = set()
        for one in errors:
            location = true_location(one, content)
            place = _to_cut(model, location)
            lost |= _lost_with(model, content, place, one["type"] == "extra_forbidden")
            if one["type"] != "missing" or place != location:
                places.add(place)
        if not places:
            break
        for place in sorted(places, key=_from_the_end):
            _cut(content, place, moved)
        errors = _errors(model, content)
    return replace(document, content=content, moved=moved), lost


def _errors(model: type[BaseModel], content: Any) -> list[Any]:
    try:
        model.model_validate(content)
    except ValidationError as error:
        return list(error.errors(include_url=False))
    return []


def _lost_with(
    model: type[BaseModel], content: dict[str, Any], place: Location, unknown: bool
) -> set[str]:
    """Keys of which nothing may be called absent when a place is cut out."""
    holder = _child(content, place[:-1])
    if isinstance(holder, dict) and unknown:
        known = set(keys_at(model, place[:-1], content)) - holder.keys()
        meant = close_to(str(place[-1]), known)
        return {dotted((*place[:-1], meant))} if meant else set()
    free = isinstance(place[-1], int) or not keys_at(model, place[:-1], content)
    return {dotted(place[:-1] if free else place)}


def _from_the_end(place: Location) -> tuple[tuple[int, int | str], ...]:
    """Sorts later items of a list first, so that the numbers of others stay true."""
    return tuple((0, -p) if isinstance(p, int) else (1, p) for p in place)


def _to_cut(model: type[BaseModel], location: Location) -> Location:
    """The smallest item of a list or free dictionary at a location, else the deepest key."""
    current: Any = model
    for length, part in enumerate(location, start=1):
        if isinstance(part, int) or getattr(current, "__origin__", None) is dict:
            return location[:length]
        if not _is_model(current):
            return location[: length - 1]
        found = current.model_fields.get(part)
        current = _only_kind(found.annotation) if found is not None else None
    return location


def _child(content: Any, location: Location) -> Any:
    """What stands at a location, or None."""
    for part in location:
        try:
            content = content[part]
        except (KeyError, IndexError, TypeError):
            return None
    return content


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _only_kind(annotation: Any) -> Any:
    """The model of a field, also where it may be absent; anything else as it is."""
    choices = [a for a in getattr(annotation, "__args__", ()) if a is not type(None)]
    return choices[0] if len(choices) == 1 and _is_model(choices[0]) else annotation


def _cut(content: dict[str, Any], place: Location, moved: dict[Location, list[int]]) -> None:
    holder, last = _child(content, place[:-1]), place[-1]
    if isinstance(holder, list) and isinstance(last, int):
        moved.setdefault(place[:-1], list(range(len(holder)))).pop(last)
        del holder[last]
    elif isinstance(holder, dict):
        holder.pop(last, None)


def _built(model: type[Model], content: dict[str, Any]) -> Model:
    """The model of sound content; keys that are not there and have no default are absent."""
    values: dict[str, Any] = {}
    for name, value in content.items():
        annotation: Any = model.model_fields[name].annotation
        kind = _only_kind(annotation)
        if _is_model(kind) and isinstance(value, dict):
            values[name] = _built(kind, value)
        else:
            values[name] = TypeAdapter(annotation).validate_python(value)
    return model.model_construct(set(values), **values)
