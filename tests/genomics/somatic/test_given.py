"""A tumour of calls only: whose calls count, how sure they are, what refuses it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from made_calls import LOFREQ, MUTECT2, REFERENCE, SEQUENCE, snv, swap, vcf

from equisite.genomics.samples import Sample
from equisite.genomics.somatic.call_lines import vcf_lines
from equisite.genomics.somatic.calls import Tally
from equisite.genomics.somatic.given import GivenCalls, GivenFacts, call_given
from equisite.genomics.somatic.pairs import Pair, given_tumours, pair_samples
from equisite.intake.index import SequencingItem
from equisite.protocol.somatic import Somatic
from equisite.protocol.tumour import Tumour

LENGTHS = {"c1": 400}
STRELKA2 = ["##source=strelka", "##content=strelka somatic snv calls"]


def sample(name: str, kind: str, *calls: Path, patient: str = "p") -> Sample:
    lanes = tuple(
        SequencingItem(
            patient, name, name, number, kind, "", "", "", "",
            "" if path else "/x.bam", str(path or ""), "exome", "unknown", "",
        )
        for number, path in enumerate(calls or (None,), start=1)
    )  # fmt: skip
    return Sample(name, patient, name, kind, lanes)


def called(
    tmp_path: Path, *calls: Path, normal: bool = True, settings: Somatic | None = None
) -> tuple[GivenCalls | None, list[str]]:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    pair = Pair(sample("T", "tumour", *calls), sample("N", "normal") if normal else None)
    found, remarks = call_given(pair, settings or Somatic(), REFERENCE, None, None, scratch)
    return found, [r.code for r in remarks]


def facts(found: GivenCalls) -> GivenFacts:
    tally = Tally()
    assert list(tally.counted(found.calls())) == list(found.calls())
    return found.facts(tally)


def mutect2(path: Path) -> Path:
    return vcf(
        path,
        MUTECT2,
        ("N", "T"),
        snv(50, "TLOD=9 AD 30,0 20,9"),
        snv(60, "TLOD=9 AD 30,0 20,9", "weak_evidence"),
        snv(70, "TLOD=9 AD 30,0 20,9"),
    )


def strelka2(path: Path) -> Path:
    ref = SEQUENCE[50]
    alt = swap(ref)
    keys = ":".join(f"{b}U" for b in "ACGT")
    columns = [
        ":".join({ref: a, alt: b}.get(base, "0,0") for base in "ACGT")
        for a, b in (("30,30", "0,0"), ("20,21", "9,9"))
    ]
    return vcf(
        path,
        STRELKA2,
        ("NORMAL", "TUMOR"),
        snv(50, f"QSS_NT=60 {keys} {columns[0]} {columns[1]}"),
    )


def test_one_caller_s_verdict_is_of_medium_confidence(tmp_path: Path) -> None:
    found, codes = called(tmp_path, mutect2(tmp_path / "m.vcf"))
    assert found is not None
    assert [(c.allele[1], c.callers, c.grade) for c in found.calls()] == [
        (50, ("Mutect2",), "medium"), (70, ("Mutect2",), "medium"),
    ]  # fmt: skip
    row = facts(found)
    assert (row.mode, row.callers, row.assay) == ("TN", "Mutect2", "exome")
    assert codes == ["GIVEN_CALLS_ONLY"]
    body = [line for line in vcf_lines(found.calls(), LENGTHS, found.setting) if line[0] != "#"]
    assert body[0].endswith("EVID=Mutect2;CLASS=medium\tGT:AD:DP\t0/1:20,9:29\t0/0:30,0:30")


def test_of_several_callers_two_must_agree(tmp_path: Path) -> None:
    files = (mutect2(tmp_path / "m.vcf"), strelka2(tmp_path / "s.vcf"))
    found, _ = called(tmp_path, *files)
    assert found is not None
    grades = {c.allele[1]: (c.callers, c.grade) for c in found.calls()}
    assert grades == {50: (("Mutect2", "Strelka2"), "medium"), 70: (("Mutect2",), "low")}
    assert (facts(found).medium, facts(found).low) == (1, 1)


def test_a_second_caller_that_passed_nothing_agrees_with_nothing(tmp_path: Path) -> None:
    silent = vcf(tmp_path / "s.vcf", STRELKA2, ("NORMAL", "TUMOR"))
    found, _ = called(tmp_path, mutect2(tmp_path / "m.vcf"), silent)
    assert found is not None
    assert Counter(c.grade for c in found.calls()) == {"low": 2}


def test_calls_without_a_normal_are_of_a_tumour_alone(tmp_path: Path) -> None:
    alone = vcf(tmp_path / "a.vcf", MUTECT2[:2], ("T",), snv(50, "TLOD=9 AD 20,9"))
    found, codes = called(tmp_path, alone)
    assert found is not None
    assert (facts(found).mode, found.setting.alone, codes) == ("TO", True, ["GIVEN_CALLS_ONLY"])


def test_beside_calls_of_the_pair_those_of_the_tumour_alone_are_left_out(
    tmp_path: Path,
) -> None:
    alone = vcf(tmp_path / "a.vcf", ["##sageVersion=3.3"], ("T",), snv(90, "LPS=1 AD 20,9"))
    lofreq = vcf(tmp_path / "l.vcf", LOFREQ, (), snv(50, "DP4=10,10,4,5"))
    found, codes = called(tmp_path, mutect2(tmp_path / "m.vcf"), alone, lofreq)
    assert found is not None
    assert facts(found).callers == "LoFreq,Mutect2"
    assert facts(found).mode == "TN"
    assert codes == ["EVIDENCE_LEFT_OUT", "GIVEN_CALLS_ONLY"]


def test_a_caller_that_found_nothing_is_no_refusal(tmp_path: Path) -> None:
    found, codes = called(tmp_path, vcf(tmp_path / "m.vcf", MUTECT2, ("N", "T")))
    assert found is not None
    assert (list(found.calls()), codes) == ([], ["GIVEN_CALLS_ONLY"])


def test_without_a_usable_file_the_tumour_is_refused(tmp_path: Path) -> None:
    germline = vcf(tmp_path / "g.vcf", ["##source=HaplotypeCaller"], ("T",))
    broken = tmp_path / "b.vcf"
    broken.write_text("no VCF\n", encoding="utf-8")
    manta = vcf(tmp_path / "s.vcf", ["##source=GenerateSVCandidates 1"], ("N", "T"))
    found, codes = called(tmp_path, germline, broken, manta)
    assert found is None
    assert codes == [*["EVIDENCE_LEFT_OUT"] * 3, "GIVEN_CALLS_UNUSABLE"]


def test_a_protocol_of_pairs_refuses_calls_of_a_tumour_alone(tmp_path: Path) -> None:
    alone = vcf(tmp_path / "a.vcf", MUTECT2[:2], ("T",), snv(50, "TLOD=9 AD 20,9"))
    found, codes = called(tmp_path, alone, settings=Somatic(mode="paired"))
    assert (found, codes) == (None, ["TUMOUR_WITHOUT_NORMAL"])


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"other_callers": "off"}, "GIVEN_CALLS_OFF"),
        ({"other_callers": "evidence"}, "GIVEN_CALLS_OFF"),
        ({"confidence": ["high"]}, "GIVEN_CALLS_NOT_SURE"),
        ({}, ""),
    ],
)
def test_the_protocol_says_whether_such_tumours_count(
    settings: dict[str, object], code: str
) -> None:
    samples = [
        sample("t", "tumour", Path("/t.vcf")),
        sample("n2", "normal"),
        sample("n1", "normal", Path("/n.vcf")),
        sample("u", "tumour", patient="q"),
    ]
    pairs, outcomes = given_tumours(samples, Tumour.model_validate(settings))
    assert [o.code for o in outcomes] == ([code] if code else [])
    assert [(p.tumour.name, p.normal.name) for p in pairs if p.normal] == (
        [] if code else [("t", "n1")]
    )
    assert [p.tumour.name for p in pair_samples(samples, samples, Somatic())[0]] == ["u"]
