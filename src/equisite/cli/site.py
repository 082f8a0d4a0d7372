"""`equisite init | check | run`: a hospital's own commands."""

from __future__ import annotations

import argparse
import signal
from pathlib import Path
from shlex import quote

_HERE = Path()


def register_top(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands of this module."""
    init = commands.add_parser(
        "init",
        help="write a site folder: an example that runs, or from your folders of raw data",
        epilog="With --from-fastq or --from-dicom the sheets are written from what lies there;"
        " cells that folders cannot tell stand as ??? and are refused until you fill them.",
    )
    init.add_argument("directory", type=Path, help="a folder that does not exist or is empty")
    for name, what in (("fastq", "FASTQ, BAM, CRAM and VCF"), ("dicom", "DICOM and masks")):
        init.add_argument(
            f"--from-{name}",
            type=Path,
            action="append",
            default=[],
            metavar="DIR",
            help=f"folder with {what}, any depth; may be given again",
        )
    init.add_argument("--protocol", type=Path, help="protocol.yaml: its regions are looked for")
    init.add_argument("--kind", choices=("normal", "tumour"), default="", help="of all samples")
    init.add_argument(
        "--assay", choices=("genome", "exome", "panel"), default="", help="of all samples"
    )
    init.set_defaults(call=_init)

    check = commands.add_parser("check", help="check sheets and configuration; run nothing")
    check.add_argument("--directory", type=Path, default=_HERE, help="site folder")
    check.set_defaults(call=_check)

    run = commands.add_parser(
        "run",
        help="run a site folder: prints the Snakemake command and starts it",
        epilog="What follows `--` is given to Snakemake as it is, for example -- --dry-run",
    )
    run.add_argument("--directory", type=Path, default=_HERE, help="site folder")
    run.add_argument(
        "--cores",
        type=_cores,
        metavar="N",
        help="number of cores, or `all`; default: the profile's",
    )
    run.add_argument("--profile", default="local", help="folder below config/profiles")
    run.add_argument("snakemake", nargs="*", help="further arguments for Snakemake, after --")
    run.set_defaults(call=_run)


def _cores(text: str) -> str:
    """A number of cores as Snakemake takes it."""
    if text != "all" and not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(
            f"{text} is no number of cores; give a whole number of at least 1, or all"
        )
    return text


def _init(args: argparse.Namespace) -> int:
    if args.from_fastq or args.from_dicom:
        from equisite.cli.from_folders import write_site

        lines = write_site(
            args.directory,
            args.from_fastq,
            args.from_dicom,
            args.protocol,
            args.kind,
            args.assay,
        )
        for line in lines:
            print(line)
        return 0
    from equisite.cli.example import write_example

    for path in write_example(args.directory):
        print(path)
    print(
        "An example that runs as it is, on made data. Replace sheets, protocol and keyring"
        f" by your own, then: equisite check --directory {quote(str(args.directory))}"
    )
    return 0


def _check(args: argparse.Namespace) -> int:
    from equisite.cli.plan import plan
    from equisite.core import processor
    from equisite.intake.check import check_site

    processor.check()
    site = check_site(args.directory.absolute())
    for finding in site.remarks:
        print(finding.render())
    for line in plan(site):
        print(line)
    return 0


def _run(args: argparse.Namespace) -> int:
    from equisite.cli.fetch import prepare
    from equisite.cli.launch import run
    from equisite.cli.summary import summary

    code = run(
        args.directory,
        args.profile,
        args.cores,
        args.snakemake,
        prepare=lambda: prepare(args.directory),
    )
    if code == 0 and not args.snakemake:
        for line in summary(args.directory.absolute()):
            print(line)
    elif code == 128 + signal.SIGINT:
        print("Stopped. What is finished is kept: the same command goes on from here.")
    return code
