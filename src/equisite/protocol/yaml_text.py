"""YAML of people: read strictly, each key with its line, every mistake at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from equisite.core.errors import Finding
from equisite.core.signs import named
from equisite.core.text_file import read_people_file

Location = tuple[str | int, ...]

_NULL = re.compile(r"^(|~|null|Null|NULL)$")
_BOOL = re.compile(r"^(true|True|TRUE|false|False|FALSE)$")
_INT = re.compile(r"^[-+]?(0|[1-9][0-9]{0,17})$")  # `007` and a digest of digits stay text
_FLOAT = re.compile(r"^[-+]?([0-9]{0,20}\.[0-9]{1,20}|[0-9]{1,20}\.?)([eE][-+]?[0-9]{1,3})?$")
_DEPTH = 30
_NODES = 200_000
"""Keys and items of the largest document; nine aliases of nine aliases are soon more."""
_LARGEST = 64_000_000
"""Bytes of the largest file that is read."""


@dataclass(frozen=True)
class Document:
    """A YAML file as plain values, and the line of each key or list item.

    moved: of lists from which items were cut out, the number that each item has in the file.
    """

    name: str
    content: dict[str, Any]
    lines: Mapping[Location, int]
    moved: Mapping[Location, list[int]] = field(default_factory=dict)

    def where(self, location: Location) -> str:
        """`protocol.yaml line 12, key cohort.minimum_n`; the line of the nearest parent."""
        location = tuple(
            self.moved[location[:at]][part]
            if isinstance(part, int) and location[:at] in self.moved
            else part
            for at, part in enumerate(location)
        )
        key = dotted(location)
        for length in range(len(location), 0, -1):
            if location[:length] in self.lines:
                return f"{self.name} line {self.lines[location[:length]]}, key {key}"
        return f"{self.name}, key {key}" if key else self.name


def dotted(location: Location) -> str:
    """A location as people write it, list items counted from one.

    >>> dotted(("tables", 0, "keys"))
    'tables[1].keys'
    """
    text = ""
    for part in location:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def places_of(content: Any, value: object, above: Location = ()) -> Iterator[Location]:
    """Where a value stands in plain content, in order."""
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(content, dict):
        items = content.items()
    elif isinstance(content, list):
        items = enumerate(content)
    for key, inner in items:
        if inner == value:
            yield (*above, key)
        else:
            yield from places_of(inner, value, (*above, key))


def read_yaml(path: Path, name: str | None = None) -> tuple[Document | None, list[Finding]]:
    """Read one YAML file whose top is a mapping.

    Scalars follow YAML 1.2 (JSON's words): `no` and `2026-01-31` stay text, so that no
    site or date turns into something else. Returns the document, or None with the findings
    CONFIG_MISSING, CONFIG_UNREADABLE, YAML_SYNTAX. Of a key that stands twice the first is
    taken, with the finding YAML_DUPLICATE_KEY.
    """
    name = name or path.name
    try:
        text = read_people_file(path, _LARGEST).decode("utf-8-sig")
    except FileNotFoundError:
        return None, [Finding("CONFIG_MISSING", name)]
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problem = "it is not UTF-8 text"
        return None, [Finding("CONFIG_UNREADABLE", f"{name} line {line}", {"problem": problem})]
    except OSError as error:
        return None, [Finding("CONFIG_UNREADABLE", name, {"problem": _reason(error)})]
    try:
        root = yaml.compose(text, Loader=_loader())
    except yaml.YAMLError as error:
        return None, [_syntax(name, text, error)]
    if not isinstance(root, yaml.MappingNode):
        problem = (
            "it is empty"
            if root is None
            else "the top of the file is not a list of `key: value` lines"
        )
        return None, [Finding("YAML_SYNTAX", name, {"problem": problem})]
    lines: dict[Location, int] = {}
    findings: list[Finding] = []
    content = _value(root, (), name, lines, findings)
    broken = any(finding.code != "YAML_DUPLICATE_KEY" for finding in findings)
    return None if broken else Document(name, content, lines), findings


@cache
def _loader() -> Any:
    """A loader that leaves every scalar as text; their meaning is decided in `_scalar`."""
    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return type("_TextLoader", (base,), {"yaml_implicit_resolvers": {}})


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


def _syntax(name: str, text: str, error: yaml.YAMLError) -> Finding:
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or "it is not YAML")
    if isinstance(error, yaml.reader.ReaderError):
        number = text.encode().count(b"\n", 0, error.position) + 1  # libyaml counts bytes
        problem = f"a sign that no text has ({named(chr(error.character))})"
        return Finding("YAML_SYNTAX", f"{name} line {number}", {"problem": problem})
    if mark is None:
        return Finding("YAML_SYNTAX", name, {"problem": problem})
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    if "\t" in line[: mark.column + 1]:
        problem = "a tab stands where blanks are needed"
    opened = getattr(error, "context_mark", None)
    if opened is not None and opened.line != mark.line:
        problem += f" (it began in line {opened.line + 1})"
    return Finding("YAML_SYNTAX", f"{name} line {mark.line + 1}", {"problem": problem})


def _value(
    node: yaml.Node,
    location: Location,
    name: str,
    lines: dict[Location, int],
    findings: list[Finding],
) -> Any:
    """Plain value of a node; notes lines and duplicate keys on the way."""
    lines.setdefault(location, node.start_mark.line + 1)
    line = f"{name} line {node.start_mark.line + 1}"
    problem = ""
    if len(location) > _DEPTH:
        problem = "it is nested too deeply"
    elif len(lines) > _NODES:
        problem = "its aliases (`*name`) repeat one another without end"
    elif isinstance(node, yaml.ScalarNode) and "\0" in node.value:
        problem = "a value holds the sign of number 0"
    if problem:
        if not any(finding.numbers.get("problem") == problem for finding in findings):
            findings.append(Finding("YAML_SYNTAX", line, {"problem": problem}))
        return None
    if isinstance(node, yaml.MappingNode):
        content: dict[str, Any] = {}
        for key_node, value_node in node.value:
            number = key_node.start_mark.line + 1
            line = f"{name} line {number}"
            if not isinstance(key_node, yaml.ScalarNode):
                problem = "a key is not a single word"
                findings.append(Finding("YAML_SYNTAX", line, {"problem": problem}))
                continue
            key = str(key_node.value)
            here = (*location, key)
            if key in content:
                findings.append(
                    Finding(
                        "YAML_DUPLICATE_KEY",
                        f"{line}, key {dotted(here)}",
                        {"first": lines[here]},
                    )
                )
                continue
            lines[here] = number
            content[key] = _value(value_node, here, name, lines, findings)
        return content
    if isinstance(node, yaml.SequenceNode):
        return [
            _value(item, (*location, index), name, lines, findings)
            for index, item in enumerate(node.value)
        ]
    return _scalar(node)


def _scalar(node: yaml.Node) -> str | int | float | bool | None:
    text = str(node.value)
    if isinstance(node, yaml.ScalarNode) and node.style:  # quoted or block text is text
        return text
    if _NULL.match(text):
        return None
    if _BOOL.match(text):
        return text.lower() == "true"
    if _INT.match(text):
        return int(text)
    if _FLOAT.match(text) and not (text.isdigit() and text.startswith("0")):
        return float(text)
    return text
