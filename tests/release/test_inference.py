"""The attacker's programme: ranges, and what happens when it has no answer."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.optimize

from equisite.release.inference import Guard, Sum, possible_range

FIRST = np.array([True, False, False])
ALL = np.array([True, True, True])


def test_a_part_of_a_known_sum_has_its_range():
    assert possible_range(FIRST, [Sum(ALL, 30)]) == (0.0, 30.0)
    assert possible_range(FIRST, [Sum(~FIRST, 30)]) == (0.0, np.inf)
    assert possible_range(FIRST, [Sum(ALL, 30), Sum(~FIRST, 25)]) == pytest.approx((5.0, 5.0))


def test_a_sum_that_gives_a_few_away_is_not_admitted():
    guard = Guard(3, 10)
    guard.take([Sum(ALL, 30)], [Sum(FIRST, 5)])
    assert not guard.admits([Sum(~FIRST, 25)], [])
    assert guard.admits([Sum(np.array([False, True, False]), 12)], [])


@pytest.mark.parametrize("status", [1, 2, 4])
def test_without_an_answer_nothing_is_admitted(status: int, monkeypatch: pytest.MonkeyPatch):
    answer = SimpleNamespace(status=status, fun=None)
    monkeypatch.setattr(scipy.optimize, "linprog", lambda *_, **__: answer)
    guard = Guard(3, 10)
    guard.take([Sum(ALL, 30)], [Sum(FIRST, 5)])
    assert not guard.admits([Sum(np.array([False, True, False]), 12)], [])
