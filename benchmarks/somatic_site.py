"""A site folder of tumour/normal pairs, made from data folders and run through the workflow.

A data folder holds `reference.fa[.gz]`, `tumour.cram` or `.bam`, `normal.cram` or `.bam`,
`truth.vcf` or `expected.vcf` (only records that passed count), perhaps `truth.bed` (else the
whole reference is judged), `genes.gff3` and `pon.vcf.gz`, a panel of normals.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from equisite.core.outcomes import Outcome, read_outcomes
from equisite.core.tables import read_rows
from equisite.genomics.somatic.calls import FinalFacts
from equisite.intake.index import SequencingItem
from equisite.variants.alleles import Edit, left_shifted, trim
from equisite.variants.fasta import read_fasta
from equisite.variants.intervals import Territory, read_bed
from equisite.variants.vcf import open_text
from genomics_site import (
    CHECKOUT,
    CannotMeasureError,
    DataFolder,
    pin,
    run_genomics,
    write_site,
)

USED = ("high", "medium")
"""Classes that count as calls: those that features use."""


@dataclass(frozen=True)
class PairFolder(DataFolder):
    """A data folder of one pair. made: a folder for a BED of the whole reference."""

    made: Path = field(default=Path())

    @property
    def truth(self) -> Path:
        """True variants."""
        return self.file("truth.vcf", "truth.vcf.gz", "expected.vcf")

    @property
    def judged(self) -> Path:
        """Bases in which the truth holds; the whole reference where the folder does not say."""
        path = self.path / "truth.bed"
        return path if path.is_file() else self.bed

    @property
    def bed(self) -> Path:
        """The whole reference: patients are called, and pairs judged, everywhere."""
        whole = self.made / "whole.bed"
        rows = (f"{name}\t0\t{len(bases)}\n" for name, bases in read_fasta(self.reference))
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_text("".join(rows), encoding="utf-8")
        return whole

    def reads(self, kind: str) -> Path:
        """Aligned reads of `tumour` or `normal`."""
        return self.file(f"{kind}.cram", f"{kind}.bam")

    @property
    def panel(self) -> Path | None:
        """The panel of normals that comes with the folder."""
        path = self.path / "pon.vcf.gz"
        return path if path.is_file() else None


@dataclass(frozen=True)
class Patient:
    """Samples of one patient: (name, kind, file)."""

    name: str
    samples: tuple[tuple[str, str, Path], ...]


def write_pairs(
    folder: PairFolder,
    patients: Iterable[Patient],
    site: Path,
    *,
    panel: Path | None,
    identity: bool = True,
    more: Mapping[str, Any] | None = None,
) -> None:
    """A whole site folder that calls somatic variants; more: further keys of `somatic`."""
    patients = list(patients)
    write_site(folder, [], site, batch=len(patients))
    protocol = yaml.safe_load((site / "protocol.yaml").read_text(encoding="utf-8"))
    protocol["genomics"]["somatic"] = {
        "panel_of_normals": pin(panel, site / "pon.vcf.gz") if panel else "off",
        "identity": "check" if identity else "off",
        **(more or {}),
    }
    text = yaml.safe_dump(protocol, sort_keys=False)
    (site / "protocol.yaml").write_text(text, encoding="utf-8")
    people = ["patient\tsex\tage\tdiagnosis"]
    rows = ["patient\tsample\tkind\treads"]
    for patient in patients:
        people.append(f"{patient.name}\tunknown\t50\tC49.9")
        rows += [
            f"{patient.name}\t{name}\t{kind}\t{path.resolve()}"
            for name, kind, path in patient.samples
        ]
    (site / "patients.tsv").write_text("\n".join(people) + "\n", encoding="utf-8")
    (site / "sequencing.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Called:
    """What the product says of one patient. calls: VCF by tumour sample."""

    outcomes: tuple[Outcome, ...]
    calls: Mapping[str, Path]
    facts: Mapping[str, FinalFacts]


def run_pairs(site: Path, cores: int) -> dict[str, Called]:
    """Run the workflow's somatic target; what it says of every patient."""
    run_genomics(site, cores, target="somatic")
    found: dict[str, Called] = {}
    for index in sorted((site / "work/intake/genomics").glob("*.tsv")):
        if index.stem == "0":
            continue
        place = site / "work/somatic" / index.stem
        items = read_rows(index, SequencingItem)
        tables = [site / "work/genomics" / index.stem / "align.tsv"]
        outcomes = read_outcomes([*tables, place / "gather.tsv", place / "call.tsv"])
        for patient in sorted({item.patient for item in items}):
            tumours = {
                item.sample: place / "calls" / item.token
                for item in items
                if item.patient == patient and item.kind == "tumour"
            }
            made = {n: p for n, p in tumours.items() if Path(f"{p}.vcf.gz").is_file()}
            found[patient] = Called(
                tuple(o for o in outcomes if o.patient == patient),
                {name: Path(f"{path}.vcf.gz") for name, path in made.items()},
                {
                    name: read_rows(Path(f"{path}.pair.tsv"), FinalFacts)[0]
                    for name, path in made.items()
                },
            )
    return found


