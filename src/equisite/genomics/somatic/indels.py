"""Evidence for the insertions and deletions of a window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from equisite.genomics.somatic.bases import MappedReference
from equisite.genomics.somatic.candidates import LOWEST_MAPQ, candidates
from equisite.genomics.somatic.evidence import MARGIN, Evidence, Window, evidence_of
from equisite.genomics.somatic.haplotypes import REACH, Haplotypes, haplotypes, repeats
from equisite.genomics.somatic.likelihood import Reals, lods
from equisite.genomics.somatic.rivals import BESIDE, Span, one_place, undisputed, weight
from equisite.genomics.somatic.votes import Counts
from equisite.genomics.somatic.whole_reads import INDEL_LEVELS, Laid, by_fragment, lay
from equisite.protocol.somatic import Somatic
from equisite.variants.alleles import Edit, span

_MAP_ERROR = 10 ** (-np.arange(LOWEST_MAPQ, LOWEST_MAPQ + INDEL_LEVELS) / 10)
_INDEL_ERROR, _INDEL_WORST, _SHORT_REPEAT = 1e-4, 0.2, 3
"""Polymerase error of an indel: 1e-4 up to three units of a repeat, doubled by each more."""


@dataclass(frozen=True)
class _Change:
    """One candidate: the bases it may touch, and the tumour's reads laid on it."""

    edit: Edit
    span: Span
    both: Haplotypes
    laid: Laid

    @cached_property
    def rank(self) -> tuple[float, Edit]:
        """Changes that explain more of the tumour stand first."""
        return -weight(self.laid), self.edit


def indels(window: Window, reference: MappedReference, settings: Somatic) -> Iterator[Evidence]:
    """Evidence for insertions and deletions whose leftmost place lies in the window."""
    limits = settings.thresholds
    origin = max(window.start - MARGIN, 0)
    text = reference.text(window.contig, origin, window.end + MARGIN)
    changes = _changes(window, reference, text, limits.minimum_fragments_indel)
    found: list[tuple[_Change, tuple[Counts, Counts], Counts, Reals]] = []
    for change in changes:
        place = change.edit.start - 1 - window.start
        if not (0 <= place < len(window.inside) and window.inside[place]):
            continue
        stronger = [
            other
            for other in changes
            if other.rank < change.rank and one_place(change.span, other.span)
        ]
        votes = undisputed(change.laid, (other.laid for other in stronger))
        ours = by_fragment(window.tumour.reads, window.tumour.mate, votes)
        if ours[0][1].sum() < max(
            limits.minimum_fragments_indel, limits.minimum_fraction * ours[0].sum()
        ):
            continue
        normal = window.normal
        votes = lay(normal.reads, change.both).votes
        theirs, _ = by_fragment(normal.reads, normal.mate, votes)
        slips = 2.0 ** max(repeats(change.edit, text, origin) - _SHORT_REPEAT, 0)
        polymerase = min(_INDEL_ERROR * slips, _INDEL_WORST)
        found.append((change, ours, theirs, np.maximum(polymerase, _MAP_ERROR)))
    if not found:
        return
    judged = lods(
        _both_sides([ours[0] for _, ours, _, _ in found]),
        _both_sides([theirs for _, _, theirs, _ in found]),
        np.stack([error for _, _, _, error in found]),
        settings.tumour_in_normal,
    )
    for row, (change, ours, theirs, _) in enumerate(found):
        edit = change.edit
        before = text[edit.start - 1 - origin]
        ref = before + text[edit.start - origin : edit.end - origin]
        yield evidence_of(
            (edit.contig, edit.start - 1, ref, before + edit.alt),
            (ours[0], int(ours[0].sum())),
            (theirs, int(theirs.sum())),
            judged,
            row,
            ours[1],
            (float(REACH), 0.0, change.span[1] - edit.start),
        )


def _changes(
    window: Window, reference: MappedReference, text: str, fragments: int
) -> list[_Change]:
    """Candidates of the window, and of the bases beside it with which they may compete."""
    origin = max(window.start - MARGIN, 0)
    codes = reference.codes(window.contig, origin, window.end + MARGIN)
    tumour = window.tumour
    shown = candidates(
        tumour.reads, tumour.mate, window.contig, text, origin, fragments=fragments
    )
    found = []
    for edit in shown:
        if window.start - BESIDE <= edit.start <= window.end + BESIDE:
            local = Edit("", edit.start - origin, edit.end - origin, edit.alt)
            low, high = span(local, {"": text})
            both = haplotypes(edit, codes, origin)
            place = low + origin, high + origin
            found.append(_Change(edit, place, both, lay(tumour.reads, both)))
    return found


def _both_sides(votes: list[Counts]) -> tuple[Reals, Reals]:
    """Votes for the change and for the reference, each (allele, level)."""
    stacked = np.stack(votes).astype(float)
    return stacked[:, 1], stacked[:, 0]
