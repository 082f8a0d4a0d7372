"""Run one pipeline of tools once per item, and tell wrong data from a machine fault."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from equisite.core.atomic import write_bytes
from equisite.core.canonical import canonical_json
from equisite.core.errors import EquisiteError, Finding
from equisite.core.outcomes import Outcome, done, judged

REFUSED = 3
"""Exit code of a step that found the data wrong and wrote down why."""


class StepFailed(Exception):  # noqa: N818 - reads as what happened
    """A tool ended with an error although nobody found the data wrong: a machine fault.

    The text names the item by its token only.
    """


@dataclass(frozen=True)
class Item:
    """What one run of the pipeline works on.

    token: stands for the item in files and logs. patient, name: for the outcome only.
    environment: further variables that the pipeline's text uses.
    """

    token: str
    patient: str
    name: str
    environment: Mapping[str, str] = field(default_factory=dict)


def refuse(path: Path, findings: Iterable[Finding]) -> int:
    """Write down why the data is wrong, for `run_each`; returns the exit code of the step."""
    content = [{"code": f.code, "numbers": dict(f.numbers)} for f in findings]
    write_bytes(path, canonical_json(content))
    return REFUSED


def refuse_error(path: Path, error: EquisiteError) -> int:
    """`refuse` with the findings that an error carries."""
    return refuse(path, error.findings)


def run_each(items: Sequence[Item], pipeline: str, *, room: str, folder: Path) -> list[Outcome]:
    """Run `pipeline` under `bash -euo pipefail` once per item; return one outcome or more each.

    The pipeline sees ITEM (token), OUT (prefix of the files it makes), SCRATCH (a folder that
    is removed afterwards), REFUSAL (where a step writes its findings with `refuse`, ending
    with code 3) and the item's own variables. Files named `$OUT.<anything>` come to stand in
    `folder` under the item's token, all of them, after the pipeline has ended with code 0.

    A finding that refuses is a refusal: the item's files are removed and the next item
    follows. The findings decide and not the code alone, because a tool further down may
    stumble over the stream that was cut, and `pipefail` reports the last. Other findings are
    remarks on an item whose pipeline ended well.
    Raises StepFailed for every other failure, for success without any file, and for a
    folder that already holds something: what it holds could be taken for a result.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(not entry.name.startswith(".") for entry in folder.iterdir()):
        raise StepFailed("the output folder is not empty; remove it and start again")
    outcomes: list[Outcome] = []
    for number, item in enumerate(items, start=1):
        found = _run_one(item, pipeline, folder)
        outcomes += (
            [judged(item.patient, room, item.name, finding) for finding in found]
            if found
            else [done(item.patient, room, item.name)]
        )
        verdict = " ".join(f.code for f in found) or "done"
        sys.stderr.write(f"{item.token}: {verdict} ({number} of {len(items)})\n")
        sys.stderr.flush()
    return outcomes


def _run_one(item: Item, pipeline: str, folder: Path) -> list[Finding]:
    place = folder / f".{item.token}"
    shutil.rmtree(place, ignore_errors=True)
    scratch = place / "scratch"
    scratch.mkdir(parents=True)
    refusal = place / "refusal.json"
    variables = {
        "ITEM": item.token,
        "OUT": str(place / item.token),
        "SCRATCH": str(scratch),
        "REFUSAL": str(refusal),
        **item.environment,
    }
    try:
        # Same process group as ours: who kills the group kills the tools.
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", pipeline],
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            check=False,
        )
        remarks = _read_refusal(refusal) if refusal.is_file() else []
        if any(finding.severity == "refuse" for finding in remarks):
            return remarks
        if ended.returncode:
            raise StepFailed(f"{item.token}: a step ended with code {ended.returncode}")
        made = sorted(place.glob(f"{item.token}.*"))
        if not made:
            raise StepFailed(f"{item.token}: the steps ended well but made nothing")
        for path in made:
            _to_disk(path)
        for path in made:
            path.replace(folder / path.name)
        return remarks
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _read_refusal(path: Path) -> list[Finding]:
    return [
        Finding(entry["code"], "", entry["numbers"]) for entry in json.loads(path.read_bytes())
    ]


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
