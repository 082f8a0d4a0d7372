"""From a sample's alignment, or the calls that were given, to its final calls.

The first caller sees the bases where reads differ from the reference, the second those where
it can change the answer; then the reads that span a repeat may overrule both. Tools are
pipelines of the rule; they pass each other files of intervals and calls in the sample's scratch
folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from equisite.core.each import Bench
from equisite.core.errors import Finding
from equisite.genomics.active import (
    GAP_MARGIN,
    LONE_GAP_MARGIN,
    active_sites,
    active_windows,
)
from equisite.genomics.given_calls import take_calls
from equisite.genomics.pieces import SEARCH, Place, nominal_cuts, piece_of, quiet_cut
from equisite.genomics.ploidy import Ploidy
from equisite.genomics.primer import Primer
from equisite.genomics.repeat_calls import by_length
from equisite.genomics.samples import Sample
from equisite.genomics.second_caller import (
    CachedReference,
    answers,
    settled_lines,
    windows,
    write_answers,
)
from equisite.variants.intervals import Interval, Territory
from equisite.variants.vcf import open_text


@dataclass(frozen=True)
class Part:
    """Pieces that one job calls: their numbers from 1, and into how many it is cut."""

    numbers: range
    pieces: int
    territory: Territory


@dataclass(frozen=True)
class _Piece:
    """Bases to be called, also as a file; without one all of them."""

    number: int
    place: Path | None = None
    bases: Territory = field(default_factory=lambda: Territory.of(()))


@dataclass(frozen=True)
class Callers:
    """Tools that call, and the reference.

    scan: writes reads that differ from the reference, as SAM. first: writes VCF of the
    intervals in the file ACTIVE, from the reads of READS, with the copies of PLOIDY. second:
    writes VCF of the intervals in the file TARGETS, from the reads of WINDOWS and of the SAM
    file PRIMER, with the copies of COPIES where it is not empty, and leaves the reads of
    WINDOWS in SEEN, an indexed BAM; empty: there is no second caller. finish: from VCF to
    `$OUT.vcf.gz` and its index. take: the same from given calls, which are not sorted. part:
    which pieces of the territory are called, one after the other; scan and first then keep to
    the file PIECE. None: all is one piece.
    """

    scan: str
    first: str
    second: str
    finish: str
    take: str
    reference: CachedReference
    ploidy: Ploidy
    part: Part | None = None

    def work(self, sample: Sample, bench: Bench) -> Iterable[Finding]:
        """Call one sample; returns remarks. Raises InputError of `take_calls`."""
        if sample.given == "calls":
            return self._take(sample, bench)
        called = [self._call(sample, bench, piece) for piece in self._pieces(bench)]

        def write_all(write: Callable[[bytes], object]) -> None:
            for number, calls in enumerate(called):
                for line in open_text(calls):
                    if not number or not line.startswith("#"):
                        write(f"{line}\n".encode())

        bench.feed(self.finish, write_all)
        return self._remarks(sample)

    def _call(self, sample: Sample, bench: Bench, piece: _Piece) -> Path:
        """Final calls of a piece: of the first caller, the second, and the spanning reads."""
        own = {"PIECE": str(piece.place) if piece.place else ""}
        active = bench.scratch / "active.bed"
        reads = self._find_active(bench, active, piece)
        first = bench.scratch / f"first.{piece.number}.vcf"
        copies = bench.scratch / "ploidy.txt"
        copies.write_text(self.ploidy.for_bcftools(sample.sex), encoding="utf-8")
        places = {"ACTIVE": str(active), "READS": str(reads), "PLOIDY": str(copies)}
        with bench.lines(self.first, **places, **own) as lines, first.open("wb") as stream:
            stream.writelines(settled_lines(lines))
        if not self.second:
            return first
        asked = windows(first, self.reference)
        second = bench.scratch / "second.vcf"
        seen = bench.scratch / "seen.bam"
        if asked.size:
            self._ask_second(sample, bench, asked, second, SEEN=str(seen), **own)
        else:  # freebayes fails where there is nothing to read
            second.touch()
        answered = answers(first, second, asked, self.reference)
        if asked.size:
            answered = by_length(answered, seen, self.reference)
        final = bench.scratch / f"final.{piece.number}.vcf"
        with final.open("w", encoding="utf-8") as stream:
            write_answers(first, answered, stream.write)
        return final

    def _ask_second(
        self, sample: Sample, bench: Bench, asked: Territory, calls: Path, **variables: str
    ) -> None:
        """Run the second caller on these bases, behind a primer, which is not told."""
        odd = [(s.contig, s.start, s.end) for s, _ in self.ploidy.odd(sample.sex)]
        primer = Primer.beside(asked, odd, self.reference)
        files = {
            "WINDOWS": bench.scratch / "windows.bed",
            "TARGETS": bench.scratch / "targets.bed",
            "PRIMER": bench.scratch / "primer.sam",
        }
        _write_bed(files["WINDOWS"], asked)
        _write_bed(files["TARGETS"], [*primer.site, *asked])
        files["PRIMER"].write_text(primer.reads(sample.token), encoding="utf-8")
        variables |= {name: str(path) for name, path in files.items()}
        variables["COPIES"] = self._copies(sample, bench)
        with bench.lines(self.second, **variables) as lines, calls.open("wb") as stream:
            stream.writelines(line for line in lines if not primer.is_told_by(line))

    def _pieces(self, bench: Bench) -> Iterator[_Piece]:
        """The pieces of this job one after the other, each with its bases in the same file."""
        if self.part is None:
            yield _Piece(0)
            return
        order = list(self.reference)
        nominal = nominal_cuts(self.part.territory, order, self.part.pieces)

        def border(number: int) -> Place:
            """Where a piece ends: at the first nominal end from its own on that can be cut."""
            if not number:
                return 0, 0
            cuts = (self._cut(bench, order, place) for place in nominal[number - 1 :])
            return next((cut for cut in cuts if cut is not None), (len(order), 0))

        place = bench.scratch / "piece.bed"
        for number in self.part.numbers:
            start, end = border(number - 1), border(number)
            bases = piece_of(order, self.reference.lengths, start, end)
            _write_bed(place, bases)
            yield _Piece(number, place, Territory.of(bases))

    def _find_active(self, bench: Bench, active: Path, piece: _Piece) -> Path:
        """Write the active bases; returns the intervals whose reads are wanted.

        These are the same, but one base where none is active: samtools looks up intervals of
        a piece by the index, and not none.
        """
        if piece.place is None:
            with bench.lines(self.scan, PIECE="") as reads:
                _write_bed(active, self._active(reads))
            return active
        if piece.bases.size:
            with bench.lines(self.scan, PIECE=str(piece.place)) as reads:
                _write_bed(active, _inside(self._active(reads), piece.bases))
        else:
            _write_bed(active, ())
        if active.stat().st_size:
            return active
        somewhere = bench.scratch / "somewhere.bed"
        _write_bed(somewhere, [(next(iter(self.reference)), 0, 1)])
        return somewhere

    def _active(self, reads: Iterable[bytes]) -> Iterator[Interval]:
        """Intervals for the first caller, wider around gaps where it is the only one."""
        return active_windows(reads, GAP_MARGIN if self.second else LONE_GAP_MARGIN)

    def _cut(self, bench: Bench, order: Sequence[str], nominal: Place) -> Place | None:
        """Where a piece can end, by the reads behind its nominal end."""
        number, start = nominal
        name = order[number]
        length = self.reference.lengths[name]
        end = min(start + SEARCH, length)
        place = bench.scratch / "behind.bed"
        _write_bed(place, [(name, start, end)])
        with bench.lines(self.scan, PIECE=str(place)) as reads:
            sites = [site for _, site, _ in active_sites(reads)]
        cut = quiet_cut(start, end, length, sites)
        return None if cut is None else (number, cut)

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


def _inside(windows: Iterable[Interval], piece: Territory) -> Iterator[Interval]:
    """Windows of this piece: what reads across its ends say of others is not whole."""
    for contig, start, end in windows:
        if piece.holds(contig, start) and piece.holds(contig, end - 1):
            yield contig, start, end


def _write_bed(path: Path, intervals: Iterable[Interval]) -> None:
    """An empty file stands for no interval at all; the tools read it so."""
    with path.open("w", encoding="utf-8") as stream:
        for contig, start, end in intervals:
            stream.write(f"{contig}\t{start}\t{end}\n")
