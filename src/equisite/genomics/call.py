"""From a sample's alignment, or the calls that were given, to its final calls.

The first caller sees the bases where reads differ from the reference, the second those where
it can change the answer. Tools are pipelines of the rule; they pass each other files of
intervals and calls in the sample's scratch folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from equisite.core.each import Bench
from equisite.core.errors import Finding
from equisite.genomics.active import active_windows
from equisite.genomics.given_calls import take_calls
from equisite.genomics.ploidy import Ploidy
from equisite.genomics.samples import Sample
from equisite.genomics.second_caller import CachedReference, windows, write_reconciled
from equisite.variants.intervals import Interval


@dataclass(frozen=True)
class Callers:
    """Tools that call, and the reference.

    scan: writes reads that differ from the reference, as SAM. first: writes VCF of the
    intervals in the file ACTIVE, with the copies of PLOIDY. second: writes VCF of the
    intervals in the file WINDOWS, with those of COPIES where it is not empty; empty: there is
    no second caller. finish: from VCF to `$OUT.vcf.gz` and its index.
    take: the same from given calls, which are not sorted.
    """

    scan: str
    first: str
    second: str
    finish: str
    take: str
    reference: CachedReference
    ploidy: Ploidy

    def work(self, sample: Sample, bench: Bench) -> Iterable[Finding]:
        """Call one sample; returns remarks. Raises InputError of `take_calls`."""
        if sample.given == "calls":
            return self._take(sample, bench)
        active = bench.scratch / "active.bed"
        with bench.lines(self.scan) as reads:
            _write_bed(active, active_windows(reads))
        first = bench.scratch / "first.vcf"
        copies = bench.scratch / "ploidy.txt"
        copies.write_text(self.ploidy.for_bcftools(sample.sex), encoding="utf-8")
        bench.run(self.first, ACTIVE=str(active), PLOIDY=str(copies), CALLS=str(first))
        if not self.second:
            # Several commands may stand in `finish`: all of them read what the first left.
            bench.run(f'exec < "$CALLS"\n{self.finish}', CALLS=str(first))
            return self._remarks(sample)
        asked = windows(first, self.reference)
        place = bench.scratch / "windows.bed"
        _write_bed(place, asked)
        second = bench.scratch / "second.vcf"
        if asked.size:
            bench.run(
                self.second,
                WINDOWS=str(place),
                COPIES=self._copies(sample, bench),
                CALLS=str(second),
            )
        else:  # freebayes fails where there is nothing to read
            second.touch()

        def reconcile(write: Callable[[bytes], object]) -> None:
            write_reconciled(first, second, asked, self.reference, _texts(write))

        bench.feed(self.finish, reconcile)
        return self._remarks(sample)

    def _copies(self, sample: Sample, bench: Bench) -> str:
        """File of copies for the second caller; empty where all bases have two."""
        text = self.ploidy.for_freebayes(sample.sex, sample.token)
        place = bench.scratch / "copies.bed"
        place.write_text(text, encoding="utf-8")
        return str(place) if text else ""

    def _remarks(self, sample: Sample) -> list[Finding]:
        """Bases of X and Y whose copies are not known are called with two, and it is said."""
        return [Finding("COPIES_UNKNOWN")] if self.ploidy.unknown(sample.sex) else []

    def _take(self, sample: Sample, bench: Bench) -> list[Finding]:
        remarks: list[Finding] = []

        def take(write: Callable[[bytes], object]) -> None:
            remarks.extend(take_calls(sample, self.reference, bench.scratch, _texts(write)))

        bench.feed(self.take, take)
        return remarks


def _texts(write: Callable[[bytes], object]) -> Callable[[str], object]:
    return lambda text: write(text.encode())


def _write_bed(path: Path, intervals: Iterable[Interval]) -> None:
    """An empty file stands for no interval at all; the tools read it so."""
    with path.open("w", encoding="utf-8") as stream:
        for contig, start, end in intervals:
            stream.write(f"{contig}\t{start}\t{end}\n")
