"""What every adapter gives: one allele of one caller, with the pair's counts and a verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from equisite.genomics.adapters.lines import Header, Line
from equisite.variants.alleles import Edit

Origin = Literal["somatic", "germline"]


@dataclass(frozen=True)
class CallerRecord:
    """One changed allele that a caller wrote.

    edit: left-shifted, one alternative. ref_*, alt_*: reads or fragments as the caller
    counts them, None where the file does not say; a missing count is not zero. filters: as
    written, empty where the file was never filtered. passed: the caller's own verdict by
    the rule of its adapter. score: the caller's somatic score, on its own scale. event:
    alleles with the same text are one event of the caller (SAGE's phase set).
    """

    edit: Edit
    ref_tumour: int | None
    alt_tumour: int | None
    ref_normal: int | None
    alt_normal: int | None
    filters: tuple[str, ...]
    passed: bool
    score: float | None
    caller: str
    origin: Origin
    event: str = ""


class Roles(NamedTuple):
    """Place of the tumour and of the normal among the sample columns; None: no such column."""

    tumour: int | None
    normal: int | None


class Counts(NamedTuple):
    """Reads of the reference and of the alternative; None where the file does not say."""

    ref: int | None
    alt: int | None


UNKNOWN = Counts(None, None)


class Reading(NamedTuple):
    """What one caller says of one alternative of a line."""

    tumour: Counts
    normal: Counts
    passed: bool
    score: float | None
    event: str = ""


@dataclass(frozen=True)
class Adapter:
    """Where one caller puts things.

    recognises: whether a header is this caller's. named: names of tumour and normal column
    that the header itself gives. read: what a line says of alternative 1, 2, ..., or None
    when it says nothing of it (a block of reference, another kind of record). normal_field:
    where a caller that writes no column of the normal puts its counts, in the tumour's.
    """

    name: str
    origin: Origin
    recognises: Callable[[Header], bool]
    named: Callable[[Header], tuple[str, str]]
    read: Callable[[Line, Roles, int], Reading | None]
    normal_field: str = ""

    def saw_normal(self, header: Header, roles: Roles) -> bool:
        """Whether a file with sample columns says that a normal was there."""
        if roles.normal is not None:
            return True
        return bool(self.normal_field) and header.defines("FORMAT", self.normal_field)


def unnamed(header: Header) -> tuple[str, str]:
    """For callers whose headers do not tell which column is the tumour."""
    del header
    return "", ""
