"""Alleles of site lists: a panel of normals, or the frequencies of a population."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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


class Asked:
    """Alleles that lists are asked about, by a digest: 8 bytes each, whatever their number."""

    def __init__(self, edits: Iterable[Edit]) -> None:
        digests = np.unique(np.fromiter(map(_digest, edits), np.int64))
        self._digests = array("q", digests.tobytes())

    def __len__(self) -> int:
        return len(self._digests)

    def place(self, edit: Edit) -> int | None:
        """Number of an allele, by which answers are kept; None for one not asked about."""
        digest = _digest(edit)
        at = bisect_left(self._digests, digest)
        return at if at < len(self) and self._digests[at] == digest else None


def _digest(edit: Edit) -> int:
    text = "\t".join(map(str, edit)).encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big", signed=True)


def panel_counts(path: Path, names: Iterable[str], asked: Asked) -> NDArray[np.int32]:
    """In how many normals of a panel each allele was seen (INFO NS, at least 1); else 0."""
    counts = np.zeros(len(asked), np.int32)
    for listed in read_listed(path, names):
        place = asked.place(listed.edit)
        if place is not None:
            counts[place] = max(int(listed.value("NS") or 1), 1)
    return counts


def frequencies(path: Path, names: Iterable[str], asked: Asked) -> NDArray[np.float64]:
    """Population frequency (INFO AF) of each allele.

    NaN where an allele is not listed, or listed without AF: that is not 0.
    """
    shares = np.full(len(asked), np.nan)
    for listed in read_listed(path, names):
        place = asked.place(listed.edit)
        if place is not None:
            share = listed.value("AF")
            shares[place] = np.nan if share is None else share
    return shares
