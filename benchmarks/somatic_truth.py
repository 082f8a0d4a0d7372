"""How many planted somatic variants the product finds, and how many of its calls are planted.

    somatic_truth.py [--no-pon] [--no-identity] DIR...

Each DIR is a data folder as described in somatic_site.py. Its tumour and normal go through the
workflow from aligned reads, with the panel of normals that lies in the folder; calls of classes
high and medium are compared with the truth after shifting to the left. A folder whose name
holds `mixture` is read without panel and without the check of identity: its truth are another
person's alleles.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from equisite.variants.fasta import read_fasta
from equisite.variants.intervals import read_bed
from equisite.variants.vcf import open_text
from genomics_site import CannotMeasureError
from somatic_site import (
    Called,
    PairFolder,
    Patient,
    by_class,
    by_fraction,
    edits_of,
    run_pairs,
    score,
    write_pairs,
)


def main() -> int:
    """Measure every folder; the last line is one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+", metavar="DIR")
    parser.add_argument("--no-pon", action="store_true", help="without panel of normals")
    parser.add_argument("--no-identity", action="store_true", help="two persons may differ")
    parser.add_argument("--cores", type=int, default=2)
    arguments = parser.parse_args()
    results = []
    print("folder, kind: found/missed, wrong, recall, precision, F1")
    for path in arguments.folders:
        mixture = "mixture" in path.name
        try:
            results.append(
                measure(
                    path,
                    panel=not (arguments.no_pon or mixture),
                    identity=not (arguments.no_identity or mixture),
                    cores=arguments.cores,
                )
            )
        except CannotMeasureError as error:
            print(error, file=sys.stderr)
            return 2
    print(json.dumps({"dirs": results}))
    return 0


def measure(path: Path, *, panel: bool, identity: bool, cores: int) -> dict[str, Any]:
    """Figures of one folder."""
    if not path.is_dir():
        raise CannotMeasureError(f"{path} is no folder")
    with tempfile.TemporaryDirectory(prefix="equisite-somatic-") as name:
        folder = PairFolder(path, Path(name) / "made")
        site = Path(name) / "site"
        patient = Patient(
            "person",
            (
                ("person-t", "tumour", folder.reads("tumour")),
                ("person-n", "normal", folder.reads("normal")),
            ),
        )
        used = folder.panel if panel else None
        write_pairs(folder, [patient], site, panel=used, identity=identity)
        start = time.monotonic()
        called = run_pairs(site, cores)["person"]
        wall = time.monotonic() - start
        if "person-t" not in called.calls:
            return _refused(folder, called)
        calls = called.calls["person-t"]
        facts = called.facts["person-t"]
        scores = score(folder, calls)
        result: dict[str, Any] = {
            "dir": path.name,
            **{kind: found.figures for kind, found in scores.items()},
            "recall_by_fraction": by_fraction(folder, calls),
            "classes": by_class(folder, calls),
            "mode": facts.mode,
            "status": facts.status,
            "panel": used is not None,
            "wall_s": round(wall, 1),
        }
        artefacts = path / "artefacts.vcf"
        if artefacts.is_file():
            result |= _artefacts(folder, artefacts, calls)
    for kind, found in scores.items():
        figures = found.figures
        shares = ", ".join(_share(figures[key]) for key in ("recall", "precision", "f1"))
        print(f"{path.name}, {kind}: {found.tp}/{found.fn}, {found.fp}, {shares}", flush=True)
    return result


def _refused(folder: PairFolder, called: Called) -> dict[str, Any]:
    """Figures of a pair that the product refused: nothing was called."""
    codes = sorted({o.code for o in called.outcomes if o.outcome == "refused"})
    print(f"{folder.path.name}: refused, {' '.join(codes)}", flush=True)
    return {
        "dir": folder.path.name,
        **{kind: found.figures for kind, found in score(folder, None).items()},
        "refused": codes,
    }


def _artefacts(folder: PairFolder, artefacts: Path, calls: Path) -> dict[str, int]:
    """How many planted artefacts were called."""
    sequences = {name: bases.decode() for name, bases in read_fasta(folder.reference)}
    territory = read_bed(open_text(folder.judged))
    planted = {edit for edit, _, _ in edits_of(artefacts, sequences, territory)}
    called = {
        edit
        for edit, info, _ in edits_of(calls, sequences, territory)
        if info["CLASS"] != "low"
    }
    return {"artefacts": len(planted), "artefacts_called": len(planted & called)}


def _share(value: float | int | None) -> str:
    return "-" if value is None else f"{value:.4f}"


if __name__ == "__main__":
    raise SystemExit(main())
