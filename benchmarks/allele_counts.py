"""How well allele counts of several sites agree with the truth, at even and at uneven depth.

    allele_counts.py DIR [--depth X] [--cores N]

DIR is a cohort folder as described in genomics_site.py whose sheet has a column `site`. The
list of alleles is the folder's `panel.vcf[.gz]` (else its truth), inside truth.bed. Every site
goes through the workflow from FASTQ to genotypes of that list; copies are counted by EM, as in
a release, and rounded. `relative_error` is the sum over sites and biallelic SNPs of absolute
differences to the truth over the sum of true copies. Then the last site by name is cut to X
reads per base (5 by default, read pairs drawn with a fixed seed) and everything is done again:
`relative_error_uneven`. The same of all sites together, and of indels, is told as well.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import random
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from equisite.core.tables import read_table
from equisite.genomics.alleles import Allele, listed_alleles
from equisite.release.allele_counts import count_allele
from equisite.variants.alleles import left_shifted
from equisite.variants.fasta import read_fasta
from equisite.variants.intervals import read_bed
from equisite.variants.vcf import open_text, read_genotypes
from genomics_site import CannotMeasureError, DataFolder, Person, run_genomics, write_site

SEED = 1
Counts = dict[str, dict[Allele, int]]
"""Copies by site and allele."""


def main() -> int:
    """Measure; the last line is one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--depth", type=float, default=5.0)
    parser.add_argument("--cores", type=int, default=2)
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="equisite-alleles-") as name:
            folder = DataFolder(arguments.folder)
            print(json.dumps(measure(folder, Path(name), arguments.depth, arguments.cores)))
    except CannotMeasureError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def measure(folder: DataFolder, scratch: Path, depth: float, cores: int) -> dict[str, object]:
    """All figures of one folder."""
    if not (folder.path / "sheet.tsv").is_file():
        raise CannotMeasureError(f"{folder.path} has no sheet.tsv")
    with (folder.path / "sheet.tsv").open(encoding="utf-8", newline="") as stream:
        site_of = {
            r["patient"]: r.get("site", "") for r in csv.DictReader(stream, delimiter="\t")
        }
    sites: dict[str, list[Person]] = {}
    for person in folder.people(scratch / "reads"):
        sites.setdefault(site_of[person.name], []).append(person)
    reference = {name: bases.decode() for name, bases in read_fasta(folder.reference)}
    alleles = write_list(folder, reference, scratch / "alleles.vcf")
    truth = {
        site: true_copies(folder, people, alleles, reference) for site, people in sites.items()
    }
    if not any(map(any, (counts.values() for counts in truth.values()))):
        raise CannotMeasureError("nobody carries an allele of the list")
    print("sites: " + ", ".join(f"{s} {len(people)}" for s, people in sorted(sites.items())))
    thin = max(sites)
    result: dict[str, object] = {"sites": len(sites), "variants": 0, "cut_site": thin}
    counted: Counts = {}
    for label in ("", "_uneven"):
        for site, people in sorted(sites.items()):
            place = scratch / f"site-{site}{label}"
            if label and site != thin:
                continue
            read = (
                cut(people, scratch / f"site-{site}", scratch / "thin", depth)
                if label
                else people
            )
            counted[site] = copies_of(
                folder, read, place, scratch / "alleles.vcf", alleles, cores
            )
        for kind, chosen in kinds(alleles).items():
            per_site, together = errors(counted, truth, chosen)
            result[f"relative_error{label}{kind}"] = per_site
            result[f"relative_error_all_sites{label}{kind}"] = together
            told = sum(any(truth[s][a] for s in sites) for a in chosen)
            result[f"variants{kind}"] = told
            print(
                f"{'one site cut' if label else 'as given'}, {kind[1:] or 'snp'}: "
                f"{told} alleles, error by site {per_site:.2%}, of all sites {together:.2%}",
                flush=True,
            )
    return result


def kinds(alleles: list[Allele]) -> dict[str, list[Allele]]:
    """SNPs at whose base the list has no other allele, and indels."""
    places: dict[tuple[str, int], int] = {}
    for allele in alleles:
        key = allele.contig, allele.position
        places[key] = places.get(key, 0) + 1
    alone = [a for a in alleles if a.is_snp and places[a.contig, a.position] == 1]
    return {"": alone, "_indel": [a for a in alleles if len(a.ref) != len(a.alt)]}


