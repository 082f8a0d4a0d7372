"""Counts from the fields that several callers share: AD by allele, DP4 by strand."""

from __future__ import annotations

from collections.abc import Mapping

from equisite.genomics.adapters.lines import Line, integers
from equisite.genomics.adapters.records import UNKNOWN, Counts, Roles


def allele_depths(fields: Mapping[str, str], allele: int, key: str = "AD") -> Counts:
    """Counts of the reference and of alternative 1, 2, ... from a `Number=R` field."""
    found = integers(fields.get(key, ""))
    if len(found) <= allele:
        return UNKNOWN
    return Counts(found[0], found[allele])


def stranded_depths(text: str) -> Counts:
    """Counts from DP4: reference forward, reverse, alternative forward, reverse."""
    found = [one for one in integers(text) if one is not None]
    if len(found) != 4:
        return UNKNOWN
    return Counts(found[0] + found[1], found[2] + found[3])


def pair_depths(line: Line, roles: Roles, allele: int) -> tuple[Counts, Counts]:
    """AD of tumour and normal."""
    tumour, normal = line.fields(roles.tumour), line.fields(roles.normal)
    return allele_depths(tumour, allele), allele_depths(normal, allele)
