"""The steps of somatic calling over the pairs of a batch: what the rules run."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from equisite.core.each import Bench, run_each
from equisite.core.errors import Finding
from equisite.core.outcomes import DONE, Outcome, read_outcomes
from equisite.core.tables import Rows, read_rows, write_rows
from equisite.genomics.samples import ROOM, not_refused, read_samples
from equisite.genomics.somatic.call_lines import vcf_lines
from equisite.genomics.somatic.calls import (
    FinalFacts,
    Found,
    Tally,
    call_tumour,
    setting_of,
)
from equisite.genomics.somatic.evidence import Evidence
from equisite.genomics.somatic.freebayes import Counted, count_cells
from equisite.genomics.somatic.gather import Inputs, Part, gather
from equisite.genomics.somatic.given import GivenFacts, call_given
from equisite.genomics.somatic.join import intervals_of, join
from equisite.genomics.somatic.normals import Batch
from equisite.genomics.somatic.others import Told, given_alleles
from equisite.genomics.somatic.pair import PairFacts, judge
from equisite.genomics.somatic.pairs import (
    Pair,
    given_tumours,
    outcomes_of_normals,
    pair_samples,
)
from equisite.genomics.somatic.panel import Panel, normals_of
from equisite.genomics.somatic.sums import Gathered
from equisite.protocol.somatic import Somatic
from equisite.protocol.tumour import Tumour
from equisite.variants.alleles import Reference
from equisite.variants.intervals import Territory

Work = Callable[[Pair, Bench], Iterable[Finding]]
"""What a step does with one tumour; it returns remarks, or findings that refuse."""


@dataclass(frozen=True)
class PairedBatch(Batch):
    """The same with the protocol's settings. after: outcomes of earlier somatic steps."""

    settings: Somatic
    tumour: Tumour
    pinned: Path
    after: tuple[Path, ...] = ()

    @property
    def population(self) -> Path | None:
        """The protocol's list of population alleles."""
        listed = self.settings.population
        return self.pinned / listed.file if listed else None

    def on_pairs(self, work: Work, on_given: Work | None = None) -> list[Outcome]:
        """Work on every pair that no earlier step refused; outcomes of all that was judged.

        on_given: the same on tumours of which there are calls and no reads, where the step
        has something to do with them.
        """
        samples = read_samples(self.index)
        usable = not_refused(samples, [self.aligned])
        pairs, outcomes = pair_samples(samples, usable, self.settings)
        works = {pair.tumour.token: (pair, work) for pair in pairs}
        if on_given is not None:
            given, told = given_tumours(usable, self.tumour)
            works |= {pair.tumour.token: (pair, on_given) for pair in given}
            outcomes += told
        left = {s.token for s in not_refused(samples, self.after)}
        by_token = {token: works[token] for token in sorted(works) if token in left}

        def on(bench: Bench) -> Iterable[Finding]:
            pair, own = by_token[bench.item.token]
            return own(pair, bench)

        found = run_each(
            [pair.item for pair, _ in by_token.values()], on, room=ROOM, folder=self.out
        )
        worked = [pair for pair, _ in by_token.values()]
        return [*found, *outcomes, *outcomes_of_normals(worked, found)]


def gather_evidence(
    batch: PairedBatch, crams: Path, cells: Sequence[Territory], second: str
) -> list[Outcome]:
    """Judge every pair and its alleles; second: pipeline of evidence B, for those that fit.

    It calls the bases of the file CELL into the file CALLS.
    """

    def work(pair: Pair, bench: Bench) -> Iterable[Finding]:
        part = Part(str(bench.scratch / "whole"))
        read = gather(_inputs(batch, pair, crams, cells), batch.settings, part, bench.scratch)
        return _judge(
            batch, pair, bench, [part], lambda: _count(pair, bench, part, read, second)
        )

    return batch.on_pairs(work)


def gather_share(
    batch: PairedBatch, crams: Path, cells: Sequence[Territory], second: str
) -> list[Outcome]:
    """Gather both evidences of every pair in some cells; nothing is judged yet."""

    def work(pair: Pair, bench: Bench) -> Iterable[Finding]:
        part = Part(str(bench.place / pair.tumour.token))
        read = gather(_inputs(batch, pair, crams, cells), batch.settings, part, bench.scratch)
        _count(pair, bench, part, read, second)
        return ()

    return batch.on_pairs(work)


def join_evidence(batch: PairedBatch, folders: Sequence[Path]) -> list[Outcome]:
    """Judge every pair by what `gather_share` wrote into folders, share by share.

    The batch's `after` are the outcomes of the shares; what they say is said again.
    """

    def work(pair: Pair, bench: Bench) -> Iterable[Finding]:
        parts = [Part(str(folder / pair.tumour.token)) for folder in folders]
        return _judge(batch, pair, bench, parts, lambda: None)

    told = [outcome for outcome in read_outcomes(batch.after) if outcome.outcome != DONE]
    return [*batch.on_pairs(work), *told]


