"""What fails in a run, gathered from Snakemake's output."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath

_STATUS = re.compile(r"returned non-zero exit status (\d+)|died with <Signals\.SIG(\w+)")
_FAILED = re.compile(r"^Error in rule (\w+):$")
_FIELD = re.compile(r"^    (jobid|log|message): (?!None$)(.+?)(?: \(check log file.*)?$")
_LOG = re.compile(r"^Logfile (\S+?):?( empty file| not found\.| is not a text file\.)?$")
_AGAIN = re.compile(r"^Trying to restart job (\d+)")
_OWN = re.compile(r"^\w+(?:Exception|Error)\b")
_TRACEBACK = "Traceback (most recent call last):"
_ENDS = ("[", "Finished jobid", "rule ", "localrule ", "Select jobs", "Execute ")
_KNOWN = (
    "At least one job did not complete", "Exiting because a job execution failed",
    "Removing output files of failed job",
)  # fmt: skip
_OF_DISK = ("Failed to setup log file", "Failed to set marker file")
"""What Snakemake says when it cannot write its own notes, with the machine's words."""
_KEPT = 60
_REFUSALS: set[int | None] = {2, 3, 4}
KILLED = 128 + 9


@dataclass
class Failure:
    """One try of a step that failed.

    rule: its name. job: Snakemake's number of it. log: path from the folder of the run, empty
    where it is not known. status: exit code of its command, 128 more than a signal's number,
    None where it is not known. lines: of its log, and what a scheduler said. again: whether
    it was tried again.
    """

    rule: str
    status: int | None = None
    job: str = ""
    log: str = ""
    lines: list[str] = field(default_factory=list)
    again: bool = False

    @property
    def batch(self) -> str:
        """Number of the batch (with that of a share), empty where the step has none."""
        name = PurePosixPath(self.log).stem
        return name if name[:1].isdigit() else ""


class Trouble:
    """Follows the lines of a run; `others` holds what Snakemake says of itself."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []
        self.others: list[str] = []
        self._status: int | None = None
        self._within = ""
        self._border = ""

    @property
    def final(self) -> list[Failure]:
        """Failures that no further try followed."""
        return [failure for failure in self.failures if not failure.again]

    @property
    def refused(self) -> int:
        """Exit code of steps that found a mistake, or kept the door shut; 0 for others."""
        codes = {failure.status for failure in self.final}
        return codes.pop() or 0 if len(codes) == 1 and codes <= _REFUSALS else 0

    @property
    def text(self) -> str:
        """All that was said, to look for causes in it."""
        lines = [line for failure in self.failures for line in failure.lines]
        return "\n".join([*lines, *self.others])

    def line(self, text: str) -> bool:
        """Take a line; returns whether it tells of something that failed."""
        match self._within:
            case "logging":  # Snakemake's trouble with its own log, as on a full disk
                self._remember(text)
                self._within = "" if text.startswith("Arguments:") else "logging"
                return True
            case "log":
                return self._of_log(text)
            case "step" if text.startswith(" "):
                return self._of_step(text)
            case "command" if not _FAILED.match(text):
                return self._of_command(text)
        return self._begins(text)

    def _begins(self, text: str) -> bool:
        """A line that follows nothing, or ends what was before."""
        if text == "--- Logging error ---":
            self._within = "logging"
        elif text == "RuleException:":
            self._within = "command"
        elif found := _FAILED.match(text):
            self.failures.append(Failure(found[1], self._status))
            self._within, self._status = "step", None
        elif self.failures and (found := _LOG.match(text)):
            self._within, self._border = "" if found[2] else "log", ""
        elif found := _AGAIN.match(text):
            for failure in self.failures:
                failure.again |= failure.job == found[1]
            self._within = ""
        elif text.startswith(_KNOWN):
            self._within = ""
        elif text.startswith(_OF_DISK):
            self._remember(text)
        else:
            return self._of_snakemake(text)
        return True

    def _of_log(self, text: str) -> bool:
        """Between two lines of equal signs."""
        if not self._border:
            self._border = text
        elif text == self._border:
            self._within = ""
        else:
            self.failures[-1].lines.append(text)
        return True

    def _of_command(self, text: str) -> bool:
        """What Snakemake says before it names the step: the command and how it ended."""
        if found := _STATUS.search(text):
            self._status = int(found[1]) if found[1] else KILLED
            self._within = ""
        return True

    def _of_step(self, text: str) -> bool:
        failure = self.failures[-1]
        if found := _FIELD.match(text):
            if found[1] == "jobid":
                failure.job = found[2]
            elif found[1] == "log":
                failure.log = found[2].split(", ")[0]
            else:
                failure.lines.append(found[2])
        return True

    def _of_snakemake(self, text: str) -> bool:
        """A paragraph of Snakemake's own: from the name of an exception to an empty line.

        A traceback has empty lines itself; its last line stands at the margin.
        """
        if text == _TRACEBACK:
            self._within = "traceback"
            self._remember(text)
            return True
        if self._within == "traceback":
            self._within = "traceback" if not text or text.startswith(" ") else ""
            self._remember(text)
            return True
        if _OWN.match(text):
            self._within = "other"
        elif not text or text.startswith(_ENDS):
            self._within = ""
        if self._within == "other":
            self._remember(text)
        return self._within == "other"

    def _remember(self, text: str) -> None:
        if text and text != "WorkflowError:":
            self.others.append(text)
            del self.others[:-_KEPT]
