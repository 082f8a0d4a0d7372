"""Copies by sex: known assemblies, a protocol's own regions, and what the callers are told."""

import pytest

from equisite.genomics.ploidy import Ploidy, from_lines, stretches, to_lines
from equisite.protocol.models import Contig
from equisite.protocol.sequencing import Region, SexChromosomes
from equisite.variants.intervals import Territory


def contig(name: str, length: int) -> Contig:
    return Contig(name=name, length=length, md5="0" * 32)


GRCH38 = (
    contig("chr1", 248_956_422),
    contig("chrX", 156_040_895),
    contig("chrY", 57_227_415),
    contig("chrM", 16_569),
)
EVERYWHERE = Territory.of((c.name, 0, c.length) for c in GRCH38)


@pytest.fixture
def human() -> Ploidy:
    return from_lines(to_lines(stretches(GRCH38, None, EVERYWHERE)).splitlines())


@pytest.mark.parametrize(
    ("place", "copies"),
    [
        (("chr1", 1_000_000), (2, 2, 2)),
        (("chrX", 10_001 - 1), (2, 2, 2)),
        (("chrX", 2_781_479 - 1), (2, 2, 2)),
        (("chrX", 2_781_480 - 1), (2, 1, None)),
        (("chrX", 155_701_382 - 1), (2, 1, None)),
        (("chrX", 155_701_383 - 1), (2, 2, 2)),
        (("chrX", 156_030_896 - 1), (2, 1, None)),
        (("chrY", 20_000_000), (0, 1, None)),
        (("chrM", 0), (1, 1, 1)),
        (("chrM", 16_568), (1, 1, 1)),
    ],
)
def test_copies_in_grch38(
    human: Ploidy, place: tuple[str, int], copies: tuple[int | None, ...]
) -> None:
    assert tuple(human.copies(*place, sex) for sex in ("female", "male", "other")) == copies


def test_what_the_callers_are_told(human: Ploidy) -> None:
    assert human.for_bcftools("female") == (
        "chrX\t1\t10000\tF\t2\nchrX\t2781480\t155701382\tF\t2\n"
        "chrX\t156030896\t156040895\tF\t2\n"
        "chrY\t1\t57227415\tF\t0\nchrM\t1\t16569\tF\t1\n*\t*\t*\tF\t2\n"
    )
    assert human.for_freebayes("female", "tok") == "chrM\t0\t16569\ttok\t1\n"
    assert "chrX\t2781479\t155701382\ttok\t1\n" in human.for_freebayes("male", "tok")
    assert human.for_bcftools("unknown") == "chrM\t1\t16569\tF\t1\n*\t*\t*\tF\t2\n"


def test_unknown_copies_matter_where_they_are_judged() -> None:
    def of(territory: Territory) -> Ploidy:
        return Ploidy(tuple(stretches(GRCH38, None, territory)))

    assert of(EVERYWHERE).unknown("other")
    assert not of(EVERYWHERE).unknown("male")
    assert not of(Territory.of([("chr1", 0, 100), ("chrX", 20_000, 30_000)])).unknown("unknown")
    assert of(Territory.of([("chrX", 3_000_000, 3_000_001)])).unknown("unknown")


def test_regions_of_the_protocol_and_references_without_x() -> None:
    contigs = (contig("a", 100), contig("b", 50))
    everywhere = Territory.of([("a", 0, 100), ("b", 0, 50)])
    assert stretches(contigs, None, everywhere) == []
    plain = Ploidy(())
    assert plain.for_bcftools("male") == "*\t*\t*\tF\t2\n"
    assert plain.for_freebayes("male", "tok") == ""
    shared = (Region(contig="a", start=11, end=20),)
    given = SexChromosomes(x="a", y="b", pseudoautosomal=shared)
    own = Ploidy(tuple(stretches(contigs, given, everywhere)))
    assert [own.copies("a", p, "male") for p in (9, 10, 19, 20)] == [1, 2, 2, 1]
    assert own.copies("b", 49, "female") == 0
