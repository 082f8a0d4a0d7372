"""`equisite fetch`: copies series that the sheet names by UID from the site's PACS."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from equisite.core.errors import ConfigError

_HERE = Path()


def register_top(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    purpose = "copy series that the sheet names by UID from the PACS of config.yaml"
    fetch = commands.add_parser("fetch", help=purpose, description=purpose)
    fetch.add_argument("--directory", type=Path, default=_HERE, help="site folder")
    fetch.set_defaults(call=_fetch)


def _fetch(args: argparse.Namespace) -> int:
    if not fetch_named(args.directory):
        raise ConfigError("PACS_NOT_NAMED")
    return 0


def fetch_named(directory: Path) -> bool:
    """Copy what is not there yet into `work/pacs`; False when the site names no PACS.

    Raises ConfigError of the configuration, of the sheets and of `fetch_series`.
    """
    from equisite.imaging.dicomweb import fetch_series
    from equisite.intake.pacs import COPIES, wanted_series
    from equisite.protocol.load import load_site_config

    directory = directory.absolute()
    config = load_site_config(directory / "config.yaml")
    if config.pacs is None:
        return False
    name = config.pacs.token_env
    token = os.environ.get(name, "") if name else ""
    if name and not token:
        raise ConfigError("PACS_TOKEN", name=name)
    wanted = wanted_series(directory, config)
    done = fetch_series(config.pacs.url, token, wanted, directory / COPIES, _say)
    _say(
        f"PACS: {len(wanted)} series asked for, {done.copied} copied ({done.images} images), "
        f"{done.kept} were here already, {done.absent} are not in the archive"
    )
    return True


def _say(line: str) -> None:
    print(line, flush=True)
