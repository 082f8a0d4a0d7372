"""Verbs of `equisite genomics` that prepare what depends on the protocol alone."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from equisite.protocol.models import Protocol


def add_prepare_verbs(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verbs that write the reference's folder."""
    reference = verbs.add_parser(
        "prepare-reference", help="check the reference genome and write it for the rules"
    )
    source = reference.add_mutually_exclusive_group(required=True)
    source.add_argument("--site", type=Path, help="site.json, which names the FASTA")
    source.add_argument("--fasta", type=Path, help="the FASTA itself, of the public pack")
    reference.add_argument("--protocol", type=Path, required=True)
    reference.add_argument("--out", type=Path, required=True)
    reference.set_defaults(call=_prepare_reference)

    models = verbs.add_parser(
        "prepare-models", help="check territory and gene models and write them for the rules"
    )
    models.add_argument("--protocol", type=Path, required=True)
    models.add_argument("--pinned", type=Path, required=True, help="folder of pinned files")
    models.add_argument("--out", type=Path, required=True)
    models.set_defaults(call=_prepare_models)

    listed = {
        "prepare-alleles": (_prepare_alleles, "the list of alleles"),
        "prepare-frequencies": (_prepare_frequencies, "the population panel"),
    }
    for verb, (call, what) in listed.items():
        parser = verbs.add_parser(verb, help=f"check {what} and write it for the rules")
        parser.add_argument("--protocol", type=Path, required=True)
        parser.add_argument("--pinned", type=Path, required=True, help="folder of pinned files")
        parser.add_argument("--header", type=Path, required=True, help="header.sam")
        parser.add_argument("--cache", type=Path, required=True, help="sequences by M5")
        parser.add_argument("--out", type=Path, required=True)
        parser.set_defaults(call=call)


def read_protocol(path: Path) -> Protocol:
    """A protocol as intake froze it."""
    from equisite.protocol.models import Protocol

    return Protocol.model_validate_json(path.read_bytes())


def _prepare_reference(args: argparse.Namespace) -> int:
    import json

    from equisite.genomics.reference import prepare_reference

    fasta = args.fasta
    if fasta is None:
        fasta = Path(json.loads(args.site.read_bytes())["reference"]["fasta"])
    prepare_reference(fasta, read_protocol(args.protocol), args.out)
    return 0


def _prepare_models(args: argparse.Namespace) -> int:
    from equisite.genomics.reference import prepare_models

    prepare_models(read_protocol(args.protocol), args.pinned, args.out)
    return 0


def _prepare_alleles(args: argparse.Namespace) -> int:
    from equisite.genomics.reference import prepare_alleles
    from equisite.genomics.second_caller import CachedReference

    reference = CachedReference(args.header, args.cache)
    prepare_alleles(read_protocol(args.protocol), args.pinned, reference, args.out)
    return 0


def _prepare_frequencies(args: argparse.Namespace) -> int:
    from equisite.genomics.reference import prepare_frequencies
    from equisite.genomics.second_caller import CachedReference

    reference = CachedReference(args.header, args.cache)
    prepare_frequencies(read_protocol(args.protocol), args.pinned, reference, args.out)
    return 0
