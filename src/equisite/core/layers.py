"""Optional layers of the locked software: found when installed, missing with a mend when not.

`scripts/run.py install --with NAME` makes one beside the image (envs/README.md). What needs a
layer runs it as a module of its own process, so that nothing else ever imports it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REPORT_QC = "report-qc"
"""Layer that holds MultiQC."""
_CHECKOUT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Layer:
    """One installed layer; `versions` by package name, `packages` holds the modules."""

    name: str
    digest: str
    packages: Path
    versions: Mapping[str, str]

    def environment(self) -> dict[str, str]:
        """Variables of a process that sees the layer's packages behind this package."""
        told = os.environ.get("PYTHONPATH", "")
        paths = [*(path for path in told.split(":") if path), str(self.packages)]
        return {**os.environ, "PYTHONPATH": ":".join(paths)}

    def command(self, module: str, *words: str | Path) -> Sequence[str]:
        """Words that run a module of the layer; give `environment()` to the process."""
        return ["python3", "-m", module, *map(str, words)]


def software_home() -> Path:
    """Where the software lies: EQUISITE_HOME, else `.software` of the checkout."""
    return Path(os.environ.get("EQUISITE_HOME") or _CHECKOUT / ".software")


def find_layer(name: str) -> Layer | None:
    """An optional layer, None when it is not installed."""
    folder = software_home() / "layers" / name
    record = folder / "layer.json"
    if not record.is_file():
        return None
    about = json.loads(record.read_text(encoding="utf-8"))
    return Layer(name, about["digest"], folder / about["packages"], about["versions"])


def layer_digest(name: str) -> str:
    """Digest of an installed layer, empty without it: a parameter of the rules that use it."""
    layer = find_layer(name)
    return "" if layer is None else layer.digest[:16]
