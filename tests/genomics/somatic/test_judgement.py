"""From facts and evidence to verdicts: pairs, filters, confidence, orientation."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_evidence import ALONE, CLEAR, NO_PANEL, PAIRED, but

from equisite.core.outcomes import FLAGGED, REFUSED, Outcome, judged
from equisite.genomics.samples import Sample
from equisite.genomics.somatic import contamination
from equisite.genomics.somatic.evidence import Evidence
from equisite.genomics.somatic.filters import (
    Setting,
    confidence,
    failures,
    germline_like,
    is_exempt,
    is_pair,
    is_thin,
)
from equisite.genomics.somatic.orientation import Damage, fit_shares
from equisite.genomics.somatic.pair import judge_pair
from equisite.genomics.somatic.pairs import outcomes_of_normals, pair_samples
from equisite.genomics.somatic.sums import UNIT, Gathered, median
from equisite.intake.index import SequencingItem
from equisite.protocol.somatic import Somatic, SomaticThresholds


def test_clear_evidence_is_called() -> None:
    assert failures(CLEAR, PAIRED) == []


@pytest.mark.parametrize(
    ("changes", "filters"),
    [
        ({"alt_tumour": 2}, ["fragments"]),
        ({"tlod": 4.99}, ["fragments"]),
        ({"alt_tumour": 3, "ref_tumour": 98}, ["fraction"]),
        ({"mapq_alt": 39.0}, ["mapping"]),
        ({"mapq_alt": 44.0}, ["mapping"]),
        ({"strand_p": 9e-4}, ["strand"]),
        ({"strand_p": 9e-4, "alt_tumour": 4}, []),
        ({"end_distance": 4.5}, ["read_end"]),
        ({"excess": 4.1}, ["differences"]),
        ({"excess": 3.0}, []),
        ({"nlod": 2.1}, ["normal"]),
        ({"slod": 0.2}, ["somatic"]),
        ({"nlod": 2.1, "slod": 0.2}, ["normal", "somatic"]),
        ({"alt": "AGG", "end_distance": 0.0, "excess": 9.0}, []),
        ({"alt": "AGG", "alt_tumour": 2}, []),
    ],
)
def test_each_filter_at_its_threshold(changes: dict[str, object], filters: list[str]) -> None:
    assert failures(but(**changes), PAIRED) == filters


def test_without_a_panel_differences_count_sooner_and_two_fragments_never() -> None:
    assert failures(but(excess=3.0), NO_PANEL) == ["differences"]
    two = but(alt_tumour=2, ref_tumour=20, tlod=3.6)
    assert is_pair(two, PAIRED)
    assert failures(two, PAIRED) == []
    assert confidence(two, ["A"], PAIRED) == "medium"
    assert failures(two, NO_PANEL) == ["fragments"]
    assert failures(dataclasses.replace(two, ref_tumour=29), PAIRED) == ["fragments"]
    assert failures(dataclasses.replace(two, tlod=3.4), PAIRED) == ["fragments"]
    assert failures(dataclasses.replace(two, excess=2.0), PAIRED) == ["fragments"]


@pytest.mark.parametrize(("depth", "called"), [(0, False), (21, False), (22, True), (60, True)])
def test_the_protocol_says_how_deep_two_fragments_suffice(depth: int, called: bool) -> None:
    limits = SomaticThresholds(two_fragment_depth=depth)
    setting = Setting(Somatic(thresholds=limits), alone=False, panel=True)
    two = but(alt_tumour=2, ref_tumour=20, tlod=3.6)
    assert (failures(two, setting) == []) == called


def test_a_thin_normal_is_stood_in_for() -> None:
    thin = but(ref_normal=5, depth_normal=5, nlod=1.5)
    assert is_thin(thin, PAIRED)
    assert failures(thin, PAIRED) == []
    assert confidence(thin, ["A", "B"], PAIRED) == "medium"
    for changed in (
        {"ref_normal": 2}, {"ref_normal": 8}, {"alt_normal": 1},
        {"alt_tumour": 19, "ref_tumour": 21},
    ):  # fmt: skip
        assert failures(dataclasses.replace(thin, **changed), PAIRED) == ["normal"]
    assert failures(thin, NO_PANEL) == ["normal"]


def test_a_tumour_alone_needs_no_normal_but_one_that_speaks_counts() -> None:
    silent = but(ref_normal=0, depth_normal=0, nlod=0.0, slod=0.0)
    assert failures(silent, ALONE) == []
    assert failures(but(alt_normal=2, ref_normal=2, nlod=-9.0), ALONE) == ["normal"]
    assert confidence(silent, ["A", "B"], ALONE) == "medium"


def test_classes_say_who_found_it() -> None:
    assert confidence(CLEAR, ["A", "B"], PAIRED) == "high"
    assert confidence(CLEAR, ["A"], PAIRED) == "medium"
    assert confidence(but(tlod=7.9), ["A"], PAIRED) == "low"
    assert confidence(but(excess=2.0), ["A"], PAIRED) == "low"
    assert confidence(but(alt="AGG", tlod=5.1), ["A"], PAIRED) == "medium"
    assert confidence(None, ["B"], PAIRED) == "low"
    assert confidence(None, ["B", "C"], PAIRED) == "medium"


def test_only_the_clearest_are_exempt_from_a_panel() -> None:
    assert is_exempt(but(tlod=20.0, slod=5.0, ref_normal=20))
    for changes in (
        {"tlod": 19.0, "slod": 5.0}, {"tlod": 20.0, "slod": 4.0},
        {"tlod": 20.0, "slod": 5.0, "ref_normal": 19},
        {"tlod": 20.0, "slod": 5.0, "alt_normal": 1},
    ):  # fmt: skip
        assert not is_exempt(but(**changes))


@given(alt=st.integers(0, 60), ref=st.integers(0, 60))
def test_germline_like_is_the_binomial_test(alt: int, ref: int) -> None:
    """Against scipy's exact two-sided test, whose P is the same for p = 1/2."""
    from scipy.stats import binomtest

    if alt + ref == 0:
        return
    p = binomtest(alt, alt + ref, 0.5).pvalue
    if abs(p - 0.05) < 1e-9:
        return
    expected = p >= 0.05 or alt / (alt + ref) > 0.95
    assert germline_like(but(alt_tumour=alt, ref_tumour=ref)) == expected


