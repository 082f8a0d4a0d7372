"""`equisite cohort` and `equisite status`: join all rooms, and tell what happened."""

from __future__ import annotations

import argparse
from pathlib import Path

STATUS = Path("private/status.tsv")
STAGES = Path("private/stages.tsv")


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verbs of this noun."""
    join = verbs.add_parser("join", help="one row per patient, and the status page")
    for kind in ("genomics", "imaging"):
        join.add_argument(
            f"--{kind}-batches", type=int, nargs="*", default=[], help="numbers of batches"
        )
    join.set_defaults(call=join_cohort)
    robustness = verbs.add_parser("robustness", help="which features stand perturbations")
    robustness.add_argument(
        "--imaging-batches", type=int, nargs="*", default=[], help="numbers of batches"
    )
    robustness.set_defaults(call=judge_robustness)


def register_top(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands of people."""
    status = commands.add_parser("status", help="what happened to the patients of this site")
    status.add_argument("--directory", type=Path, default=Path(), help="site folder")
    status.set_defaults(call=show_status)


def join_cohort(args: argparse.Namespace) -> int:
    """Write `private/cohort.tsv`, status tables and page of the site folder we are in."""
    import json

    from equisite.cohort.join import join
    from equisite.cohort.page import status_page
    from equisite.cohort.sources import ROOMS, read_sources
    from equisite.cohort.status import (
        Stage,
        StatusRow,
        check_complete,
        stages,
        status_rows,
        summary_lines,
    )
    from equisite.core.atomic import write_text
    from equisite.core.outcomes import write_outcomes
    from equisite.core.tables import write_rows, write_table
    from equisite.protocol.load import read_frozen_protocol

    folder = Path()
    protocol = read_frozen_protocol(folder / "work/intake/protocol.json")
    several = protocol.cohort.several_series
    tumours = protocol.genomics.somatic != "off"
    people = bool(args.genomics_batches) and protocol.genomics.frequencies is not None
    sources = read_sources(
        folder, args.genomics_batches, args.imaging_batches, tumours=tumours, people=people
    )
    joined = join(sources, several)
    warnings = check_complete(sources, joined)
    rows, counted = status_rows(sources, joined), stages(sources, joined)
    site = json.loads((folder / "work/intake/site.json").read_bytes())
    title = f"{protocol.protocol.id} {protocol.protocol.version}"
    page = status_page(sources, rows, counted, warnings, site, title, several)
    write_outcomes(
        folder / "private/outcomes.tsv", [o for r in ROOMS for o in sources.outcomes[r]]
    )
    write_rows(folder / STAGES, Stage, counted)
    write_text(folder / "private/status.html", page, mode=0o600)
    write_rows(folder / STATUS, StatusRow, rows)
    write_table(folder / "private/cohort.tsv", joined.columns, joined.rows)
    for line in summary_lines(counted, rows):
        print(line)
    for warning in warnings:
        print(warning.render())
    return 0


def judge_robustness(args: argparse.Namespace) -> int:
    """Write `private/perturbed.tsv` and `private/robustness.tsv` of the site folder."""
    from equisite.codebook.book import codebook
    from equisite.cohort.robustness import RobustnessRow, gather, judge
    from equisite.cohort.sources import read_sources
    from equisite.core.tables import read_table, write_rows, write_table
    from equisite.protocol.load import read_frozen_protocol

    folder = Path()
    robustness = read_frozen_protocol(folder / "work/intake/protocol.json").radiomics.robustness
    if robustness is None:
        print("the protocol asks for no perturbed copies")
        return 0
    sources = read_sources(folder, (), args.imaging_batches)
    tables = [folder / f"work/radiomics/{b}/perturbed.tsv" for b in args.imaging_batches]
    perturbed = [row for path in tables for row in read_table(path)[1]]
    patients = [row["patient"] for row in read_table(folder / "private/cohort.tsv")[1]]
    copies = gather(sources, perturbed, patients)
    rows = judge(copies, robustness.minimum_icc, codebook())
    write_rows(folder / "private/robustness.tsv", RobustnessRow, rows)
    write_table(folder / "private/perturbed.tsv", copies.columns, copies.rows())
    below = sum(row.verdict == "below" for row in rows)
    print(f"{len(rows)} features, {below} below an ICC of {robustness.minimum_icc:g}")
    return 0


def show_status(args: argparse.Namespace) -> int:
    """Print the summary from the tables, and where page, review and bundles are."""
    from equisite.cohort.status import Stage, StatusRow, summary_lines
    from equisite.core.tables import read_rows

    folder = args.directory
    if not (folder / STATUS).is_file():
        print("There is no status yet: run `equisite run` in the site folder.")
        return 2
    for line in summary_lines(
        read_rows(folder / STAGES, Stage), read_rows(folder / STATUS, StatusRow)
    ):
        print(line)
    print(f"{'details':<10} {folder / 'private/status.html'}")
    review = folder / "private/review/review.html"
    if review.is_file():
        print(f"{'review':<10} {review}")
    sent = sorted((folder / "outbox").glob("*.bundle"))
    print(f"{'outbox':<10} {sent[-1] if sent else 'no approved bundle yet'}")
    return 0
