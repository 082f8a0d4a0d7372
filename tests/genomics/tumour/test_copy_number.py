from pathlib import Path

import numpy as np
import pytest

from equisite.core.errors import InputError
from equisite.genomics.tumour.copy_number import (
    Arm,
    Bin,
    arm_state,
    copies_of,
    copy_number,
    gene_state,
    method_for,
    read_bins,
    reference_kind,
    spread_of,
    weighted_median,
)

ARMS = [Arm("1p", "c1", 0, 50_000_000), Arm("1q", "c1", 50_000_000, 100_000_000)]


def bins(contig: str, start: int, end: int, log2: float, size: int = 1_000_000) -> list[Bin]:
    return [Bin(contig, at, at + size, log2) for at in range(start, end, size)]


def segment(contig: str, start: int, end: int, log2: float) -> Bin:
    return Bin(contig, start, end, log2)


def test_planted_arms_and_genes_are_exact() -> None:
    made = (
        bins("c1", 0, 50_000_000, 0.58)
        + bins("c1", 50_000_000, 98_000_000, 0.0)
        + bins("c1", 98_000_000, 100_000_000, 2.0, 100_000)
    )
    pieces = [
        segment("c1", 0, 50_000_000, 0.58),
        segment("c1", 50_000_000, 98_000_000, 0.0),
        segment("c1", 98_000_000, 100_000_000, 2.0),
    ]
    genes = {
        "AMP": ("c1", 98_500_000, 98_900_000),
        "FLAT": ("c1", 60_000_000, 65_000_000),
        "BROAD": ("c1", 10_000_000, 15_000_000),
        "SMALL": ("c1", 60_100_000, 60_200_000),
        "OTHER": ("cX", 1, 9),
    }
    found = copy_number(made, pieces, ARMS, genes)
    assert found.arms == {"1p": 1, "1q": 0}
    assert found.genes == {"AMP": 1, "FLAT": 0, "BROAD": 0, "SMALL": None, "OTHER": None}
    assert found.ploidy == pytest.approx(3 * 0.5 + 2 * 0.48 + 8 * 0.02)
    assert found.burden == pytest.approx(0.52)
    assert found.breaks == pytest.approx(0.3)


def test_deep_loss_and_arm_loss() -> None:
    made = bins("c1", 0, 50_000_000, -1.2)
    pieces = [segment("c1", 0, 50_000_000, -1.2)]
    assert gene_state(("c1", 5_000_000, 9_000_000), made, pieces) == -1
    assert [arm_state(arm, made, pieces) for arm in ARMS] == [-1, None]


def test_an_arm_needs_half_of_its_length_beyond_the_limit() -> None:
    made = bins("c1", 0, 26_000_000, 0.3) + bins("c1", 26_000_000, 50_000_000, 0.0)
    short = [segment("c1", 0, 24_000_000, 0.3), segment("c1", 24_000_000, 50_000_000, 0.1)]
    assert arm_state(ARMS[0], made, short) == 0
    long = [segment("c1", 0, 26_000_000, 0.3), segment("c1", 26_000_000, 50_000_000, 0.0)]
    assert arm_state(ARMS[0], made, long) == 1


def test_no_bins_and_no_segments_give_nothing() -> None:
    found = copy_number([], [], ARMS, {"G": ("c1", 1, 9_000_000)})
    assert found.arms == {"1p": None, "1q": None}
    assert (found.genes, found.ploidy, found.burden, found.breaks) == (
        {"G": None}, None, None, None,
    )  # fmt: skip


def test_spread_is_the_sd_of_the_noise_not_of_the_steps() -> None:
    noise = np.random.default_rng(4).normal(0, 0.2, 2000)
    made = [Bin("c1", n, n + 1, float(x) + (n >= 1000) * 3.0) for n, x in enumerate(noise)]
    assert spread_of(made) == pytest.approx(0.2, rel=0.06)
    assert spread_of(made[:2]) is None


@pytest.mark.parametrize(
    ("log2", "copies"), [(-1.11, 0), (-1.1, 0), (-0.25, 1), (0.2, 2), (0.7, 3), (2.0, 8)]
)
def test_copies(log2: float, copies: int) -> None:
    assert copies_of(log2) == copies


def test_choices_by_number() -> None:
    assert [method_for(n) for n in (2999, 3000)] == ["haar", "hmm-tumor"]
    assert [reference_kind(n) for n in (0, 1, 4, 5)] == ["flat", "flat", "flat", "pooled"]


def test_weighted_median() -> None:
    assert weighted_median([(5.0, 1), (1.0, 3)]) == 1.0
    assert weighted_median([(5.0, 3), (1.0, 1)]) == 5.0
    assert weighted_median([(5.0, 0)]) is None


def test_files_of_cnvkit_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x.cnr"
    head = "chromosome\tstart\tend\tgene\tlog2\tdepth\tweight\n"
    path.write_text(head + "c1\t10\t20\t-\t0.5\t9\t0.8\nc1\t0\t10\t-\t-0.5\t9\t0.9\n", "utf-8")
    assert read_bins(path) == [
        Bin("c1", 0, 10, -0.5, 0.9),
        Bin("c1", 10, 20, 0.5, 0.8),
    ]
    path.write_text("chromosome\tstart\nc\t1\n", "utf-8")
    with pytest.raises(InputError, match="COPIES_UNREADABLE"):
        read_bins(path)
    path.write_text(head + "c1\t10\tx\t-\t0.5\t9\t0.8\n", "utf-8")
    with pytest.raises(InputError, match="COPIES_UNREADABLE"):
        read_bins(path)
