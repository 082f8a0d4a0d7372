"""Moments do not depend on order, and equal the direct formulas in exact arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.stats.moments import comoments, merge_moments, merge_products, moments

reals = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 6))
matrices = (
    st.integers(1, 40)
    .flatmap(lambda n: st.lists(st.tuples(reals, reals, reals), min_size=n, max_size=n))
    .map(np.array)
)


def exact(values: list[float]) -> tuple[float, float]:
    numbers = [Fraction(v) for v in values]
    mean = sum(numbers) / len(numbers)
    return float(mean), float(sum((v - mean) ** 2 for v in numbers))


@given(matrices)
def test_they_equal_exact_arithmetic(matrix: np.ndarray):
    found = moments(matrix)
    for column in range(3):
        mean, m2 = exact(matrix[:, column].tolist())
        assert found.mean[column] == pytest.approx(mean, rel=1e-12, abs=1e-9)
        assert found.m2[column] == pytest.approx(m2, rel=1e-12, abs=1e-9)


@given(matrices, st.randoms(use_true_random=False))
def test_no_order_changes_a_byte(matrix: np.ndarray, random):
    order = list(range(len(matrix)))
    random.shuffle(order)
    one, two = moments(matrix), moments(matrix[order])
    assert one.mean.tobytes() == two.mean.tobytes()
    assert one.m2.tobytes() == two.m2.tobytes()
    a = comoments(matrix[:, :1], matrix[:, 1:])
    b = comoments(matrix[order, :1], matrix[order, 1:])
    assert a.sxy.tobytes() == b.sxy.tobytes()
    assert a.sxx.tobytes() == b.sxx.tobytes()


def test_a_large_mean_loses_nothing():
    values = np.array([1e9 + 1, 1e9 + 2, 1e9 + 3, 1e9 + 4])[:, None]
    assert moments(values).m2[0] == 5.0


def test_nobody_has_no_mean():
    found = moments(np.zeros((0, 2)))
    assert found.n == 0
    assert np.isnan(found.mean).all()
    with pytest.raises(ValueError, match="at least one row"):
        comoments(np.zeros((0, 1)), np.zeros((0, 1)))


@given(st.lists(matrices, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_merged_sites_equal_all_rows_together(parts: list[np.ndarray], random):
    own = [moments(part) for part in parts]
    whole = moments(np.concatenate(parts))
    n = np.array([[m.n] * 3 for m in own], dtype=float)
    mean = np.array([m.mean for m in own])
    m2 = np.array([m.m2 for m in own])
    total, pooled, merged = merge_moments(n, mean, m2)
    assert (total == whole.n).all()
    np.testing.assert_allclose(pooled, whole.mean, rtol=1e-11, atol=1e-8)
    np.testing.assert_allclose(merged, whole.m2, rtol=1e-9, atol=1e-6)
    order = list(range(len(parts)))
    random.shuffle(order)
    again = merge_moments(n[order], mean[order], m2[order])
    for one, two in zip((total, pooled, merged), again, strict=True):
        assert one.tobytes() == two.tobytes()


def test_a_site_without_a_column_is_not_looked_at():
    n = np.array([[2.0, 0.0], [3.0, 0.0]])
    mean = np.array([[1.0, np.nan], [2.0, np.nan]])
    m2 = np.array([[0.5, np.nan], [0.0, np.nan]])
    total, pooled, merged = merge_moments(n, mean, m2)
    assert total.tolist() == [5.0, 0.0]
    assert pooled[0] == pytest.approx(1.6)
    assert np.isnan(pooled[1])
    assert merged[0] == pytest.approx(0.5 + 2 * 0.36 + 3 * 0.16)


@given(st.lists(matrices, min_size=1, max_size=4))
def test_merged_products_equal_all_rows_together(parts: list[np.ndarray]):
    own = [comoments(part[:, :1], part[:, 1:2]) for part in parts]
    whole = comoments(np.concatenate(parts)[:, :1], np.concatenate(parts)[:, 1:2])
    merged = merge_products(
        np.array([float(c.n) for c in own]),
        np.array([c.mean_x[0] for c in own]),
        np.array([c.mean_y[0] for c in own]),
        np.array([c.sxy[0, 0] for c in own]),
    )
    scale = float(np.sqrt(whole.sxx[0, 0] * whole.syy[0])) + 1.0
    assert abs(merged - whole.sxy[0, 0]) <= 1e-9 * scale + 1e-6
    assert own[0].sxx[0, 0] == pytest.approx(moments(parts[0][:, :1]).m2[0], rel=1e-12)
