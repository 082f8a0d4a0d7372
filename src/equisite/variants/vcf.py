"""Reading the genotypes of one sample from a VCF, plain or compressed; no other library."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from equisite.variants.alleles import Edit, trim

_BASES = frozenset("ACGTNRYSWKMBDHV")


class VcfError(ValueError):
    """What stands in the file is no VCF, or not the sample that was asked for."""


@dataclass(frozen=True)
class Genotype:
    """One record of one sample.

    position: 0-based. alleles: reference first, upper case. copies: allele numbers of the
    genotype in the order written, None where missing. line: text of the record.
    """

    contig: str
    position: int
    alleles: tuple[str, ...]
    copies: tuple[int | None, ...]
    line: str

    @property
    def info(self) -> dict[str, str]:
        """INFO as written, flags with an empty value."""
        pairs = (part.partition("=") for part in self.line.split("\t")[7].split(";"))
        return {key: value for key, _, value in pairs}

    @property
    def quality(self) -> float:
        """QUAL; 0 where it is missing."""
        text = self.line.split("\t", 6)[5]
        return 0.0 if text == "." else float(text)

    def edit(self, allele: int) -> Edit | None:
        """The change that an allele makes; None for the reference and for what is no sequence.

        `*` says that an overlapping deletion stands on this copy: in this record it is the
        reference. Symbolic alleles and breakends are not replayed.
        """
        if allele == 0 or not set(self.alleles[allele]) <= _BASES:
            return None
        return trim(self.contig, self.position, self.alleles[0], self.alleles[allele])

    @cached_property
    def edits(self) -> tuple[Edit | None, Edit | None]:
        """What the two haplotypes carry; None for the reference, `*` and missing.

        A haploid genotype counts as the same allele on both.
        """
        one, two = (None if c is None else self.edit(c) for c in (self.copies * 2)[:2])
        return one, two

    @property
    def is_indel(self) -> bool:
        """Whether one of the copies changes the length; an MNP counts as a substitution."""
        return any(e is not None and e.is_indel for e in self.edits)


def open_text(path: Path, errors: str = "strict") -> Iterator[str]:
    """Lines of a text file, plain or gzip-compressed, without their ends and a byte-order mark.

    errors: what becomes of bytes that are no UTF-8, as for `open`.
    Raises ValueError for a compressed file that is cut short or corrupt.
    """
    with path.open("rb") as plain:
        compressed = plain.read(2) == b"\x1f\x8b"
    open_file = gzip.open if compressed else open
    with open_file(path, "rt", encoding="utf-8-sig", errors=errors) as stream:
        try:
            for line in stream:
                yield line.rstrip("\n")
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise ValueError("the compressed file is cut short or corrupt") from None


def read_genotypes(path: Path, sample: str | None = None) -> Iterator[Genotype]:
    """Yield the records in which the sample carries a changed allele.

    sample: may be left out where the file has one. Records without GT for the sample, of
    reference genotype, or with symbolic alleles only are left out. An empty file holds none.
    Raises VcfError, ValueError (`open_text`).
    """
    column = None
    for line in open_text(path):
        if line.startswith("##"):
            continue
        if line.startswith("#CHROM"):
            column = _column(line.split("\t"), sample)
            continue
        if not line:
            continue
        if column is None:
            raise VcfError("the file has no header line")
        record = _record(line, column)
        if any(e is not None for e in record.edits):
            yield record


def _column(header: list[str], sample: str | None) -> int:
    names = header[9:]
    if sample is None:
        if len(names) != 1:
            raise VcfError(f"the file has {len(names)} samples; say which one is meant")
        return 9
    if sample not in names:
        raise VcfError("the file has no such sample")
    return 9 + names.index(sample)


def _record(line: str, column: int) -> Genotype:
    fields = line.split("\t")
    try:
        position, keys, values = (
            int(fields[1]) - 1,
            fields[8].split(":"),
            fields[column].split(":"),
        )
        alleles = (fields[3].upper(), *(a.upper() for a in fields[4].split(",")))
        text = values[keys.index("GT")] if "GT" in keys else "."
        # VCF 4.4 may write a phase before the first allele: `/0/1`, `|1|0`.
        parts = text.replace("|", "/").removeprefix("/").split("/")
        copies = tuple(None if c == "." else int(c) for c in parts)
    except (IndexError, ValueError):
        raise VcfError("a record cannot be read") from None
    if len(copies) > 2:
        raise VcfError("a genotype has more than two copies")
    if any(c is not None and c >= len(alleles) for c in copies):
        raise VcfError("a genotype names an allele that the record does not have")
    return Genotype(fields[0], position, alleles, copies, line)
