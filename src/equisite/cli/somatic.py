"""`equisite somatic ...`: what the rules of somatic calling call."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from equisite.core.outcomes import Outcome
    from equisite.genomics.somatic.normals import Batch
    from equisite.genomics.somatic.steps import PairedBatch
    from equisite.variants.intervals import Territory


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verbs of this noun."""
    sight = verbs.add_parser("sight-alleles", help="write the alleles that normals show")
    gather = verbs.add_parser("gather-evidence", help="judge pairs and their alleles")
    sights = verbs.add_parser("join-sighted", help="put alleles of shares together")
    join = verbs.add_parser("join-evidence", help="judge pairs by evidence of shares")
    call = verbs.add_parser("call-variants", help="write the final calls of tumours")
    for verb in (sight, gather, sights, join, call):
        add_batch(verb)
    for verb in (sight, gather):
        verb.add_argument("--crams", type=Path, required=True)
        verb.add_argument("--territory", type=Path, required=True, help="BED")
        verb.add_argument(
            "--share", type=int, help="only this share, from 1; nothing is judged"
        )
        verb.add_argument("--shares", type=int, default=1, help="how many there are")
    for verb in (sights, join):
        verb.add_argument("--parts", type=Path, nargs="+", required=True, help="folders")
    for verb in (gather, join, call):
        verb.add_argument("--protocol", type=Path, required=True)
        verb.add_argument("--pinned", type=Path, required=True, help="folder of pinned files")
    gather.add_argument("--second", required=True, help="pipeline of evidence B")
    for verb in (join, call):
        verb.add_argument("--after", type=Path, nargs="+", required=True)
    call.add_argument("--evidence", type=Path, required=True)
    call.add_argument("--panel", type=Path, help="the site's own, where it has one")
    call.add_argument("--sighted", type=Path, required=True, help="alleles of the batch")
    call.add_argument("--pack", required=True, help="pipeline from VCF to $OUT.vcf.gz")
    sight.set_defaults(call=_sight_alleles)
    gather.set_defaults(call=_gather_evidence)
    sights.set_defaults(call=_join_sighted)
    join.set_defaults(call=_join_evidence)
    call.set_defaults(call=_call_variants)

    panel = verbs.add_parser("build-panel", help="count alleles over the site's normals")
    panel.add_argument("--index", type=Path, nargs="*", default=[])
    panel.add_argument("--sighted", type=Path, nargs="*", default=[], help="folders")
    panel.add_argument("--judged", type=Path, nargs="*", default=[], help="outcomes of pairs")
    panel.add_argument("--header", type=Path, required=True, help="header.sam")
    panel.add_argument("--cache", type=Path, required=True, help="sequences by M5")
    panel.add_argument("--out", type=Path, required=True)
    panel.set_defaults(call=_build_panel)


def add_batch(verb: argparse.ArgumentParser) -> None:
    """Add what every step on the samples of a batch is told."""
    verb.add_argument("--index", type=Path, required=True)
    verb.add_argument("--aligned", type=Path, required=True, help="outcomes of alignment")
    verb.add_argument("--header", type=Path, required=True, help="header.sam")
    verb.add_argument("--cache", type=Path, required=True, help="sequences by M5")
    verb.add_argument("--out", type=Path, required=True)
    verb.add_argument("--outcomes", type=Path, required=True)


def written(args: argparse.Namespace, step: Callable[[], list[Outcome]]) -> int:
    """Do a step and write its outcomes; exit code 1 when a tool failed."""
    from equisite.core.each import StepFailed
    from equisite.core.outcomes import write_outcomes

    try:
        write_outcomes(args.outcomes, step())
    except StepFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _batch(args: argparse.Namespace) -> Batch:
    from equisite.genomics.somatic.bases import MappedReference
    from equisite.genomics.somatic.normals import Batch

    reference = MappedReference(args.header, args.cache)
    return Batch(args.index, args.aligned, reference, args.out)


def _cells(args: argparse.Namespace, batch: Batch) -> Sequence[Territory]:
    from equisite.genomics.somatic.normals import read_cells

    share = None if args.share is None else (args.share, args.shares)
    return read_cells(args.territory, batch.reference, share)


def _sight_alleles(args: argparse.Namespace) -> int:
    from equisite.genomics.somatic.normals import sight_alleles

    batch = _batch(args)
    return written(args, lambda: sight_alleles(batch, args.crams, _cells(args, batch)))


def _join_sighted(args: argparse.Namespace) -> int:
    from equisite.genomics.somatic.normals import join_sighted

    return written(args, lambda: join_sighted(_batch(args), args.parts))


def paired_batch(args: argparse.Namespace, after: list[Path]) -> PairedBatch:
    """The pairs of a batch, by the protocol."""
    from equisite.genomics.somatic.bases import MappedReference
    from equisite.genomics.somatic.steps import PairedBatch
    from equisite.protocol.models import Protocol

    genomics = Protocol.model_validate_json(args.protocol.read_bytes()).genomics
    if genomics.somatic == "off":
        raise ValueError("the protocol asks for no somatic calls")
    return PairedBatch(
        args.index,
        args.aligned,
        MappedReference(args.header, args.cache),
        args.out,
        genomics.somatic,
        genomics.tumour,
        args.pinned,
        tuple(after),
    )


def _gather_evidence(args: argparse.Namespace) -> int:
    from equisite.genomics.somatic.steps import gather_evidence, gather_share

    batch = paired_batch(args, [])
    step = gather_evidence if args.share is None else gather_share
    return written(args, lambda: step(batch, args.crams, _cells(args, batch), args.second))


def _join_evidence(args: argparse.Namespace) -> int:
    from equisite.genomics.somatic.steps import join_evidence

    batch = paired_batch(args, args.after)
    return written(args, lambda: join_evidence(batch, args.parts))


def _build_panel(args: argparse.Namespace) -> int:
    from equisite.genomics.somatic.bases import MappedReference
    from equisite.genomics.somatic.normals import collect_panel

    reference = MappedReference(args.header, args.cache)
    alleles, normals = collect_panel(args.index, args.sighted, args.judged, reference, args.out)
    print(f"{alleles} alleles of {normals} normals", file=sys.stderr)
    return 0


def _call_variants(args: argparse.Namespace) -> int:
    from equisite.genomics.second_caller import CachedReference
    from equisite.genomics.somatic.steps import call_variants

    batch = paired_batch(args, args.after)
    wanted = batch.tumour.other_callers != "off"
    given = CachedReference(args.header, args.cache) if wanted else None
    return written(
        args,
        lambda: call_variants(batch, args.evidence, args.panel, args.sighted, args.pack, given),
    )
