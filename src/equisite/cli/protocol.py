"""`equisite protocol check | hash | list-positions`: the lead's view on a protocol."""

from __future__ import annotations

import argparse
from pathlib import Path


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verbs of this noun."""
    check = verbs.add_parser("check", help="judge a protocol, its pinned files and pins")
    check.add_argument("file", type=Path)
    check.set_defaults(call=_check)
    digest = verbs.add_parser("hash", help="print the sha256 that stands in every bundle")
    digest.add_argument("file", type=Path)
    digest.set_defaults(call=_hash)
    listed = verbs.add_parser(
        "list-positions", help="unite positions that sites let out into the next list"
    )
    listed.add_argument("--directory", type=Path, default=Path(), help="the lead's folder")
    listed.add_argument("--out", type=Path, required=True, help="folder of the new list")
    listed.add_argument("--fasta", type=Path, help="reference in which bases are looked up")
    listed.set_defaults(call=_list_positions)


def _check(args: argparse.Namespace) -> int:
    from equisite.core.errors import ConfigError
    from equisite.intake.agreement import check_product
    from equisite.protocol.load import examine_protocol, protocol_sha256

    found = examine_protocol(args.file)
    findings, protocol = [*found.findings, *check_product(found)], found.value
    if findings or protocol is None:
        raise ConfigError(findings)
    head = protocol.protocol
    print(f"{head.id} {head.version}: sound. sha256 {protocol_sha256(protocol)}")
    return 0


def _hash(args: argparse.Namespace) -> int:
    from equisite.protocol.load import load_protocol, protocol_sha256

    print(protocol_sha256(load_protocol(args.file)))
    return 0


def _list_positions(args: argparse.Namespace) -> int:
    from equisite.compare.lead import load_folder
    from equisite.compare.positions import list_positions

    made = list_positions(load_folder(args.directory), args.out, args.fasta)
    print(f"{made.found} alleles of {made.sites} sites; {made.listed} with the protocol's list")
    print(f"{made.vcf}\nsha256 {made.sha256}")
    print(f"{made.snippet}: what to put into the next version of the protocol")
    return 0
