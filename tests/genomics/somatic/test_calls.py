"""Final calls: two evidences, panel without the own normal, population, damage, VCF."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest
from made_evidence import ALONE, PAIRED, but

from equisite.genomics.somatic.call_lines import vcf_lines
from equisite.genomics.somatic.calls import STRETCH, Call, Found, Tally, call_tumour
from equisite.genomics.somatic.evidence import Evidence
from equisite.genomics.somatic.filters import Setting
from equisite.genomics.somatic.freebayes import Counted, counted_of
from equisite.genomics.somatic.pair import PairFacts
from equisite.genomics.somatic.panel import Panel, build_panel, write_sighted
from equisite.variants.intervals import Territory


def at(position: int, **changes: object) -> Evidence:
    return but(position=position, **changes)


def seconded(evidence: Evidence, alt: int = 8) -> Counted:
    return Counted(*evidence.edit, alt, 32, 0, 25, 60.0)


def panel_of(tmp_path: Path, *people: list[int], own: int | None = None) -> Panel:
    """A panel in which each person shows A>G at some positions; own: number of the patient."""
    paths = []
    for number, positions in enumerate(people):
        paths.append(tmp_path / f"{number}.tsv.gz")
        write_sighted(paths[-1], iter([("c", p, "A", "G") for p in positions]))
    build_panel(paths, {"c": 0}, tmp_path / "panel.vcf.gz")
    return Panel(tmp_path / "panel.vcf.gz", None if own is None else paths[own])


def called(
    evidence: list[Evidence],
    counted: list[Counted],
    setting: Setting = PAIRED,
    panel: Panel | None = None,
    population: Path | None = None,
    names: Sequence[str] = ("c",),
) -> list[Call]:
    return list(call_tumour(Found(evidence, counted, names), setting, panel, population))


def graded(calls: list[Call]) -> dict[int, tuple[str, str]]:
    return {c.allele[1]: ("".join(c.callers), c.grade) for c in calls}


def test_two_evidences_make_classes() -> None:
    alone, both, weak = at(10), at(50), at(90, alt_tumour=2, tlod=4.0)
    calls = called([alone, both, weak], [seconded(both), seconded(weak)])
    assert graded(calls) == {
        10: ("A", "medium"), 50: ("AB", "high"), 90: ("B", "low"),
    }  # fmt: skip


def test_a_panel_removes_what_others_show_but_not_the_own_normal(tmp_path: Path) -> None:
    panel = panel_of(tmp_path, [10, 50], [50], [], own=0)
    assert panel.others == 2
    assert not panel.is_enough
    calls = called([at(10), at(50), at(90)], [], PAIRED, panel, None, ["c"])
    assert {c.allele[1]: c.flags["PON"] for c in calls} == {10: "0", 90: "0"}


def test_a_large_panel_needs_two_people(tmp_path: Path) -> None:
    panel = panel_of(tmp_path, [10, 50], [50], *[[] for _ in range(38)])
    assert panel.others == 40
    calls = called([at(10), at(50)], [], PAIRED, panel, None, ["c"])
    assert [c.allele[1] for c in calls] == [10]


def test_the_clearest_variant_stays_although_a_panel_holds_it(tmp_path: Path) -> None:
    panel = panel_of(tmp_path, [10, 50])
    sure = at(10, tlod=25.0, slod=6.0)
    calls = called([sure, at(50)], [], PAIRED, panel, None, ["c"])
    assert [c.allele[1] for c in calls] == [10]


def population(tmp_path: Path) -> Path:
    path = tmp_path / "population.vcf"
    rows = ["chrc\t11\t.\tA\tG\t.\t.\tAF=0.01", "chrc\t51\t.\tA\tG\t.\t.\tAC=3"]
    path.write_text("##fileformat=VCFv4.2\n" + "\n".join(rows) + "\n")
    return path


def test_population_frequency_removes_only_from_a_tumour_alone(tmp_path: Path) -> None:
    listed = population(tmp_path)
    found = [at(10), at(50), at(90)]
    pair = called(found, [], PAIRED, None, listed, ["c"])
    assert {c.allele[1]: sorted(c.flags.items()) for c in pair} == {
        10: [("AF", "0.01")], 50: [("NO_AF", "")], 90: [("NO_AF", "")],
    }  # fmt: skip
    alone = called(found, [], ALONE, None, listed, ["c"])
    assert [c.allele[1] for c in alone] == [50, 90]


def test_a_thin_normal_needs_the_population_too(tmp_path: Path) -> None:
    found = [at(p, nlod=1.5, ref_normal=5, depth_normal=5) for p in (10, 90)]
    calls = called(found, [], PAIRED, None, population(tmp_path), ["c"])
    assert [(c.allele[1], c.grade, "THIN" in c.flags) for c in calls] == [(90, "medium", True)]


def test_damage_of_one_orientation_takes_both_evidences_along() -> None:
    damaged = [at(10 + 9 * n, ref="G", alt="T", f1r2=8, f2r1=0) for n in range(20)]
    sound = [at(500 + 9 * n, ref="G", alt="T") for n in range(10)]
    both = [*damaged, *sound]
    calls = called(both, [seconded(e) for e in both], PAIRED, None, None, ["c"])
    assert {c.allele for c in calls} == {e.edit for e in sound}


def test_a_germline_fraction_is_said() -> None:
    half = at(10, alt_tumour=20, ref_tumour=21)
    (call,) = called([half], [], ALONE, None, None, ["c"])
    assert "GERMLINE_LIKE" in call.flags


def test_the_file_is_in_the_order_of_the_reference_and_tells_all(tmp_path: Path) -> None:
    found = [at(10), at(90), dataclasses.replace(at(10), contig="b")]
    second = [dataclasses.replace(seconded(at(200), 5), mapq=60.0)]
    calls = called(found, second, PAIRED, None, None, ["c", "b"])
    lines = list(vcf_lines(calls, {"c": 1000, "b": 500}, PAIRED))
    records = [line.split("\t") for line in lines if not line.startswith("#")]
    assert [(r[0], r[1]) for r in records] == [
        ("c", "11"),
        ("c", "91"),
        ("c", "201"),
        ("b", "11"),
    ]
    assert lines[1] == "##mode=TN"
    assert records[0][7:] == [
        "EVID=A;CLASS=medium;TLOD=15.0000;NLOD=7.5000;SLOD=1.5000",
        "GT:AD:DP", "0/1:32,8:40", "0/0:25,0:25",
    ]  # fmt: skip
    assert records[2][7:] == [
        "EVID=B;CLASS=low", "GT:AD:DP", "0/1:32,5:37", "0/0:25,0:25",
    ]  # fmt: skip
    alone = list(vcf_lines(calls[:1], {"c": 1000, "b": 500}, ALONE))
    assert "NLOD" not in alone[-1]


def test_facts_count_the_classes() -> None:
    tally = Tally()
    calls = called([at(10)], [seconded(at(10))], PAIRED, None, None, ["c"])
    assert list(tally.counted(calls)) == calls
    facts = PairFacts("TN", "ok", 900, 40.0, 25.0, 30, 1.0, 12, 0.0, 1, 0)
    found = tally.facts(facts, None)
    assert (found.high, found.medium, found.low, found.thin, found.panel) == (1, 0, 0, 0, None)
    assert found.callable_bp == 900


def test_an_allele_written_twice_counts_once(tmp_path: Path) -> None:
    head = "##fileformat=VCFv4.2\n"
    head += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ttum\n"
    row = "c\t11\t.\tA\tC\t9\t.\tMQM=60\tGT:AD\t0/1:30,{}\n"
    path = tmp_path / "b.vcf"
    path.write_text(head + row.format(3) + row.format(7))
    cell = Territory.of([("c", 0, 11)])
    (found,) = counted_of(path, cell, "tum", None)
    assert found.alt_tumour == 7
    assert list(counted_of(path, Territory.of([("c", 11, 90)]), "tum", None)) == []
    with pytest.raises(ValueError, match="other"):
        counted_of(path, cell, "other", None)


def test_alleles_of_one_stretch_meet_and_others_wait() -> None:
    places = [STRETCH - 1, STRETCH, 5 * STRETCH]
    evidence = [at(place) for place in places]
    calls = called(evidence, [seconded(e) for e in evidence])
    assert graded(calls) == dict.fromkeys(places, ("AB", "high"))
