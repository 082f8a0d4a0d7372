"""From a sample's files to its alignment: taken as it is, or made from its reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from equisite.core.each import Bench
from equisite.core.errors import Finding
from equisite.genomics.aligned import TAKE, judge_start, taken_alignment
from equisite.genomics.samples import Sample
from equisite.genomics.stream import stream_sample


@dataclass(frozen=True)
class Aligner:
    """Tools that write `$OUT.cram` and its index, and the header of the reference.

    align: pipeline from interleaved FASTQ, each read with its read group as comment. take:
    pipeline from SAM sorted by coordinate.
    """

    align: str
    take: str
    header: str

    def work(self, sample: Sample, bench: Bench) -> Iterable[Finding]:
        """Align one sample, or take its alignment; returns remarks.

        Raises InputError of `judge_start`, `stream_sample` and `taken_alignment`.
        """
        remarks: tuple[Finding, ...] = ()
        if sample.given == "reads":
            start = judge_start(sample, self.header, bench.scratch)
            remarks = start.remarks
            if start.how == TAKE:
                pieces = taken_alignment(sample, start.renamed, self.header, bench.scratch)

                def take(write: Callable[[bytes], object]) -> None:
                    for piece in pieces:
                        write(piece)

                bench.feed(self.take, take)
                return remarks

        def stream(write: Callable[[bytes], object]) -> None:
            stream_sample(sample, bench.scratch, write)

        bench.feed(self.align, stream)
        return remarks
