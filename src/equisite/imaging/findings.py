"""What is wrong with a series or mask, with the severity that holds in its case."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from equisite.core.errors import Finding, Number

REFUSE, WARN, INFO = "refuse", "warn", "info"


@dataclass(frozen=True)
class ImagingFinding(Finding):
    """A finding whose severity may depend on the case.

    A changed slope is news in CT and normal in PET; lossy pixels are refused or accepted
    by the protocol. level: `refuse`, `warn` or `info`; empty: as registered.
    """

    level: str = ""

    @property
    def severity(self) -> str:
        """The severity of this case."""
        return self.level or super().severity


def finding(code: str, level: str = "", /, **numbers: Number) -> ImagingFinding:
    """A finding of a registered code with its measured numbers.

    Text from a file (a region's name) may hold line breaks, which no table's cell may.
    """
    clean = {k: printable(v) if isinstance(v, str) else v for k, v in numbers.items()}
    return ImagingFinding(code, "", clean, level)


def printable(value: str) -> str:
    """Text with a blank for every character that cannot be printed.

    >>> printable("GTV\\t1\\n")
    'GTV 1 '
    """
    return "".join(c if c.isprintable() else " " for c in value)


def refused(findings: Iterable[Finding]) -> bool:
    """Whether one of the findings refuses the item."""
    return any(f.severity == REFUSE for f in findings)


def listed(numbers: Iterable[int], most: int = 5) -> str:
    """Numbers as text, the first few and how many more.

    >>> listed([3, 4, 9]), listed(range(1, 9))
    ('3, 4, 9', '1, 2, 3, 4, 5 and 3 more')
    """
    values = list(numbers)
    text = ", ".join(str(v) for v in values[:most])
    return f"{text} and {len(values) - most} more" if len(values) > most else text
