"""Whether the product refuses, or turns, pairs that are not what the sheet says.

    pair_checks.py DIR...

Each DIR is a data folder as described in somatic_site.py. Its pair goes through the workflow as
it is, exchanged, with the tumour given as its own normal, with a normal of no reads and as a
tumour alone, each as a patient; folders of one reference also lend each other their normals.
A sample name that is given twice is refused before anything runs.
A folder whose name holds `mixture` must be refused for its foreign reads; one whose README
says that its samples are different persons must not pass for one person.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pysam

from equisite.core.errors import ConfigError
from equisite.intake.freeze import freeze
from equisite.variants.fasta import read_fasta
from genomics_site import CannotMeasureError
from somatic_site import Called, PairFolder, Patient, copy_of, run_pairs, write_pairs

PASSED = "passed"
LENT = 2
"""Normals of other folders that a folder's tumour is given."""


@dataclass(frozen=True)
class Case:
    """One patient; expected: codes of which one must be told, `passed` for a pair that fits."""

    folder: PairFolder
    name: str
    patient: Patient
    expected: tuple[str, ...]


def main() -> int:
    """Judge every case; the last line is one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+", metavar="DIR")
    parser.add_argument("--cores", type=int, default=2)
    arguments = parser.parse_args()
    pairs: list[dict[str, Any]] = []
    print("folder, case: verdict (right)")
    try:
        with tempfile.TemporaryDirectory(prefix="equisite-pairs-") as name:
            folders = [PairFolder(path, Path(name) / "made") for path in arguments.folders]
            for number, folder in enumerate(folders):
                if not folder.path.is_dir():
                    raise CannotMeasureError(f"{folder.path} is no folder")
                scratch = Path(name) / str(number)
                for found in judge(folder, folders, scratch, arguments.cores):
                    right = "right" if found["right"] else "WRONG"
                    print(
                        f"{found['dir']}, {found['case']}: {found['verdict']} ({right})",
                        flush=True,
                    )
                    pairs.append(found)
    except CannotMeasureError as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps({"pairs": pairs}))
    return 0


def judge(
    folder: PairFolder, others: Sequence[PairFolder], scratch: Path, cores: int
) -> Iterator[dict[str, Any]]:
    """Verdicts of the product on all cases of one folder."""
    cases = list(cases_of(folder, others, scratch))
    site = scratch / "site"
    # Without panel: the cases share their reads, and would remove each other's variants.
    write_pairs(folder, [case.patient for case in cases], site, panel=None)
    called = run_pairs(site, cores)
    for case in cases:
        verdict = verdict_of(called[case.patient.name])
        yield {
            "dir": folder.path.name,
            "case": case.name,
            "verdict": verdict,
            "right": bool(set(verdict.split()) & set(case.expected)),
            "numbers": numbers_of(called[case.patient.name]),
        }
    yield twice(folder, scratch / "twice")


def cases_of(folder: PairFolder, others: Sequence[PairFolder], scratch: Path) -> Iterator[Case]:
    """The cases that a folder, and others of its reference, allow."""
    tumour, normal = folder.reads("tumour"), folder.reads("normal")
    two_people = "different person" in _readme(folder)
    strange = ("WRONG_NORMAL", "IDENTITY_NOT_CHECKED", "FOREIGN_READS")
    fits: tuple[str, ...] = (PASSED,)
    exchanged: tuple[str, ...] = ("SWAPPED_PAIR",)
    if two_people:
        fits = exchanged = strange
    elif "mixture" in folder.path.name:
        fits = ("FOREIGN_READS",)
        exchanged = ("SWAPPED_PAIR", *strange)
    rows = [
        ("as given", tumour, normal, fits),
        ("exchanged", normal, tumour, exchanged),
        ("tumour twice", tumour, copy_of(tumour, scratch, "copy"), ("SAME_READS",)),
        (
            "normal without reads",
            tumour,
            without_reads(normal, folder, scratch / "empty"),
            ("NORMAL_UNUSABLE",),
        ),
        ("tumour alone", tumour, None, ("CALLED_ALONE",)),
    ]
    strangers = [
        other
        for other in others
        if other is not folder and _same_reference(folder, other) and not _shares(folder, other)
    ]
    for other in strangers[:LENT]:
        foreign = ("WRONG_NORMAL", "FOREIGN_READS")
        rows.append((f"normal of {other.path.name}", tumour, other.reads("normal"), foreign))
    for number, (name, ours, theirs, expected) in enumerate(rows):
        given = scratch / "given"
        samples = [(f"p{number}-t", "tumour", copy_of(ours, given, f"t{number}"))]
        if theirs is not None:
            samples.append((f"p{number}-n", "normal", copy_of(theirs, given, f"n{number}")))
        yield Case(folder, name, Patient(f"p{number}", tuple(samples)), expected)


def verdict_of(called: Called) -> str:
    """Codes of what was told of a patient's samples, `passed` where a pair was called."""
    codes = sorted({o.code for o in called.outcomes if o.code and o.code != "ALIGNED_ANEW"})
    refused = any(o.outcome == "refused" for o in called.outcomes)
    modes = {facts.mode for facts in called.facts.values()}
    if not refused and modes == {"TN"}:
        codes.append(PASSED)
    return " ".join(codes)


