"""The installed software: image, its digest, and what runs a command inside it.

`scripts/run.py install` makes it; here it is only found and used. On the host every shell
command goes through the front. With `--sdm apptainer` Snakemake starts the same image file
itself, and the environment tells apptainer what the front would have told. Inside the image
commands run as they are. With nothing installed the tools of the PATH would run, which is
refused unless EQUISITE_UNLOCKED=1 says that this is wanted.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from equisite.core.errors import ConfigError
from equisite.core.layers import software_home


@dataclass(frozen=True)
class Software:
    """What runs the steps.

    image: path for `container:`. front: shell that enters the image, None when commands run
    as they are. by_snakemake: Snakemake starts the image (`--sdm apptainer`).
    """

    image: str
    digest: str
    front: str | None
    checkout: Path
    by_snakemake: bool = False

    def bind(self, roots: Iterable[Path]) -> None:
        """Show these folders, read-only, to every command of this run."""
        shown = sorted(str(root) for root in roots)
        os.environ["EQUISITE_BINDS"] = ":".join(shown)
        if self.by_snakemake:
            home = software_home()
            layers = [] if home.is_relative_to(self.checkout) else [str(home / "layers")]
            places = [str(self.checkout), *(x for x in layers if Path(x).is_dir()), *shown]
            binds = [*(f"{place}:{place}:ro" for place in places), str(Path.cwd())]
            os.environ["APPTAINER_BINDPATH"] = ",".join(binds)
            for name, value in self._environment().items():
                os.environ[f"APPTAINERENV_{name}"] = value

    def _environment(self) -> dict[str, str]:
        """What the front sets: the pins of the processors, and where the package lies."""
        pins = (self.checkout / "envs" / "pins.env").read_text(encoding="utf-8").splitlines()
        return {
            **dict(line.split("=", 1) for line in pins if line and not line.startswith("#")),
            "EQUISITE_INSIDE": "1",
            "EQUISITE_IMAGE_DIGEST": self.digest,
            "EQUISITE_HOME": str(software_home()),
            "PYTHONPATH": str(self.checkout / "src"),
            "PYTHONHASHSEED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            "MPLCONFIGDIR": "/tmp/matplotlib",  # noqa: S108 - private to the container
            "NUMBA_CACHE_DIR": "/tmp/numba",  # noqa: S108
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
        }


def installed(checkout: Path, *, by_snakemake: bool = False) -> Software:
    """Find the software of a checkout.

    by_snakemake: the run was started with `--sdm apptainer`.
    Raises ConfigError SOFTWARE_MISSING when nothing is installed.
    """
    home = Path(os.environ.get("EQUISITE_HOME") or checkout / ".software")
    inside = os.environ.get("EQUISITE_INSIDE") == "1"
    record = home / "image.json"
    if record.is_file():
        about = json.loads(record.read_text(encoding="utf-8"))
        front = None if inside or by_snakemake else str(home / "front" / "bash")
        image, digest = str(home / about["file"]), str(about["sha256"])
        return Software(image, digest, front, checkout, by_snakemake)
    if inside or os.environ.get("EQUISITE_UNLOCKED") == "1":
        digest = os.environ.get("EQUISITE_IMAGE_DIGEST", "0" * 64)
        return Software(str(home / "equisite.sqfs"), digest, None, checkout)
    raise ConfigError("SOFTWARE_MISSING")
