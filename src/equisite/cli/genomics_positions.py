"""Verbs of `equisite genomics` for opt-in tables of positions; their tables are private."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from equisite.cli.genomics_reference import read_protocol

if TYPE_CHECKING:
    from equisite.protocol.models import Protocol


def add_position_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verbs that find out who carries what in the regions of the protocol."""
    find = verbs.add_parser("find-carried", help="alleles of a batch in the protocol's regions")
    find.add_argument("--protocol", type=Path, required=True)
    find.add_argument("--index", type=Path, required=True)
    find.add_argument("--after", type=Path, nargs="+", default=[], metavar="OUTCOMES")
    find.add_argument("--calls", type=Path, required=True, help="folder of final calls")
    find.add_argument("--header", type=Path, required=True, help="header.sam")
    find.add_argument("--cache", type=Path, required=True, help="sequences by M5")
    find.add_argument("--out", type=Path, required=True)
    find.set_defaults(call=_find)

    gather = verbs.add_parser("gather-carried", help="alleles that enough patients carry")
    gather.add_argument("--protocol", type=Path, required=True)
    gather.add_argument("--carried", type=Path, nargs="+", required=True, help="of the batches")
    gather.add_argument("--alleles", type=Path, required=True, help="alleles.tsv")
    gather.add_argument("--frequencies", type=Path, required=True, help="frequencies.tsv")
    gather.add_argument("--out", type=Path, required=True)
    gather.set_defaults(call=_gather)


def _regions(protocol: Protocol) -> list[str]:
    from equisite.protocol.models import PositionsTable

    tables = [t for t in protocol.tables if isinstance(t, PositionsTable)]
    return sorted({region for table in tables for region in table.regions})


def _find(args: argparse.Namespace) -> int:
    from equisite.core.tables import write_rows
    from equisite.genomics.carried import CarriedRow, carried_alleles
    from equisite.genomics.samples import germline_samples, not_refused, read_samples
    from equisite.genomics.second_caller import CachedReference

    samples, _ = germline_samples(not_refused(read_samples(args.index), args.after))
    reference = CachedReference(args.header, args.cache)
    regions = _regions(read_protocol(args.protocol))
    write_rows(args.out, CarriedRow, carried_alleles(samples, args.calls, regions, reference))
    print(f"{len(samples)} samples in {len(regions)} regions", file=sys.stderr)
    return 0


def _gather(args: argparse.Namespace) -> int:
    from equisite.bundle.ruleset import load_ruleset
    from equisite.core.tables import read_rows, write_rows
    from equisite.genomics.alleles import read_names
    from equisite.genomics.carried import CarriedRow, gather_carried
    from equisite.variants.vcf import open_text

    protocol = read_protocol(args.protocol)
    rules, _ = load_ruleset(protocol.disclosure.ruleset)
    rows = gather_carried(
        (read_rows(path, CarriedRow) for path in args.carried),
        read_names(open_text(args.alleles)),
        args.frequencies,
        rules.opt_in_least_k,
    )
    write_rows(args.out, CarriedRow, rows)
    # How many alleles there are is told by no log: it says whether one more has passed.
    print("written", file=sys.stderr)
    return 0