def numbers_of(called: Called) -> dict[str, Any]:
    """What was measured: of a refusal its numbers, of a called pair its row of facts."""
    found = {o.code: json.loads(o.numbers) for o in called.outcomes if o.numbers != "{}"}
    for facts in called.facts.values():
        found["facts"] = {
            "identity": facts.identity,
            "identity_sites": facts.identity_sites,
            "contamination": facts.contamination,
            "forward": facts.forward,
            "reverse": facts.reverse,
        }
    return found


def without_reads(reads: Path, folder: PairFolder, place: Path) -> Path:
    """A BAM with the header of a file and no read."""
    place.mkdir(parents=True)
    target = place / "empty.bam"
    with pysam.AlignmentFile(str(reads), check_sq=False) as source:
        pysam.AlignmentFile(str(target), "wb", header=source.header).close()
    return target


def twice(folder: PairFolder, site: Path) -> dict[str, Any]:
    """One sample name for tumour and normal is refused at intake."""
    reads = (
        ("same", "tumour", folder.reads("tumour")),
        ("same", "normal", folder.reads("normal")),
    )
    write_pairs(folder, [Patient("person", reads)], site, panel=None)
    verdict = PASSED
    try:
        freeze(site)
    except ConfigError as error:
        verdict = " ".join(sorted({finding.code for finding in error.findings}))
    right = "SAMPLE_DIFFERS" in verdict.split()
    return {
        "dir": folder.path.name, "case": "one sample name twice", "verdict": verdict,
        "right": right,
    }  # fmt: skip


def _readme(folder: PairFolder) -> str:
    path = folder.path / "README.md"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _same_reference(one: PairFolder, other: PairFolder) -> bool:
    return _sequences(one) == _sequences(other)


def _sequences(folder: PairFolder) -> str:
    digest = hashlib.sha256()
    for name, bases in read_fasta(folder.reference):
        digest.update(f"{name} {len(bases)} ".encode() + bases)
    return digest.hexdigest()


def _shares(one: PairFolder, other: PairFolder) -> bool:
    """Whether the READMEs name a donor of both: their normals are no strangers."""
    donors = [set(_donors(folder)) for folder in (one, other)]
    return not donors[0] or not donors[1] or bool(donors[0] & donors[1])


def _donors(folder: PairFolder) -> Iterator[str]:
    import re

    yield from re.findall(r"\b(?:HG|NA)\d{5}\b|\bHG00\d\b", _readme(folder))


if __name__ == "__main__":
    raise SystemExit(main())
