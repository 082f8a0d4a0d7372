"""`equisite inspect` and `equisite verify`: look into bundles, and judge them."""

from __future__ import annotations

import argparse
from pathlib import Path


def register_top(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands of people."""
    inspect = commands.add_parser("inspect", help="what is in a bundle, or how two differ")
    inspect.add_argument("bundle", type=Path)
    inspect.add_argument("other", type=Path, nargs="?", help="compare structure with this one")
    inspect.set_defaults(call=inspect_bundles)
    verify = commands.add_parser("verify", help="whether a bundle may be trusted")
    verify.add_argument("bundle", type=Path)
    verify.add_argument("--protocol", type=Path, required=True, help="protocol.yaml")
    verify.add_argument(
        "--keyring",
        type=Path,
        help="keyring.yaml: check sender and permissions, too",
    )
    verify.set_defaults(call=verify_bundle)


def inspect_bundles(args: argparse.Namespace) -> int:
    """Print head and tables of one bundle, or what differs between two."""
    from equisite.bundle.codec import read_bundle
    from equisite.bundle.inspect import describe, differences

    first = read_bundle(args.bundle.read_bytes())
    if args.other is None:
        lines = describe(first)
    else:
        lines = differences(first, read_bundle(args.other.read_bytes()))
    for line in lines:
        print(line)
    return 0


def verify_bundle(args: argparse.Namespace) -> int:
    """Print the verdict; 0 when every check passed, 4 when the bundle is not trusted."""
    from equisite.bundle.verify import verify
    from equisite.compare.admission import stranger
    from equisite.protocol.load import load_keyring, load_protocol

    verdict = verify(args.bundle.read_bytes(), load_protocol(args.protocol))
    findings = list(verdict.findings)
    if verdict.bundle is not None and args.keyring is not None:
        found = stranger(verdict.bundle, load_keyring(args.keyring).sites)
        findings += [found] if found else []
    if verdict.bundle is None or findings:
        for finding in findings:
            print(finding.render())
        return 4
    about = verdict.bundle.about
    print(f"trusted: {about.site} release {about.release_no:04d}, freeze {about.freeze.id}")
    print(
        "approved by two signatures"
        if verdict.approved
        else "not approved: it has no signatures"
    )
    return 0
