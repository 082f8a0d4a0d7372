import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.genomics.depth import Part
from equisite.genomics.sex import (
    AUTOSOMES,
    SexEvidence,
    X,
    Y,
    infer_sex,
    judge_sex,
    sex_chromosomes,
    sex_regions,
    without,
)
from equisite.protocol.models import Contig
from equisite.protocol.sequencing import SexChromosomes
from equisite.variants.intervals import Territory

M5 = "0" * 32


def contigs(**lengths: int) -> tuple[Contig, ...]:
    return tuple(Contig(name=name, length=n, md5=M5) for name, n in lengths.items())


GRCH38 = contigs(chr1=248_956_422, chrX=156_040_895, chrY=57_227_415)
GRCH37 = contigs(**{"1": 249_250_621, "X": 155_270_560, "Y": 59_373_566})


@pytest.mark.parametrize(
    ("reference", "x", "y"),
    [
        (GRCH38, 156_040_895 - 2_771_479 - 329_513, 57_227_415 - 2_771_479 - 329_513),
        (GRCH37, 155_270_560 - 2_639_520 - 329_517, 59_373_566 - 2_639_520 - 329_517),
    ],
)
def test_shared_regions_of_known_assemblies_are_left_out(
    reference: tuple[Contig, ...], x: int, y: int
) -> None:
    territory = Territory.of((c.name, 0, c.length) for c in reference)
    regions = sex_regions(territory, reference, None)
    assert (regions[X].size, regions[Y].size) == (x, y)
    assert regions[AUTOSOMES].size == reference[0].length
    assert not regions[X].holds(reference[1].name, 2_600_000)
    assert regions[X].holds(reference[1].name, 5_000_000)


def test_a_reference_without_y_or_of_other_lengths() -> None:
    female = sex_chromosomes(GRCH38[:2], None)
    assert female is not None
    assert (female.x, female.y, len(female.pseudoautosomal)) == ("chrX", None, 2)
    assert sex_chromosomes(contigs(chr1=100, chrX=100), None) is None
    assert sex_chromosomes(contigs(chr1=100), None) is None
    assert set(sex_regions(Territory.of([("chr1", 0, 9)]), contigs(chr1=9), None)) == {
        AUTOSOMES
    }
    told = SexChromosomes(x="c")
    assert sex_chromosomes(contigs(c=100), told) is told


INTERVALS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=6)


@given(INTERVALS, INTERVALS)
def test_without_is_set_difference(
    kept: list[tuple[int, int]], cut: list[tuple[int, int]]
) -> None:
    territory = Territory.of(("a", s, s + n) for s, n in kept)
    spans = [(s, s + n) for s, n in cut]
    left = without(territory, spans)
    for position in range(90):
        in_cut = any(s <= position < e for s, e in spans)
        assert left.holds("a", position) == (territory.holds("a", position) and not in_cut)


BASES = 100_000


def parts(
    x: float, y: float | None = None, depth: float = 20, bases: int = BASES
) -> dict[str, Part]:
    found = {
        AUTOSOMES: Part(BASES, int(BASES * depth), BASES),
        X: Part(bases, int(bases * depth * x), bases),
    }
    if y is not None:
        found[Y] = Part(bases, int(bases * depth * y), bases)
    return found


@pytest.mark.parametrize(
    ("x", "y", "hets", "inferred"),
    [
        (1.0, 0.0, (100, 70), "female"),
        (0.5, 0.45, (100, 1), "male"),
        (1.0, None, (100, 70), "female"),
        (0.5, None, (100, 1), "male"),
        (0.5, 0.0, (100, 1), "unclear"),  # X0, or Y lost in old age
        (1.0, 0.45, (100, 70), "unclear"),  # XXY
        (0.72, 0.2, (100, 30), "unclear"),  # a mixture of both
        (0.5, 0.45, (100, 60), "unclear"),  # half the depth, but two copies
        (0.5, 0.45, None, "male"),
    ],
)
def test_copies_of_x_and_y_show_in_their_depth(
    x: float, y: float | None, hets: tuple[int, int] | None, inferred: str
) -> None:
    counts = None if hets is None else {AUTOSOMES: hets[0], X: hets[1]}
    evidence = infer_sex(parts(x, y), counts)
    assert evidence.inferred == inferred
    assert evidence.x_ratio == pytest.approx(x)
    assert evidence.x_het_ratio == (None if hets is None else pytest.approx(hets[1] / hets[0]))


@pytest.mark.parametrize(
    "told",
    [
        parts(1.0, 0.0, bases=49_999),  # a few exons of X
        parts(1.0, 0.0, depth=4.9),
        {AUTOSOMES: Part(BASES, 20 * BASES, BASES)},
        {X: Part(BASES, 20 * BASES, BASES)},
        {AUTOSOMES: Part(0, 0, 0), X: Part(BASES, 20 * BASES, BASES)},  # chrM and X only
    ],
)
def test_too_little_is_missing_and_never_a_sex(told: dict[str, Part]) -> None:
    evidence = infer_sex(told, {AUTOSOMES: 10, X: 1})
    assert evidence.inferred is None
    assert evidence.x_ratio is None
    assert judge_sex("male", evidence) is None


@pytest.mark.parametrize(
    ("declared", "inferred", "code"),
    [
        ("female", "female", None),
        ("female", "male", "SEX_DIFFERS"),
        ("male", "female", "SEX_DIFFERS"),
        ("male", "unclear", "SEX_UNCLEAR"),
        ("unknown", "male", None),
        ("other", "female", None),
        ("female", None, None),
    ],
)
def test_a_patient_of_another_sex_is_held_and_not_relabelled(
    declared: str, inferred: str | None, code: str | None
) -> None:
    finding = judge_sex(declared, SexEvidence(0.5, None, None, inferred))
    assert (finding.code if finding else None) == code
    if finding:
        assert finding.severity == ("refuse" if code == "SEX_DIFFERS" else "warn")
        assert declared in finding.sentence
