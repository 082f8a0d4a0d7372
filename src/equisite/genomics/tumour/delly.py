"""Structural variants by delly, also where the normal is too thin for it.

With a normal of a thousand reads delly stops, without a file, because it cannot estimate the
sizes of fragments. The tumour is then called alone: its events are of low confidence, because
nothing says that they are not inherited. Genotypes are never looked at.
"""

from __future__ import annotations

import subprocess
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from equisite.genomics.adapters.breakpoints import Junction, distinct
from equisite.genomics.adapters.structural import read_junctions
from equisite.genomics.tumour.calls import HIGH, LOW

THIN = "not enough data to estimate library parameters"
"""What delly says of a sample with too few reads."""
TUMOUR_FRACTION = 0.03
MINIMUM_COVERAGE = 10
NORMAL_FRACTION = 0.0


@dataclass(frozen=True)
class StructuralCall:
    """One event and the class of its confidence, `high` or `low`."""

    junction: Junction
    confidence: str


@dataclass(frozen=True)
class StructuralCalls:
    """Events of one tumour. reason: empty, or why no pair could be called.

    `thin_normal`: the tumour was called alone; `no_normal`: there is none; `thin_tumour`:
    nothing could be called, so that no event is not the same as none.
    """

    calls: tuple[StructuralCall, ...]
    reason: str = ""

    @property
    def known(self) -> bool:
        """Whether the tumour was looked at."""
        return self.reason != "thin_tumour"

    def counted(self) -> list[Junction]:
        """Events of high confidence."""
        return [call.junction for call in self.calls if call.confidence == HIGH]


def run_delly(reference: Path, out: Path, reads: Sequence[Path]) -> bool:
    """Call a tumour, or a tumour and its normal; False when a sample is too thin for delly.

    Raises CalledProcessError for any other failure.
    """
    command = ["delly", "call", "-g", str(reference), "-o", str(out), *map(str, reads)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if THIN in done.stdout + done.stderr:
        return False
    if done.returncode or not out.is_file():
        raise subprocess.CalledProcessError(done.returncode or 1, command[:2])
    return True


def call_structural(
    reference: Path, names: Collection[str], scratch: Path, tumour: Path, normal: Path | None
) -> StructuralCalls:
    """Events of a tumour. The read groups of both files name their samples by file name.

    names: sequences of the reference. tumour, normal: BAM or CRAM, called `<sample>.<ending>`
    with that sample in their read groups.
    """
    out, plain = scratch / "called.bcf", scratch / "called.vcf"
    reason = "no_normal" if normal is None else ""
    if normal is not None and not run_delly(reference, out, [tumour, normal]):
        normal, reason = None, "thin_normal"
    if normal is None and not run_delly(reference, out, [tumour]):
        return StructuralCalls((), "thin_tumour")
    _to_text(out, plain)
    junctions = distinct(
        read_junctions(plain, names, tumour.stem, "" if normal is None else normal.stem)
    )
    return StructuralCalls(
        tuple(
            StructuralCall(j, confidence_of(j, paired=normal is not None)) for j in junctions
        ),
        reason,
    )


def confidence_of(junction: Junction, *, paired: bool) -> str:
    """`high` for a passed event of a pair that only the tumour shows, else `low`.

    3 % of 10 or more reads or pairs in the tumour, none of 10 or more in the normal.
    """
    if not (paired and junction.passed):
        return LOW
    ours, theirs = junction.tumour, junction.normal
    if ours.alt is None or ours.ref is None or theirs.alt is None or theirs.ref is None:
        return LOW
    here, there = ours.alt + ours.ref, theirs.alt + theirs.ref
    if min(here, there) < MINIMUM_COVERAGE:
        return LOW
    somatic = ours.alt >= TUMOUR_FRACTION * here and theirs.alt <= NORMAL_FRACTION * there
    return HIGH if somatic else LOW


def _to_text(binary: Path, text: Path) -> None:
    command = ["bcftools", "view", "--no-version", "-Ov", "-o", str(text), str(binary)]
    subprocess.run(command, check=True, capture_output=True)
