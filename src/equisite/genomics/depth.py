"""Depth and callable bases of one sample, in one pass over `samtools depth`."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from equisite.protocol.models import GenomicThresholds
from equisite.variants.intervals import Territory

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Positions = NDArray[np.int64]

_PIECE = 1 << 22


@dataclass(frozen=True)
class Coverage:
    """What was measured on a territory.

    bases: size of the territory. summed: sum of its depths. callable_bases: bases with enough
    reads. regions: callable bases of each named region.
    """

    bases: int
    summed: int
    callable_bases: int
    regions: dict[str, int]

    @property
    def mean_depth(self) -> float:
        """Mean depth over all bases of the territory."""
        return self.summed / self.bases

    @property
    def callable_fraction(self) -> float:
        """Callable share of the territory."""
        return self.callable_bases / self.bases


def measure_depth(
    cram: Path,
    bed: Path,
    territory: Territory,
    regions: Mapping[str, Territory],
    thresholds: GenomicThresholds,
) -> Coverage:
    """Depth of well mapped reads on the territory, and callable bases of parts of it.

    Counted are bases of reads with the protocol's mapping quality that are no duplicates,
    secondary or failed; where mates overlap, once. regions lie inside the territory.
    A failing samtools is a fault of the machine (CalledProcessError).
    """
    command = ["samtools", "depth", "-s", "-Q", str(thresholds.minimum_mapping_quality)]
    command += ["-b", str(bed), str(cram)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
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
    found = dict.fromkeys(regions, 0)
    for contig, positions, depths in _arrays(lines):
        summed += int(depths.sum())
        called = positions[depths >= minimum]
        enough += len(called)
        for name, region in regions.items():
            spans = np.array(region.spans.get(contig, ()), dtype=np.int64).reshape(-1, 2)
            ends, starts = (np.searchsorted(called, spans[:, side]) for side in (1, 0))
            found[name] += int((ends - starts).sum())
    return Coverage(territory.size, summed, enough, found)


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
