"""Single-base substitutions by kind and neighbours: the 96 channels, pyrimidine strand.

Source: Alexandrov et al., Nature 500:415 (2013); names `A[C>A]A` as COSMIC writes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from equisite.codebook.channels import BASES, CHANNELS
from equisite.variants.alleles import Edit, Reference
from equisite.variants.intervals import Territory

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Counts = NDArray[np.int64]

_COMPLEMENT = str.maketrans("ACGT", "TGCA")
_PIECE = 1 << 22
_UNKNOWN = 64
_PLACE = {channel: number for number, channel in enumerate(CHANNELS)}


def channel_of(triplet: str, alt: str) -> str | None:
    """Channel of a substitution of the middle base; None where a base is not known.

    >>> channel_of("TGA", "A"), channel_of("ACA", "T")
    ('T[C>T]A', 'A[C>T]A')
    """
    if len(triplet) != 3 or not set(triplet + alt) <= set(BASES) or triplet[1] == alt:
        return None
    if triplet[1] in "AG":
        triplet = triplet.translate(_COMPLEMENT)[::-1]
        alt = alt.translate(_COMPLEMENT)
    return f"{triplet[0]}[{triplet[1]}>{alt}]{triplet[2]}"


def spectrum(edits: Iterable[Edit], reference: Reference) -> Counts:
    """Number of substitutions in each channel, (96,); what is no single base is passed over."""
    import numpy as np

    counts = np.zeros(len(CHANNELS), np.int64)
    for edit in edits:
        if edit.end - edit.start != 1 or len(edit.alt) != 1 or edit.start == 0:
            continue
        triplet = reference[edit.contig][edit.start - 1 : edit.end + 1]
        channel = channel_of(triplet, edit.alt)
        if channel is not None:
            counts[_PLACE[channel]] += 1
    return counts


def opportunities(territory: Territory, reference: Reference) -> Counts:
    """How often each channel could happen: its triplet on either strand, (96,).

    territory: where the middle base lies.
    """
    import numpy as np

    totals = np.zeros(64, np.int64)
    for contig, start, end in territory:
        sequence = reference[contig]
        for piece in range(start, end, _PIECE):
            # One base more at either end: the neighbours of the outermost middle bases.
            bases = sequence[max(piece - 1, 0) : min(piece + _PIECE, end) + 1]
            totals += _triplets(bases)
    counts = np.zeros(len(CHANNELS), np.int64)
    for number, total in enumerate(totals.tolist()):
        triplet = BASES[number >> 4] + BASES[(number >> 2) & 3] + BASES[number & 3]
        for alt in BASES:
            channel = channel_of(triplet, alt)
            if channel is not None:
                counts[_PLACE[channel]] += total
    return counts


def _triplets(bases: str) -> Counts:
    """Number of each triplet of known bases, (64,), in the order of BASES."""
    import numpy as np

    table = np.full(256, _UNKNOWN, np.uint8)
    for number, base in enumerate(BASES):
        table[ord(base)] = number
    codes = table[np.frombuffer(bases.encode("ascii"), np.uint8)]
    one, two, three = codes[:-2], codes[1:-1], codes[2:]
    known = (one | two | three) < len(BASES)
    joined = (one[known] << 4) | (two[known] << 2) | three[known]
    return np.bincount(joined, minlength=64).astype(np.int64)
