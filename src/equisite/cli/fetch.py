"""`equisite fetch`: copies series that the sheet names by UID from the site's PACS."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from equisite.core.errors import ConfigError

if TYPE_CHECKING:
    from equisite.protocol.site import SiteConfig

_HERE = Path()


def register_top(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    purpose = "copy series that the sheet names by UID from the PACS of config.yaml"
    fetch = commands.add_parser("fetch", help=purpose, description=purpose)
    fetch.add_argument("--directory", type=Path, default=_HERE, help="site folder")
    fetch.set_defaults(call=_fetch)


def _fetch(args: argparse.Namespace) -> int:
    from equisite.protocol.load import load_site_config

    fetch(args.directory, load_site_config(args.directory / "config.yaml"))
    return 0


def prepare(directory: Path) -> None:
    """Before a run: copy the series of a sound site folder that names a PACS.

    A folder with mistakes is left to the checks of the run, which tell all of them at once.
    """
    from equisite.intake.check import check_site
    from equisite.protocol.load import examine_site

    config = examine_site(directory / "config.yaml").value
    if config is not None and config.pacs is not None:
        check_site(directory.absolute())
        fetch(directory, config)


def fetch(directory: Path, config: SiteConfig) -> None:
    """Copy what is not there yet into `work/pacs`.

    Raises ConfigError PACS_NOT_NAMED, PACS_TOKEN, and those of the sheets and of
    `fetch_series`.
    """
    from equisite.imaging.dicomweb import fetch_series
    from equisite.intake.pacs import COPIES, wanted_series
    from equisite.intake.secret import close_folders

    if config.pacs is None:
        raise ConfigError("PACS_NOT_NAMED")
    directory = directory.absolute()
    name = config.pacs.token_env
    token = os.environ.get(name, "") if name else ""
    if name and not token:
        raise ConfigError("PACS_TOKEN", name=name)
    wanted = wanted_series(directory, config)
    close_folders(directory)
    done = fetch_series(config.pacs.url, token, wanted, directory / COPIES, _say)
    _say(
        f"PACS: {len(wanted)} series asked for, {done.copied} copied ({done.images} images), "
        f"{done.kept} were here already, {done.absent} are not in the archive"
    )


def _say(line: str) -> None:
    print(line, flush=True)
