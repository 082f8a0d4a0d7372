"""Errors of the models in our words: file, line, key, what is wrong, how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ValidationError

from equisite.core.errors import Finding
from equisite.core.signs import named
from equisite.protocol.shape import all_paths, keys_at, meaning_at, names_only
from equisite.protocol.site import NOT_KNOWN
from equisite.protocol.yaml_text import Document, Location, dotted

PATTERNS = {
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$": "1 to 64 letters, digits, `.`, `_` or `-`, "
    "the first a letter or digit",
    r"^[0-9a-f]{64}$": "a sha256: 64 digits 0-9 a-f",
    r"^[0-9a-f]{32}$": "an MD5: 32 digits 0-9 a-f",
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$": "a date, year-month-day",
    r"^[0-9]+\.[0-9]+\.[0-9]+$": "a version of three numbers, as 1.0.0",
    r"^[A-Za-z][A-Za-z0-9_-]{0,39}$": "1 to 40 letters, digits, `_` or `-`, the first a letter",
    r"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}:[1-9][0-9]{0,9}-[1-9][0-9]{0,9}$": "a region as "
    "chr17:43044295-43125364",
    r"^DUO:[0-9]{7}$": "a code as DUO:0000007",
    r"^[a-z][a-z0-9]*$": "lower-case letters and digits, a letter first",
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$": "the name of a gene",
    r"^[A-Za-z0-9][A-Za-z0-9._-]*$": "a plain file name without folders",
    r"^https?://[^\s@]+$": "an address that begins with http:// or https://, without user or "
    "password",
    r"^[0-9A-Za-z!#$%&+./:;?@^_|~-][0-9A-Za-z!#$%&*+./:;=?@^_|~-]*$": "a name that SAM allows "
    "for a sequence, without blanks and commas",
    r"^[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}:[1-9][0-9]{0,9}:[ACGT]{1,60}:[ACGT]{1,60}$": "an "
    "allele as chr17:7674220:C:T",
    r"^([1-9]|1[0-9]|2[0-2])[pq]$": "an arm of a chromosome as 13q",
    r"^[A-Za-z0-9][A-Za-z0-9-]{0,19}$": "1 to 20 letters, digits or `-`, the first no `-`",
    r"^[a-z][a-z0-9]{0,23}$": "1 to 24 lower-case letters and digits, a letter first",
    r"^([A-Z][0-9]){2,3}$": "two or three kernels as E5L5S5",
    r"^(haar|db[1-9]|coif[1-5]|sym[2-9])$": "haar, db1 to db9, coif1 to coif5 or sym2 to sym9",
    r"^[LH]{2,3}$": "two or three letters L or H",
    r"^[LH]{3}$": "three letters L or H",
    r"^[A-Za-z_][A-Za-z0-9_]*$": "the name of an environment variable: letters, digits and `_`",
    r"^([A-Z][0-9]{2}(\.[0-9]{1,2})?|[0-9]{4}/[0-9]|C[0-9]{2}\.[0-9])$": "a code of "
    "ICD-10 (C49.9) or ICD-O-3 (8890/3)",
}
"""What the patterns of the models mean, in words."""
_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("greater than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}


def close_to(word: str, known: Iterable[str]) -> str:
    """The known word that is most alike, or nothing.

    >>> close_to("minimun_n", ["minimum_n", "k"])
    'minimum_n'
    """
    by_case = {k.casefold(): k for k in sorted(known)}
    best = difflib.get_close_matches(word.casefold(), by_case, n=1, cutoff=0.6)
    return by_case[best[0]] if best else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` Did you mean x?` with a leading blank, or an empty text."""
    best = close_to(word, known)
    return f" Did you mean {best}?" if best and best != word else ""


