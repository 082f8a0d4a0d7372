"""The installed software: image, its digest, and the front that runs a command inside it.

`scripts/run.py install` makes it; here it is only found and used. Three situations:
on the host every shell command goes through the front; inside the image (or a container
that Snakemake started) commands run as they are; with nothing installed the tools of the
PATH would run, which is refused unless EQUISITE_UNLOCKED=1 says that this is wanted.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from equisite.core.errors import ConfigError


@dataclass(frozen=True)
class Software:
    """What runs the steps. image: path for `container:`; front: shell, None when inside."""

    image: str
    digest: str
    front: str | None

    def bind(self, roots: Iterable[Path]) -> None:
        """Let the front show these folders, read-only, to every command."""
        os.environ["EQUISITE_BINDS"] = ":".join(sorted(str(root) for root in roots))


def installed(checkout: Path) -> Software:
    """Find the software of a checkout.

    Raises ConfigError SOFTWARE_MISSING when nothing is installed.
    """
    home = Path(os.environ.get("EQUISITE_HOME") or checkout / ".software")
    inside = os.environ.get("EQUISITE_INSIDE") == "1"
    record = home / "image.json"
    if record.is_file():
        about = json.loads(record.read_text(encoding="utf-8"))
        image, digest = str(home / about["file"]), str(about["sha256"])
        return Software(image, digest, None if inside else str(home / "front" / "bash"))
    if inside or os.environ.get("EQUISITE_UNLOCKED") == "1":
        digest = os.environ.get("EQUISITE_IMAGE_DIGEST", "0" * 64)
        return Software(str(home / "equisite.sqfs"), digest, None)
    raise ConfigError("SOFTWARE_MISSING")
