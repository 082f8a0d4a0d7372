"""`equisite compare`: the lead's run, and the steps that its rules call."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

_HERE = Path()


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verbs that the rules call."""
    steps = {
        "admit": (_admit, "judge all bundles, move refused ones to quarantine"),
        "pool": (_pool, "pool and compare the admitted bundles"),
        "report": (_report, "write the page from the result tables"),
    }
    for name, (call, purpose) in steps.items():
        verb = verbs.add_parser(name, help=purpose)
        verb.add_argument("--directory", type=Path, default=_HERE, help="the lead's folder")
        verb.set_defaults(call=call)


def register_noun(parser: argparse.ArgumentParser) -> None:
    """`equisite compare` alone runs all steps through Snakemake."""
    parser.add_argument("--directory", type=Path, default=_HERE, help="the lead's folder")
    parser.add_argument("--cores", help="number of cores, or `all`; default: the profile's")
    parser.add_argument("--profile", default="local", help="folder below config/profiles")
    parser.set_defaults(call=_compare)


def _admit(args: argparse.Namespace) -> int:
    from equisite.compare.stages import run_admit

    rows = run_admit(args.directory)
    for row in rows:
        name = row.bundle_sha256[:16] or row.site
        sys.stderr.write(f"{name}: {row.verdict} {row.code}".rstrip() + "\n")
    return 0


def _pool(args: argparse.Namespace) -> int:
    from equisite.compare.stages import run_pool

    run_pool(args.directory)
    return 0


def _report(args: argparse.Namespace) -> int:
    from equisite.compare.stages import run_report

    page = run_report(args.directory)
    sys.stderr.write(f"{page.name}: {page.stat().st_size} bytes\n")
    return 0


def _compare(args: argparse.Namespace) -> int:
    """Print and run the Snakemake command of the lead's folder, then tell the verdict."""
    from equisite.cli.launch import run
    from equisite.compare.lead import load_folder
    from equisite.compare.telling import tell

    folder = args.directory.absolute()
    lead = load_folder(folder)
    code = run(folder, args.profile, args.cores, [], "workflow/compare.smk", "compare.yaml")
    return tell(lead, code)