def problem_of(error: Any) -> str:
    """One pydantic error as the end of the sentence `... must be` or a plain statement."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "string_pattern_mismatch":
        pattern = context["pattern"]
        form = PATTERNS.get(pattern, f"text of the form {pattern}")
        return f"must be {form}{_foreign_sign(error['input'])}"
    if kind in ("literal_error", "union_tag_invalid"):
        allowed = context.get("expected") or context["expected_tags"]
        words = [w.strip().strip("'") for w in str(allowed).replace(" or ", ", ").split(",")]
        value = error["input"]
        if isinstance(value, dict):
            value = value.get("kind", "")
        guess = did_you_mean(str(value), words)
        return f"must be one of {', '.join(words)}{' (' + guess.strip() + ')' if guess else ''}"
    plain = {
        "int_type": "must be a whole number",
        "int_parsing": "must be a whole number",
        "int_parsing_size": "must be a whole number",
        "int_from_float": "must be a whole number",
        "float_type": "must be a number",
        "float_parsing": "must be a number",
        "bool_type": "must be true or false",
        "bool_parsing": "must be true or false",
        "tuple_type": "must be a list",
        "dict_type": "must be a group of `key: value` lines",
        "model_type": "must be a group of `key: value` lines",
        "model_attributes_type": "must be a group of `key: value` lines",
        "union_tag_not_found": "must name its kind",
        "string_too_short": "may not be empty",
    }
    if error["input"] is None and kind == "string_type":
        return "must be text"
    if kind == "string_type":
        group = isinstance(error["input"], dict | list)
        return "must be one text" if group else "must be text; put the value in quotes"
    if kind in plain:
        return plain[kind]
    for bound, (phrase, key) in _BOUNDS.items():
        if kind == bound:
            return f"must be {phrase} {context[key]}"
    if kind == "too_short":
        return f"must have at least {context['min_length']} item(s)"
    if kind == "too_long":
        return f"must have at most {context['max_length']} item(s)"
    return str(error["msg"])


def _foreign_sign(value: object) -> str:
    """The first sign that ASCII does not have, by its name: many look like one of it."""
    text = value if isinstance(value, str) else ""
    return next((f"; {named(s)} is none of them" for s in text if not s.isascii()), "")


def shown(value: object) -> str:
    """A value as it may stand in a message: one line, at most 60 characters."""
    if value is None or value == "":
        return "nothing"
    text = "a group of keys" if isinstance(value, dict) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "..."


def findings_of(
    error: ValidationError,
    document: Document,
    model: type[BaseModel],
    other: type[BaseModel] | None,
    other_file: str,
    own_file: str,
) -> list[Finding]:
    """All errors of one document, one finding per key, in the order of the file.

    other: the model of the file with which this one may be mixed up; a key that belongs
    there is refused with that file's name.
    """
    grouped: dict[Location, list[Any]] = {}
    content = document.content
    for one in error.errors(include_url=False):
        grouped.setdefault(true_location(one, content), []).append(one)
    findings = []
    meant = {
        (*location[:-1], close_to(str(location[-1]), keys_at(model, location[:-1], content)))
        for location, errors in grouped.items()
        if errors[0]["type"] == "extra_forbidden"
    }
    for location, errors in grouped.items():
        first = errors[0]
        if first["type"] == "missing" and location in meant:
            continue  # told as the key that is written almost so
        inside = any(o[: len(location)] == location != o for o in grouped)
        if inside and first["type"] in ("too_short", "too_long"):
            continue  # items that were refused one by one are not missing too
        where = document.where(location)
        if first["type"] == "extra_forbidden":
            findings.append(
                _unknown(location, document, model, other, other_file, own_file, where)
            )
        elif first["type"] == "missing":
            parent = dotted(location[:-1]) or "the top of the file"
            findings.append(
                Finding("KEY_MISSING", where, {"key": str(location[-1]), "parent": parent})
            )
        elif first["input"] == NOT_KNOWN:
            findings.append(
                Finding(
                    "KEY_NOT_KNOWN",
                    where,
                    {
                        "key": dotted(location),
                        "value": NOT_KNOWN,
                        "what": meaning_at(model, location),
                    },
                )
            )
        else:
            problem = ", or ".join(dict.fromkeys(problem_of(e) for e in errors))
            value = first["input"]
            if first["type"] == "union_tag_invalid":
                value = value.get("kind")
            findings.append(
                Finding(
                    "KEY_VALUE",
                    where,
                    {"key": dotted(location), "problem": problem, "value": shown(value)},
                )
            )
    return by_line(findings)


def by_line(findings: Iterable[Finding]) -> list[Finding]:
    """Findings of one file in the order of its lines."""
    return sorted(findings, key=lambda f: _line(f.where))


def _line(where: str) -> int:
    digits = where.partition(" line ")[2].partition(",")[0]
    return int(digits) if digits.isdigit() else 0


def true_location(error: Any, content: Any) -> Location:
    """The error's place in the file: names of union members in pydantic's path left out."""
    location: list[str | int] = []
    value = content
    parts = error["loc"]
    for index, part in enumerate(parts):
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            if error["type"] == "missing" and index == len(parts) - 1:
                location.append(part)
            continue
        location.append(part)
    if error["type"] == "union_tag_invalid":
        location.append("kind")
    return tuple(location)


def _unknown(
    location: Location,
    document: Document,
    model: type[BaseModel],
    other: type[BaseModel] | None,
    other_file: str,
    own_file: str,
    where: str,
) -> Finding:
    key = str(location[-1])
    if other is not None:
        path, theirs = names_only(location), all_paths(other)
        ours = {p[-1] for p in all_paths(model)}
        homes = [p for p in theirs if p[-1] == key]
        # One home, and not deep: names as `x` or `start` say nothing.
        deep = len(path) == 1 and key not in ours and [len(p) for p in homes] == [2]
        if path in theirs or deep:
            return Finding(
                "KEY_IN_WRONG_FILE",
                where,
                {"key": dotted(location), "file": own_file, "right": other_file},
            )
    known = keys_at(model, location[:-1], document.content)
    guess = close_to(key, known)
    if not guess:
        own = sorted(".".join(p) for p in all_paths(model) if p[-1] == key)
        guess = own[0] if own else ""
    return Finding(
        "KEY_UNKNOWN",
        where,
        {
            "key": dotted(location),
            "guess": f" Did you mean {guess}?" if guess else "",
            "known": ", ".join(known) or "none",
        },
    )
