"""Same haplotypes written in two ways always match; and an independent replay agrees."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from pathlib import Path

import naive_replay as naive
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equisite.variants.comparison import INDEL, SNP, compare_genotypes, total
from equisite.variants.fasta import read_fasta
from equisite.variants.intervals import Territory
from equisite.variants.replay import MAX_RECORDS
from equisite.variants.vcf import Genotype, read_genotypes

Edit = tuple[int, int, str]
"""Start, end, new bases."""


def make(position: int, ref: str, alts: Sequence[str], copies: tuple[int, int]) -> Genotype:
    text = f"{position} {ref} {alts} {copies}"
    return Genotype("c", position, (ref, *alts), copies, text)


def apart(sequence: str, edits: list[tuple[Edit, tuple[int, int]]]) -> list[Genotype]:
    """One record per edit, with the base before it."""
    return [
        make(s - 1, sequence[s - 1 : e], [sequence[s - 1] + alt], copies)
        for (s, e, alt), copies in edits
    ]


def moved(sequence: str, edits: list[tuple[Edit, tuple[int, int]]]) -> list[Genotype]:
    """The same edits as far right as they go, padded with bases on both sides."""
    records = []
    for (start, end, alt), copies in edits:
        s, e, bases = start, end, alt
        changed = bases or sequence[s:e]
        if not (bases and s < e):
            while e < len(sequence) - 4 and sequence[e] == changed[0]:
                changed = changed[1:] + changed[0]
                s, e = s + 1, e + 1
            bases = changed if bases else ""
        low, high = s - 2, e + 2
        alt_text = sequence[low:s] + bases + sequence[e:high]
        records.append(make(low, sequence[low:high], [alt_text], copies))
    return records


def together(sequence: str, edits: list[tuple[Edit, tuple[int, int]]]) -> list[Genotype]:
    """All in one record whose alleles are the two haplotypes."""
    low = min(s for (s, _, _), _ in edits) - 1
    high = max(e for (_, e, _), _ in edits) + 1
    texts = []
    for strand in (0, 1):
        text = sequence
        for (s, e, alt), copies in sorted(edits, reverse=True):
            if copies[strand]:
                text = text[:s] + alt + text[e:]
        texts.append(text[low : len(text) - (len(sequence) - high)])
    ref = sequence[low:high]
    alts = [t for t in dict.fromkeys(texts) if t != ref]
    number = {ref: 0, **{t: i for i, t in enumerate(alts, start=1)}}
    return [make(low, ref, alts, (number[texts[0]], number[texts[1]]))] if alts else []


@st.composite
def written(draw: st.DrawFn) -> tuple[str, list[tuple[Edit, tuple[int, int]]]]:
    unit = draw(st.text("ACGT", min_size=1, max_size=4))
    sequence = (
        draw(st.text("ACGT", min_size=12, max_size=25))
        + unit * draw(st.integers(1, 8))
        + draw(st.text("ACGT", min_size=12, max_size=25))
    )
    edits = []
    at = 6
    for _ in range(draw(st.integers(1, 4))):
        start = at + draw(st.integers(1, 8))
        length = draw(st.integers(0, 3))
        if start + length > len(sequence) - 6:
            break
        alt = draw(st.text("ACGT", max_size=4))
        if alt == sequence[start : start + length]:
            continue
        copies = draw(st.sampled_from([(0, 1), (1, 0), (1, 1)]))
        edits.append(((start, start + length, alt), copies))
        at = start + length + 1
    return sequence, edits


def everywhere(sequence: str) -> Territory:
    return Territory.of([("c", 0, len(sequence))])


@given(written())
def test_the_same_haplotypes_written_in_two_ways_match(
    made: tuple[str, list[tuple[Edit, tuple[int, int]]]],
) -> None:
    sequence, edits = made
    if not edits:
        return
    ways = [apart(sequence, edits), together(sequence, edits)]
    shifted = moved(sequence, edits)
    # Two that move to one place cannot lie on one haplotype any more.
    if naive.haplotypes(sequence, shifted) & naive.haplotypes(sequence, ways[1]):
        ways.append(shifted)
    for truth in ways:
        for calls in ways:
            summed = total(
                compare_genotypes(truth, calls, {"c": sequence}, everywhere(sequence))
            )
            both = summed[SNP] + summed[INDEL]
            assert (both.missed, both.wrong) == (0, 0)
            assert (both.found, both.right) == (len(truth), len(calls))


@given(written(), written(), st.randoms(use_true_random=False))
def test_an_independent_replay_agrees_on_small_cases(
    one: tuple[str, list[tuple[Edit, tuple[int, int]]]],
    two: tuple[str, list[tuple[Edit, tuple[int, int]]]],
    rng: random.Random,
) -> None:
    sequence, edits = one
    other = [e for e in edits if rng.random() < 0.7]
    fits = [
        ((s, e, alt), copies)
        for (s, e, alt), copies in two[1][:1]
        if e < len(sequence) - 6 and alt != sequence[s:e]
    ]
    writing = rng.choice([apart, moved])
    truth, calls = apart(sequence, edits), writing(sequence, [*other, *fits])
    agrees(sequence, truth, calls)


def agrees(sequence: str, truth: list[Genotype], calls: list[Genotype]) -> int:
    """Compare both replays cluster by cluster; returns the records that were compared.

    Larger clusters are not searched by the product either: equal records match there.
    """
    compared = 0
    for known, called in naive.groups(sequence, truth, calls):
        if len(known) + len(called) > MAX_RECORDS:
            continue
        summed = total(compare_genotypes(known, called, {"c": sequence}, everywhere(sequence)))
        both = summed[SNP] + summed[INDEL]
        found, right = naive.largest(sequence, known, called)
        assert both.found + both.right == found + right
        assert (both.found + both.missed, both.right + both.wrong) == (len(known), len(called))
        compared += len(known) + len(called)
    return compared


DATA = Path(os.environ.get("EQUISITE_DATA", "/nowhere")) / "genomics"


@pytest.mark.data
@pytest.mark.skipif(not DATA.is_dir(), reason="EQUISITE_DATA names no folder")
@pytest.mark.parametrize(
    ("name", "sample"),
    [
        ("germline_hg002_30x", None),
        ("germline_na12878_50x", None),
        ("germline_cohort20", "HG00096"),
        ("germline_cohort20", "NA18489"),
        ("germline_tp53_exomes", "first"),
    ],
)
def test_an_independent_replay_agrees_on_shared_sets(name: str, sample: str | None) -> None:
    """Truths against spoilt copies: records lost, added, written or genotyped otherwise."""
    folder = DATA / name
    truth_file = next(p for p in sorted(folder.glob("truth.vcf*")) if p.suffix != ".tbi")
    if sample == "first":
        import csv

        with (folder / "sheet.tsv").open() as stream:
            sample = next(csv.DictReader(stream, delimiter="\t"))["patient"]
    fasta = next(p for p in folder.glob("reference.fa*") if p.suffix in (".fa", ".gz"))
    rng = random.Random(f"{name} {sample}")
    truth = list(read_genotypes(truth_file, sample))
    judged = records = 0
    for contig, bases in read_fasta(fasta):
        own = [r for r in truth if r.contig == contig]
        for near in chunks(own):
            low = max(near[0].position - 300, 0)
            sequence = bases.decode()[low : near[-1].position + 400]
            known = [
                make(r.position - low, r.alleles[0], r.alleles[1:], (r.copies * 2)[:2])  # type: ignore[arg-type]
                for r in near
            ]
            called = [c for r in known for c in spoilt(r, sequence, rng)]
            judged += agrees(sequence, known, called)
            records += len(known) + len(called)
    assert records > len(truth) > 0
    assert judged > 0.9 * records


def chunks(records: list[Genotype]) -> list[list[Genotype]]:
    """Neighbours together, cut where 600 bases lie between two."""
    found: list[list[Genotype]] = []
    for record in records:
        if not found or record.position - found[-1][-1].position > 600:
            found.append([])
        found[-1].append(record)
    return found


def spoilt(record: Genotype, sequence: str, rng: random.Random) -> list[Genotype]:
    """A record as another caller may have it: lost, other copies, padded, or as it is."""
    chance = rng.random()
    if chance < 0.1:
        return []
    at, ref = record.position, record.alleles[0]
    copies = record.copies
    if chance < 0.2:
        copies = (0, 1) if copies[0] == copies[1] else (copies[1] or 1, copies[1] or 1)
    if chance > 0.6 and at >= 3:
        before, behind = sequence[at - 3 : at], sequence[at + len(ref) : at + len(ref) + 2]
        alleles = [f"{before}{allele}{behind}" for allele in record.alleles]
        return [make(at - 3, alleles[0], alleles[1:], copies)]  # type: ignore[arg-type]
    return [make(at, ref, record.alleles[1:], copies)]  # type: ignore[arg-type]
