"""The steps on tumours over a batch: what the rules run, item by item."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from equisite.core.each import Bench, StepFailed, run_each
from equisite.core.errors import ConfigError, Finding
from equisite.core.layers import Layer, find_layer
from equisite.core.outcomes import Outcome
from equisite.core.tables import write_rows
from equisite.genomics.samples import ROOM, items_of, not_refused, read_samples
from equisite.genomics.somatic.pairs import Pair
from equisite.genomics.somatic.steps import PairedBatch
from equisite.genomics.tumour.cnvkit import LAYER, build_reference, cover_bins, segment_copies
from equisite.genomics.tumour.delly import StructuralCalls, call_structural
from equisite.genomics.tumour.measured import OFF, PAIR, Event, Measures, event_row
from equisite.genomics.tumour.microsatellites import find_loci, instability, measure_lengths
from equisite.protocol.tumour import Tumour
from equisite.variants.alleles import Reference
from equisite.variants.intervals import Territory


def annotate_calls(batch: PairedBatch, pipeline: str) -> list[Outcome]:
    """Run a pipeline that makes `$OUT.vcf`, calls with consequences, of every tumour."""

    def work(pair: Pair, bench: Bench) -> Iterable[Finding]:
        del pair
        bench.run(pipeline)
        return ()

    return batch.on_pairs(work, work)


def measure_reads(
    batch: PairedBatch,
    settings: Tumour,
    crams: Path,
    fasta: Path,
    reference: Reference,
    territory: Territory,
) -> list[Outcome]:
    """Write `<token>.measures.tsv` and `<token>.events.tsv` of every tumour."""
    loci = find_loci(territory, reference) if settings.repeats != "off" else []

    def work(pair: Pair, bench: Bench) -> Iterable[Finding]:
        tumour = crams / f"{pair.tumour.token}.cram"
        normal = crams / f"{pair.normal.token}.cram" if pair.normal else None
        found = unstable = None
        if settings.repeats != "off" and normal is not None:
            both = (measure_lengths(path, fasta, loci) for path in (tumour, normal))
            shares = instability(*both)
            found, unstable = shares.loci, shares.unstable
        calls = StructuralCalls((), OFF)
        if settings.structural == "delly":
            calls = call_structural(fasta, list(reference), bench.scratch, tumour, normal)
        measures = Measures(found, unstable, calls.reason or PAIR)
        events = [event_row(call.junction, call.confidence) for call in calls.calls]
        out = bench.place / pair.tumour.token
        write_rows(out.with_name(f"{out.name}.measures.tsv"), Measures, [measures])
        write_rows(out.with_name(f"{out.name}.events.tsv"), Event, events)
        return ()

    return batch.on_pairs(work)


def cover_samples(
    index: Path, aligned: Path, crams: Path, bins: Path, fasta: Path, out: Path
) -> list[Outcome]:
    """Write `<token>.cnn`, depth of every bin, of every sample that has reads."""
    samples = [
        sample
        for sample in not_refused(read_samples(index), [aligned])
        if sample.given != "calls"
    ]
    layer = copy_layer()

    def work(bench: Bench) -> Iterable[Finding]:
        token = bench.item.token
        cram, target = crams / f"{token}.cram", bench.place / f"{token}.cnn"
        _by_layer(bench, lambda: cover_bins(layer, cram, bins, fasta, target))
        return ()

    return run_each(items_of(samples), work, room=ROOM, folder=out)


def pool_normals(
    indexes: Sequence[Path],
    covered: Sequence[Path],
    judged: Sequence[Path],
    bins: Path,
    fasta: Path,
    out: Path,
) -> tuple[str, int]:
    """Write what copy ratios are taken over; its kind, and the number of normals.

    indexes, covered, judged: index, coverage and outcomes of pairs of each batch; normals
    that do not fit their tumour stay out.
    """
    normals = []
    for index, folder, outcomes in zip(indexes, covered, judged, strict=True):
        for sample in not_refused(read_samples(index), [outcomes]):
            path = folder / f"{sample.token}.cnn"
            if sample.kind == "normal" and path.is_file():
                normals.append(path)
    return build_reference(copy_layer(), normals, bins, fasta, out), len(normals)


def segment_tumours(batch: PairedBatch, covered: Path, ratios_over: Path) -> list[Outcome]:
    """Write `<token>.cnr` and `<token>.cns`, copy ratios and segments, of every tumour."""
    layer = copy_layer()

    def work(pair: Pair, bench: Bench) -> Iterable[Finding]:
        token = pair.tumour.token
        coverage, out = covered / f"{token}.cnn", str(bench.place / token)
        _by_layer(bench, lambda: segment_copies(layer, coverage, ratios_over, out))
        return ()

    return batch.on_pairs(work)


def copy_layer() -> Layer:
    """The software of copy number. Raises ConfigError COPIES_NO_LAYER."""
    layer = find_layer(LAYER)
    if layer is None:
        raise ConfigError("COPIES_NO_LAYER")
    return layer


def _by_layer(bench: Bench, step: Callable[[], None]) -> None:
    """Run cnvkit; what it complained of goes to the log. Raises StepFailed."""
    try:
        step()
    except subprocess.CalledProcessError as error:
        raise StepFailed(f"{bench.item.token}: cnvkit failed: {error.stderr}") from None
