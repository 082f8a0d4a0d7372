"""Who holds a genome asks a list of positions whether its owner was in the cohort.

The best attacker knows the true frequency of every allele of the regions, listed or not, and
the rules; he adds up log likelihood ratios of "listed or not, if he was in" against "if he
was not". Whenever the charge of a list fits the budget, he finds 5 % of the members at most
at 1 % error (R10, R12), up to the error of this simulation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from made_cohort import protocol
from scipy.stats import binom

from equisite.bundle.opt_in import positions_charge
from equisite.bundle.ruleset import Rules, rules_of
from equisite.release.positions import is_expected

LIMIT, ERROR = 0.05, 0.01
ROUNDS, OUTSIDERS = 40, 300


@dataclass(frozen=True)
class Attack:
    """share: of members found in rounds whose list left. listed: mean length of these."""

    share: float
    members: int
    listed: float


def attack(
    patients: int, frequencies: np.ndarray, rules: Rules, known: bool, seed: int
) -> Attack:
    """frequencies: of carriers, one per allele. known: whether the panel has them."""
    rng = np.random.default_rng(seed)
    k = rules.k
    own = 1 - np.sqrt(1 - frequencies)  # of the allele, as a panel tells it
    eligible = np.array([is_expected(q if known else np.nan, patients, rules) for q in own])
    limit = (rules.ruleset.largest_budget or {})["germline"] * patients
    inside, outside, lengths = [], [], []
    for _ in range(ROUNDS):
        cohort = rng.random((patients, frequencies.size)) < frequencies
        count = cohort.sum(axis=0)
        listed = (count >= k) & (patients - count >= k)
        charge = positions_charge(
            int((listed & eligible).sum()), int((listed & ~eligible).sum()), rules.ruleset
        )
        if not listed.any() or charge > limit:
            continue
        ratios = []
        absent = within(k, patients - k, patients, frequencies)
        for carries in (0, 1):
            present = within(k - carries, patients - k - carries, patients - 1, frequencies)
            ratios.append(
                np.where(listed, np.log(present / absent), np.log((1 - present) / (1 - absent)))
            )
        step, base = ratios[1] - ratios[0], ratios[0].sum()
        others = rng.random((OUTSIDERS, frequencies.size)) < frequencies
        inside.append(cohort @ step + base)
        outside.append(others @ step + base)
        lengths.append(int(listed.sum()))
    if not lengths:
        return Attack(0.0, 0, 0.0)
    members, threshold = np.concatenate(inside), np.quantile(np.concatenate(outside), 1 - ERROR)
    share = float(np.mean(members > threshold))
    return Attack(share, members.size, float(np.mean(lengths)))


def within(low: int, high: int, patients: int, frequencies: np.ndarray) -> np.ndarray:
    """Chance that so many of the patients carry each allele, kept off 0 and 1."""
    chance = binom.cdf(high, patients, frequencies) - binom.cdf(low - 1, patients, frequencies)
    return np.clip(chance, 1e-12, 1 - 1e-12)


def spectrum(low: float, high: float, number: int) -> np.ndarray:
    """Frequencies with density 1/p, as of neutral alleles."""
    return np.exp(np.random.default_rng(3).uniform(np.log(low), np.log(high), number))


@pytest.mark.parametrize(
    ("patients", "k", "low", "high", "number", "known"),
    [
        (100, 10, 0.002, 0.9, 50, True),  # a gene's alleles, most of them rare
        (100, 10, 0.1, 0.9, 23, True),  # a panel of common ones
        (100, 10, 0.004, 0.04, 4000, True),  # rare ones only, thousands of them
        (100, 5, 0.002, 0.9, 30, True),
        (100, 10, 0.1, 0.9, 3, False),
        (200, 10, 0.002, 0.9, 13, False),
        (200, 10, 0.0035, 0.035, 400, False),
        (500, 10, 0.0014, 0.014, 400, False),
    ],
)
def test_a_list_within_the_budget_finds_few_members(
    patients: int, k: int, low: float, high: float, number: int, known: bool
) -> None:
    rules = replace(rules_of(protocol()), k=k)
    found = attack(patients, spectrum(low, high, number), rules, known, seed=number + k)
    assert found.members >= 500
    error = 4 * np.sqrt(LIMIT * (1 - LIMIT) / found.members) + 0.008
    assert found.share <= LIMIT + error, found


def test_without_the_charge_the_attack_would_succeed() -> None:
    """The test above can fail: thousands of rare alleles, each charged like a common one."""
    rules = replace(rules_of(protocol()), k=10)
    cheap = rules.ruleset.model_copy(
        update={"rare_position_charge": 1, "positions_least_charge": 0}
    )
    found = attack(
        100, spectrum(0.007, 0.07, 2000), replace(rules, ruleset=cheap), known=False, seed=1
    )
    assert found.listed > 20
    assert found.share > 0.08, found
