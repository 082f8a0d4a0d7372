"""Reference genome and gene models: checked against the protocol, the same everywhere.

Whatever else a site's FASTA holds, and in whatever order and case, the folder made here
depends on the protocol alone: its sequences, in its order, upper case.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from equisite.core.atomic import replacing, write_bytes, write_text
from equisite.core.errors import ConfigError, Finding
from equisite.genomics.alleles import listed_alleles, target_rows, write_name
from equisite.genomics.frequencies import panel_rows, read_common
from equisite.genomics.genes import checked_models
from equisite.genomics.ploidy import stretches, to_lines
from equisite.protocol.models import Contig, Protocol, VariantsTable
from equisite.variants.fasta import read_fasta
from equisite.variants.intervals import Territory, bed_rows
from equisite.variants.vcf import open_text

_WIDTH = 60


def prepare_reference(fasta: Path, protocol: Protocol, out: Path) -> None:
    """Check the sequences and write the reference that the rules read.

    fasta: plain or gzip-compressed; only the protocol's sequences are taken from it.
    Writes reference.fa, reference.fa.fai, header.sam (@SQ with M5) and cache/<M5> (for
    REF_PATH) into `out`.
    Raises ConfigError with all that is wrong: FASTA_UNREADABLE, CONTIG_MISSING,
    CONTIG_LENGTH, CONTIG_MD5.
    """
    contigs = protocol.reference.contigs
    _write_cache(fasta, contigs, protocol.reference.assembly, out / "cache")
    _write_fasta(contigs, out)
    lines = (f"@SQ\tSN:{c.name}\tLN:{c.length}\tM5:{c.md5}\n" for c in contigs)
    write_text(out / "header.sam", "".join(lines))


def prepare_models(protocol: Protocol, pinned: Path, out: Path) -> None:
    """Check the protocol's territory and gene models and write them for the rules.

    pinned: folder of the protocol's pinned files.
    Writes territory.bed (the whole reference where the protocol names none), genes.gff3 (no
    rows where it names none) and ploidy.tsv (bases with other than two copies) into `out`.
    Raises ConfigError TERRITORY_INVALID, GENE_MODELS_INVALID.
    """
    territory = _territory(protocol, pinned)
    models = protocol.genomics.gene_models
    text = (pinned / models.file).read_text(encoding="utf-8") if models else ""
    genes = checked_models(text, {c.name for c in protocol.reference.contigs})
    write_text(out / "territory.bed", "".join(f"{c}\t{s}\t{e}\n" for c, s, e in territory))
    write_text(out / "genes.gff3", genes)
    chromosomes = protocol.genomics.sex_chromosomes
    found = stretches(protocol.reference.contigs, chromosomes, territory)
    write_text(out / "ploidy.tsv", to_lines(found))


def prepare_alleles(
    protocol: Protocol, pinned: Path, reference: Mapping[str, str], out: Path
) -> None:
    """Check the protocol's list of alleles and write it for the rules.

    Writes alleles.tsv (one allele a row), alleles.bed (their bases) and snps.tsv (targets of
    `bcftools call -C alleles`) into `out`; all empty where the protocol names no list.
    Raises ConfigError ALLELES_INVALID, ALLELE_NOT_LISTED.
    """
    given = protocol.genomics.alleles
    alleles = listed_alleles(open_text(pinned / given.file), reference) if given else []
    listed = {allele.name for allele in alleles}
    for table in protocol.tables:
        for name in table.alleles if isinstance(table, VariantsTable) else ():
            if name not in listed:
                raise ConfigError("ALLELE_NOT_LISTED", table=table.id, allele=name)
    places = Territory.of((a.contig, a.position - 1, a.position) for a in alleles)
    write_text(out / "alleles.tsv", "".join(map(write_name, alleles)))
    write_text(out / "alleles.bed", "".join(f"{c}\t{s}\t{e}\n" for c, s, e in places))
    write_text(out / "snps.tsv", "".join(target_rows(alleles)))


def prepare_frequencies(
    protocol: Protocol, pinned: Path, reference: Mapping[str, str], out: Path
) -> None:
    """Check the protocol's panel of frequencies and write it for the rules.

    Writes frequencies.tsv (all alleles) and common.tsv (sequence and position of the common
    substitutions) into `out`; both are empty where the protocol names no panel.
    Raises ConfigError FREQUENCIES_INVALID.
    """
    panel = protocol.genomics.frequencies
    rows = panel_rows(pinned / panel.file, reference) if panel else iter(())
    table = out / "frequencies.tsv"
    with replacing(table) as stream:
        for row in rows:
            stream.write(("\t".join(row) + "\n").encode())
    common = read_common(table).sites
    write_text(out / "common.tsv", "".join(f"{c}\t{at}\n" for c, at, _, _ in common))


def _write_cache(fasta: Path, contigs: tuple[Contig, ...], assembly: str, cache: Path) -> None:
    wanted = {c.name: c for c in contigs}
    findings: dict[str, Finding] = {}
    seen = set()
    try:
        for name, sequence in read_fasta(fasta):
            contig = wanted.get(name)
            if contig is None:
                continue
            seen.add(name)
            if len(sequence) != contig.length:
                numbers = {"expected": contig.length, "found": len(sequence)}
                findings[name] = Finding(
                    "CONTIG_LENGTH", "", {"contig": name, "assembly": assembly, **numbers}
                )
                continue
            md5 = hashlib.md5(sequence, usedforsecurity=False).hexdigest()
            if md5 != contig.md5:
                sums = {"expected": contig.md5, "found": md5}
                findings[name] = Finding(
                    "CONTIG_MD5", "", {"contig": name, "assembly": assembly, **sums}
                )
                continue
            write_bytes(cache / md5, sequence)
    except ValueError as error:
        raise ConfigError("FASTA_UNREADABLE", problem=str(error)) from None
    for contig in contigs:
        if contig.name not in seen:
            findings[contig.name] = Finding(
                "CONTIG_MISSING", "", {"contig": contig.name, "assembly": assembly}
            )
    if findings:
        raise ConfigError(findings[c.name] for c in contigs if c.name in findings)


def _write_fasta(contigs: tuple[Contig, ...], out: Path) -> None:
    """reference.fa and its index, from the cached sequences."""
    index = []
    with replacing(out / "reference.fa") as stream:
        at = 0
        for contig in contigs:
            at += stream.write(f">{contig.name}\n".encode())
            index.append(f"{contig.name}\t{contig.length}\t{at}\t{_WIDTH}\t{_WIDTH + 1}\n")
            sequence = (out / "cache" / contig.md5).read_bytes()
            for start in range(0, contig.length, _WIDTH):
                at += stream.write(sequence[start : start + _WIDTH] + b"\n")
    write_text(out / "reference.fa.fai", "".join(index))


def _territory(protocol: Protocol, pinned: Path) -> Territory:
    """The protocol's BED, checked row by row, merged, in the order of the sequences."""
    contigs = protocol.reference.contigs
    if protocol.genomics.territory is None:
        return Territory.of((c.name, 0, c.length) for c in contigs)
    lengths = {c.name: c.length for c in contigs}
    text = (pinned / protocol.genomics.territory.file).read_text(encoding="utf-8")
    intervals = []
    findings = []
    for line, row in bed_rows(text.splitlines()):
        problem = _problem_of_row(row, lengths)
        if problem:
            findings.append(
                Finding("TERRITORY_INVALID", "", {"line": line, "problem": problem})
            )
        else:
            intervals.append((row[0], int(row[1]), int(row[2])))
    if not findings and not intervals:
        numbers: dict[str, str | int | float | bool] = {"line": 1, "problem": "it has no row"}
        findings.append(Finding("TERRITORY_INVALID", "", numbers))
    if findings:
        raise ConfigError(findings)
    order = list(lengths)
    return Territory.of(sorted(intervals, key=lambda i: (order.index(i[0]), i[1], i[2])))


def _problem_of_row(row: list[str], lengths: dict[str, int]) -> str:
    if len(row) < 3 or not row[1].isdigit() or not row[2].isdigit():
        return "it needs a name and two whole numbers"
    if row[0] not in lengths:
        return f"the reference has no sequence {row[0]}"
    if int(row[1]) >= int(row[2]):
        return "the start does not lie before the end"
    if int(row[2]) > lengths[row[0]]:
        return f"the end lies behind the end of {row[0]}"
    return ""
