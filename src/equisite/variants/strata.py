"""Parts into which judged records fall: by type, by size, by region."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from equisite.variants.alleles import Edit
from equisite.variants.intervals import Territory
from equisite.variants.replay import Placed

SIZES = ((1, "1"), (5, "2-5"), (20, "6-20"))
"""Largest number of changed bases of each class of size; more are `21+`."""
ELSEWHERE = "elsewhere"


@dataclass(frozen=True)
class Strata:
    """Named regions; types and sizes are the same for everybody."""

    regions: Mapping[str, Territory] = field(default_factory=dict)

    def labels(self, placed: Placed) -> Iterator[str]:
        """`type=T`, `size=S` and, where there are regions, one or more `region=R`.

        A record lies where its position lies, as in the territory.
        """
        edits = {edit for edit in placed.copies if edit is not None}
        types = {type_of(edit) for edit in edits}
        yield f"type={types.pop() if len(types) == 1 else 'several'}"
        changed = max(max(edit.end - edit.start, len(edit.alt)) for edit in edits)
        yield f"size={next((name for most, name in SIZES if changed <= most), '21+')}"
        if self.regions:
            record = placed.record
            inside = [
                name
                for name, region in self.regions.items()
                if region.holds(record.contig, record.position)
            ]
            for name in inside or [ELSEWHERE]:
                yield f"region={name}"


def type_of(edit: Edit) -> str:
    """snp, mnp (equally many bases), insertion, deletion, or complex.

    >>> [type_of(Edit("c", 4, end, "GC")) for end in (6, 4, 5)]
    ['mnp', 'insertion', 'complex']
    """
    replaced = edit.end - edit.start
    if len(edit.alt) == replaced:
        return "snp" if replaced == 1 else "mnp"
    if not edit.alt:
        return "deletion"
    return "complex" if replaced else "insertion"