def _inputs(batch: PairedBatch, pair: Pair, crams: Path, cells: Sequence[Territory]) -> Inputs:
    return Inputs(
        crams / f"{pair.tumour.token}.cram",
        crams / f"{pair.normal.token}.cram" if pair.normal else None,
        cells,
        batch.reference,
        batch.population,
    )


def _count(
    pair: Pair, bench: Bench, part: Part, cells: Iterable[Territory], second: str
) -> None:
    """Ask the second caller, cell by cell."""
    count_cells(
        cells,
        lambda cell, calls: bench.run(second, CELL=str(cell), CALLS=str(calls)),
        part.counted,
        bench.scratch,
        paired=pair.normal is not None,
    )


def _judge(
    batch: PairedBatch,
    pair: Pair,
    bench: Bench,
    parts: Sequence[Part],
    before: Callable[[], None],
) -> list[Finding]:
    """Judge a pair by its parts; before: what is done first with one that fits."""
    gathered = Gathered.total(Gathered.read(part.sums) for part in parts)
    told = [pair.told] if pair.told else []
    mode, remarks = judge(gathered, batch.settings, paired=pair.normal is not None, told=told)
    if not any(finding.severity == "refuse" for finding in remarks):
        before()
        join(parts, gathered, mode, remarks, str(bench.place / pair.tumour.token))
    return remarks


def call_variants(
    batch: PairedBatch,
    evidence: Path,
    site_panel: Path | None,
    own: Path,
    pack: str,
    given: Reference | None = None,
) -> list[Outcome]:
    """Write `<token>.vcf.gz`, `<token>.callable.bed` and `<token>.pair.tsv` of every tumour.

    Of a tumour without reads `<token>.given.tsv` stands in place of the last two.
    evidence: folder that `gather_evidence` filled. site_panel: None for the public pack.
    own: folder of the batch's sighted alleles. pack: pipeline that makes `$OUT.vcf.gz` and its
    index of a VCF. given: the reference's sequences, where the site's calls of other callers
    count; None: they do not.
    """
    lengths = batch.reference.lengths

    def work(pair: Pair, bench: Bench) -> Iterable[Finding]:
        token = pair.tumour.token
        normal = pair.normal.token if pair.normal else None
        panel = panel_of(batch, site_panel, own / f"{normal}.alleles.tsv.gz")
        (facts,) = read_rows(evidence / f"{token}.pair.tsv", PairFacts)
        setting = setting_of(batch.settings, facts, panel)
        bed = evidence / f"{token}.callable.bed"
        others = Told((), frozenset(), [])
        if given is not None and pair.tumour.evidence:
            partner = None if setting.alone else pair.normal
            seen = intervals_of(bed)
            others = given_alleles(pair.tumour, partner, given, seen, bench.scratch)
        found = Found(
            Rows(evidence / f"{token}.evidence.tsv", Evidence),
            Rows(evidence / f"{token}.counted.tsv", Counted),
            list(lengths),
            others.alleles,
        )
        tally = Tally()

        def write(into: Callable[[bytes], object]) -> None:
            calls = tally.counted(call_tumour(found, setting, panel, batch.population))
            for line in vcf_lines(calls, lengths, setting):
                into(f"{line}\n".encode())

        bench.feed(pack, write)
        row = tally.facts(facts, panel)
        write_rows(bench.place / f"{token}.pair.tsv", FinalFacts, [row])
        shutil.copyfile(bed, bench.place / f"{token}.callable.bed")
        return others.remarks

    def on_given(pair: Pair, bench: Bench) -> Iterable[Finding]:
        if given is None:
            raise ValueError("given calls are counted without a reference")
        normal = pair.normal.token if pair.normal else None
        panel = panel_of(batch, site_panel, own / f"{normal}.alleles.tsv.gz")
        found, remarks = call_given(
            pair, batch.settings, given, panel, batch.population, bench.scratch
        )
        if found is not None:
            calls, tally = found, Tally()

            def write(into: Callable[[bytes], object]) -> None:
                counted = tally.counted(calls.calls())
                for line in vcf_lines(counted, lengths, calls.setting):
                    into(f"{line}\n".encode())

            bench.feed(pack, write)
            place = bench.place / f"{pair.tumour.token}.given.tsv"
            write_rows(place, GivenFacts, [calls.facts(tally)])
        return remarks

    return batch.on_pairs(work, on_given)


def panel_of(batch: PairedBatch, site_panel: Path | None, own: Path) -> Panel | None:
    """The panel that the protocol asks for, if it holds anybody but the patient.

    own: alleles of the patient's normal, where it is in the site's panel.
    """
    wanted = batch.settings.panel_of_normals
    if wanted == "off":
        return None
    if wanted != "site":
        return Panel(batch.pinned / wanted.file)
    if site_panel is None:
        return None
    panel = Panel(site_panel, own if own.is_file() else None)
    return panel if (normals_of(site_panel) or 0) > (panel.own is not None) else None
