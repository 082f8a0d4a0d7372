"""A population panel's alleles and frequencies, checked once and written as a plain table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from equisite.core.errors import ConfigError
from equisite.variants.vcf import open_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Counts = NDArray[np.int64]

COMMON = (0.05, 0.95)
"""Frequencies of a common allele; rarer ones tell little about a mixture or kinship."""
_KEYS = ("contig", "position", "ref", "alt")
Site = tuple[str, int, str, str]
"""Sequence, 1-based position, REF, ALT."""


def panel_rows(file: Path, reference: Mapping[str, str]) -> Iterator[list[str]]:
    """Header and rows of the table: one row per allele, AF and then AF of each population.

    Alleles without AF or without sequence are left out; alleles on sequences that the
    reference does not have as well.
    Raises ConfigError FREQUENCIES_INVALID: no AF at all, an AF outside 0 to 1, REF that is not
    what stands in the reference, or rows out of order.
    """
    names: list[str] = []
    last = ("", 0)
    for number, line in enumerate(open_text(file), start=1):
        if line.startswith("##INFO=<ID=AF_"):
            names.append(line.removeprefix("##INFO=<ID=").partition(",")[0])
        if line.startswith("#CHROM"):
            yield [*_KEYS, "AF", *names]
        if line.startswith("#") or not line:
            continue
        fields = line.split("\t")
        if len(fields) < 8 or not fields[1].isdigit():
            raise _invalid(number, "it is no VCF record")
        contig, position, ref = fields[0], int(fields[1]), fields[3].upper()
        if contig not in reference:
            continue
        if reference[contig][position - 1 : position - 1 + len(ref)] != ref:
            raise _invalid(number, "REF is not what stands in the reference")
        if contig == last[0] and position < last[1]:
            raise _invalid(number, "positions do not rise")
        last = contig, position
        info = dict(part.partition("=")[::2] for part in fields[7].split(";"))
        columns = [info.get(name, "").split(",") for name in ("AF", *names)]
        for at, alt in enumerate(fields[4].upper().split(",")):
            cells = [column[at] if at < len(column) else "" for column in columns]
            if not cells[0] or cells[0] == "." or not set(alt) <= set("ACGT"):
                continue
            yield [contig, str(position), ref, alt, *_checked(cells, number)]
    if not last[0]:
        raise _invalid(0, "no record lies on a sequence of the protocol")


def _checked(cells: list[str], number: int) -> Iterator[str]:
    """Frequencies; where a population is missing, that of all people."""
    for cell in cells:
        text = cells[0] if cell in ("", ".") else cell
        try:
            known = 0 <= float(text) <= 1
        except ValueError:
            known = False
        if not known:
            raise _invalid(number, "AF is no frequency")
        yield text


def _invalid(line: int, problem: str) -> ConfigError:
    return ConfigError("FREQUENCIES_INVALID", line=line, problem=problem)


@dataclass(frozen=True)
class CommonSnps:
    """Biallelic common substitutions of the panel.

    sites: in the panel's order. populations: (site, population) frequencies; the first column
    is that of all people.
    """

    sites: tuple[Site, ...]
    populations: Floats


def read_alleles(table: Path) -> set[Site]:
    """All alleles of the panel."""
    return {
        (contig, int(position), ref, alt) for contig, position, ref, alt, *_ in _rows(table)
    }


def read_common(table: Path) -> CommonSnps:
    """The panel's common biallelic substitutions, by the frequency in all people."""
    import numpy as np

    rows = [row for row in _rows(table) if len(row[2]) == len(row[3]) == 1]
    times: dict[tuple[str, str], int] = {}
    for row in rows:
        times[row[0], row[1]] = times.get((row[0], row[1]), 0) + 1
    kept = [
        row
        for row in rows
        if COMMON[0] <= float(row[4]) <= COMMON[1] and times[row[0], row[1]] == 1
    ]
    sites = tuple((row[0], int(row[1]), row[2], row[3]) for row in kept)
    numbers = [[float(cell) for cell in row[4:]] for row in kept]
    width = len(numbers[0]) if numbers else 1
    return CommonSnps(sites, np.array(numbers, dtype=np.float64).reshape(-1, width))


def _rows(table: Path) -> Iterator[list[str]]:
    with table.open(encoding="utf-8") as stream:
        next(stream, None)
        for line in stream:
            yield line.rstrip("\n").split("\t")


def read_depths(lines: Iterable[str], snps: CommonSnps) -> Counts:
    """(site, 2) reads with REF and with ALT, from `CHROM POS REF ALT AD` of a pileup.

    Reads with a third base count as neither. Sites without a row have no reads.
    """
    import numpy as np

    counts = np.zeros((len(snps.sites), 2), dtype=np.int64)
    place = {(contig, position): at for at, (contig, position, _, _) in enumerate(snps.sites)}
    for line in lines:
        contig, position, ref, alts, depths = line.rstrip("\n").split("\t")
        at = place.get((contig, int(position)))
        if at is None or depths == ".":
            continue
        alleles = dict(zip((ref, *alts.split(",")), map(int, depths.split(",")), strict=True))
        _, _, known, alt = snps.sites[at]
        counts[at] = alleles.get(known, 0), alleles.get(alt, 0)
    return counts
