"""Gene models: coding bases per gene from an Ensembl-style GFF3."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from equisite.core.errors import ConfigError
from equisite.variants.intervals import Interval, Territory

_TRANSCRIPT = "transcript:"
_GENE = "gene:"


def gff_rows(lines: Iterable[str]) -> Iterator[tuple[int, list[str], dict[str, str]]]:
    """Line number, nine fields and attributes of the feature rows of a GFF3.

    Raises ConfigError GENE_MODELS_INVALID.
    """
    for number, line in enumerate(lines, start=1):
        text = line.rstrip("\r\n")
        if text == "##FASTA":
            return
        if not text or text.startswith("#"):
            continue
        fields = text.split("\t")
        if len(fields) != 9 or not fields[3].isdigit() or not fields[4].isdigit():
            raise ConfigError(
                "GENE_MODELS_INVALID", line=number, problem="it is not a row of nine fields"
            )
        pairs = (part.partition("=") for part in fields[8].split(";") if part)
        yield number, fields, {key.strip(): value.strip() for key, _, value in pairs}


def checked_models(text: str, contigs: Collection[str]) -> str:
    """Rows of the GFF3 that lie on the protocol's sequences, after checking them.

    `bcftools csq` ignores a transcript without biotype or with another prefix in silence, so
    that a gene without model would look like a gene without variants: here it is an error.
    Raises ConfigError GENE_MODELS_INVALID.
    """
    kept = ["##gff-version 3"]
    last = 0
    for last, fields, attributes in gff_rows(text.splitlines()):
        identifier, parent = attributes.get("ID", ""), attributes.get("Parent", "")
        problem = ""
        if identifier.startswith((_GENE, _TRANSCRIPT)) and "biotype" not in attributes:
            problem = "a gene or transcript without biotype"
        elif identifier.startswith(_TRANSCRIPT) and not parent.startswith(_GENE):
            problem = "a transcript whose Parent is not gene:..."
        elif fields[2] in ("CDS", "exon") and not parent.startswith(_TRANSCRIPT):
            problem = f"a row of type {fields[2]} whose Parent is not transcript:..."
        elif int(fields[3]) > int(fields[4]):
            problem = "the start lies behind the end"
        if problem:
            raise ConfigError("GENE_MODELS_INVALID", line=last, problem=problem)
        if fields[0] in contigs:
            kept.append("\t".join(fields))
    if last and len(kept) == 1:
        problem = "no row lies on a sequence of the protocol"
        raise ConfigError("GENE_MODELS_INVALID", line=last, problem=problem)
    return "\n".join(kept) + "\n"


def coding_bases(lines: Iterable[str]) -> dict[str, Territory]:
    """Coding bases of every gene that has coding rows, by gene name.

    A gene without coding rows has no model: it is absent here, and its counts are missing.
    """
    names: dict[str, str] = {}
    gene_of: dict[str, str] = {}
    coding: list[tuple[str, Interval]] = []
    for _, fields, attributes in gff_rows(lines):
        identifier, parent = attributes.get("ID", ""), attributes.get("Parent", "")
        if identifier.startswith(_GENE):
            names[identifier] = attributes.get("Name", identifier.removeprefix(_GENE))
        elif identifier.startswith(_TRANSCRIPT):
            gene_of[identifier] = parent
        elif fields[2] == "CDS":
            coding.append((parent, (fields[0], int(fields[3]) - 1, int(fields[4]))))
    by_gene: dict[str, list[Interval]] = {}
    for transcript, interval in coding:
        gene = names.get(gene_of.get(transcript, ""))
        if gene is not None:
            by_gene.setdefault(gene, []).append(interval)
    return {gene: Territory.of(by_gene[gene]) for gene in sorted(by_gene)}
