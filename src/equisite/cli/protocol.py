"""`equisite protocol check | hash`: the lead's view on a protocol file."""

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
