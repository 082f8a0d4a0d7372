"""Pooled from the sites' sums equals computed from all rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equisite.compare import pooling
from equisite.stats import moments as mo


def rows(seed: int, sites: int, centre: float) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [
        centre
        + rng.normal(rng.normal(), 10.0 ** rng.uniform(-1, 1), (int(rng.integers(2, 60)), 5))
        for _ in range(sites)
    ]


def stacked(parts: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    own = [mo.moments(part) for part in parts]
    n = np.array([[m.n] * 5 for m in own], dtype=np.float64)
    return n, np.array([m.mean for m in own]), np.array([m.m2 for m in own])


@given(st.integers(0, 10**6), st.integers(1, 12), st.sampled_from([0.0, 1e3, 1e5]))
@settings(max_examples=60, deadline=None)
def test_moments_equal_those_of_all_rows(seed: int, sites: int, centre: float) -> None:
    parts = rows(seed, sites, centre)
    got = pooling.pool_moments(*stacked(parts))
    everybody = np.concatenate(parts)
    want = mo.moments(everybody)
    np.testing.assert_allclose(got.mean, want.mean, rtol=1e-10)
    np.testing.assert_allclose(got.m2, want.m2, rtol=1e-10)
    np.testing.assert_allclose(got.sd, everybody.std(axis=0, ddof=1), rtol=1e-9)


def test_order_of_sites_changes_no_byte() -> None:
    n, mean, m2 = stacked(rows(1, 6, 1e5))
    first = pooling.pool_moments(n, mean, m2)
    turned = pooling.pool_moments(n[::-1], mean[::-1], m2[::-1])
    assert first.mean.tobytes() == turned.mean.tobytes()
    assert first.m2.tobytes() == turned.m2.tobytes()


def test_a_site_without_a_feature_is_left_out_and_none_is_nan() -> None:
    nan = np.nan
    got = pooling.pool_moments(
        np.array([[3.0, nan], [5.0, nan]]),
        np.array([[1.0, nan], [nan, nan]]),
        np.array([[2.0, nan], [nan, nan]]),
    )
    assert got.sites.tolist() == [1, 0]
    assert got.n.tolist() == [3.0, 0.0]
    assert got.mean[0] == 1.0 and got.m2[0] == 2.0
    assert np.isnan(got.m2[1])


def test_counts_add_their_bounds_and_an_unbounded_one_stays_open() -> None:
    nan = np.nan
    sites, low, high = pooling.pool_counts(
        np.array([[4.0, 0.0, nan, 0.0], [6.0, 5.0, nan, 1.0]]),
        np.array([[4.0, 9.0, nan, nan], [6.0, 5.0, nan, 1.0]]),
    )
    assert sites.tolist() == [2, 2, 0, 2]
    assert low[:2].tolist() == [10.0, 5.0] and high[:2].tolist() == [10.0, 14.0]
    assert np.isnan(low[2]) and np.isnan(high[2])
    assert low[3] == 1.0 and np.isnan(high[3])


def test_wilson_at_known_values() -> None:
    low, high = pooling.wilson(np.array([0.0, 10.0, 7.0]), np.array([10.0, 10.0, 20.0]))
    np.testing.assert_allclose(low, [0.0, 0.722467, 0.181192], atol=2e-6)
    np.testing.assert_allclose(high, [0.277533, 1.0, 0.567146], atol=2e-6)


def test_bins_of_a_coarser_level_are_sums() -> None:
    fine = np.arange(22.0)
    got = pooling.coarsened(fine, 20, 5)
    assert got.tolist() == [0.0, 10.0, 26.0, 42.0, 58.0, 74.0, 21.0]
    assert got.sum() == fine.sum()
    with pytest.raises(ValueError, match="nested"):
        pooling.coarsened(fine, 20, 3)


@given(st.lists(st.integers(0, 20), min_size=3, max_size=12), st.floats(0.01, 0.99))
def test_the_quantile_lies_in_its_bin(counts: list[int], share: float) -> None:
    if sum(counts) == 0:
        counts[0] = 1
    place = pooling.quantile_bin(np.array(counts, dtype=np.float64), share)
    values = np.repeat(np.arange(len(counts)), counts)
    rank = max(math.ceil(share * len(values)), 1)
    assert place == values[rank - 1]


def products(x: np.ndarray, y: np.ndarray) -> pooling.Products:
    own = mo.comoments(x, y[:, None])
    return pooling.Products(
        float(own.n),
        own.mean_x,
        float(own.mean_y[0]),
        own.sxx,
        own.sxy[:, 0],
        float(own.syy[0]),
    )


def made_regression(seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    xs, ys = [], []
    for site in range(5):
        n = int(rng.integers(12, 70))
        age = 1e5 + 10 * rng.normal(size=n)
        x = np.column_stack([age, rng.integers(0, 2, n), rng.normal(size=n) * 1e-3])
        xs.append(x)
        ys.append(x @ np.array([0.3, 2.0, 50.0]) + site + rng.normal(size=n))
    return xs, ys


@pytest.mark.parametrize("seed", range(4))
def test_slopes_equal_least_squares_on_all_rows(seed: int) -> None:
    xs, ys = made_regression(seed)
    got = pooling.slopes([products(x, y) for x, y in zip(xs, ys, strict=True)])
    assert got is not None
    centred_x = np.concatenate([x - x.mean(axis=0) for x in xs])
    centred_y = np.concatenate([y - y.mean() for y in ys])
    scale = centred_x.std(axis=0)
    b, *_ = np.linalg.lstsq(centred_x / scale, centred_y, rcond=None)
    b = b / scale
    rest = centred_y - centred_x @ b
    df = len(rest) - 5 - 3
    cov = np.linalg.inv(centred_x.T @ centred_x / np.outer(scale, scale)) / np.outer(
        scale, scale
    )
    se = np.sqrt(np.diag(cov) * (rest @ rest) / df)
    np.testing.assert_allclose(got.b, b, rtol=1e-9)
    np.testing.assert_allclose(got.se, se, rtol=1e-9)
    assert got.df == df


def test_patterns_of_one_site_share_its_intercept() -> None:
    xs, ys = made_regression(9)
    whole = products(xs[0], ys[0])
    parts = pooling.merged_within(
        [products(xs[0][:7], ys[0][:7]), products(xs[0][7:], ys[0][7:])]
    )
    np.testing.assert_allclose(parts.sxx, whole.sxx, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(parts.sxy, whole.sxy, rtol=1e-9, atol=1e-9)
    assert parts.syy == pytest.approx(whole.syy, rel=1e-10)
    assert parts.mean_y == pytest.approx(whole.mean_y, rel=1e-12)


def test_a_covariate_that_varies_only_between_sites_is_refused() -> None:
    rng = np.random.default_rng(0)
    parts = [
        products(
            np.column_stack([rng.normal(size=20), np.full(20, float(s))]), rng.normal(size=20)
        )
        for s in range(2)
    ]
    assert pooling.slopes(parts) is None
    twin = rng.normal(size=20)
    assert (
        pooling.slopes([products(np.column_stack([twin, 2 * twin]), rng.normal(size=20))])
        is None
    )
    assert pooling.slopes([products(rng.normal(size=(3, 2)), rng.normal(size=3))]) is None
