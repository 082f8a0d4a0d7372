"""`equisite imaging`: check series, convert them, draw pictures."""

from __future__ import annotations

import argparse
import shutil
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

from equisite.core.errors import EquisiteError

if TYPE_CHECKING:
    from equisite.imaging.batch import BatchResult

MACHINE_FAULT = 70
DEID_BLOCKED = 2


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verbs of this noun."""
    for name, call, purpose in (
        ("check", check, "judge the series of a batch, write no volume"),
        ("convert", convert, "judge the series of a batch, write volumes and masks"),
    ):
        verb = verbs.add_parser(name, help=purpose, description=purpose)
        verb.add_argument("--index", type=Path, required=True, help="rows of the batch")
        verb.add_argument("--protocol", type=Path, required=True, help="canonical protocol")
        verb.add_argument(
            "--bias-cache", type=Path, help="folder of MR volumes corrected before"
        )
        verb.add_argument(
            "--headers", type=Path, help="cache of headers, made and updated where it is named"
        )
        if name == "check":
            verb.add_argument("--series", type=Path, required=True, help="report to write")
            verb.add_argument("--outcomes", type=Path, required=True, help="table to write")
        else:
            verb.add_argument(
                "--out",
                type=Path,
                required=True,
                help="folder for volumes/ and tables (series, regions, agreement, outcomes)",
            )
        verb.set_defaults(call=call)
    verb = verbs.add_parser("draw", help="one picture per region, for local eyes only")
    verb.add_argument("--regions", type=Path, required=True, help="table of regions")
    verb.add_argument("--pictures", type=Path, required=True, help="folder to write")
    verb.set_defaults(call=draw)
    purpose = "which series and masks lie below folders, for `equisite init`"
    verb = verbs.add_parser("inventory", help=purpose, description=purpose)
    verb.add_argument("--root", type=Path, required=True, action="append", help="folder")
    verb.add_argument("--protocol", type=Path, help="protocol, to know its regions")
    verb.add_argument("--out", type=Path, required=True, help="JSON to write")
    verb.set_defaults(call=inventory)
    purpose = "count what a de-identification by PS3.15 would have removed"
    verb = verbs.add_parser("privacy", help=purpose, description=purpose)
    verb.add_argument("--root", type=Path, required=True, help="folder of DICOM files")
    verb.add_argument("--out", type=Path, required=True, help="table to write")
    verb.add_argument(
        "--deid",
        choices=("warn", "block"),
        default="warn",
        help="block: exit code 2 when a value is there that no declared option allows",
    )
    verb.set_defaults(call=privacy)
    verb = verbs.add_parser("page", help="a local page of all pictures and refused series")
    verb.add_argument("--work", type=Path, required=True, help="folder of the batches' tables")
    verb.add_argument("--batches", type=int, nargs="*", default=[], help="their numbers")
    verb.add_argument("--pictures", default="pictures", help="folder, relative to the page")
    verb.add_argument("--out", type=Path, required=True, help="page to write")
    verb.set_defaults(call=page)


def _machine_faults(
    call: Callable[[argparse.Namespace], int],
) -> Callable[[argparse.Namespace], int]:
    """A fault that is not the data's ends with a text that quotes no file and no header."""

    @wraps(call)
    def guarded(args: argparse.Namespace) -> int:
        try:
            return call(args)
        except EquisiteError:
            raise
        except OSError as error:
            say(f"The machine failed: {error.strerror or type(error).__name__}")
        except MemoryError:
            say("The machine failed: not enough memory")
        except Exception as error:  # noqa: BLE001 - its text may quote a header, so only where
            say("".join(traceback.format_tb(error.__traceback__)).rstrip())
            say(f"{type(error).__name__} (its text is left out)")
        return MACHINE_FAULT

    return guarded


def say(line: str) -> None:
    """One line to the log."""
    print(line, file=sys.stderr, flush=True)


@_machine_faults
def check(args: argparse.Namespace) -> int:
    """Judge all series of a batch."""
    _run(args, None)
    return 0