def sided(position: int, forward: int, total: int, alt: str = "T") -> Evidence:
    return but(
        position=position, ref="G", alt=alt, alt_tumour=total, f1r2=forward,
        f2r1=total - forward,
    )  # fmt: skip


def artefacts(variants: list[Evidence]) -> set[tuple[str, int, str, str]]:
    damage = Damage(variants)
    return {variant.edit for variant in variants if damage.made(variant)}


def test_artefacts_of_one_orientation_are_found_among_variants() -> None:
    damaged = [sided(n, 6, 6) for n in range(30)]
    true = [sided(100 + n, 3, 6) for n in range(15)]
    assert artefacts([*damaged, *true]) == {e.edit for e in damaged}
    turned = [sided(n, 0, 6) for n in range(30)]
    assert artefacts([*turned, *true]) == {e.edit for e in turned}


def test_a_lopsided_variant_of_a_clean_sample_stays() -> None:
    clean = [sided(n, k, 8) for n, k in enumerate((3, 4, 5, 4, 3, 6, 2, 4, 7, 5) * 3)]
    assert artefacts(clean) == set()
    assert artefacts([sided(1, 5, 5)]) == set()


def test_deep_counts_do_not_underflow() -> None:
    shares = fit_shares({(1500, 3000): 20})
    assert sum(shares) == pytest.approx(1)
    assert shares[0] > 0.97


@pytest.mark.parametrize("share", [0.0, 0.02, 0.07, 0.2, 0.4])
def test_contamination_is_recovered_without_a_list(share: float) -> None:
    """300 sites of depth 80, foreign genotypes by the prior, errors of 1 in 1000."""
    rng = np.random.default_rng(7)
    total = np.zeros(len(contamination.GRID))
    for _ in range(300):
        foreign = rng.choice(3, p=contamination.UNKNOWN)
        p = share * foreign / 2
        k = rng.binomial(80, p * 0.999 + (1 - p) * 0.001)
        total += contamination.site_likelihoods(int(k), 80, contamination.UNKNOWN)
    found = contamination.best(total, 300)
    assert found == pytest.approx(share, abs=0.021)


