"""Which patients carry which alleles in the regions of an opt-in table of positions.

The tables made here are private: they name patients. What of them may leave is the door's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from equisite.core.tables import read_table
from equisite.genomics.alleles import Allele, as_called
from equisite.genomics.samples import Sample
from equisite.protocol.places import region_of
from equisite.variants.vcf import Genotype, read_genotypes

LONGEST = 60
"""Bases of an allele that a key of a bundle can name (`AlleleName` of the protocol)."""
_REACH = 1000
"""Bases around a region in which a record may be another way of writing an allele of it."""
_BASES = frozenset("ACGT")


@dataclass(frozen=True)
class CarriedRow:
    """One allele, trimmed and leftmost. patients: who carries it, joined by commas.

    frequency: of the protocol's population panel, NaN where the panel does not have it.
    """

    contig: str
    position: int
    ref: str
    alt: str
    patients: str
    frequency: float

    @property
    def allele(self) -> Allele:
        """What it is, without who carries it."""
        return Allele(self.contig, self.position, self.ref, self.alt)


def carried_alleles(
    samples: Iterable[Sample],
    calls: Path,
    regions: Sequence[str],
    reference: Mapping[str, str],
) -> list[CarriedRow]:
    """Alleles of a batch's final calls inside the regions, in the order of their names.

    calls: folder with one VCF per sample, also of given calls; a sample that was refused
    has none.
    """
    bounds = [region_of(region) for region in regions]
    carriers: dict[Allele, set[str]] = {}
    for sample in samples:
        path = calls / f"{sample.token}.vcf.gz"
        if not path.is_file():
            continue
        for record in read_genotypes(path):
            for allele in _alleles(record, bounds, reference):
                carriers.setdefault(allele, set()).add(sample.patient)
    return [_row(allele, carriers[allele], {}) for allele in sorted(carriers)]


def _alleles(
    record: Genotype,
    bounds: Sequence[tuple[str, int, int]],
    reference: Mapping[str, str],
) -> Iterable[Allele]:
    """Alleles of one genotype that lie in a region and have a name."""
    at = record.position + 1
    if not any(c == record.contig and a - _REACH <= at <= b + _REACH for c, a, b in bounds):
        return
    ref = record.alleles[0]
    for number in sorted({copy for copy in record.copies if copy}):
        alt = record.alleles[number]
        if not set(ref + alt) <= _BASES or ref == alt:
            continue
        allele = as_called(record.contig, record.position + 1, ref, alt, reference)
        inside = any(c == allele.contig and a <= allele.position <= b for c, a, b in bounds)
        if inside and max(len(allele.ref), len(allele.alt)) <= LONGEST:
            yield allele


def gather_carried(
    batches: Iterable[Iterable[CarriedRow]],
    listed: Iterable[Allele],
    frequencies: Path | None,
    least: int,
) -> list[CarriedRow]:
    """The alleles of all batches that at least so many patients carry.

    listed: the protocol's fixed list; its alleles need not be told. frequencies: the
    prepared table of the population panel. least: the smallest number that any approval can
    set; rarer alleles are not even written down.
    """
    carriers: dict[Allele, set[str]] = {}
    for rows in batches:
        for row in rows:
            carriers.setdefault(row.allele, set()).update(row.patients.split(","))
    known = set(listed)
    kept = {a: p for a, p in carriers.items() if len(p) >= least and a not in known}
    panel = _frequencies(frequencies, kept) if frequencies else {}
    return [_row(allele, kept[allele], panel) for allele in sorted(kept)]


def _frequencies(table: Path, wanted: Mapping[Allele, object]) -> dict[Allele, float]:
    if not table.stat().st_size:
        return {}
    found = {}
    for row in read_table(table)[1]:
        allele = Allele(row["contig"], int(row["position"]), row["ref"], row["alt"])
        if allele in wanted:
            found[allele] = float(row["AF"])
    return found


def _row(allele: Allele, patients: set[str], panel: Mapping[Allele, float]) -> CarriedRow:
    frequency = panel.get(allele, float("nan"))
    names = ",".join(sorted(patients))
    return CarriedRow(allele.contig, allele.position, allele.ref, allele.alt, names, frequency)
