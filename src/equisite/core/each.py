"""Work through items one by one with tools, and tell wrong data from a machine fault.

Work on an item is a pipeline of tools as text, or a function that starts pipelines, feeds
them and reads what they write: then no Python starts anew for each of them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from equisite.core.atomic import write_bytes
from equisite.core.canonical import canonical_json
from equisite.core.errors import EquisiteError, Finding, InputError
from equisite.core.outcomes import Outcome, done, judged

_BUFFER = 1 << 18
"""Bytes of a pipeline's output that are read at once: more than a pipe holds."""

REFUSED = 3
"""Exit code of a step that found the data wrong and wrote down why."""


class StepFailed(Exception):  # noqa: N818 - reads as what happened
    """A tool ended with an error although nobody found the data wrong: a machine fault.

    The text names the item by its token only.
    """


@dataclass(frozen=True)
class Item:
    """What is worked on.

    token: stands for the item in files and logs. patient, name: for the outcome only.
    environment: further variables that the pipelines' text uses.
    """

    token: str
    patient: str
    name: str
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bench:
    """Where one item is worked on.

    scratch: a folder that is removed afterwards. Pipelines run under `bash -euo pipefail` and
    see ITEM (token), OUT (prefix of the files that stay), SCRATCH, REFUSAL (where a step of
    its own process writes its findings with `refuse`, ending with code 3) and the item's own
    variables.
    """

    item: Item
    place: Path

    @property
    def scratch(self) -> Path:
        """Folder of files that nobody needs afterwards."""
        return self.place / "scratch"

    @property
    def refusal(self) -> Path:
        """Where steps of other processes write their findings."""
        return self.place / "refusal.json"

    def run(self, pipeline: str, **variables: str) -> None:
        """Run a pipeline to its end. Raises StepFailed."""
        with self._started(pipeline, variables, stdin=subprocess.DEVNULL) as process:
            process.wait()
        self._check(process)

    def feed(
        self, pipeline: str, produce: Callable[[Callable[[bytes], object]], object]
    ) -> None:
        """Run a pipeline on what `produce` writes with the function that it is given.

        Raises StepFailed, and what `produce` raises; the pipeline then ends first.
        """
        with self._started(pipeline, {}, stdin=subprocess.PIPE) as process:
            if process.stdin is None:
                raise RuntimeError("a pipeline without input")
            # A pipeline that stopped reading tells by its code, not by the broken pipe.
            with suppress(BrokenPipeError), process.stdin as stream:
                produce(stream.write)
        self._check(process)

    @contextmanager
    def lines(self, pipeline: str, **variables: str) -> Iterator[Iterable[bytes]]:
        """Lines that a pipeline writes, to be read to the end. Raises StepFailed."""
        with self._started(
            pipeline, variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        ) as process:
            if process.stdout is None:
                raise RuntimeError("a pipeline without output")
            yield process.stdout
        self._check(process)

    def _started(
        self,
        pipeline: str,
        variables: Mapping[str, str],
        *,
        stdin: int,
        stdout: int | None = None,
    ) -> subprocess.Popen[bytes]:
        own = {
            "ITEM": self.item.token,
            "OUT": str(self.place / self.item.token),
            "SCRATCH": str(self.scratch),
            "REFUSAL": str(self.refusal),
        }
        # Same process group as ours: who kills the group kills the tools.
        return subprocess.Popen(
            ["bash", "-euo", "pipefail", "-c", pipeline],
            env={**os.environ, **own, **self.item.environment, **variables},
            stdin=stdin,
            stdout=stdout,
            bufsize=_BUFFER,
        )

    def _check(self, process: subprocess.Popen[bytes]) -> None:
        if process.returncode:
            raise StepFailed(f"{self.item.token}: a step ended with code {process.returncode}")


Work = Callable[[Bench], Iterable[Finding]]
"""What is done on a bench; it returns remarks, and raises InputError where data is wrong."""


def pipeline(text: str) -> Work:
    """Work that is one pipeline and nothing else."""

    def work(bench: Bench) -> Iterable[Finding]:
        bench.run(text)
        return ()

    return work


def refuse(path: Path, findings: Iterable[Finding]) -> int:
    """Write down why the data is wrong, for `run_each`; returns the exit code of the step."""
    content = [{"code": f.code, "numbers": dict(f.numbers)} for f in findings]
    write_bytes(path, canonical_json(content))
    return REFUSED


def refuse_error(path: Path, error: EquisiteError) -> int:
    """`refuse` with the findings that an error carries."""
    return refuse(path, error.findings)


def run_each(items: Sequence[Item], work: Work, *, room: str, folder: Path) -> list[Outcome]:
    """Do the work once per item; return one outcome or more each.

    Files named `$OUT.<anything>` come to stand
    in `folder` under the item's token, all of them, after the work has ended well.

    A finding that refuses is a refusal: the item's files are removed and the next item
    follows. The findings decide and not the code alone, because a tool further down may
    stumble over the stream that was cut, and `pipefail` reports the last. Other findings are
    remarks on an item whose work ended well.
    Raises StepFailed for every other failure, for success without any file, and for a
    folder that already holds something: what it holds could be taken for a result.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(not entry.name.startswith(".") for entry in folder.iterdir()):
        raise StepFailed("the output folder is not empty; remove it and start again")
    outcomes: list[Outcome] = []
    for number, item in enumerate(items, start=1):
        found = _work_on(item, work, folder)
        outcomes += (
            [judged(item.patient, room, item.name, finding) for finding in found]
            if found
            else [done(item.patient, room, item.name)]
        )
        verdict = " ".join(f.code for f in found) or "done"
        sys.stderr.write(f"{item.token}: {verdict} ({number} of {len(items)})\n")
        sys.stderr.flush()
    return outcomes


def _work_on(item: Item, work: Work, folder: Path) -> list[Finding]:
    bench = Bench(item, folder / f".{item.token}")
    shutil.rmtree(bench.place, ignore_errors=True)
    bench.scratch.mkdir(parents=True)
    try:
        try:
            remarks = list(work(bench))
        except InputError as error:
            return list(error.findings)
        except StepFailed:
            remarks = _read_refusal(bench.refusal)
            if not any(finding.severity == "refuse" for finding in remarks):
                raise
        else:
            remarks += _read_refusal(bench.refusal)
        if any(finding.severity == "refuse" for finding in remarks):
            return remarks
        made = sorted(bench.place.glob(f"{item.token}.*"))
        if not made:
            raise StepFailed(f"{item.token}: the steps ended well but made nothing")
        for path in made:
            _to_disk(path)
        for path in made:
            path.replace(folder / path.name)
        return remarks
    finally:
        shutil.rmtree(bench.place, ignore_errors=True)


def _read_refusal(path: Path) -> list[Finding]:
    if not path.is_file():
        return []
    return [
        Finding(entry["code"], "", entry["numbers"]) for entry in json.loads(path.read_bytes())
    ]


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