def test_a_mis_mapped_site_makes_no_contamination() -> None:
    total = np.zeros(len(contamination.GRID))
    for k in [0] * 40 + [9, 14]:
        total += contamination.site_likelihoods(k, 50, contamination.UNKNOWN)
    assert contamination.best(total, 42) == 0.0
    assert contamination.best(total, 4) is None


def test_a_few_sites_are_enough_if_several_of_them_speak() -> None:
    odd, foreign = (np.zeros(len(contamination.GRID)) for _ in range(2))
    for k in (0, 0, 0, 0, 9):
        odd += contamination.site_likelihoods(k, 60, contamination.UNKNOWN)
    for k in (0, 9, 19, 0, 8):
        foreign += contamination.site_likelihoods(k, 60, contamination.UNKNOWN)
    assert contamination.best(odd, 5) == 0.0
    found = contamination.best(foreign, 5)
    assert found == pytest.approx(0.3, abs=0.05)


def test_priors_are_probabilities() -> None:
    assert sum(contamination.UNKNOWN) == pytest.approx(1)
    for q in (0.0, 0.1, 0.5, 1.0):
        assert sum(contamination.hardy_weinberg(q)) == pytest.approx(1)


def gathered(**changes: object) -> Gathered:
    facts = {
        "compared": [100, 90],
        "equal": [99, 20],
        "forward": 50,
        "reverse": 1,
        "reads": 1000,
    }
    return Gathered(**{**facts, **changes})  # type: ignore[arg-type]


def foreign(share: float) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    likelihood = -1000 * np.abs(contamination.GRID - share)
    whole: np.ndarray[tuple[int], np.dtype[np.int64]] = (likelihood * UNIT).astype(np.int64)
    return whole


