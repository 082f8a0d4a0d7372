"""An independent replay: whole sequences written out, every part and phasing tried.

Written without the product's alleles, spans and caches, to be compared with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise, product

from equisite.variants.vcf import Genotype

GAP = 20


def spread(sequence: str, record: Genotype) -> tuple[int, int]:
    """First and last+1 base that any writing of the record's alleles may touch."""
    low, high = len(sequence), 0
    ref = record.alleles[0]
    for copy in set(record.copies):
        if not copy:
            continue
        alt = record.alleles[copy]
        whole = sequence[: record.position] + alt + sequence[record.position + len(ref) :]
        begin = 0  # what the changed and the unchanged sequence share on both sides
        while begin < min(len(whole), len(sequence)) and whole[begin] == sequence[begin]:
            begin += 1
        end = 0
        while end < min(len(whole), len(sequence)) and whole[-1 - end] == sequence[-1 - end]:
            end += 1
        low, high = min(low, len(sequence) - end, begin), max(high, begin, len(sequence) - end)
    return low, high


def groups(
    sequence: str, truth: Sequence[Genotype], calls: Sequence[Genotype]
) -> list[tuple[list[Genotype], list[Genotype]]]:
    """Records of both sides whose spreads lie near each other."""
    tagged = [
        (*spread(sequence, r), side, r) for side, rs in enumerate((truth, calls)) for r in rs
    ]
    tagged.sort(key=lambda t: t[:2])
    found: list[tuple[list[Genotype], list[Genotype]]] = []
    reach = -GAP - 1
    for low, high, side, record in tagged:
        if not found or low - reach > GAP:
            found.append(([], []))
            reach = high
        reach = max(reach, high)
        found[-1][side].append(record)
    return found


def haplotypes(sequence: str, records: Sequence[Genotype]) -> set[frozenset[str]]:
    """All unordered pairs of whole sequences that the records may mean."""
    pairs = set()
    for swaps in product((False, True), repeat=len(records)):
        both = []
        for strand in (0, 1):
            edits = []
            for record, swap in zip(records, swaps, strict=True):
                copies = (record.copies * 2)[:2]
                copy = copies[strand ^ swap]
                if copy:
                    edits.append(minimal(record, copy))
            both.append(written(sequence, edits))
        one, two = both
        if one is not None and two is not None:
            pairs.add(frozenset({one, two}))
    return pairs


def minimal(record: Genotype, copy: int) -> tuple[int, int, str]:
    """Start, end and new bases without what reference and allele share, last bases first."""
    ref, alt, start = record.alleles[0], record.alleles[copy], record.position
    while ref and alt and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while ref and alt and ref[0] == alt[0]:
        ref, alt, start = ref[1:], alt[1:], start + 1
    return start, start + len(ref), alt


def written(sequence: str, edits: list[tuple[int, int, str]]) -> str | None:
    """The sequence with all edits, None where two touch the same base or place."""
    edits.sort()
    for (a, b, _), (c, d, _) in pairwise(edits):
        if c < b or (a == b == c == d):
            return None
    for start, end, alt in reversed(edits):
        sequence = sequence[:start] + alt + sequence[end:]
    return sequence


def largest(
    sequence: str, truth: Sequence[Genotype], calls: Sequence[Genotype]
) -> tuple[int, int]:
    """Most records of both sides, together, that mean the same; the truth's and the calls'."""
    best = (0, 0)
    offered = [
        (some, haplotypes(sequence, some))
        for size in range(len(calls), 0, -1)
        for some in combinations(calls, size)
    ]
    for size in range(len(truth), 0, -1):
        for some in combinations(truth, size):
            means = haplotypes(sequence, some)
            for others, told in offered:
                both = len(some) + len(others)
                if both > sum(best) and means & told:
                    best = (len(some), len(others))
    return best
