"""The second caller: asked where it can change the answer, and put together with the first.

Both steps read sorted VCFs once, stretch by stretch: memory does not grow with the genome.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from equisite.variants.intervals import Territory
from equisite.variants.reconcile import reconcile, unsettled
from equisite.variants.vcf import Genotype, open_text, read_genotypes

_APART = 500
"""Records further apart than this never meet in one cluster: callers write them leftmost."""
_KEPT = (b"INDEL", b"DP")
"""Fields of INFO that stay. bcftools' tests for bias are read by nobody, and one of them, BQBZ,
moves at gaps with what it read before."""
_LABEL = (
    '##INFO=<ID=CONS,Number=1,Type=String,Description="Agreement of the callers: clear, both, '
    'hom, fb, bcf, single or reads">'
)


Call = tuple[Genotype, str]
"""A record and its final text."""


@dataclass(frozen=True)
class Answer:
    """Final calls of a stretch of one sequence.

    heard: what both callers said there. calls: records that stand, with their final text.
    """

    contig: str
    heard: Sequence[Genotype]
    calls: Sequence[Call]


class CachedReference(Mapping[str, str]):
    """Sequences of a prepared reference, read when asked for; one is held at a time."""

    def __init__(self, header: Path, cache: Path) -> None:
        """header: header.sam of the reference; cache: its folder of sequences by M5."""
        self._cache = cache
        self._sums: dict[str, str] = {}
        self.lengths: dict[str, int] = {}
        for line in header.read_text(encoding="utf-8").splitlines():
            tags = dict(part.split(":", 1) for part in line.split("\t")[1:])
            self._sums[tags["SN"]] = tags["M5"]
            self.lengths[tags["SN"]] = int(tags["LN"])
        self._name, self._bases = "", ""

    def __getitem__(self, name: str) -> str:
        if name != self._name:
            bases = (self._cache / self._sums[name]).read_bytes()
            self._name, self._bases = name, bases.decode("ascii")
        return self._bases

    def __iter__(self) -> Iterator[str]:
        return iter(self._sums)

    def __len__(self) -> int:
        return len(self._sums)


def settled_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    """A VCF of the first caller without what depends on where it stands or was called.

    The header loses the path of the reference, INFO the fields that nobody reads.
    """
    for line in lines:
        if not line.startswith(b"#"):
            fields = line.split(b"\t")
            parts = fields[7].split(b";")
            fields[7] = b";".join(p for p in parts if p.partition(b"=")[0] in _KEPT)
            yield b"\t".join(fields)
        elif line.startswith(b"##INFO=<ID="):
            if line[11:].partition(b",")[0] in _KEPT:
                yield line
        elif not line.startswith(b"##reference="):
            yield line


def windows(calls: Path, reference: Mapping[str, str]) -> Territory:
    """Bases in which the second caller is asked; calls: sorted VCF of the first."""
    intervals = []
    for _, records, _ in stretches(reference, read_genotypes(calls), ()):
        intervals += list(unsettled(records, reference))
    order = list(reference)
    return Territory.of(sorted(intervals, key=lambda i: (order.index(i[0]), i[1], i[2])))


def answers(
    first: Path, second: Path, asked: Territory, reference: Mapping[str, str]
) -> Iterator[Answer]:
    """The callers' common answer, stretch by stretch.

    first: calls of bcftools. second: calls of freebayes inside `asked`; its records get the
    first caller's fields. Both are sorted in the reference's order.
    Raises VcfError.
    """
    for contig, ours, theirs in stretches(
        reference, read_genotypes(first), read_genotypes(second)
    ):
        known = {record.line for record in ours}
        near = _near(asked, contig, ours, theirs)
        calls = []
        for record, label in reconcile(ours, theirs, near, reference):
            line = record.line if record.line in known else _as_bcftools(record)
            fields = line.split("\t")
            fields[7] = f"{fields[7]};CONS={label}"
            calls.append((record, "\t".join(fields)))
        yield Answer(contig, [*ours, *theirs], calls)


def write_answers(
    first: Path, answered: Iterable[Answer], write: Callable[[str], object]
) -> int:
    """Write answers as VCF with the header of the first caller's; returns their records.

    Raises ValueError where that has no header line.
    """
    column = ""
    for line in open_text(first):
        if not line.startswith("#"):
            break
        column = line
        if line.startswith("#CHROM"):
            write(f"{_LABEL}\n")
        write(f"{line}\n")
    if not column.startswith("#CHROM"):
        raise ValueError("the calls have no header line")
    written = 0
    for answer in answered:
        for _, _, text in sorted((r.position, r.alleles, text) for r, text in answer.calls):
            write(f"{text}\n")
        written += len(answer.calls)
    return written


def stretches(
    reference: Mapping[str, str], first: Iterable[Genotype], second: Iterable[Genotype]
) -> Iterator[tuple[str, list[Genotype], list[Genotype]]]:
    """Records of both that may belong together: sequence, the first's, the second's."""
    order = {name: number for number, name in enumerate(reference)}
    stretch: tuple[list[Genotype], list[Genotype]] = ([], [])
    contig, reach = "", 0
    for side, record in _merged(order, first, second):
        if record.contig != contig or record.position - reach > _APART:
            if stretch[0] or stretch[1]:
                yield contig, *stretch
            stretch = ([], [])
            contig, reach = record.contig, 0
        stretch[side].append(record)
        reach = max(reach, record.position + len(record.alleles[0]))
    if stretch[0] or stretch[1]:
        yield contig, *stretch


def _merged(
    order: Mapping[str, int], first: Iterable[Genotype], second: Iterable[Genotype]
) -> Iterator[tuple[int, Genotype]]:
    from heapq import merge

    yield from merge(
        ((0, record) for record in first),
        ((1, record) for record in second),
        key=lambda pair: (order[pair[1].contig], pair[1].position, pair[0]),
    )


def _near(
    asked: Territory, contig: str, first: Iterable[Genotype], second: Iterable[Genotype]
) -> list[tuple[int, int]]:
    """Intervals of `asked` that a stretch of records may touch."""
    records = [*first, *second]
    low = min(r.position for r in records) - _APART
    high = max(r.position + len(r.alleles[0]) for r in records) + _APART
    spans = asked.spans.get(contig, ())
    at = max(bisect_left(spans, (low, low)) - 1, 0)
    near = []
    while at < len(spans) and spans[at][0] < high:
        near.append(spans[at])
        at += 1
    return near


def _as_bcftools(record: Genotype) -> str:
    """A record of freebayes with the fields that those of bcftools have.

    QUAL is the phred likelihood of the reference against the genotype. The last digits of
    freebayes' own move with what it read elsewhere before, and with the pieces of a genome.
    """
    fields = record.line.split("\t")
    values = dict(zip(fields[8].split(":"), fields[9].split(":"), strict=False))
    info = f"DP={values['DP']}"
    if record.is_indel:
        info = f"INDEL;{info}"
    phred = _phred(values["GL"])
    genotype = f"{values['GT']}:{phred}:{values['DP']}:{values['AD']}"
    quality = phred.partition(",")[0]
    return "\t".join(
        [*fields[:2], ".", *fields[3:5], quality, ".", info, "GT:PL:DP:AD", genotype]
    )


def _phred(likelihoods: str) -> str:
    """Likelihoods in phred units above the best, from their logarithms to base 10."""
    if "." in likelihoods.split(","):
        return "."
    logarithms = [float(text) for text in likelihoods.split(",")]
    best = max(logarithms)
    return ",".join(str(min(round(10 * (best - value)), 255)) for value in logarithms)