def test_sums_of_shares_are_those_of_one_pass(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    parts = [
        Gathered(
            compared=rng.integers(0, 99, 2),
            foreign=rng.integers(-UNIT, 0, len(contamination.GRID)),
            sites=int(rng.integers(0, 50)),
            callable_pair=7,
        )
        for _ in range(5)
    ]
    whole = Gathered.total(parts)
    whole.write(tmp_path / "one.json")
    Gathered.total([Gathered.total(parts[3:]), *parts[:3]]).write(tmp_path / "two.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    again = Gathered.read(tmp_path / "one.json")
    assert again.callable_pair == 35
    assert (again.foreign == sum(part.foreign for part in parts)).all()


@pytest.mark.parametrize(
    ("changes", "code", "severity"),
    [
        ({"shared": 60}, "SAME_READS", "refuse"),
        ({"equal": [69, 20]}, "WRONG_NORMAL", "refuse"),
        ({"shown": [100, 90], "absent": [10, 11]}, "WRONG_NORMAL", "refuse"),
        ({"equal": [20, 80]}, "IDENTITY_DOUBTFUL", "warn"),
        ({"compared": [19, 19], "equal": [2, 19]}, "IDENTITY_NOT_CHECKED", "info"),
        ({"forward": 3, "reverse": 10}, "SWAPPED_PAIR", "refuse"),
        ({"foreign": foreign(0.3), "sites": 50}, "FOREIGN_READS", "refuse"),
        ({"foreign": foreign(0.07), "sites": 50}, "SOME_FOREIGN_READS", "warn"),
    ],
)
def test_each_verdict_on_a_pair(changes: dict[str, object], code: str, severity: str) -> None:
    (found,) = judge_pair(gathered(**changes), Somatic())
    assert (found.code, found.severity) == (code, severity)
    assert found.sentence
    assert found.mend


def test_pairs_that_fit_are_not_talked_of() -> None:
    assert judge_pair(gathered(), Somatic()) == []
    assert judge_pair(gathered(forward=4, reverse=10), Somatic(tumour_in_normal=0.2)) == []
    assert judge_pair(gathered(forward=0, reverse=9), Somatic()) == []
    lost = gathered(shown=[100, 90], absent=[25, 3])
    assert judge_pair(lost, Somatic()) == []
    mutated = gathered(shown=[100, 190], absent=[0, 90])
    assert judge_pair(mutated, Somatic()) == []
    few = gathered(foreign=foreign(0.3), sites=4)
    assert judge_pair(few, Somatic()) == []
    off = judge_pair(gathered(equal=[10, 9]), Somatic(identity="off"))
    assert [f.code for f in off] == ["IDENTITY_OFF"]


def test_one_turn_alone_does_not_accuse() -> None:
    """Few inherited sites and many mutations: those spoil the one turn that can be counted."""
    mutated = gathered(compared=[14, 32], equal=[14, 14])
    (told,) = judge_pair(mutated, Somatic())
    assert (told.code, told.numbers) == ("IDENTITY_NOT_CHECKED", {"sites": 14})
    assert judge_pair(gathered(compared=[14, 32], equal=[14, 31]), Somatic()) == []
    (other,) = judge_pair(gathered(compared=[20, 32], equal=[7, 14]), Somatic())
    assert other.code == "WRONG_NORMAL"


def test_median_of_a_histogram() -> None:
    assert median(np.bincount([3, 3, 4, 9])) == 3
    assert median(np.bincount([1, 7, 9])) == 7
    assert median(np.zeros(5, np.int64)) == 0.0


def sample(patient: str, name: str, kind: str, *, calls: str = "") -> Sample:
    lane = SequencingItem(
        patient, name, f"tok-{name}", 1, kind, "", "", "", "", "" if calls else "x.cram",
        calls, "exome", "female", "",
    )  # fmt: skip
    return Sample(lane.token, patient, name, kind, (lane,))


def test_a_tumour_meets_the_first_normal_with_reads() -> None:
    samples = [
        sample("p", "t", "tumour"), sample("p", "n2", "normal"), sample("p", "n1", "normal"),
        sample("p", "n0", "normal", calls="x.vcf"), sample("p", "v", "tumour", calls="v.vcf"),
    ]  # fmt: skip
    (pair,), outcomes = pair_samples(samples, samples, Somatic())
    assert pair.normal is not None
    assert (pair.tumour.name, pair.normal.name, pair.told) == ("t", "n1", None)
    assert pair.item.environment == {"NORMAL": "tok-n1"}
    assert outcomes == []


def test_what_becomes_of_a_tumour_without_normal() -> None:
    alone, lost = sample("p", "t", "tumour"), sample("q", "u", "tumour")
    refused = sample("q", "n", "normal")
    pairs, _ = pair_samples([alone, lost, refused], [alone, lost], Somatic())
    told = {pair.tumour.name: pair.told.code for pair in pairs if pair.told}
    assert told == {"t": "CALLED_ALONE", "u": "NORMAL_UNUSABLE"}
    pairs, outcomes = pair_samples([alone], [alone], Somatic(mode="paired"))
    assert pairs == []
    assert [(o.item, o.outcome, o.code) for o in outcomes] == [
        ("t", REFUSED, "TUMOUR_WITHOUT_NORMAL")
    ]


def test_a_pair_that_does_not_fit_refuses_both() -> None:
    from equisite.core.errors import Finding

    samples = [sample("p", "t", "tumour"), sample("p", "n", "normal")]
    pairs, _ = pair_samples(samples, samples, Somatic())
    numbers: dict[str, str | int | float | bool] = {"share": 0.3, "sites": 50}
    wrong = judged("p", "genomics", "t", Finding("WRONG_NORMAL", "", numbers))
    (found,) = outcomes_of_normals(pairs, [wrong])
    assert (found.item, found.outcome, found.code) == ("n", REFUSED, "WRONG_NORMAL")
    foreign_reads = judged("p", "genomics", "t", Finding("FOREIGN_READS", "", {"share": 0.3}))
    assert outcomes_of_normals(pairs, [foreign_reads]) == []
    assert outcomes_of_normals(pairs, [Outcome("p", "genomics", "t", FLAGGED)]) == []


def test_the_strand_s_chance_is_a_power() -> None:
    from equisite.genomics.somatic.evidence import strand_probability

    sums = np.zeros((2, 6), np.int32)
    sums[1, 2], sums[0, 2], sums[0, 3] = 6, 10, 10
    assert strand_probability(6, 40, sums) == pytest.approx(math.pow(0.25, 6))
    assert strand_probability(7, 40, sums) == 1.0
