"""Cnvkit on made coverage: planted arms come out, noisy bins stay out, twice the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from equisite.core.layers import Layer, find_layer
from equisite.core.tables import read_table
from equisite.genomics.tumour.cnvkit import (
    LEFT_OUT,
    build_reference,
    mask_noisy,
    segment_copies,
    split_bins,
)
from equisite.genomics.tumour.copy_number import Arm, copy_number, read_bins, spread_of
from equisite.variants.intervals import Territory

BINS = 1200
SIZE = 200
ARMS = [
    Arm("1p", "chr1", 0, BINS * SIZE // 4),
    Arm("1q", "chr1", BINS * SIZE // 4, BINS * SIZE),
]


@pytest.fixture(scope="module")
def layer() -> Layer:
    found = find_layer("cnv")
    if found is None:
        pytest.skip("the layer cnv is not installed")
    return found


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cn") / "reference.fa"
    bases = "".join(np.random.default_rng(1).choice(list("ACGT"), BINS * SIZE))
    path.write_text(f">chr1\n{bases}\n", encoding="utf-8")
    return path


def cover(path: Path, seed: int, ratios: np.ndarray, noise: float = 0.1) -> Path:
    """Coverage as cnvkit writes it: depth 60 times the ratio, log-normal noise."""
    rng = np.random.default_rng(seed)
    logs = np.log2(60 * ratios) + rng.normal(0, noise, len(ratios))
    lines = ["chromosome\tstart\tend\tgene\tdepth\tlog2"]
    for number, log in enumerate(logs.tolist()):
        start = number * SIZE
        lines.append(f"chr1\t{start}\t{start + SIZE}\t-\t{2**log:.6g}\t{log:.6g}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def bed(path: Path) -> Path:
    rows = [f"chr1\t{n * SIZE}\t{(n + 1) * SIZE}" for n in range(BINS)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("normals", [5, 0])
def test_planted_gain_is_found(
    layer: Layer, reference: Path, tmp_path: Path, normals: int
) -> None:
    flat = np.ones(BINS)
    covered = [cover(tmp_path / f"n{n}.targetcoverage.cnn", n, flat) for n in range(normals)]
    gained = flat.copy()
    gained[: BINS // 4] = 1.5
    tumour = cover(tmp_path / "t.targetcoverage.cnn", 99, gained)
    bins = bed(tmp_path / "bins.bed")
    kind = build_reference(layer, covered, bins, reference, tmp_path / "ref.cnn")
    assert kind == ("pooled" if normals else "flat")
    results = []
    for name in ("one", "two")[: 2 if normals else 1]:
        segment_copies(layer, tumour, tmp_path / "ref.cnn", str(tmp_path / name))
        results.append([(tmp_path / f"{name}.{e}").read_bytes() for e in ("cnr", "cns")])
    assert results[0] == results[-1]
    ratios, segments = read_bins(tmp_path / "one.cnr"), read_bins(tmp_path / "one.cns")
    spread = spread_of(ratios)
    assert spread is not None
    assert spread < 0.35
    found = copy_number(ratios, segments, ARMS, {})
    assert found.arms == {"1p": 1, "1q": 0}


def test_noisy_bins_of_few_normals_are_marked(tmp_path: Path) -> None:
    flat = np.ones(BINS)
    normals = [cover(tmp_path / f"{n}.cnn", n, flat, noise=0.01) for n in range(2)]
    wild = flat.copy()
    wild[7] = 3.0
    normals.append(cover(tmp_path / "w.cnn", 9, wild, noise=0.01))
    reference = tmp_path / "r.cnn"
    rows = [f"chr1\t{n * SIZE}\t{(n + 1) * SIZE}\t-\t0\t0\t0" for n in range(BINS)]
    head = "chromosome\tstart\tend\tgene\tlog2\tdepth\tspread"
    reference.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    assert mask_noisy(reference, normals) == 1
    marked = [row for row in read_table(reference)[1] if float(row["spread"]) == LEFT_OUT]
    assert [row["start"] for row in marked] == [str(7 * SIZE)]


def test_bins_are_equal_pieces_on_the_sequences_with_arms() -> None:
    territory = Territory.of([("chr1", 0, 1000), ("chr1", 2000, 2100), ("chrX", 0, 900)])
    found = split_bins(territory, ["chr1"], 300)
    assert found == [
        ("chr1", 0, 333),
        ("chr1", 333, 666),
        ("chr1", 666, 1000),
        ("chr1", 2000, 2100),
    ]
