"""Snakemake's output as one line that a person can follow."""

from __future__ import annotations

import re
import time
from typing import IO

from equisite.cli.trouble import Failure, Trouble

_STEPS = re.compile(r"^(\d+) of (\d+) steps \((\d+)%\) done")
_RULE = re.compile(r"^(?:local)?(?:rule|checkpoint) (\w+):$")
_JOBS = re.compile(r"^total\s+(\d+)$")
_PLANNING = "Building DAG of jobs..."
_COMPLAINT = re.compile(r"error|exception|failed", re.IGNORECASE)
_NEXT = ("rule ", "localrule ", "Finished jobid")
_CHATTER = ("Assuming unrestricted shared", "Using workflow specific profile")


class Progress:
    """Follows the lines of a run and writes to `out`.

    On a terminal one line is rewritten; elsewhere a line is written per ten percent.
    Everything before planning (mistakes in the sheets) is passed on as it is.
    """

    def __init__(self, out: IO[str], *, terminal: bool, width: int = 80) -> None:
        self._out = out
        self._terminal = terminal
        self._width = width
        self._began = time.monotonic()
        self._planning = True
        self._announced = 0
        self._told = -1
        self.done = 0
        self.total = 0
        self.stage = ""
        self.trouble = Trouble()

    def line(self, text: str) -> None:
        """Take one line of Snakemake's output."""
        text = text.rstrip()
        if text == _PLANNING:
            self._planning = False
        if self._planning:
            if text and not self.trouble.line(text) and not text.startswith(_CHATTER):
                print(text, file=self._out, flush=True)
            return
        if self.trouble.line(text):
            return
        if text.startswith(_NEXT):
            self._announce()  # not sooner: whether it is tried again is told a little later
        if found := _JOBS.match(text):
            self.total = int(found[1])
        elif found := _RULE.match(text):
            self.stage = stage_of(found[1])
        elif found := _STEPS.match(text):
            self.done, self.total = int(found[1]), int(found[2])
        elif _COMPLAINT.search(text) and not text.startswith(" "):
            self._say(text)
        else:
            return
        self.show()

    def _announce(self) -> None:
        """One line per step that failed; the reasons are told at the end."""
        for failure in self.trouble.failures[self._announced :]:
            ending = "failed, is tried again" if failure.again else "failed"
            self._say(f"{title(failure)}: {ending}")
        self._announced = len(self.trouble.failures)

    def _say(self, text: str) -> None:
        self._clear()
        print(text, file=self._out, flush=True)

    def show(self) -> None:
        """Rewrite the line, or write the next one when ten percent more are done."""
        if not self.total:
            return
        if self._terminal:
            self._clear()
            print(self._text()[: self._width - 1], end="", file=self._out, flush=True)
            return
        tenth = 10 * self.done // self.total
        if tenth > self._told:
            self._told = tenth
            print(self._text(), file=self._out, flush=True)

    def close(self) -> None:
        """Leave the line."""
        self._announce()
        if self._terminal and self.total:
            self._clear()

    def _text(self) -> str:
        seconds = int(time.monotonic() - self._began)
        clock = f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        return f"{clock}  {self.done} of {self.total} steps  {self.stage}".rstrip()

    def _clear(self) -> None:
        if self._terminal:
            print("\r\x1b[2K", end="", file=self._out)


def title(failure: Failure) -> str:
    """A step as people call it.

    >>> title(Failure("imaging_draw_pictures", log="logs/imaging_draw_pictures/3.log"))
    'imaging: draw pictures, batch 3'
    """
    stage = stage_of(failure.rule)
    return f"{stage}, batch {failure.batch}" if failure.batch else stage


def stage_of(rule: str) -> str:
    """A rule's name as words.

    >>> stage_of("imaging_check_series")
    'imaging: check series'
    """
    stage, _, rest = rule.partition("_")
    return f"{stage}: {rest.replace('_', ' ')}" if rest else stage
