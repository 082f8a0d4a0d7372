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
    pipeline from SAM sorted by coordinate. trim: pipeline from FASTQ to FASTQ before the
    first, empty where the protocol does not trim.
    """

    align: str
    take: str
    header: str
    trim: str = ""

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
                return (*remarks, *self._not_trimmed(sample))

        def stream(write: Callable[[bytes], object]) -> None:
            stream_sample(sample, bench.scratch, write)

        untrimmed = self._not_trimmed(sample)
        trimmed = f"{self.trim} | {{ {self.align}\n}}"
        bench.feed(trimmed if self.trim and not untrimmed else self.align, stream)
        return (*remarks, *untrimmed)

    def _not_trimmed(self, sample: Sample) -> tuple[Finding, ...]:
        """Why reads are not trimmed although the protocol asks for it.

        fastp reads either pairs or single reads from one stream, and what is left of a BAM
        may be both.
        """
        if not self.trim:
            return ()
        kinds = {bool(lane.fastq_2) for lane in sample.lanes}
        reason = "it starts from BAM or CRAM" if sample.given == "reads" else ""
        if len(kinds) > 1:
            reason = "its lanes are of pairs and of single reads"
        return (Finding("NOT_TRIMMED", "", {"reason": reason}),) if reason else ()