def write_list(folder: DataFolder, reference: dict[str, str], path: Path) -> list[Allele]:
    """The list that the protocol pins: alleles inside truth.bed, without genotypes."""
    try:
        source = folder.file("panel.vcf.gz", "panel.vcf")
    except CannotMeasureError:
        source = folder.truth
    territory = read_bed(open_text(folder.bed))
    kept = [
        allele
        for allele in listed_alleles(without_repeats(source), reference)
        if territory.holds(allele.contig, allele.position - 1)
    ]
    lines = [f"{a.contig}\t{a.position}\t.\t{a.ref}\t{a.alt}\t.\t.\t.\n" for a in kept]
    path.write_text("##fileformat=VCFv4.2\n" + "".join(lines), encoding="utf-8")
    return kept


def without_repeats(source: Path) -> Iterator[str]:
    """First five columns of records; the same record twice counts once."""
    seen = set()
    for line in open_text(source):
        if line.startswith("#"):
            continue
        columns = tuple(line.split("\t", 5)[:5])
        key = (*columns[:2], *columns[3:])
        if key not in seen:
            seen.add(key)
            yield "\t".join(columns)


def true_copies(
    folder: DataFolder, people: list[Person], alleles: list[Allele], reference: dict[str, str]
) -> dict[Allele, int]:
    """Copies of each listed allele among people, from the truth."""
    by_edit = {allele.edit(reference): allele for allele in alleles}
    counts = dict.fromkeys(alleles, 0)
    for person in people:
        for record in read_genotypes(folder.truth, person.sample):
            for copy in record.copies:
                edit = record.edit(copy) if copy else None
                allele = None if edit is None else by_edit.get(left_shifted(edit, reference))
                if allele is not None:
                    counts[allele] += 1
    return counts


def copies_of(
    folder: DataFolder,
    people: list[Person],
    site: Path,
    vcf: Path,
    alleles: list[Allele],
    cores: int,
) -> dict[Allele, int]:
    """Run one site and count the list's alleles among its patients, rounded."""
    limits = {"minimum_mean_depth": 0, "minimum_callable_fraction": 0}
    write_site(folder, people, site, batch=len(people), alleles=vcf, thresholds=limits)
    run_genomics(site, cores)
    rows = patients_of(site)
    if len(rows) != len(people):
        raise CannotMeasureError(f"{len(people) - len(rows)} people were refused")
    return {a: round(count_allele([row[a.column] for row in rows]).copies) for a in alleles}


def patients_of(site: Path) -> list[dict[str, str]]:
    """Rows of variant features."""
    rows: list[dict[str, str]] = []
    for path in sorted((site / "work/genomics").glob("*/variants.tsv")):
        if path.parent.name != "0":
            rows += read_table(path)[1]
    return rows


def errors(counted: Counts, truth: Counts, alleles: list[Allele]) -> tuple[float, float]:
    """Relative error summed over sites and alleles, and over alleles of all sites together."""
    total = sum(truth[site][a] for site in truth for a in alleles)
    apart = sum(abs(counted[site][a] - truth[site][a]) for site in truth for a in alleles)
    joined = sum(abs(sum(counted[s][a] - truth[s][a] for s in truth)) for a in alleles)
    return apart / max(total, 1), joined / max(total, 1)


def cut(people: list[Person], site: Path, folder: Path, depth: float) -> list[Person]:
    """The same people with read pairs drawn so that the mean depth is `depth`."""
    folder.mkdir()
    measured = {row["patient"]: float(row["mean_depth"]) for row in patients_of(site)}
    thinned = []
    for person in people:
        rng = random.Random(f"{SEED} {person.name}")  # noqa: S311 - no secret
        share = min(depth / measured[person.name], 1.0)
        names = tuple(folder / f"{person.name}_{mate}.fastq" for mate in (1, 2))
        with names[0].open("w") as one, names[1].open("w") as two:
            for pair in zip(*map(records, person.fastq), strict=True):
                if rng.random() < share:
                    one.write(pair[0])
                    two.write(pair[1])
        thinned.append(Person(person.name, (names[0], names[1]), person.sample))
    return thinned


def records(path: Path) -> Iterator[str]:
    """Records of a compressed FASTQ file."""
    with gzip.open(path, "rt") as stream:
        while record := "".join(islice(stream, 4)):
            yield record


if __name__ == "__main__":
    raise SystemExit(main())
