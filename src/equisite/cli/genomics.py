"""`equisite genomics ...`: what the rules of the genomics stage call, and the comparator."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from equisite.cli.genomics_positions import add_position_verbs
from equisite.cli.genomics_reference import add_prepare_verbs, read_protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from equisite.core.each import Bench
    from equisite.core.errors import Finding
    from equisite.core.outcomes import Outcome
    from equisite.genomics.samples import Sample


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verbs of this noun."""
    add_prepare_verbs(verbs)
    add_position_verbs(verbs)

    each = verbs.add_parser("each", help="run a pipeline once per sample of a batch")
    each.add_argument("--index", type=Path, required=True)
    each.add_argument("--reads", action="store_true", help="only samples that have reads")
    each.add_argument("--germline", action="store_true", help="only samples that are counted")
    each.add_argument(
        "--after", type=Path, nargs="+", default=[], help="outcomes of earlier steps"
    )
    each.add_argument(
        "--gather", type=Path, nargs="+", default=[], help="outcomes that are written as well"
    )
    each.add_argument("--out", type=Path, required=True)
    each.add_argument("--outcomes", type=Path, required=True)
    each.add_argument("pipeline")
    each.set_defaults(call=_each)

    stream = verbs.add_parser("stream-reads", help="write a sample's reads, checked")
    stream.add_argument("--index", type=Path, required=True)
    stream.add_argument("--item", required=True, help="token of the sample")
    stream.set_defaults(call=_stream_reads)

    align = verbs.add_parser("align", help="write an alignment per sample of a batch")
    align.add_argument("--align", required=True, metavar="PIPELINE", help="from FASTQ")
    align.add_argument("--trim", default="", metavar="PIPELINE", help="FASTQ before that")
    align.add_argument("--take", required=True, metavar="PIPELINE", help="from sorted SAM")
    call = verbs.add_parser("call", help="write the final calls per sample of a batch")
    call.add_argument("--after", type=Path, nargs="+", default=[], metavar="OUTCOMES")
    call.add_argument("--share", type=int, default=1, help="number of this job, from 1")
    call.add_argument("--shares", type=int, default=1, help="jobs that share the pieces")
    call.add_argument("--pieces", type=int, default=1, help="number of pieces")
    call.add_argument("--territory", type=Path, help="territory.bed, with --pieces")
    call.add_argument("--cache", type=Path, required=True, help="sequences by M5")
    call.add_argument("--scan", required=True, metavar="PIPELINE", help="reads that differ")
    call.add_argument("--first", required=True, metavar="PIPELINE", help="the first caller")
    call.add_argument("--second", default="", metavar="PIPELINE", help="the second caller")
    call.add_argument("--finish", required=True, metavar="PIPELINE", help="what is written")
    call.add_argument("--take", required=True, metavar="PIPELINE", help="from given calls")
    genotype = verbs.add_parser("genotype", help="look at listed alleles in a batch's samples")
    genotype.add_argument("--after", type=Path, nargs="+", default=[], metavar="OUTCOMES")
    genotype.add_argument("--protocol", type=Path, required=True)
    genotype.add_argument("--cache", type=Path, required=True, help="sequences by M5")
    genotype.add_argument("--calls", type=Path, required=True, help="folder of final calls")
    genotype.add_argument("--alleles", type=Path, required=True, help="alleles.tsv")
    genotype.add_argument("--likelihoods", required=True, metavar="PIPELINE")
    genotype.add_argument("--depths", required=True, metavar="PIPELINE")
    genotype.set_defaults(call=_genotype)
    measure = verbs.add_parser("measure", help="measure the reads per sample of a batch")
    measure.add_argument("--after", type=Path, nargs="+", default=[], metavar="OUTCOMES")
    measure.add_argument("--protocol", type=Path, required=True)
    measure.add_argument("--crams", type=Path, required=True)
    measure.add_argument("--territory", type=Path, required=True)
    measure.add_argument("--genes", type=Path, required=True)
    measure.add_argument("--common", type=Path, required=True, help="places of the panel")
    measure.add_argument("--pileup", required=True, metavar="PIPELINE", help="at the panel")
    measure.add_argument("--inspect", required=True, metavar="PIPELINE", help="from FASTQ")
    for verb in (call, genotype):
        verb.add_argument("--ploidy", type=Path, required=True, help="ploidy.tsv")
    for verb in (align, call, genotype):
        verb.add_argument("--header", type=Path, required=True, help="header.sam")
    for verb in (align, call, genotype, measure):
        verb.add_argument("--index", type=Path, required=True)
        verb.add_argument("--out", type=Path, required=True)
        verb.add_argument("--outcomes", type=Path, required=True)
    align.set_defaults(call=_align)
    call.set_defaults(call=_call)
    measure.set_defaults(call=_measure)

    count = verbs.add_parser("count-features", help="write a batch's variant features")
    count.add_argument("--protocol", type=Path, required=True)
    count.add_argument("--index", type=Path, required=True)
    count.add_argument("--measured", type=Path, required=True)
    count.add_argument("--annotated", type=Path, required=True)
    count.add_argument("--after", type=Path, nargs="+", required=True)
    count.add_argument("--territory", type=Path, required=True)
    count.add_argument("--genes", type=Path, required=True)
    count.add_argument("--genotyped", type=Path, help="folder of genotypes of listed alleles")
    count.add_argument("--alleles", type=Path, help="alleles.tsv, with --genotyped")
    count.add_argument("--frequencies", type=Path, required=True)
    count.add_argument("--variants", type=Path, required=True)
    count.add_argument("--quality", type=Path, required=True)
    count.add_argument("--outcomes", type=Path, required=True)
    count.set_defaults(call=_count_features)

    people = verbs.add_parser("compare-people", help="compare the samples of all batches")
    people.add_argument("--batches", nargs="+", required=True, metavar="NUMBER")
    people.add_argument("--frequencies", type=Path, required=True)
    people.add_argument("--outcomes", type=Path, required=True)
    people.set_defaults(call=_compare_people)

    report = verbs.add_parser("write-report", help="write MultiQC's page over all batches")
    report.add_argument("--batches", nargs="+", required=True, metavar="NUMBER")
    report.add_argument("--out", type=Path, required=True)
    report.set_defaults(call=_write_report)

    compare = verbs.add_parser(
        "compare-calls",
        help="judge calls by a truth, by replay",
        description="Judge all records of one sample, whatever their FILTER, by haplotype "
        "replay within a BED. Phases are free; a missing copy counts as the reference.",
    )
    compare.add_argument("truth", type=Path)
    compare.add_argument("calls", type=Path)
    compare.add_argument("--reference", type=Path, required=True)
    compare.add_argument("--bed", type=Path, required=True)
    compare.add_argument("--truth-sample", help="needed where the truth has several")
    compare.add_argument("--calls-sample", help="needed where the calls have several")
    compare.add_argument(
        "--region", action="append", default=[], metavar="NAME=BED", help="judge it apart, too"
    )
    compare.add_argument("--bootstrap", type=int, default=0, metavar="ROUNDS")
    compare.add_argument("--seed", type=int, default=1)
    compare.set_defaults(call=_compare_calls)


