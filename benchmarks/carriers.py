"""Carriers per gene, class of consequence and group, against those known for a cohort.

    carriers.py DIR

DIR is a data folder as described in genomics_site.py that also holds `genes.gff3` and
`expected_carriers.tsv`; its sheet may name a mock `site` per patient. Reads go through the
workflow from FASTQ. Numbers of carriers and alleles of the counted classes come from the
product's table of features; genotypes, and the classes that the product does not count (UTR,
splice region), from the annotated calls.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from equisite.core.tables import read_rows, read_table
from equisite.genomics.consequences import count_alleles
from equisite.intake.index import SequencingItem
from equisite.variants.intervals import Territory, read_bed
from equisite.variants.vcf import Genotype, open_text, read_genotypes
from genomics_site import CannotMeasureError, DataFolder, run_genomics, write_site

COUNTED = {
    "synonymous": "synonymous",
    "missense": "missense",
    "inframe": "inframe",
    "lof": "truncating",
}
ANNOTATED = {"utr5": "5_prime_utr", "utr3": "3_prime_utr", "splice_region": "splice_region"}
MEASURES = ("n_people", "carriers", "het", "hom", "alleles")


@dataclass
class Person:
    """Of one person: alleles per gene and class (None: not known), and best genotypes."""

    alleles: dict[tuple[str, str], int | None] = field(default_factory=dict)
    copies: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))


def main() -> int:
    """Measure; the last line is one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--cores", type=int, default=2)
    arguments = parser.parse_args()
    folder = DataFolder(arguments.folder)
    try:
        with tempfile.TemporaryDirectory(prefix="equisite-carriers-") as name:
            scratch = Path(name)
            expected = rows(folder.file("expected_carriers.tsv"))
            people = folder.people(scratch / "reads")
            write_site(folder, people, scratch / "site", batch=8)
            run_genomics(scratch / "site", arguments.cores)
            found = read_people(scratch / "site", read_bed(open_text(folder.bed)))
    except CannotMeasureError as error:
        print(error, file=sys.stderr)
        return 2
    groups = {r["patient"]: r.get("site", "") for r in rows(folder.file("sheet.tsv"))}
    result = compare(expected, found, groups)
    for cell in result["different"]:
        print(cell)
    print(json.dumps(result))
    return 0


def compare(
    expected: list[dict[str, str]], found: dict[str, Person], groups: dict[str, str]
) -> dict[str, Any]:
    """Every expected cell, and every carrier of a gene and class that is not expected."""
    different = []
    equal = 0
    for row in expected:
        chosen = [p for n, p in found.items() if row["group"] in ("all", groups[n])]
        got = measures(chosen, row["gene"], row["class"])
        for measure in MEASURES:
            if got[measure] == int(row[measure]):
                equal += 1
            else:
                cell = {key: row[key] for key in ("gene", "class", "group")}
                numbers = {"got": got[measure], "expected": int(row[measure])}
                different.append({**cell, "measure": measure, **numbers})
    known = {(row["gene"], row["class"]) for row in expected}
    for name, person in sorted(found.items()):
        for (gene, kind), number in sorted(person.alleles.items()):
            if number and (gene, kind) not in known:
                cell = {"gene": gene, "class": kind, "patient": name}
                different.append({**cell, "got": number, "expected": "no cell"})
    return {"cells": len(expected) * len(MEASURES), "equal": equal, "different": different}


def measures(people: Iterable[Person], gene: str, kind: str) -> dict[str, int]:
    """Figures of one group, gene and class; `coding_any` is the sum of the counted ones."""
    kinds = list(COUNTED) if kind == "coding_any" else [kind]
    known = [[p.alleles.get((gene, k)) for k in kinds] for p in people]
    sums = [sum(n for n in numbers if n) for numbers in known if None not in numbers]
    best = [max(p.copies[gene, k] for k in kinds) for p in people]
    return {
        "n_people": len(sums),
        "carriers": sum(s > 0 for s in sums),
        "het": best.count(1),
        "hom": best.count(2),
        "alleles": sum(sums),
    }


def read_people(site: Path, territory: Territory) -> dict[str, Person]:
    """What the product found, by patient."""
    found = {}
    for index in sorted((site / "work/intake/genomics").glob("*.tsv")):
        if index.stem == "0":
            continue
        batch = site / "work/genomics" / index.stem
        tokens = {i.patient: i.token for i in read_rows(index, SequencingItem)}
        columns, table = read_table(batch / "variants.tsv")
        for row in table:
            records = [
                record
                for record in read_genotypes(batch / f"annotated/{tokens[row['patient']]}.vcf")
                if territory.holds(record.contig, record.position)
            ]
            found[row["patient"]] = read_person(row, columns, records)
    return found


def read_person(row: dict[str, str], columns: list[str], records: list[Genotype]) -> Person:
    """One row of the features, with the annotated records behind it."""
    person = Person()
    names = {product: ours for ours, product in COUNTED.items()}
    for column in columns:
        if column.startswith("carriers__"):
            _, gene, kind = column.split("__")
            person.alleles[gene, names[kind]] = int(row[column]) if row[column] else None
    genes = {gene for gene, _ in person.alleles}
    for gene in genes:  # known where the coding part is
        for kind in ANNOTATED:
            known = person.alleles[gene, "synonymous"] is not None
            person.alleles[gene, kind] = 0 if known else None
    for record in records:
        copies = sum(c == 1 for c in record.copies)
        for gene, kind in count_alleles([record]):
            key = gene, names[kind]
            person.copies[key] = max(person.copies[key], copies)
        seen = set()
        for entry in record.info.get("BCSQ", "").split(","):
            terms, _, rest = entry.partition("|")
            for kind, term in ANNOTATED.items():
                if term in terms.split("&"):
                    seen.add((rest.split("|")[0], kind))
        for key in seen & person.alleles.keys():
            person.alleles[key] = (person.alleles[key] or 0) + copies
            person.copies[key] = max(person.copies[key], copies)
    return person


def rows(path: Path) -> list[dict[str, str]]:
    """Rows of a TSV."""
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


if __name__ == "__main__":
    raise SystemExit(main())
