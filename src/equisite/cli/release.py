"""`equisite prepare` and `equisite approve`: the two hands on the one door."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

NO_DIGEST = "0" * 64


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verbs of this noun."""
    _add_prepare(verbs)


def register_top(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands of people."""
    _add_prepare(commands)
    approve = commands.add_parser("approve", help="let the prepared bundle out")
    approve.add_argument("--directory", type=Path, default=Path(), help="site folder")
    approve.set_defaults(call=approve_release)


def _add_prepare(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("prepare", help="write bundle and review page for approval")
    parser.add_argument("--directory", type=Path, default=Path(), help="site folder")
    parser.add_argument(
        "--image-digest",
        default=os.environ.get("EQUISITE_IMAGE_DIGEST", NO_DIGEST),
        help="sha256 of the software image",
    )
    parser.set_defaults(call=prepare_release)


def prepare_release(args: argparse.Namespace) -> int:
    """Write `private/review`; nothing leaves."""
    from equisite.release.prepare import PAGE, prepare, write_prepared
    from equisite.release.review import review_page

    prepared = prepare(args.directory, args.image_digest)
    write_prepared(args.directory, prepared, review_page(prepared, args.directory))
    tables = prepared.bundle.tables
    out = sum(row.status == "released" for row in tables)
    print(
        f"release {prepared.bundle.about.release_no:04d}: {out} of {len(tables)} tables, "
        f"{len(prepared.content)} bytes, waiting for approval"
    )
    for finding in prepared.permits.findings.values():
        print(finding.render())
    if prepared.release_is_known:
        print("the same content was released before; approving it again changes nothing")
    print(f"read {args.directory / PAGE}, then run `equisite approve`")
    return 0


def approve_release(args: argparse.Namespace) -> int:
    """Write the ledger, then the outbox."""
    from equisite.release.approve import approve

    done = approve(args.directory)
    words = "approved" if done.new else "was approved before; nothing was changed"
    print(f"release {done.release_no:04d} {words}: {done.path}")
    print(f"sha256 {done.sha256}")
    return 0
