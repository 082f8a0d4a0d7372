"""Shares of mutational signatures in a spectrum: least squares that are not negative.

The table of signatures is the site's own file; none ships with the product, because the terms
of its publisher do not allow it. The protocol names its sha256, so that all sites have one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from equisite.codebook.channels import CHANNELS
from equisite.core.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Weights = NDArray[np.float64]
    Counts = NDArray[np.int64]

MINIMUM_MUTATIONS = 100
"""Below, shares are off by .1 and more on average (measured, docs/decisions/0143)."""
ROUNDS = 200
SEED = 96
SMALL_SHARE = 0.05
GOOD_COSINE = 0.9
_LOWER = 2.5
_SUM_TOLERANCE = 0.01


@dataclass(frozen=True)
class Signatures:
    """names: in file order. weights: (96, signature), each column of sum 1."""

    names: tuple[str, ...]
    weights: Weights


@dataclass(frozen=True)
class Exposure:
    """One signature's share of a spectrum.

    share: None where it is not told from zero: its lower bound is 0 and it is below .05.
    spread: standard deviation over the resampled spectra.
    """

    name: str
    share: float | None
    spread: float


@dataclass(frozen=True)
class Exposures:
    """Shares of all signatures, and how well their sum fits the spectrum (cosine)."""

    shares: tuple[Exposure, ...]
    cosine: float

    @property
    def fits(self) -> bool:
        """Whether the signatures explain the spectrum (cosine of .9 or more)."""
        return self.cosine >= GOOD_COSINE


def read_signatures(path: Path) -> Signatures:
    """The table: `Type` and a column per signature; one row per channel, in any order.

    Raises ConfigError SIGNATURES_INVALID.
    """
    import numpy as np

    lines = path.read_text(encoding="utf-8-sig").splitlines()
    rows = [line.split("\t") for line in lines if line.strip()]
    if not rows or rows[0][0] != "Type" or len(rows[0]) < 2:
        raise _invalid(1, "the first row is not Type and names of signatures")
    names = tuple(rows[0][1:])
    if len(set(names)) < len(names) or "" in names:
        raise _invalid(1, "a name of a signature is empty or stands twice")
    found: dict[str, list[float]] = {}
    for number, row in enumerate(rows[1:], start=2):
        if row[0] not in CHANNELS or row[0] in found or len(row) != len(names) + 1:
            raise _invalid(number, "not a row of a channel like A[C>A]A, or one told before")
        try:
            found[row[0]] = [float(cell) for cell in row[1:]]
        except ValueError:
            raise _invalid(number, "a cell is not a number") from None
    if len(found) != len(CHANNELS):
        raise _invalid(len(rows), f"{len(found)} of {len(CHANNELS)} channels are there")
    weights = np.array([found[channel] for channel in CHANNELS], np.float64)
    sums = weights.sum(axis=0)
    if (weights < 0).any() or not np.isfinite(weights).all():
        raise _invalid(1, "a weight is negative")
    if (abs(sums - 1) > _SUM_TOLERANCE).any():
        raise _invalid(1, "the weights of a signature do not sum to 1")
    return Signatures(names, weights / sums)


def _invalid(line: int, problem: str) -> ConfigError:
    return ConfigError("SIGNATURES_INVALID", line=line, problem=problem)


def for_territory(signatures: Signatures, here: Counts, genome: Counts) -> Signatures:
    """Signatures of a genome as they look on a territory with other triplets.

    here, genome: (96,) opportunities of the territory and of the whole reference. Each
    weight is divided by the genome's and multiplied by the territory's, then rescaled.
    """
    import numpy as np

    frequency = here / here.sum()
    usual = genome / genome.sum()
    factor = np.divide(frequency, usual, out=np.zeros(len(CHANNELS)), where=usual > 0)
    weights = signatures.weights * factor[:, None]
    sums = weights.sum(axis=0)
    scaled = np.divide(weights, sums, out=np.zeros_like(weights), where=sums > 0)
    return Signatures(signatures.names, scaled)


def shares_of(counts: Counts | Weights, weights: Weights) -> Weights:
    """x / sum(x), where x >= 0 minimises |weights x - counts / sum(counts)|; (signature,)."""
    import numpy as np
    from scipy.optimize import nnls

    solution, _ = nnls(weights, counts / counts.sum())
    total = solution.sum()
    return solution / total if total > 0 else np.zeros_like(solution)


def exposures(counts: Counts, signatures: Signatures, rounds: int = ROUNDS) -> Exposures | None:
    """Shares with their spread over multinomial resamples; None below 100 mutations.

    The resamples are drawn from a fixed seed: the same spectrum gives the same numbers.
    """
    import numpy as np

    total = int(counts.sum())
    if total < MINIMUM_MUTATIONS:
        return None
    weights = signatures.weights
    shares = shares_of(counts, weights)
    rng = np.random.Generator(np.random.PCG64(SEED))
    drawn = rng.multinomial(total, counts / total, size=rounds)
    resampled = np.array([shares_of(one, weights) for one in drawn])
    lower = np.percentile(resampled, _LOWER, axis=0)
    spread = resampled.std(axis=0, ddof=1)
    told = tuple(
        Exposure(name, None if low <= 0 and share < SMALL_SHARE else float(share), float(sd))
        for name, share, low, sd in zip(signatures.names, shares, lower, spread, strict=True)
    )
    return Exposures(told, cosine(weights @ shares, counts))


def cosine(one: Weights, other: Counts | Weights) -> float:
    """Cosine of the angle between two profiles; 0 where one is empty."""
    import numpy as np

    length = float(np.sqrt((one @ one) * float(other @ other)))
    return float(one @ other) / length if length else 0.0


def columns_of(names: Sequence[str]) -> tuple[str, ...]:
    """Columns of the shares, in the order of the protocol."""
    return tuple(f"sig__{name}" for name in names)
