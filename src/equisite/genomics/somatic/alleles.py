"""Alleles of site lists: a panel of normals, or the frequencies of a population."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from equisite.core.errors import InputError
from equisite.genomics.aligned import bare_name
from equisite.variants.alleles import Edit, trim
from equisite.variants.vcf import open_text


@dataclass(frozen=True)
class Listed:
    """One allele of a site list; info: INFO as written for this allele's record."""

    edit: Edit
    info: Mapping[str, str]
    number: int

    def value(self, key: str) -> float | None:
        """Number of an INFO key that has one value per allele; None where it is missing."""
        values = self.info.get(key, "").split(",")
        text = values[self.number] if self.number < len(values) else values[0]
        try:
            return float(text)
        except ValueError:
            return None


def read_listed(path: Path, names: Iterable[str]) -> Iterator[Listed]:
    """Alleles of a VCF on sequences of the reference, whether written with `chr` or without.

    Raises InputError SITES_UNREADABLE.
    """
    known = {bare_name(name): name for name in names}
    number = 0
    try:
        for line in open_text(path):
            number += 1
            if line.startswith("#") or not line:
                continue
            fields = line.split("\t", 8)
            name = known.get(bare_name(fields[0]))
            if name is None:
                continue
            pairs = (part.partition("=") for part in fields[7].split(";"))
            info = {key: value for key, _, value in pairs}
            for place, alt in enumerate(fields[4].upper().split(",")):
                if set(alt) <= set("ACGT"):
                    edit = trim(name, int(fields[1]) - 1, fields[3].upper(), alt)
                    if edit is not None:
                        yield Listed(edit, info, place)
    except (IndexError, ValueError, EOFError, OSError):
        raise InputError("SITES_UNREADABLE", line=number) from None


def panel_counts(path: Path, names: Iterable[str], wanted: Collection[Edit]) -> dict[Edit, int]:
    """In how many normals of a panel each wanted allele was seen (INFO NS, at least 1)."""
    return {
        listed.edit: max(int(listed.value("NS") or 1), 1)
        for listed in read_listed(path, names)
        if listed.edit in wanted
    }


def frequencies(
    path: Path, names: Iterable[str], wanted: Collection[Edit]
) -> dict[Edit, float | None]:
    """Population frequency (INFO AF) of the wanted alleles that are listed.

    None where an allele is listed without AF: that is not 0.
    """
    return {
        listed.edit: listed.value("AF")
        for listed in read_listed(path, names)
        if listed.edit in wanted
    }
