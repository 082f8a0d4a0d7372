"""The one registry of outcome and error codes: text and mend of each."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SEVERITIES = ("refuse", "warn", "info")


@dataclass(frozen=True)
class Code:
    """A registered code: the room that raises it, severity, sentence template and mend."""

    code: str
    room: str
    severity: str
    sentence: str
    mend: str


@cache
def registry() -> dict[str, Code]:
    """All codes by name, read from the tables `<room>.tsv` beside this module.

    Raises ValueError when a code is registered twice or a severity is unknown.
    """
    codes: dict[str, Code] = {}
    for table in sorted(Path(__file__).parent.glob("*.tsv")):
        with table.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
                code = Code(room=table.stem, **row)
                if code.code in codes:
                    raise ValueError(f"code {code.code} is registered twice")
                if code.severity not in SEVERITIES:
                    raise ValueError(f"code {code.code}: severity {code.severity!r}")
                codes[code.code] = code
    return codes


def lookup(code: str) -> Code:
    """The registered entry of one code; KeyError when it does not exist."""
    return registry()[code]