def _each(args: argparse.Namespace) -> int:
    from equisite.core.each import pipeline
    from equisite.core.outcomes import DONE, read_outcomes
    from equisite.genomics.samples import germline_samples, not_refused, read_samples

    samples = not_refused(read_samples(args.index), args.after)
    remarks: list[Outcome] = []
    if args.reads:
        samples = [sample for sample in samples if sample.given != "calls"]
    if args.germline:
        samples, remarks = germline_samples(samples)
    if args.gather:
        remarks = [o for o in read_outcomes(args.gather) if o.outcome != DONE]
    whole = pipeline(args.pipeline)
    return _work(samples, lambda _, bench: whole(bench), remarks, args)


def _work(
    samples: Sequence[Sample],
    work: Callable[[Sample, Bench], Iterable[Finding]],
    remarks: Sequence[Outcome],
    args: argparse.Namespace,
) -> int:
    from equisite.core.each import StepFailed, run_each
    from equisite.core.outcomes import write_outcomes
    from equisite.genomics.samples import ROOM, items_of

    by_token = {sample.token: sample for sample in samples}

    def on(bench: Bench) -> Iterable[Finding]:
        return work(by_token[bench.item.token], bench)

    try:
        outcomes = run_each(items_of(samples), on, room=ROOM, folder=args.out)
    except StepFailed as error:
        print(error, file=sys.stderr)
        return 1
    write_outcomes(args.outcomes, [*outcomes, *remarks])
    return 0


def _align(args: argparse.Namespace) -> int:
    from equisite.genomics.align import Aligner
    from equisite.genomics.samples import read_samples

    header = args.header.read_text(encoding="utf-8")
    aligner = Aligner(args.align, args.take, header, args.trim)
    samples = [sample for sample in read_samples(args.index) if sample.given != "calls"]
    return _work(samples, aligner.work, (), args)


def _call(args: argparse.Namespace) -> int:
    from equisite.genomics.call import Callers, Part
    from equisite.genomics.pieces import pieces_of_share
    from equisite.genomics.ploidy import from_lines
    from equisite.genomics.samples import germline_samples, not_refused, read_samples
    from equisite.genomics.second_caller import CachedReference
    from equisite.variants.intervals import read_bed
    from equisite.variants.vcf import open_text

    part = None
    if args.pieces > 1:
        numbers = pieces_of_share(args.pieces, args.shares, args.share)
        part = Part(numbers, args.pieces, read_bed(open_text(args.territory)))
    callers = Callers(
        args.scan,
        args.first,
        args.second,
        args.finish,
        args.take,
        CachedReference(args.header, args.cache),
        from_lines(open_text(args.ploidy)),
        part,
    )
    samples, remarks = germline_samples(not_refused(read_samples(args.index), args.after))
    return _work(samples, callers.work, remarks, args)


