"""Depth and callable bases of one sample, in one pass over `samtools depth`."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from equisite.variants.intervals import Territory

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from equisite.protocol.sequencing import GenomicThresholds

    Positions = NDArray[np.int64]

_PIECE = 1 << 22


REACHED = (10, 20, 30)
"""Depths whose share of the territory is told."""


@dataclass(frozen=True)
class Part:
    """A set of bases: their number, the sum of their depths, and those with enough reads."""

    bases: int
    summed: int
    callable_bases: int

    @property
    def mean_depth(self) -> float:
        """Mean depth over all bases, also those without a read."""
        return self.summed / self.bases

    @property
    def callable_fraction(self) -> float:
        """Callable share of the bases."""
        return self.callable_bases / self.bases


@dataclass(frozen=True)
class Coverage(Part):
    """What was measured on a territory.

    regions: the same of named parts of it. reached: bases with at least so many reads.
    """

    regions: dict[str, Part]
    reached: dict[int, int]


def measure_depth(
    alignment: IO[bytes],
    bed: Path,
    territory: Territory,
    regions: Mapping[str, Territory],
    thresholds: GenomicThresholds,
) -> Coverage:
    """Depth of well mapped reads on the territory, and of parts of it.

    alignment: stream of a sorted SAM, BAM or CRAM. Counted are bases of reads with the
    protocol's mapping quality that are no duplicates, secondary or failed; where mates
    overlap, once. regions lie inside the territory.
    A failing samtools is a fault of the machine (CalledProcessError).
    """
    command = ["samtools", "depth", "-s", "-Q", str(thresholds.minimum_mapping_quality)]
    command += ["-b", str(bed), "-"]
    with subprocess.Popen(command, stdin=alignment, stdout=subprocess.PIPE) as process:
        if process.stdout is None:
            raise RuntimeError("samtools depth has no output")
        coverage = summarise(process.stdout, territory, regions, thresholds.minimum_depth)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command[:2])
    return coverage


def summarise(
    lines: IO[bytes], territory: Territory, regions: Mapping[str, Territory], minimum: int
) -> Coverage:
    """Coverage from lines of sequence, 1-based position and depth, sorted, tab-separated."""
    import numpy as np

    summed = enough = 0
    reached = dict.fromkeys(REACHED, 0)
    found = {name: [0, 0] for name in regions}
    for contig, positions, depths in _arrays(lines):
        summed += int(depths.sum())
        called = positions[depths >= minimum]
        enough += len(called)
        for depth in REACHED:
            reached[depth] += int((depths >= depth).sum())
        sums = np.concatenate(([0], np.cumsum(depths)))
        for name, region in regions.items():
            spans = np.array(region.spans.get(contig, ()), dtype=np.int64).reshape(-1, 2)
            for at, (places, values) in enumerate(((positions, sums), (called, None))):
                starts, ends = (np.searchsorted(places, spans[:, side]) for side in (0, 1))
                inside = ends - starts if values is None else values[ends] - values[starts]
                found[name][at] += int(inside.sum())
    parts = {name: Part(regions[name].size, *found[name]) for name in regions}
    return Coverage(territory.size, summed, enough, parts, reached)


def _arrays(lines: IO[bytes]) -> Iterator[tuple[str, Positions, Positions]]:
    """Sequence, 0-based positions and depths, piece by piece."""
    rest = b""
    while piece := lines.read(_PIECE):
        text = rest + piece
        cut = text.rfind(b"\n") + 1
        text, rest = text[:cut], text[cut:]
        while text:
            name = text[: text.index(b"\t")]
            end = _end_of_contig(text, name + b"\t")
            positions, depths = _numbers(text[:end])
            yield name.decode(), positions - 1, depths
            text = text[end:]


def _end_of_contig(text: bytes, start: bytes) -> int:
    """Where the lines of the first sequence end; lines of a sequence stand together."""
    last = text.rfind(b"\n", 0, len(text) - 1) + 1
    if text.startswith(start, last):
        return len(text)
    low, high = 0, last  # a line of the sequence begins at low, none at or behind high
    while True:
        middle = text.rfind(b"\n", 0, (low + high + 1) // 2) + 1
        if middle <= low:
            return text.index(b"\n", low) + 1
        if text.startswith(start, middle):
            low = middle
        else:
            high = middle


def _numbers(text: bytes) -> tuple[Positions, Positions]:
    """Second and third field of every line."""
    import numpy as np

    letters = np.frombuffer(text, dtype=np.uint8)
    line_ends = np.flatnonzero(letters == ord("\n"))
    tabs = np.flatnonzero(letters == ord("\t")).reshape(-1, 2)
    return (
        _decimal(letters, tabs[:, 0] + 1, tabs[:, 1]),
        _decimal(letters, tabs[:, 1] + 1, line_ends),
    )


def _decimal(letters: NDArray[np.uint8], starts: Positions, ends: Positions) -> Positions:
    """Numbers written in letters [start, end), digit by digit from the last."""
    import numpy as np

    values = np.zeros(len(starts), dtype=np.int64)
    place = 1
    for back in range(1, int((ends - starts).max(initial=0)) + 1):
        at = ends - back
        inside = at >= starts
        values[inside] += place * (letters[at[inside]].astype(np.int64) - ord("0"))
        place *= 10
    return values
