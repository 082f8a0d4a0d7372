"""Meta-analysis against plain one-feature formulas and a fine grid of the likelihood."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from equisite.stats import meta


def cases(
    k: int, features: int, seed: int, decades: float = 1.0
) -> tuple[meta.Reals, meta.Reals]:
    rng = np.random.default_rng(seed)
    v = 10.0 ** rng.uniform(-decades, decades, (k, features))
    y = rng.normal(0, np.sqrt(v + 10.0 ** rng.uniform(-2, 1, features)))
    y[rng.random((k, features)) < 0.1] = np.nan
    y[:2] = np.where(np.isnan(y[:2]), 0.3, y[:2])
    return y, v


def plain_fixed(y: list[float], v: list[float]) -> tuple[float, float, float, float, float]:
    w = [1 / x for x in v]
    mean = math.fsum(a * b for a, b in zip(w, y, strict=True)) / math.fsum(w)
    q = math.fsum(a * (b - mean) ** 2 for a, b in zip(w, y, strict=True))
    df = len(y) - 1
    c = math.fsum(w) - math.fsum(a * a for a in w) / math.fsum(w)
    return mean, q, max(0.0, (q - df) / q), max(0.0, (q - df) / c), stats.chi2.sf(q, df)


def kept(y: meta.Reals, v: meta.Reals, f: int) -> tuple[list[float], list[float]]:
    here = ~np.isnan(y[:, f])
    return y[here, f].tolist(), v[here, f].tolist()


@pytest.mark.parametrize("k", [2, 3, 5, 12])
def test_fixed_effect_equals_plain_formulas(k: int) -> None:
    y, v = cases(k, 40, k)
    got = meta.fixed_effect(y, v)
    for f in range(40):
        mean, q, i2, tau2, p = plain_fixed(*kept(y, v, f))
        np.testing.assert_allclose(
            [got.mean[f], got.q[f], got.i2[f], got.tau2[f], got.q_p[f]],
            [mean, q, i2, tau2, p],
            rtol=1e-10,
            atol=1e-12,
        )


@pytest.mark.parametrize("k", [3, 4, 10])
def test_reml_is_never_below_the_grid(k: int) -> None:
    y, v = cases(k, 60, 100 + k, decades=2.0)
    tau2, settled = meta.reml_tau2(y, v, meta.fixed_effect(y, v).tau2)
    assert settled.all()
    best = meta.restricted_likelihood(y, v, tau2)
    for grid in np.concatenate([[0.0], np.geomspace(1e-6, 1e4, 400)]):
        assert (best >= meta.restricted_likelihood(y, v, np.full(60, grid)) - 1e-9).all()


def test_restricted_likelihood_is_that_of_the_formula() -> None:
    y, v = np.array([[0.2], [1.0], [-0.4]]), np.array([[0.1], [0.4], [0.2]])
    w = 1 / (v[:, 0] + 0.3)
    mean = (w * y[:, 0]).sum() / w.sum()
    plain = -0.5 * (
        np.log(v[:, 0] + 0.3).sum() + np.log(w.sum()) + (w * (y[:, 0] - mean) ** 2).sum()
    )
    np.testing.assert_allclose(
        meta.restricted_likelihood(y, v, np.array([0.3])), plain, rtol=1e-13
    )


def test_hartung_knapp_is_never_narrower_than_with_q_of_one() -> None:
    y, v = cases(4, 200, 7)
    fixed = meta.fixed_effect(y, v)
    result = meta.random_effects(y, v, fixed.tau2)
    k = fixed.sites
    t = stats.t.ppf(0.975, k - 1)
    w = np.where(np.isnan(y), 0.0, 1 / (v + fixed.tau2))
    assert (result.high - result.low >= 2 * t / np.sqrt(w.sum(axis=0)) * (1 - 1e-12)).all()
    np.testing.assert_allclose(result.weight.sum(axis=0), 1.0, rtol=1e-12)


def test_equal_sites_still_have_a_width() -> None:
    y, v = np.full((4, 1), 2.0), np.full((4, 1), 0.04)
    result = meta.random_effects(y, v, np.zeros(1))
    assert result.mean[0] == pytest.approx(2.0)
    half = stats.t.ppf(0.975, 3) * math.sqrt(0.04 / 4)
    assert result.high[0] - result.mean[0] == pytest.approx(half)
    predicted = stats.t.ppf(0.975, 2) * math.sqrt(0.04 / 4)
    assert result.predict_high[0] - result.mean[0] == pytest.approx(predicted)


def test_one_site_has_no_heterogeneity_and_no_site_no_mean() -> None:
    y, v = np.array([[1.0, np.nan], [np.nan, np.nan]]), np.full((2, 2), 0.25)
    fixed = meta.fixed_effect(y, v)
    result = meta.random_effects(y, v, fixed.tau2)
    assert fixed.sites.tolist() == [1, 0]
    assert np.isnan(fixed.i2).all() and np.isnan(fixed.tau2).all()
    assert result.mean[0] == 1.0 and np.isnan(result.mean[1])
    assert np.isnan(result.predict_low).all()


def test_no_site_at_all_gives_gaps_and_no_crash() -> None:
    y = np.zeros((0, 3))
    fixed = meta.fixed_effect(y, y)
    tau2, settled = meta.reml_tau2(y, y, fixed.tau2)
    assert fixed.sites.tolist() == [0, 0, 0] and settled.all()
    assert np.isnan(tau2).all() and np.isnan(meta.random_effects(y, y, tau2).mean).all()
    assert np.isnan(meta.tau2_interval(y, y)).all()
    assert meta.leave_one_out(y, y).shape == (0, 3)


def test_a_zero_variance_is_left_out() -> None:
    y, v = np.array([[1.0], [2.0], [9.0]]), np.array([[0.1], [0.1], [0.0]])
    assert meta.fixed_effect(y, v).mean[0] == pytest.approx(1.5)


def test_leave_one_out_equals_doing_it() -> None:
    y, v = cases(6, 30, 3)
    got = meta.leave_one_out(y, v)
    for site in range(6):
        rest = np.delete(np.arange(6), site)
        tau2 = np.nan_to_num(meta.fixed_effect(y[rest], v[rest]).tau2)
        want = meta.random_effects(y[rest], v[rest], tau2).mean
        np.testing.assert_allclose(
            got[site], np.where(np.isnan(y[site]), np.nan, want), rtol=1e-9, atol=1e-9
        )


def test_tau2_interval_meets_the_chi_square_quantiles() -> None:
    y, v = cases(5, 50, 11)
    low, high = meta.tau2_interval(y, v)
    for f in range(50):
        yy, vv = (np.array(a) for a in kept(y, v, f))
        if yy.size < 3:
            assert math.isnan(low[f])
            continue
        for bound, p in ((low[f], 0.975), (high[f], 0.025)):
            w = 1 / (vv + bound)
            q = (w * (yy - (w * yy).sum() / w.sum()) ** 2).sum()
            target = stats.chi2.ppf(p, yy.size - 1)
            assert q == pytest.approx(target, rel=1e-8) or (bound == 0 and q <= target)


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=6),
    st.floats(-1e3, 1e3),
    st.floats(0.1, 100),
)
@settings(max_examples=50, deadline=None)
def test_shift_and_scale_move_the_mean_along(
    ys: list[float], shift: float, scale: float
) -> None:
    y = np.array(ys)[:, None]
    v = np.linspace(0.5, 2.0, y.size)[:, None]
    tau2 = meta.fixed_effect(y, v).tau2
    base = meta.random_effects(y, v, tau2)
    moved = meta.random_effects(scale * y + shift, scale**2 * v, scale**2 * tau2)
    np.testing.assert_allclose(moved.mean, scale * base.mean + shift, rtol=1e-7, atol=1e-6)
    np.testing.assert_allclose(moved.se, scale * base.se, rtol=1e-7)


def test_benjamini_hochberg_by_hand() -> None:
    got = meta.benjamini_hochberg(np.array([0.01, np.nan, 0.04, 0.03, 0.5]))
    np.testing.assert_allclose(got, [0.04, np.nan, 0.16 / 3, 0.16 / 3, 0.5])
    assert np.isnan(meta.benjamini_hochberg(np.array([np.nan]))).all()
