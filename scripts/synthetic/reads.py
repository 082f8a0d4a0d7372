"""Paired reads as an Illumina instrument writes them, made from a patient's two haplotypes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthetic.genome import COMPLEMENT, LETTERS, Bases

_QUALITIES = np.array([11, 25, 37], dtype=np.uint8)
"""Binned base qualities of a two-colour instrument; N is not made."""


@dataclass(frozen=True)
class Library:
    """How a sample was sequenced.

    depth: mean reads over a base, both haplotypes together. insert, spread: mean and SD of
    the fragment length. duplicates: share of pairs that are seen a second time.
    """

    depth: float = 20.0
    length: int = 150
    insert: float = 370.0
    spread: float = 45.0
    duplicates: float = 0.02


@dataclass(frozen=True)
class Pairs:
    """Reads of one sample: bases and qualities, each (pair, cycle) uint8."""

    bases_1: NDArray[np.uint8]
    qualities_1: NDArray[np.uint8]
    bases_2: NDArray[np.uint8]
    qualities_2: NDArray[np.uint8]

    def __len__(self) -> int:
        return int(self.bases_1.shape[0])


def sequence(
    copies: Sequence[dict[str, Bases]],
    library: Library,
    rng: np.random.Generator,
) -> Pairs:
    """Sequence all copies of the genome evenly: two haplotypes, or those of a tumour's cells.

    Fragment starts are a jittered grid on each copy instead of independent draws: at every
    base each of two alleles is seen about `depth`/2 times, so no planted variant is missed
    by bad luck and what is counted can be checked exactly.
    """
    firsts: list[NDArray[np.uint8]] = []
    seconds: list[NDArray[np.uint8]] = []
    for copy in copies:
        for bases in copy.values():
            number = max(
                1, round(library.depth / len(copies) * bases.size / (2 * library.length))
            )
            spread = np.clip(rng.normal(0.0, library.spread, number), -120.0, 120.0)
            inserts = np.maximum(np.rint(library.insert + spread), library.length).astype(int)
            # The grid runs past both ends, so that depth falls only in the last insert.
            grid = (np.arange(number) + rng.random(number)) / number
            starts = np.rint(grid * bases.size - inserts / 2).astype(int)
            starts = np.clip(starts, 0, bases.size - inserts)
            cycles = np.arange(library.length)
            left = bases[starts[:, None] + cycles]
            right = COMPLEMENT[bases[(starts + inserts - 1)[:, None] - cycles]]
            flipped = rng.random(number) < 0.5
            firsts.append(np.where(flipped[:, None], right, left))
            seconds.append(np.where(flipped[:, None], left, right))
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    again = np.flatnonzero(rng.random(first.shape[0]) < library.duplicates)
    first, second = (
        np.concatenate([first, first[again]]),
        np.concatenate([second, second[again]]),
    )
    order = rng.permutation(first.shape[0])
    bases_1, qualities_1 = _read(first[order], rng, worse=1.0)
    bases_2, qualities_2 = _read(second[order], rng, worse=1.4)
    return Pairs(bases_1, qualities_1, bases_2, qualities_2)


def _read(
    bases: NDArray[np.uint8], rng: np.random.Generator, worse: float
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Qualities that fall along the read, and errors at the rate each quality states."""
    cycle = np.linspace(0.0, 1.0, bases.shape[1])
    low = worse * (0.004 + 0.020 * cycle**3)
    middle = low + worse * (0.020 + 0.060 * cycle**2)
    draw = rng.random(bases.shape, dtype=np.float32)
    quality = _QUALITIES[2 - (draw < middle).astype(int) - (draw < low).astype(int)]
    rate = (10.0 ** (quality / -10.0)).astype(np.float32)
    wrong = rng.random(bases.shape, dtype=np.float32) < rate
    bases = bases.copy()
    code = np.searchsorted(LETTERS, bases[wrong])
    bases[wrong] = LETTERS[(code + rng.integers(1, 4, code.size)) % 4]
    return bases, quality


def fastq(
    pairs: Pairs, run: str, rng: np.random.Generator, lane: int = 1
) -> tuple[bytes, bytes]:
    """The two FASTQ texts of one lane; names carry run, lane and place, never a patient."""
    number = len(pairs)
    x, y = rng.integers(1000, 32000, number), np.sort(rng.integers(1000, 99000, number))
    names = [
        f"@SYN:{run}:{lane}:1101:{a:05d}:{b:05d}".encode() for a, b in zip(x, y, strict=True)
    ]
    width = len(names[0])
    head = np.frombuffer(b"".join(names), dtype=np.uint8).reshape(number, width)
    texts = []
    for mate, bases, qualities in (
        (1, pairs.bases_1, pairs.qualities_1),
        (2, pairs.bases_2, pairs.qualities_2),
    ):
        tail = np.frombuffer(f" {mate}:N:0:ACGT\n".encode(), dtype=np.uint8)
        middle = np.frombuffer(b"\n+\n", dtype=np.uint8)
        rows = [
            head,
            tail,
            bases,
            middle,
            qualities + np.uint8(33),
            np.full((1, 1), 10, np.uint8),
        ]
        table = np.concatenate(
            [np.broadcast_to(r, (number, r.shape[-1])) for r in rows], axis=1
        )
        texts.append(table.tobytes())
    return texts[0], texts[1]


def lanes(pairs: Pairs, number: int) -> list[Pairs]:
    """Split the pairs over several lanes, in turn."""
    return [
        Pairs(
            pairs.bases_1[i::number],
            pairs.qualities_1[i::number],
            pairs.bases_2[i::number],
            pairs.qualities_2[i::number],
        )
        for i in range(number)
    ]
