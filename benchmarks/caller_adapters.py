"""What the adapters of other callers read, scored against the truth of a folder.

    caller_adapters.py DIR

DIR holds `paired_*.vcf` (plain, gzip or bgzip) of any known callers on one pair, `truth.vcf`
and `reference.fa`, these two plain or compressed. Files of structural variants are told and
not scored. A call counts when its caller passed it, or when the caller never filters;
alleles are compared after left alignment, substitutions of several bases split. `consensus`
tells the same for alleles of at least 1, 2 and 3 callers. A kind that a caller does not call
has no figure.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from equisite.core.errors import InputError
from equisite.genomics.adapters.callers import changed, read_calls
from equisite.genomics.adapters.lines import read_vcf
from equisite.genomics.adapters.structural import is_structural
from equisite.variants.alleles import Edit
from equisite.variants.fasta import read_fasta
from genomics_site import CannotMeasureError, DataFolder

Alleles = dict[str, set[Edit]]
CALLS = (".vcf", ".vcf.gz", ".vcf.bgz")


def main() -> int:
    """Score every caller; the last line is one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="DIR")
    folder = parser.parse_args().folder
    try:
        truth, callers = read_folder(folder)
    except (CannotMeasureError, OSError, ValueError) as error:
        print(f"{folder}: {error}", file=sys.stderr)
        return 2
    print("caller: SNV F1, indel F1 (calls)")
    rows = [figures(name, calls, truth) for name, calls in sorted(callers.items())]
    everything = set().union(*callers.values())
    votes = {edit: sum(edit in calls for calls in callers.values()) for edit in everything}
    together = []
    for least in (1, 2, 3):
        agreed = {edit for edit, count in votes.items() if count >= least}
        row = figures(f">= {least} of {len(callers)}", agreed, truth)
        together.append({"at_least": least, **row})
    print(json.dumps({"callers": rows, "consensus": together}))
    return 0


def read_folder(folder: Path) -> tuple[set[Edit], Alleles]:
    """True alleles, and the alleles of each caller; files of one caller count together."""
    data = DataFolder(folder)
    files = sorted(path for path in folder.glob("paired_*") if path.name.endswith(CALLS))
    if not files:
        raise CannotMeasureError("it has no paired_*.vcf")
    reference = {n: s.decode() for n, s in read_fasta(data.reference)}
    truth: set[Edit] = set()
    for line in read_vcf(data.truth)[1]:
        for alt in line.alts:
            truth |= set(changed(line.contig, line.position, line.ref, alt, reference))
    callers: Alleles = {}
    for path in files:
        try:
            if is_structural(read_vcf(path)[0]):
                print(f"{path.name}: structural variants, not scored", file=sys.stderr)
                continue
            for record in read_calls(path, reference):
                calls = callers.setdefault(record.caller, set())
                if record.passed or not record.filters:
                    calls.add(record.edit)
        except InputError as error:
            raise CannotMeasureError(f"{path.name}: {error.code}") from None
    return truth, callers


def figures(caller: str, calls: Collection[Edit], truth: Collection[Edit]) -> dict[str, Any]:
    """F1 by kind; None for a kind of which there is no call."""
    row: dict[str, Any] = {"caller": caller}
    told = []
    for kind in ("snv", "indel"):
        mine = {edit for edit in calls if edit.is_indel == (kind == "indel")}
        true = {edit for edit in truth if edit.is_indel == (kind == "indel")}
        total = len(mine) + len(true)
        row[f"{kind}_f1"] = 2 * len(mine & true) / total if mine else None
        value = row[f"{kind}_f1"]
        told.append(f"{'-' if value is None else f'{value:.3f}'} ({len(mine)})")
    print(f"{caller}: {', '.join(told)}", flush=True)
    return row


if __name__ == "__main__":
    sys.exit(main())
