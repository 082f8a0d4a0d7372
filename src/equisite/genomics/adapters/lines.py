"""Header and records of a VCF as text fields; which of them mean what is for the adapters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from equisite.core.errors import InputError
from equisite.variants.vcf import open_text

COLUMNS = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")


@dataclass(frozen=True)
class Header:
    """Lines that begin with `##`, and the names of the sample columns in file order."""

    meta: tuple[str, ...]
    samples: tuple[str, ...]

    def value(self, key: str) -> str:
        """Text behind the first `##key=`, without quotes; empty where there is none."""
        start = f"##{key}="
        found = (line[len(start) :] for line in self.meta if line.startswith(start))
        return next(found, "").strip().strip('"')

    def values(self, key: str) -> list[str]:
        """Text of all lines of a key."""
        start = f"##{key}="
        return [line[len(start) :].strip() for line in self.meta if line.startswith(start)]

    def ran(self, tool: str) -> bool:
        """Whether GATK wrote that this tool ran, in the way of version 4 or of version 3."""
        start = f"<ID={tool},"
        keys = ("GATKCommandLine", f"GATKCommandLine.{tool}")
        return any(line.startswith(start) for key in keys for line in self.values(key))

    def defines(self, kind: str, *names: str) -> bool:
        """Whether all fields of INFO, FORMAT or FILTER are defined."""
        return set(names) <= self._defined[kind]

    @cached_property
    def _defined(self) -> Mapping[str, set[str]]:
        found: dict[str, set[str]] = {"INFO": set(), "FORMAT": set(), "FILTER": set()}
        for line in self.meta:
            kind, _, rest = line[2:].partition("=<ID=")
            if kind in found:
                found[kind].add(rest.partition(",")[0].rstrip(">"))
        return found


@dataclass(frozen=True)
class Line:
    """One record: position 0-based, bases in upper case, samples as written.

    filters: empty where FILTER is missing (`.`), which means never filtered.
    """

    contig: str
    position: int
    ref: str
    alts: tuple[str, ...]
    quality: float | None
    filters: tuple[str, ...]
    info: Mapping[str, str]
    name: str
    keys: tuple[str, ...]
    samples: tuple[str, ...]

    def fields(self, column: int | None) -> Mapping[str, str]:
        """FORMAT fields of a sample column; empty for no column."""
        if column is None:
            return {}
        return dict(zip(self.keys, self.samples[column].split(":"), strict=False))

    @property
    def passed(self) -> bool:
        """FILTER says PASS; a record that was never filtered did not pass."""
        return self.filters == ("PASS",)


def read_vcf(path: Path) -> tuple[Header, Iterator[Line]]:
    """Header and records of a VCF, plain, gzip or bgzip.

    Raises InputError CALLS_UNREADABLE, also while the records are read.
    """
    lines = _text(path)
    meta = []
    for text in lines:
        if text.startswith("##"):
            meta.append(text)
            continue
        fields = text.split("\t")
        if tuple(fields[:8]) != COLUMNS:
            break
        header = Header(tuple(meta), tuple(fields[9:]))
        return header, _records(lines, len(header.samples))
    raise InputError("CALLS_UNREADABLE")


def _text(path: Path) -> Iterator[str]:
    # Descriptions and annotations may be of any encoding; nothing that is used is.
    try:
        yield from open_text(path, errors="replace")
    except ValueError:
        raise InputError("CALLS_UNREADABLE") from None


def _records(lines: Iterable[str], samples: int) -> Iterator[Line]:
    for text in lines:
        if not text:
            continue
        fields = text.split("\t")
        if len(fields) < 8 or not fields[1].isdigit() or len(fields[9:]) != samples:
            raise InputError("CALLS_UNREADABLE")
        filters = () if fields[6] in (".", "") else tuple(fields[6].split(";"))
        try:
            quality = None if fields[5] == "." else float(fields[5])
        except ValueError:
            raise InputError("CALLS_UNREADABLE") from None
        pairs = (part.partition("=") for part in fields[7].split(";"))
        yield Line(
            fields[0],
            int(fields[1]) - 1,
            fields[3].upper(),
            tuple(fields[4].split(",")),
            quality,
            filters,
            {key: value for key, _, value in pairs},
            fields[2],
            tuple(fields[8].split(":")) if len(fields) > 8 else (),
            tuple(fields[9:]),
        )


def integers(text: str) -> list[int | None]:
    """Whole numbers of a comma list; None for `.` and for what is no number.

    >>> integers("12,.,3")
    [12, None, 3]
    """
    return [int(part) if part.isdigit() else None for part in text.split(",")]


def number(text: str) -> float | None:
    """A real number; None for `.`, for nothing and for what is no number."""
    try:
        return float(text)
    except ValueError:
        return None


def per_allele(text: str, allele: int) -> str:
    """The part of a `Number=A` list that belongs to alternative 1, 2, ...; empty without it."""
    parts = text.split(",")
    return parts[allele - 1] if allele <= len(parts) else ""
