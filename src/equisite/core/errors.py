"""Errors that say what is wrong, where, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

from equisite.core.codes import lookup
from equisite.core.signs import legible

Number = str | int | float | bool


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: a registered code, its place and the measured numbers.

    where: "file line N, column C" for a sheet, empty where there is no file.
    numbers: values that fill the sentence template of the code. In rooms whose text
    can leave the site (release, bundle, compare) they never hold an identifier.
    stands_for: how many findings this one stands for, where the rest of many is counted.
    Raises KeyError for a code that is not in the registry.
    """

    code: str
    where: str = ""
    numbers: dict[str, Number] = field(default_factory=dict)
    stands_for: int = field(default=1, kw_only=True)

    def __post_init__(self) -> None:
        lookup(self.code)

    @property
    def severity(self) -> str:
        """`refuse`, `warn` or `info`, as registered."""
        return lookup(self.code).severity

    @property
    def sentence(self) -> str:
        """The registered sentence with this finding's numbers filled in."""
        return lookup(self.code).sentence.format(**self._legible())

    @property
    def mend(self) -> str:
        """What the user can do about it."""
        return lookup(self.code).mend.format(**self._legible())

    def render(self) -> str:
        """Two lines: code, place and sentence; then the mend."""
        place = f" {legible(self.where)}" if self.where else ""
        return f"{self.code}{place}: {self.sentence}\n        Mend: {self.mend}"

    def _legible(self) -> dict[str, Number]:
        return {k: legible(v) if isinstance(v, str) else v for k, v in self.numbers.items()}


class EquisiteError(Exception):
    """Base of all errors that a user may meet; carries one or more findings."""

    exit_code: ClassVar[int] = 70

    def __init__(
        self, code: str | Iterable[Finding], where: str = "", **numbers: Number
    ) -> None:
        if isinstance(code, str):
            self.findings: tuple[Finding, ...] = (Finding(code, where, dict(numbers)),)
        else:
            self.findings = tuple(code)
        super().__init__(self.render())

    @property
    def code(self) -> str:
        """Code of the first finding."""
        return self.findings[0].code

    def render(self) -> str:
        """All findings, one after the other, and their number."""
        text = "\n".join(f.render() for f in self.findings)
        problems = sum(finding.stands_for for finding in self.findings)
        if problems > 1:
            text += f"\n{problems:,} problems in all. Nothing was run."
        return text


class ConfigError(EquisiteError):
    """A configuration, protocol or sheet that the user can mend."""

    exit_code = 2


class MachineError(EquisiteError):
    """A disk or a machine that gave up; the same command goes on when it is mended."""


class InputError(EquisiteError):
    """Data that is wrong: becomes the outcome of a patient or item, never a crash."""

    exit_code = 2


class ReleaseRefusal(EquisiteError):  # noqa: N818 - a normal result, not an error
    """The door stays closed; a normal result with codes."""

    exit_code = 3


class BundleError(EquisiteError):
    """A bundle that is not trusted."""

    exit_code = 4
