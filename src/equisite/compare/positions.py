"""Opt-in tables at the lead: what was approved, and the list that positions make together.

Positions come without numbers. Their union with the protocol's list is the list of the next
protocol, under which every site counts at exactly those places.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from equisite.bundle.codec import Bundle
from equisite.bundle.keys import parse_key
from equisite.compare.admission import receive
from equisite.compare.cells import Party
from equisite.compare.lead import LeadFolder
from equisite.compare.results import SiteRow
from equisite.compare.texts import TextTable, Titles
from equisite.core.atomic import write_text
from equisite.core.canonical import sha256_bytes
from equisite.core.errors import ConfigError
from equisite.protocol.models import Protocol
from equisite.variants.fasta import read_fasta
from equisite.variants.vcf import open_text

LIST, SNIPPET = "positions.vcf", "positions.yaml"

Allele = tuple[str, int, str, str]
"""Sequence, 1-based position, REF, ALT."""


@dataclass(frozen=True)
class PositionList:
    """What the command wrote. sites: whose lists went in; found: new alleles; listed: all."""

    vcf: Path
    snippet: Path
    sha256: str
    sites: int
    found: int
    listed: int


def opt_in_rows(parties: Iterable[Party]) -> list[SiteRow]:
    """One row per opt-in table that a site let out, with what its approval set (R15)."""
    rows = []
    for party in parties:
        tables = {row.table: row for row in party.bundle.tables}
        for one in party.bundle.about.approvals:
            row = tables[one.table]
            k = f"k {one.k}" + ("" if one.k >= party.bundle.about.k else " (below the rules)")
            budget = f"budget {one.budget} per patient" if one.budget else "budget of the rules"
            rows.append(
                SiteRow(
                    one.table,
                    "opt_in",
                    row.analysis_set,
                    one.approval_id,
                    party.site,
                    party.pooled,
                    row.status,
                    value=float(row.cells),
                    text=f"{k}; {budget}; {', '.join(one.duo)}",
                )
            )
    return rows


def opt_in_table(rows: Iterable[SiteRow], titles: Titles, caption: str) -> TextTable:
    """What left by approval, for the report."""
    found = tuple(
        (row.table, titles[row.site], f"{row.value:.0f}", row.key, row.text)
        for row in rows
        if row.kind == "opt_in"
    )
    head = ("Table", "Site", "Places", "Approval", "What it sets; data use codes")
    return TextTable(caption, head, found, words=("Site", "Approval", head[-1]))


def list_positions(lead: LeadFolder, out: Path, fasta: Path | None = None) -> PositionList:
    """Write the united list as a VCF without genotypes, and what to put into the protocol.

    fasta: reference in which REF is looked up; without it, sites look when they prepare.
    Raises ConfigError INBOX_EMPTY, POSITIONS_NONE, POSITIONS_CONFLICT, CONFIG_MISSING.
    """
    good = [r.bundle for r in receive(lead) if r.bundle is not None and r.finding is None]
    by_site = {bundle.about.site: _listed(bundle, lead.protocol) for bundle in good}
    found = set().union(*by_site.values())
    if not found:
        raise ConfigError("POSITIONS_NONE")
    known = set(_protocol_list(lead))
    order = {c.name: at for at, c in enumerate(lead.protocol.reference.contigs)}
    together = sorted(known | found, key=lambda a: (order.get(a[0], len(order)), a))
    _check_bases(together, fasta)
    text = _vcf(together, lead.protocol)
    digest = sha256_bytes(text.encode())
    write_text(out / LIST, text)
    new = [allele for allele in together if allele in found]
    write_text(out / SNIPPET, _snippet(new, digest))
    sites = sum(bool(own) for own in by_site.values())
    return PositionList(out / LIST, out / SNIPPET, digest, sites, len(new), len(together))


def _listed(bundle: Bundle, protocol: Protocol) -> set[Allele]:
    tables = {table.id for table in protocol.tables if table.kind == "positions"}
    names = [
        parse_key(cell.key).get("variant") or ""
        for cell in bundle.cells
        if cell.table in tables and cell.measure == "listed"
    ]
    parts = [name.split(":") for name in names]
    return {(contig, int(position), ref, alt) for contig, position, ref, alt in parts}


def _protocol_list(lead: LeadFolder) -> Iterator[Allele]:
    """Alleles of `genomics.alleles`, as they stand in its file."""
    pinned = lead.protocol.genomics.alleles
    if pinned is None:
        return
    path = (lead.path / lead.config.protocol).parent / pinned.file
    if not path.is_file():
        raise ConfigError("CONFIG_MISSING", pinned.file)
    for line in open_text(path):
        if line and not line.startswith("#"):
            contig, position, _, ref, alts = line.split("\t")[:5]
            for alt in alts.upper().split(","):
                yield contig, int(position), ref.upper(), alt


def _check_bases(alleles: Sequence[Allele], fasta: Path | None) -> None:
    """POSITIONS_CONFLICT: two alleles, or an allele and the reference, disagree on a base."""
    bases: dict[tuple[str, int], str] = {}
    for contig, position, ref, _ in alleles:
        for at, base in enumerate(ref, start=position):
            if bases.setdefault((contig, at), base) != base:
                raise ConfigError("POSITIONS_CONFLICT", contig=contig, position=at)
    if fasta is None:
        return
    sequences = _sequences(fasta, {contig for contig, _ in bases})
    for (contig, at), base in bases.items():
        if sequences.get(contig, b"")[at - 1 : at].decode() != base:
            raise ConfigError("POSITIONS_CONFLICT", contig=contig, position=at)


def _sequences(fasta: Path, wanted: set[str]) -> Mapping[str, bytes]:
    return {name: sequence for name, sequence in read_fasta(fasta) if name in wanted}


def _vcf(alleles: Iterable[Allele], protocol: Protocol) -> str:
    lines = ["##fileformat=VCFv4.2"]
    lines += [
        f"##contig=<ID={c.name},length={c.length},md5={c.md5}>"
        for c in protocol.reference.contigs
    ]
    lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO")
    lines += [f"{c}\t{at}\t.\t{ref}\t{alt}\t.\t.\t." for c, at, ref, alt in alleles]
    return "\n".join(lines) + "\n"


def _snippet(new: Iterable[Allele], digest: str) -> str:
    """What the next version of the protocol says; sites count at the new alleles."""
    names = [f"      - {c}:{at}:{ref}:{alt}" for c, at, ref, alt in new]
    lines = [
        "# For the next version of the protocol. Copy the VCF beside it.",
        "genomics:",
        f"  alleles: {{file: {LIST}, sha256: {digest}}}",
        "tables:",
        "  - id: found_alleles",
        "    kind: variants",
        "    alleles:",
        *names,
    ]
    return "\n".join(lines) + "\n"