@_machine_faults
def convert(args: argparse.Namespace) -> int:
    """Judge, convert and draw regions; the folder of volumes appears when all is done."""
    from equisite.core.tables import write_rows
    from equisite.imaging.batch import VOLUMES
    from equisite.imaging.rows import ReaderPair, RegionPair

    target = args.out / VOLUMES
    beside = args.out / f".{VOLUMES}.part"
    shutil.rmtree(beside, ignore_errors=True)
    try:
        result = _run(args, beside)
        shutil.rmtree(target, ignore_errors=True)
        beside.rename(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    write_rows(args.out / "agreement.tsv", ReaderPair, sorted(result.agreement))
    write_rows(args.out / "regions.tsv", RegionPair, sorted(result.regions))
    return 0


@_machine_faults
def draw(args: argparse.Namespace) -> int:
    """Draw every region of a table; the folder of pictures appears when all is done."""
    from equisite.core.tables import read_rows
    from equisite.imaging.pictures import draw_picture
    from equisite.imaging.rows import RegionPair

    target = args.pictures
    beside = target.with_name(f".{target.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    folder = args.regions.parent
    rows = read_rows(args.regions, RegionPair)
    try:
        for row in rows:
            picture = beside / f"{row.token}.{row.roi}.png"
            image, mask = folder / row.image, folder / row.mask
            draw_picture(image, mask, row.modality, f"{row.token}  {row.roi}", picture)
        shutil.rmtree(target, ignore_errors=True)
        beside.rename(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    say(f"{len(rows)} regions expected, {len(rows)} pictures drawn")
    return 0


def inventory(args: argparse.Namespace) -> int:
    """Look below folders; messages may name files, because nothing of a run is logged here."""
    from equisite.core.atomic import write_bytes
    from equisite.core.canonical import canonical_json
    from equisite.imaging.inventory import take_inventory
    from equisite.protocol.load import load_protocol

    rules = load_protocol(args.protocol).imaging.roi if args.protocol is not None else None
    try:
        found = take_inventory(args.root, rules)
    except OSError as error:
        say(f"{error.filename}: {(error.strerror or 'cannot be read').lower()}")
        return MACHINE_FAULT
    write_bytes(args.out, canonical_json(found.plain()))
    return 0


@_machine_faults
def page(args: argparse.Namespace) -> int:
    """Write the page of a site's images."""
    from equisite.imaging.page import write_page

    refused = write_page(args.work, args.pictures, sorted(args.batches), args.out)
    say(f"{len(args.batches)} batches, {refused} rows refused")
    return 0


@_machine_faults
def privacy(args: argparse.Namespace) -> int:
    """Write counts of attributes that still hold a value; no value is shown."""
    from equisite.core.tables import write_rows
    from equisite.imaging.privacy import PrivacyRow, files_below, inspect, undeclared

    files, unreadable, rows = inspect(files_below(args.root))
    write_rows(args.out, PrivacyRow, rows)
    held = len(undeclared(rows))
    say(
        f"{files} DICOM files, {unreadable} unreadable, {len(rows)} attributes with values, "
        f"{held} of them not allowed by what the files declare"
    )
    return DEID_BLOCKED if args.deid == "block" and (held or unreadable) else 0


def _run(args: argparse.Namespace, volumes: Path | None) -> BatchResult:
    """Run a batch and write the report and the outcomes; all that it gave."""
    from equisite.core.outcomes import write_outcomes
    from equisite.core.tables import read_rows, write_rows
    from equisite.imaging.batch import run_batch
    from equisite.imaging.rows import SeriesRow
    from equisite.intake.index import ImagingItem
    from equisite.protocol.models import Protocol

    protocol = Protocol.model_validate_json(args.protocol.read_bytes())
    items = read_rows(args.index, ImagingItem)
    result = run_batch(items, protocol.imaging, volumes, say, args.headers, args.bias_cache)
    series, outcomes = (
        (args.series, args.outcomes)
        if volumes is None
        else (args.out / "series.tsv", args.out / "outcomes.tsv")
    )
    write_rows(series, SeriesRow, sorted(result.series))
    write_outcomes(outcomes, result.outcomes)
    passed = len({row.token for row in result.series if row.verdict == "ok"})
    drawn = f", {len(result.regions)} regions drawn" if volumes is not None else ""
    say(f"{len(items)} rows expected, {passed} with a sound series{drawn}")
    return result
