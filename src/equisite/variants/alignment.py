"""A haplotype written as changes of the reference, as an aligner would show them."""

from __future__ import annotations

from itertools import groupby

from equisite.variants.alleles import Edit, Reference, apply_edits, left_shifted, trim

_MISMATCH, _OPEN, _EXTEND = 4, 6, 1
"""Penalties of `bwa mem`."""
_WAYS = _PAIR, _LOST, _WON = 0, 1, 2
_NEVER = 1 << 30
_Cell = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]


def edits_between(
    contig: str, start: int, end: int, haplotype: str, reference: Reference
) -> list[Edit]:
    """Substitutions, insertions and deletions that turn bases [start, end) into `haplotype`.

    The cheapest alignment (global, affine gaps: Gotoh 1982), gaps leftmost. Where moving the
    gaps left would change the haplotype, or two gaps meet, one edit replaces all bases between
    the outermost differences.
    """
    sequence = reference[contig]
    core = trim(contig, start, sequence[start:end], haplotype)
    if core is None:
        return []
    if core.start == core.end or not core.alt:
        return [left_shifted(core, reference)]
    edits = [
        left_shifted(edit, reference)
        for edit in _aligned(contig, core.start, sequence[core.start : core.end], core.alt)
    ]
    apart = len({(edit.start, edit.is_indel) for edit in edits}) == len(edits)
    if apart and apply_edits(tuple(edits), sequence, start, end) == haplotype:
        return sorted(edits)
    return [core]


def _aligned(contig: str, start: int, ref: str, alt: str) -> list[Edit]:
    """Edits of the cheapest alignment, in order."""
    edits = []
    row = column = 0
    for step, run in groupby(_steps(ref, alt)):
        size = len(list(run))
        if step == _PAIR:
            edits += [
                Edit(contig, start + row + at, start + row + at + 1, alt[column + at])
                for at in range(size)
                if ref[row + at] != alt[column + at]
            ]
        elif step == _LOST:
            edits.append(Edit(contig, start + row, start + row + size, ""))
        else:
            edits.append(Edit(contig, start + row, start + row, alt[column : column + size]))
        row += 0 if step == _WON else size
        column += 0 if step == _LOST else size
    return edits


def _steps(ref: str, alt: str) -> list[int]:
    """Steps of the cheapest alignment; among equals the one whose gaps come first."""
    cells = _cells(ref, alt)
    row, column = len(ref), len(alt)
    step = min(_WAYS, key=lambda way: cells[row, column][way][0])
    steps = []
    while row or column:
        steps.append(step)
        before = cells[row, column][step][1]
        row -= step != _WON
        column -= step != _LOST
        step = before
    return steps[::-1]


def _cells(ref: str, alt: str) -> dict[tuple[int, int], _Cell]:
    """Cost of each cell by its last step (pair, lost, won), and the step before that."""
    cells: dict[tuple[int, int], _Cell] = {
        (0, 0): ((0, _PAIR), (_NEVER, _PAIR), (_NEVER, _PAIR))
    }
    nowhere: _Cell = ((_NEVER, _PAIR), (_NEVER, _PAIR), (_NEVER, _PAIR))
    for row in range(len(ref) + 1):
        for column in range(len(alt) + 1):
            if not row and not column:
                continue
            slant = cells.get((row - 1, column - 1), nowhere)
            above = cells.get((row - 1, column), nowhere)
            left = cells.get((row, column - 1), nowhere)
            wrong = _MISMATCH if row and column and ref[row - 1] != alt[column - 1] else 0
            cells[row, column] = (
                min((slant[way][0] + wrong, way) for way in _WAYS),
                min(
                    (above[way][0] + _EXTEND + (0 if way == _LOST else _OPEN), way)
                    for way in _WAYS
                ),
                min(
                    (left[way][0] + _EXTEND + (0 if way == _WON else _OPEN), way)
                    for way in _WAYS
                ),
            )
    return cells
