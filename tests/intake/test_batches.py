"""Batches: about the wished size, and nearly nobody moves."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from equisite.intake.batches import MOST, SINGLE, batch_count, batch_number, batch_numbers

KEY = b"k" * 32
names = st.integers(0, 10**6).map("P{:06d}".format)


@given(count=st.integers(1, 3000), patient=names)
def test_numbers_lie_between_one_and_the_count(count: int, patient: str) -> None:
    assert 1 <= batch_number(KEY, patient, count) <= count


@given(count=st.integers(1, 300))
def test_one_batch_more_takes_from_one_batch_only(count: int) -> None:
    patients = [f"P{i}" for i in range(2000)]
    before = batch_numbers(KEY, patients, count)
    after = batch_numbers(KEY, patients, count + 1)
    moved = [p for p in patients if before[p] != after[p]]
    assert {after[p] for p in moved} <= {count + 1}
    assert len({before[p] for p in moved}) <= 1


@given(patients=st.integers(1, 5000), size=st.integers(2, 50), data=st.data())
def test_growing_by_one_keeps_the_count(patients: int, size: int, data: st.DataObject) -> None:
    count = batch_count(patients, size)
    grown = data.draw(st.integers(patients, max(patients, int(1.5 * patients))))
    assert batch_count(grown, size, before=count) == count or grown > 2 * size * count


@given(patients=st.integers(0, 10**6), size=st.integers(2, 100), before=st.integers(0, 10**5))
def test_the_count_fits_the_size(patients: int, size: int, before: int) -> None:
    count = batch_count(patients, size, before)
    assert count >= 1
    assert patients <= 2 * count * size or count >= MOST // 2


@given(patients=st.integers(0, 10**6), size=st.integers(2, 100))
def test_a_large_cohort_has_larger_batches_not_more_jobs(patients: int, size: int) -> None:
    count = batch_count(patients, size)
    assert count <= MOST
    assert batch_count(patients + 1, size, before=count) == count or patients < 2 * size


def test_sizes_are_even_enough() -> None:
    patients = [f"P{i}" for i in range(1000)]
    count = batch_count(len(patients), 8)
    filled = Counter(batch_numbers(KEY, patients, count).values())
    assert count == 125
    assert max(filled.values()) <= 4 * 8


def test_a_batch_of_one_depends_on_its_patient_alone() -> None:
    patients = [f"P{i}" for i in range(500)]
    assert batch_count(500, 1) == batch_count(501, 1) == SINGLE
    numbers = batch_numbers(KEY, patients, SINGLE)
    assert len(set(numbers.values())) == 500
    assert batch_numbers(KEY, patients[:3], SINGLE)["P1"] == numbers["P1"]
    assert batch_count(500, 8, before=SINGLE) == 63


def test_the_key_decides() -> None:
    patients = [f"P{i}" for i in range(100)]
    assert batch_numbers(KEY, patients, 8) != batch_numbers(b"other", patients, 8)
