"""The steps of somatic calling over a batch: what the rules run, item by item."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from equisite.core.atomic import write_bytes
from equisite.core.each import Bench, run_each
from equisite.core.errors import Finding
from equisite.core.outcomes import Outcome
from equisite.core.tables import read_rows, write_rows
from equisite.genomics.samples import ROOM, items_of, not_refused, read_samples
from equisite.genomics.somatic.bases import MappedReference
from equisite.genomics.somatic.calls import (
    FinalFacts,
    Panel,
    call_tumour,
    final_facts,
    read_evidence,
    read_freebayes,
    setting_of,
    vcf_lines,
)
from equisite.genomics.somatic.gather import Inputs, PairFacts, gather
from equisite.genomics.somatic.given import GivenFacts, call_given
from equisite.genomics.somatic.others import Given, given_alleles
from equisite.genomics.somatic.pairs import (
    Pair,
    given_tumours,
    outcomes_of_normals,
    pair_samples,
)
from equisite.genomics.somatic.panel import build_panel, normals_of, sighted, write_sighted
from equisite.protocol.somatic import Somatic
from equisite.protocol.tumour import Tumour
from equisite.variants.alleles import Reference
from equisite.variants.intervals import read_bed
from equisite.variants.vcf import open_text

Work = Callable[[Pair, Bench], Iterable[Finding]]
"""What a step does with one tumour; it returns remarks, or findings that refuse."""


@dataclass(frozen=True)
class Batch:
    """Files of one batch. aligned: outcomes of alignment. pinned: folder of pinned files."""

    index: Path
    aligned: Path
    reference: MappedReference
    out: Path


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


def sight_alleles(batch: Batch, crams: Path, territory: Path) -> list[Outcome]:
    """Write `<token>.alleles.tsv.gz` of every normal with reads."""
    bases = read_bed(open_text(territory))
    normals = [
        sample
        for sample in not_refused(read_samples(batch.index), [batch.aligned])
        if sample.kind == "normal" and sample.given != "calls"
    ]

    def work(bench: Bench) -> Iterable[Finding]:
        token = bench.item.token
        alleles = sighted(crams / f"{token}.cram", bases, batch.reference, bench.scratch)
        write_sighted(bench.place / f"{token}.alleles.tsv.gz", alleles)
        return ()

    return run_each(items_of(normals), work, room=ROOM, folder=batch.out)


def gather_evidence(
    batch: PairedBatch, crams: Path, territory: Path, second: str
) -> list[Outcome]:
    """Judge every pair and its alleles; second: pipeline of evidence B, for those that fit."""
    bases = read_bed(open_text(territory))

    def work(pair: Pair, bench: Bench) -> Iterable[Finding]:
        normal = crams / f"{pair.normal.token}.cram" if pair.normal else None
        found = gather(
            Inputs(
                crams / f"{pair.tumour.token}.cram",
                normal,
                bases,
                batch.reference,
                batch.population,
            ),
            batch.settings,
            str(bench.place / pair.tumour.token),
            bench.scratch,
            [pair.told] if pair.told else [],
        )
        if not any(finding.severity == "refuse" for finding in found):
            bench.run(second)
        return found

    return batch.on_pairs(work)


def collect_panel(
    indexes: Sequence[Path],
    folders: Sequence[Path],
    judged: Sequence[Path],
    reference: MappedReference,
    out: Path,
) -> tuple[int, int]:
    """Build the site's panel; the normals of refused pairs stay out.

    indexes, folders, judged: index, sighted alleles and outcomes of each batch.
    Returns the numbers of alleles and of normals.
    """
    samples = []
    for index, folder, outcomes in zip(indexes, folders, judged, strict=True):
        for sample in not_refused(read_samples(index), [outcomes]):
            path = folder / f"{sample.token}.alleles.tsv.gz"
            if path.is_file():
                samples.append(path)
    order = {name: number for number, name in enumerate(reference.lengths)}
    return build_panel(sorted(samples), order, out), len(samples)


def call_variants(
    batch: PairedBatch,
    evidence: Path,
    site_panel: Path,
    own: Path,
    pack: str,
    given: Reference | None = None,
) -> list[Outcome]:
    """Write `<token>.vcf.gz`, `<token>.callable.bed` and `<token>.pair.tsv` of every tumour.

    Of a tumour without reads `<token>.given.tsv` stands in place of the last two.
    evidence: folder that `gather_evidence` filled. own: folder of the batch's sighted alleles.
    pack: pipeline that makes `$OUT.vcf.gz` and its index of a VCF. given: the reference's
    sequences, where the site's calls of other callers count; None: they do not.
    """
    lengths = batch.reference.lengths

    def work(pair: Pair, bench: Bench) -> Iterable[Finding]:
        token = pair.tumour.token
        normal = pair.normal.token if pair.normal else None
        panel = panel_of(batch, site_panel, own / f"{normal}.alleles.tsv.gz")
        (facts,) = read_rows(evidence / f"{token}.pair.tsv", PairFacts)
        setting = setting_of(batch.settings, facts, panel)
        bed = evidence / f"{token}.callable.bed"
        others: Given = {}
        remarks: list[Finding] = []
        if given is not None and pair.tumour.evidence:
            partner = None if setting.alone else pair.normal
            seen = read_bed(open_text(bed))
            others, remarks = given_alleles(pair.tumour, partner, given, seen, bench.scratch)
        calls = call_tumour(
            read_evidence(evidence / f"{token}.evidence.tsv"),
            read_freebayes(evidence / f"{token}.freebayes.vcf", token, normal),
            setting,
            panel,
            batch.population,
            list(lengths),
            others,
        )

        def write(into: Callable[[bytes], object]) -> None:
            for line in vcf_lines(calls, lengths, setting):
                into(f"{line}\n".encode())

        bench.feed(pack, write)
        row = final_facts(facts, calls, panel)
        write_rows(bench.place / f"{token}.pair.tsv", FinalFacts, [row])
        write_bytes(bench.place / f"{token}.callable.bed", bed.read_bytes())
        return remarks

    def on_given(pair: Pair, bench: Bench) -> Iterable[Finding]:
        if given is None:
            raise ValueError("given calls are counted without a reference")
        normal = pair.normal.token if pair.normal else None
        panel = panel_of(batch, site_panel, own / f"{normal}.alleles.tsv.gz")
        found, remarks = call_given(
            pair, batch.settings, given, lengths, panel, batch.population, bench.scratch
        )
        if found is not None:
            calls = found

            def write(into: Callable[[bytes], object]) -> None:
                for line in vcf_lines(calls.calls, lengths, calls.setting):
                    into(f"{line}\n".encode())

            bench.feed(pack, write)
            place = bench.place / f"{pair.tumour.token}.given.tsv"
            write_rows(place, GivenFacts, [found.facts])
        return remarks

    return batch.on_pairs(work, on_given)


def panel_of(batch: PairedBatch, site_panel: Path, own: Path) -> Panel | None:
    """The panel that the protocol asks for, if it holds anybody but the patient.

    own: alleles of the patient's normal, where it is in the site's panel.
    """
    wanted = batch.settings.panel_of_normals
    if wanted == "off":
        return None
    if wanted != "site":
        return Panel(batch.pinned / wanted.file)
    panel = Panel(site_panel, own if own.is_file() else None)
    return panel if (normals_of(site_panel) or 0) > (panel.own is not None) else None
