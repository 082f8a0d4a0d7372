"""`equisite tumour ...`: what the rules call that count what a tumour has."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from equisite.cli.somatic import add_batch, paired_batch, written

if TYPE_CHECKING:
    from equisite.protocol.models import Genomics
    from equisite.variants.intervals import Territory


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verbs of this noun."""
    annotate = verbs.add_parser("annotate-calls", help="consequences of the final calls")
    reads = verbs.add_parser("measure-reads", help="repeats and structural variants")
    segment = verbs.add_parser("segment-copies", help="copy ratios and segments of tumours")
    for verb in (annotate, reads, segment):
        add_batch(verb)
        verb.add_argument("--protocol", type=Path, required=True)
        verb.add_argument("--pinned", type=Path, required=True, help="folder of pinned files")
        verb.add_argument("--after", type=Path, nargs="+", required=True, help="outcomes")
    annotate.add_argument("--consequences", required=True, help="pipeline to $OUT.vcf")
    annotate.set_defaults(call=_annotate_calls)
    reads.add_argument("--crams", type=Path, required=True)
    reads.add_argument("--territory", type=Path, required=True, help="BED")
    reads.add_argument("--reference", type=Path, required=True, help="reference.fa")
    reads.set_defaults(call=_measure_reads)
    segment.add_argument("--covered", type=Path, required=True)
    segment.add_argument("--ratios-over", type=Path, required=True, help="the reference")
    segment.set_defaults(call=_segment_copies)

    bins = verbs.add_parser("write-bins", help="the territory in bins of copy number")
    bins.add_argument("--protocol", type=Path, required=True)
    bins.add_argument("--territory", type=Path, required=True, help="BED")
    bins.add_argument("--out", type=Path, required=True)
    bins.set_defaults(call=_write_bins)

    cover = verbs.add_parser("cover-bins", help="depth of each bin in all samples")
    cover.add_argument("--index", type=Path, required=True)
    cover.add_argument("--aligned", type=Path, required=True, help="outcomes of alignment")
    cover.add_argument("--crams", type=Path, required=True)
    cover.add_argument("--bins", type=Path, required=True)
    cover.add_argument("--reference", type=Path, required=True, help="reference.fa")
    cover.add_argument("--out", type=Path, required=True)
    cover.add_argument("--outcomes", type=Path, required=True)
    cover.set_defaults(call=_cover_bins)

    build = verbs.add_parser("build-reference", help="what copy ratios are taken over")
    build.add_argument("--index", type=Path, nargs="+", required=True)
    build.add_argument("--covered", type=Path, nargs="+", required=True, help="folders")
    build.add_argument("--judged", type=Path, nargs="+", required=True, help="outcomes")
    build.add_argument("--bins", type=Path, required=True)
    build.add_argument("--reference", type=Path, required=True, help="reference.fa")
    build.add_argument("--out", type=Path, required=True)
    build.set_defaults(call=_build_reference)

    count = verbs.add_parser("count-features", help="write a batch's features of tumours")
    count.add_argument("--protocol", type=Path, required=True)
    count.add_argument("--index", type=Path, required=True)
    count.add_argument("--after", type=Path, nargs="+", required=True, help="outcomes")
    count.add_argument("--annotated", type=Path, required=True, help="calls, annotated")
    count.add_argument("--called", type=Path, required=True, help="calls, as they were made")
    count.add_argument("--measures", type=Path, required=True)
    count.add_argument("--copies", type=Path, help="absent without the layer `cnv`")
    count.add_argument("--signatures", type=Path, help="the site's file, if it has one")
    count.add_argument("--territory", type=Path, required=True, help="BED")
    count.add_argument("--genes", type=Path, required=True, help="GFF3")
    count.add_argument("--header", type=Path, required=True, help="header.sam")
    count.add_argument("--cache", type=Path, required=True, help="sequences by M5")
    count.add_argument("--tumours", type=Path, required=True)
    count.add_argument("--outcomes", type=Path, required=True)
    count.set_defaults(call=_count_features)


def _genomics(path: Path) -> Genomics:
    from equisite.protocol.models import Protocol

    return Protocol.model_validate_json(path.read_bytes()).genomics


def _territory(path: Path) -> Territory:
    from equisite.variants.intervals import read_bed
    from equisite.variants.vcf import open_text

    return read_bed(open_text(path))


def _annotate_calls(args: argparse.Namespace) -> int:
    from equisite.genomics.tumour.steps import annotate_calls

    batch = paired_batch(args, args.after)
    return written(args, lambda: annotate_calls(batch, args.consequences))


def _measure_reads(args: argparse.Namespace) -> int:
    from equisite.genomics.second_caller import CachedReference
    from equisite.genomics.tumour.steps import measure_reads

    batch = paired_batch(args, args.after)
    settings = _genomics(args.protocol).tumour
    reference = CachedReference(args.header, args.cache)
    territory = _territory(args.territory)
    return written(
        args,
        lambda: measure_reads(
            batch, settings, args.crams, args.reference, reference, territory
        ),
    )


def _segment_copies(args: argparse.Namespace) -> int:
    from equisite.genomics.tumour.steps import segment_tumours

    batch = paired_batch(args, args.after)
    return written(args, lambda: segment_tumours(batch, args.covered, args.ratios_over))


def _write_bins(args: argparse.Namespace) -> int:
    from equisite.core.atomic import write_text
    from equisite.genomics.tumour.cnvkit import bins_text, split_bins

    settings = _genomics(args.protocol).tumour.copy_number
    if settings == "off":
        raise ValueError("the protocol asks for no copy number")
    contigs = [arm.contig for arm in settings.arms]
    bins = split_bins(_territory(args.territory), contigs, settings.bin_bases)
    write_text(args.out, bins_text(bins))
    return 0


def _cover_bins(args: argparse.Namespace) -> int:
    from equisite.genomics.tumour.steps import cover_samples

    return written(
        args,
        lambda: cover_samples(
            args.index, args.aligned, args.crams, args.bins, args.reference, args.out
        ),
    )


def _build_reference(args: argparse.Namespace) -> int:
    from equisite.genomics.tumour.steps import pool_normals

    kind, normals = pool_normals(
        args.index, args.covered, args.judged, args.bins, args.reference, args.out
    )
    print(f"{kind} reference, {normals} normals", file=sys.stderr)
    return 0


def _count_features(args: argparse.Namespace) -> int:
    from equisite.core.outcomes import write_outcomes
    from equisite.core.tables import write_table
    from equisite.genomics.second_caller import CachedReference
    from equisite.genomics.tumour.batch import BatchFolders, count_tumours, ground_of
    from equisite.genomics.tumour.features import columns

    genomics = _genomics(args.protocol)
    reference = CachedReference(args.header, args.cache)
    ground = ground_of(genomics, reference, args.territory, args.genes, args.signatures)
    folders = BatchFolders(
        args.index, args.after, args.annotated, args.called, args.measures, args.copies
    )
    rows, outcomes = count_tumours(folders, ground)
    write_table(args.tumours, columns(genomics), rows)
    write_outcomes(args.outcomes, outcomes)
    print(f"{len(rows)} tumours with features", file=sys.stderr)
    return 0