def measure_folder(
    parser: argparse.ArgumentParser,
    measure: Callable[[Path, Path, argparse.Namespace], dict[str, object]],
) -> int:
    """Measure one data folder; the last line is one JSON object.

    measure: takes the folder, a folder for what is thrown away, and the arguments.
    """
    data = Path(os.environ.get("EQUISITE_DATA", CHECKOUT.parent / "shared/data"))
    default = data / "genomics/somatic_spike"
    parser.add_argument("folder", type=Path, nargs="?", default=default, metavar="DIR")
    arguments = parser.parse_args()
    try:
        if not arguments.folder.is_dir():
            raise CannotMeasureError(f"{arguments.folder} is no folder")
        with tempfile.TemporaryDirectory(prefix="equisite-somatic-") as name:
            print(json.dumps(measure(arguments.folder, Path(name), arguments)))
    except CannotMeasureError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


@dataclass(frozen=True)
class Score:
    """True, false and missed alleles of one kind."""

    tp: int
    fp: int
    fn: int

    @property
    def figures(self) -> dict[str, float | int | None]:
        """What the JSON object holds of one kind."""
        called, true = self.tp + self.fp, self.tp + self.fn
        return {
            "precision": self.tp / called if called else None,
            "recall": self.tp / true if true else None,
            "f1": 2 * self.tp / (called + true) if called + true else None,
            "tp": self.tp,
            "fp": self.fp,
            "fn": self.fn,
        }


def edits_of(
    path: Path, sequences: Mapping[str, str], territory: Territory
) -> Iterator[tuple[Edit, dict[str, str], str]]:
    """Leftmost alleles of a VCF inside a territory, with INFO and FILTER; MNVs are split."""
    for line in open_text(path):
        if line.startswith("#") or not line:
            continue
        fields = line.split("\t")
        info = dict(part.partition("=")[::2] for part in fields[7].split(";"))
        for alt in fields[4].upper().split(","):
            edit = trim(fields[0], int(fields[1]) - 1, fields[3].upper(), alt)
            if edit is None:
                continue
            size = edit.end - edit.start
            pieces = [left_shifted(edit, sequences)]
            if size == len(edit.alt) > 1:
                pieces = [
                    Edit(edit.contig, edit.start + i, edit.start + i + 1, edit.alt[i])
                    for i in range(size)
                    if sequences[edit.contig][edit.start + i] != edit.alt[i]
                ]
            for piece in pieces:
                at = piece.start - (1 if piece.is_indel else 0)
                if territory.holds(piece.contig, at):
                    yield piece, info, fields[6]


def _truth(folder: PairFolder) -> tuple[dict[str, str], Territory, set[Edit]]:
    """Sequences, the territory that is judged, and the true alleles inside it."""
    sequences = {name: bases.decode() for name, bases in read_fasta(folder.reference)}
    territory = read_bed(open_text(folder.judged))
    true = {
        edit
        for edit, _, passed in edits_of(folder.truth, sequences, territory)
        if passed in ("PASS", ".")
    }
    return sequences, territory, true


def score(folder: PairFolder, calls: Path | None) -> dict[str, Score]:
    """Calls of classes high and medium against the truth, by kind; none: a refused pair."""
    sequences, territory, true = _truth(folder)
    found = edits_of(calls, sequences, territory) if calls else ()
    called = {edit for edit, info, _ in found if info["CLASS"] in USED}
    scores = {}
    for kind, is_indel in (("snv", False), ("indel", True)):
        ours = {e for e in called if e.is_indel == is_indel}
        theirs = {e for e in true if e.is_indel == is_indel}
        scores[kind] = Score(len(ours & theirs), len(ours - theirs), len(theirs - ours))
    return scores


def by_class(folder: PairFolder, calls: Path) -> dict[str, dict[str, int]]:
    """True and false calls of each class and kind."""
    sequences, territory, true = _truth(folder)
    found: dict[str, dict[str, int]] = {}
    for edit, info, _ in edits_of(calls, sequences, territory):
        kind = "indel" if edit.is_indel else "snv"
        counts = found.setdefault(f"{info['CLASS']} {kind}", {"true": 0, "false": 0})
        counts["true" if edit in true else "false"] += 1
    return dict(sorted(found.items()))


def by_fraction(folder: PairFolder, calls: Path) -> dict[str, str]:
    """Recall by the fraction that the truth gives (INFO AF or VAF), both kinds together."""
    sequences = {name: bases.decode() for name, bases in read_fasta(folder.reference)}
    territory = read_bed(open_text(folder.judged))
    called = {
        edit for edit, info, _ in edits_of(calls, sequences, territory) if info["CLASS"] in USED
    }
    edges = (0.05, 0.1, 0.2, 0.35, 1.0)
    bins = {edge: [0, 0] for edge in edges}
    for edit, info, _ in edits_of(folder.truth, sequences, territory):
        text = info.get("AF", info.get("VAF"))
        if text:
            held = bins[next(e for e in edges if float(text) <= e)]
            held[0] += edit in called
            held[1] += 1
    return {f"<={edge:g}": f"{found}/{of}" for edge, (found, of) in bins.items() if of}


def copy_of(path: Path, folder: Path, name: str) -> Path:
    """A copy of a file under another name, its index with it."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}{path.suffix}"
    shutil.copyfile(path, target)
    return target
