"""`equisite approval draft | sign | list`: what a body allowed to leave beside the rules."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from equisite.protocol.models import Protocol

NO_TABLE = "The protocol has no opt-in table: nothing needs an approval."


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verbs of this noun."""
    draft = verbs.add_parser("draft", help="print an approval to fill in, for opt-in tables")
    draft.set_defaults(call=_draft)
    sign = verbs.add_parser("sign", help="check an approval, sign it and let `prepare` see it")
    sign.add_argument("file", type=Path, help="the approval, in YAML")
    sign.add_argument("--key", type=Path, required=True, help="private key of who approves")
    sign.set_defaults(call=_sign)
    known = verbs.add_parser("list", help="which opt-in tables may leave, and why others not")
    known.set_defaults(call=_list)
    for parser in (draft, sign, known):
        parser.add_argument("--directory", type=Path, default=Path(), help="site folder")


def _protocol(folder: Path) -> Protocol:
    from equisite.core.errors import ConfigError
    from equisite.protocol.load import read_frozen_protocol

    path = folder / "work/intake/protocol.json"
    if not path.is_file():
        raise ConfigError("COHORT_ABSENT")
    return read_frozen_protocol(path)


def _draft(args: argparse.Namespace) -> int:
    from equisite.protocol.load import protocol_sha256
    from equisite.release.approvals import opt_in_tables
    from equisite.release.approve import today

    protocol = _protocol(args.directory)
    tables = opt_in_tables(protocol)
    if not tables:
        print(NO_TABLE)
        return 0
    lines = [
        "approval_id: ???     # short name; stands in the bundle",
        "body: ???            # who allowed it; stays at the site",
        f"date: {today()}     # day on which it was given; stays at the site",
        "expires: ???         # last day on which a bundle may leave under it",
        f"protocol_sha256: {protocol_sha256(protocol)}",
        f"table_ids: [{', '.join(tables)}]",
        "duo: [???]           # data use codes of the patients' consent",
        f"# The protocol's use is {', '.join(protocol.protocol.duo) or 'not named'}.",
        "# k: 10              # another smallest number of patients, from 5",
        "# budget: 0.4644     # other most statistics per patient, up to 1.9909",
    ]
    print("\n".join(lines))
    return 0


def _sign(args: argparse.Namespace) -> int:
    from equisite.release.approvals import read_draft, sign_approval

    protocol = _protocol(args.directory)
    approval = read_draft(args.file)
    path = sign_approval(args.directory, approval, protocol, args.key)
    print(f"signed: {path}")
    print(f"It holds for {', '.join(approval.table_ids)} until {approval.expires}.")
    print("Run `equisite prepare`, and read the review page before you approve.")
    return 0


def _list(args: argparse.Namespace) -> int:
    import json

    from equisite.release.approvals import opt_in_tables, read_permits

    protocol = _protocol(args.directory)
    site = json.loads((args.directory / "work/intake/site.json").read_bytes())
    permits = read_permits(args.directory, protocol, site["freeze"]["date"])
    tables = opt_in_tables(protocol)
    if not tables:
        print(NO_TABLE)
    for table in tables:
        permit = permits.by_table.get(table)
        if permit is None:
            print(permits.findings[table].render())
        else:
            approval = permit.approval
            print(f"{table}: approval {approval.approval_id}, until {approval.expires}")
    return 0
