"""A patient's somatic calls as the caller's VCF has them, for everything that counts them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from equisite.core.errors import InputError
from equisite.genomics.adapters.lines import integers, read_vcf
from equisite.variants.alleles import Edit, trim
from equisite.variants.intervals import Territory

HIGH, MEDIUM, LOW = "high", "medium", "low"


@dataclass(frozen=True)
class SomaticCall:
    """One allele: its change, class of confidence, counts in the tumour, consequences.

    ref_count, alt_count: None where another caller did not say.
    consequences: entries of INFO/BCSQ (`bcftools csq -l`), empty outside of genes.
    """

    edit: Edit
    confidence: str
    ref_count: int | None
    alt_count: int | None
    consequences: tuple[str, ...]

    @property
    def fraction(self) -> float | None:
        """Share of the tumour's fragments that carry it; 0 without any, None if not known."""
        if self.ref_count is None or self.alt_count is None:
            return None
        total = self.ref_count + self.alt_count
        return self.alt_count / total if total else 0.0

    @property
    def place(self) -> tuple[str, int]:
        """Sequence and first changed base; of an insertion the base before it."""
        edit = self.edit
        return edit.contig, edit.start - (edit.start == edit.end)

    def inside(self, territory: Territory) -> bool:
        """Whether it counts among the bases of a territory."""
        return territory.holds(*self.place)


def read_calls(path: Path, tumour: str) -> Iterator[SomaticCall]:
    """Calls of a somatic VCF: one allele a record, INFO CLASS, FORMAT AD.

    tumour: name of its sample column.
    Raises InputError CALLS_UNREADABLE when the file is no such VCF.
    """
    header, lines = read_vcf(path)
    if tumour not in header.samples:
        raise InputError("CALLS_UNREADABLE")
    column = header.samples.index(tumour)
    for line in lines:
        edit = trim(line.contig, line.position, line.ref, line.alts[0].upper())
        depths = integers(line.fields(column).get("AD", ""))
        if edit is None or len(depths) < 2 or "CLASS" not in line.info:
            raise InputError("CALLS_UNREADABLE")
        entries = line.info.get("BCSQ", "").split(",")
        yield SomaticCall(
            edit,
            line.info["CLASS"],
            depths[0],
            depths[1],
            tuple(entry for entry in entries if entry),
        )
