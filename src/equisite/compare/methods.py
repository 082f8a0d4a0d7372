"""One sentence and its references per method; only what ran is written about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from equisite.compare.shipped import read_words


@dataclass(frozen=True)
class Method:
    """A method of the comparison: its sentence, with {placeholders}, and keys of references."""

    method: str
    sentence: str
    cites: str


@dataclass(frozen=True)
class Reference:
    """An article, its authors as `Name, Given and Name, Given`."""

    key: str
    author: str
    title: str
    journal: str
    volume: str
    pages: str
    year: str


@cache
def methods() -> tuple[Method, ...]:
    """All methods, in the order of the report."""
    return tuple(read_words("methods", Method))


@cache
def references() -> dict[str, Reference]:
    """All references by key."""
    return {reference.key: reference for reference in read_words("references", Reference)}


def sentences(ran: Iterable[str], values: dict[str, object]) -> list[str]:
    """Sentences of the methods that ran, filled with the values of this run."""
    chosen = set(ran)
    return [m.sentence.format(**values) for m in methods() if m.method in chosen]


def cited(ran: Iterable[str]) -> list[str]:
    """Keys of the references that those methods cite, sorted."""
    chosen = set(ran)
    return sorted({key for m in methods() if m.method in chosen for key in m.cites.split()})


def bibliography(ran: Iterable[str]) -> str:
    """`consortium.bib` of the methods that ran."""
    entries = []
    for key in cited(ran):
        reference = references()[key]
        fields = ("author", "title", "journal", "volume", "pages", "year")
        lines = "".join(f"  {name} = {{{getattr(reference, name)}}},\n" for name in fields)
        entries.append(f"@article{{{key},\n{lines}}}\n")
    return "\n".join(entries)


def plain_reference(key: str) -> str:
    """A reference as a line of text."""
    r = references()[key]
    authors = [name.partition(",")[0] for name in r.author.split(" and ")]
    names = authors[0] if len(authors) == 1 else f"{', '.join(authors[:-1])} and {authors[-1]}"
    pages = r.pages.replace("--", "-")
    return f"{names} ({r.year}). {r.title}. {r.journal} {r.volume}: {pages}."