def _genotype(args: argparse.Namespace) -> int:
    from equisite.genomics.alleles import read_names
    from equisite.genomics.genotype import Genotyper
    from equisite.genomics.ploidy import from_lines
    from equisite.genomics.samples import germline_samples, not_refused, read_samples
    from equisite.genomics.second_caller import CachedReference
    from equisite.variants.vcf import open_text

    genotyper = Genotyper(
        args.likelihoods,
        args.depths,
        args.calls,
        read_names(open_text(args.alleles)),
        CachedReference(args.header, args.cache),
        from_lines(open_text(args.ploidy)),
        read_protocol(args.protocol).genomics.thresholds.minimum_depth,
    )
    samples, remarks = germline_samples(not_refused(read_samples(args.index), args.after))
    return _work(samples, genotyper.work, remarks, args)


def _measure(args: argparse.Namespace) -> int:
    from equisite.genomics.measures import Meter
    from equisite.genomics.samples import not_refused, read_samples

    meter = Meter.of(
        read_protocol(args.protocol),
        crams=args.crams,
        bed=args.territory,
        models=args.genes,
        pileup=args.pileup if args.common.stat().st_size else "",
        inspect=args.inspect,
    )
    found = not_refused(read_samples(args.index), args.after)
    return _work([sample for sample in found if sample.given != "calls"], meter.work, (), args)


def _sample(args: argparse.Namespace) -> Sample:
    from equisite.genomics.samples import read_samples

    (sample,) = (s for s in read_samples(args.index) if s.token == args.item)
    return sample


def _or_refusal(step: Callable[[], None]) -> int:
    """Run a step of a pipeline; what it finds wrong is written down for the runner."""
    from equisite.core.each import refuse_error
    from equisite.core.errors import InputError

    try:
        step()
        sys.stdout.flush()
    except InputError as error:
        place = os.environ.get("REFUSAL")
        if place is None:
            raise
        return refuse_error(Path(place), error)
    return 0


def _stream_reads(args: argparse.Namespace) -> int:
    import tempfile

    from equisite.genomics.stream import stream_sample

    sample = _sample(args)

    def step() -> None:
        with tempfile.TemporaryDirectory() as scratch:
            stream_sample(sample, Path(scratch), sys.stdout.buffer.write)

    return _or_refusal(step)


def _count_features(args: argparse.Namespace) -> int:
    from equisite.core.outcomes import write_outcomes
    from equisite.core.tables import write_table
    from equisite.genomics.alleles import read_names
    from equisite.genomics.features import (
        QUALITY_COLUMNS,
        BatchFiles,
        columns,
        count_batch,
    )
    from equisite.genomics.genotype import genotype_cells
    from equisite.genomics.samples import read_samples
    from equisite.variants.vcf import open_text

    protocol = read_protocol(args.protocol)
    files = BatchFiles(
        args.index,
        args.measured,
        args.annotated,
        tuple(args.after),
        args.territory,
        args.genes,
        args.frequencies,
    )
    counted = count_batch(files, protocol)
    rows = counted.rows
    alleles = read_names(open_text(args.alleles)) if args.alleles else []
    if args.genotyped:
        cells = genotype_cells(args.genotyped, alleles, read_samples(args.index))
        rows = [row | cells.get(str(row["patient"]), {}) for row in rows]
    write_table(
        args.variants, [*columns(protocol.genomics), *(a.column for a in alleles)], rows
    )
    write_table(args.quality, QUALITY_COLUMNS, counted.quality)
    write_outcomes(args.outcomes, counted.outcomes)
    print(f"{len(rows)} patients with features", file=sys.stderr)
    return 0


def _compare_people(args: argparse.Namespace) -> int:
    from equisite.core.outcomes import write_outcomes
    from equisite.genomics.people import MeasuredBatch, compare_people

    batches = [
        MeasuredBatch(
            Path(f"work/intake/genomics/{number}.tsv"),
            Path(f"work/genomics/{number}/measured"),
        )
        for number in args.batches
    ]
    write_outcomes(args.outcomes, compare_people(batches, args.frequencies))
    return 0


def _write_report(args: argparse.Namespace) -> int:
    from equisite.core.layers import REPORT_QC, find_layer
    from equisite.genomics.report import BatchReports, write_report

    layer = find_layer(REPORT_QC)
    if layer is None:
        print(f"the layer {REPORT_QC} is gone; it was here when the run began", file=sys.stderr)
        return 1
    folders = [Path("work/genomics") / number for number in args.batches]
    batches = [
        BatchReports(
            Path(f"work/intake/genomics/{folder.name}.tsv"),
            folder / "measured",
            folder / "annotated",
            folder / "quality.tsv",
        )
        for folder in folders
    ]
    write_report(layer, batches, args.out)
    return 0


def _compare_calls(args: argparse.Namespace) -> int:
    from equisite.genomics.judging import judge_files, report_lines

    regions = {}
    for text in args.region:
        name, equals, path = text.partition("=")
        if not name or not equals:
            print(f"--region {text}: write NAME=BED", file=sys.stderr)
            return 2
        regions[name] = Path(path)
    try:
        report = judge_files(
            args.truth,
            args.calls,
            args.reference,
            args.bed,
            truth_sample=args.truth_sample,
            calls_sample=args.calls_sample,
            rounds=args.bootstrap,
            seed=args.seed,
            regions=regions,
        )
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(report_lines(report)))
    return 0
