"""Signatures on a made table of 96 rows and 6 columns; no published numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from equisite.codebook.channels import CHANNELS
from equisite.core.errors import ConfigError
from equisite.genomics.tumour.signatures import (
    Signatures,
    exposures,
    for_territory,
    read_signatures,
    shares_of,
)

NAMES = tuple(f"M{n}" for n in range(1, 7))


@pytest.fixture(scope="module")
def made() -> Signatures:
    rng = np.random.default_rng(5)
    weights = rng.gamma(0.3, size=(96, 6))
    return Signatures(NAMES, weights / weights.sum(axis=0))


def write(path: Path, signatures: Signatures, order: list[int] | None = None) -> Path:
    lines = ["\t".join(("Type", *signatures.names))]
    for row in order or range(96):
        cells = (f"{w:.12g}" for w in signatures.weights[row])
        lines.append("\t".join((CHANNELS[row], *cells)))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_table_is_read_in_any_order_of_rows(tmp_path: Path, made: Signatures) -> None:
    read = read_signatures(write(tmp_path / "a.txt", made, list(range(95, -1, -1))))
    assert read.names == NAMES
    assert read.weights == pytest.approx(made.weights, abs=1e-9)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("Type", "Kind", "first row"),
        ("M2", "M1", "stands twice"),
        ("A[C>A]A", "A[C>A]C", "told before"),
        ("A[C>A]A\t", "A[C>A]A\tx", "not a number"),
        ("T[T>G]T", "", "95 of 96|not a row"),
    ],
)
def test_broken_tables_name_the_line(
    tmp_path: Path, made: Signatures, old: str, new: str, problem: str
) -> None:
    path = write(tmp_path / "a.txt", made)
    path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigError, match=problem) as caught:
        read_signatures(path)
    assert caught.value.code == "SIGNATURES_INVALID"


def test_weights_must_be_shares(tmp_path: Path, made: Signatures) -> None:
    doubled = Signatures(NAMES, made.weights * 2)
    with pytest.raises(ConfigError, match="sum to 1"):
        read_signatures(write(tmp_path / "a.txt", doubled))
    negative = made.weights.copy()
    negative[0, 0] = -0.1
    with pytest.raises(ConfigError, match="negative"):
        read_signatures(write(tmp_path / "b.txt", Signatures(NAMES, negative)))


def test_exact_mixtures_are_taken_apart(made: Signatures) -> None:
    truth = np.array([0.5, 0.3, 0.2, 0, 0, 0])
    assert shares_of(made.weights @ truth, made.weights) == pytest.approx(truth, abs=1e-9)


def test_planted_shares_are_found_within_their_spread(made: Signatures) -> None:
    truth = np.array([0.5, 0.3, 0, 0.2, 0, 0])
    counts = np.random.default_rng(1).multinomial(1000, made.weights @ truth)
    found = exposures(counts, made)
    assert found is not None
    assert found.fits
    for one, expected in zip(found.shares, truth, strict=True):
        assert abs((one.share or 0.0) - expected) <= 4 * one.spread + 0.01
    assert [one.share is None for one in found.shares][2]


def test_few_mutations_give_no_shares(made: Signatures) -> None:
    counts = np.zeros(96, np.int64)
    counts[:33] = 3
    assert exposures(counts, made) is None
    counts[0] += 1
    assert exposures(counts, made) is not None


def test_the_same_spectrum_gives_the_same_numbers(made: Signatures) -> None:
    counts = np.random.default_rng(2).multinomial(300, made.weights[:, 0])
    assert exposures(counts, made) == exposures(counts, made)


def test_a_spectrum_of_something_else_does_not_fit(made: Signatures) -> None:
    lone = np.zeros(96, np.int64)
    lone[int(made.weights.max(axis=1).argmin())] = 500
    found = exposures(lone, made)
    assert found is not None
    assert not found.fits


def test_territory_with_the_genome_s_triplets_changes_nothing(made: Signatures) -> None:
    genome = np.arange(1, 97)
    same = for_territory(made, genome * 3, genome)
    assert same.weights == pytest.approx(made.weights)
    bare = genome.copy()
    bare[0] = 0
    moved = for_territory(made, bare, genome)
    assert (moved.weights[0] == 0).all()
    assert moved.weights.sum(axis=0) == pytest.approx(np.ones(6))
