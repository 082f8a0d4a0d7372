"""The site's reference genome against the protocol, from its index and dictionary alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from equisite.core.errors import Finding
from equisite.intake.places import Place, Places
from equisite.protocol.models import Protocol
from equisite.protocol.salvage import Examined
from equisite.protocol.yaml_text import Document

Known = dict[str, tuple[int, str]]
"""Sequence name to length and M5 (empty where not stated)."""


def check_reference(
    fasta: str, protocol: Examined[Protocol], document: Document, places: Places
) -> tuple[Place | None, list[Finding]]:
    """The FASTA is there; where `.fai` or `.dict` lie beside it, they fit the protocol.

    The bases themselves are compared by their M5 when the reference is prepared.
    """
    where = document.where(("reference", "fasta"))
    place = places.file(fasta, where)
    if isinstance(place, Finding):
        return None, [place]
    findings: list[Finding] = []
    if protocol.part is not None and protocol.knows("reference.contigs"):
        for source in _companions(Path(place.path)):
            findings += [f for f in _compare(source, protocol.part, where) if f not in findings]
    return place, findings


def _companions(fasta: Path) -> Iterator[Path]:
    """Dictionary first (it knows checksums), then the index; both only if not outdated."""
    stems = [fasta.with_suffix(".dict"), fasta.with_name(fasta.name + ".dict")]
    if fasta.suffix == ".gz":
        stems.append(fasta.with_suffix("").with_suffix(".dict"))
    written = fasta.stat().st_mtime_ns
    for path in [*stems, fasta.with_name(fasta.name + ".fai")]:
        if path.is_file() and os.access(path, os.R_OK) and path.stat().st_mtime_ns >= written:
            yield path


def _sequences(path: Path) -> Known:
    known: Known = {}
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        cells = line.split("\t")
        if path.suffix == ".fai":
            if len(cells) >= 2 and cells[1].isdigit():
                known[cells[0]] = (int(cells[1]), "")
        elif cells[0] == "@SQ":
            tags = dict(cell.split(":", 1) for cell in cells[1:] if ":" in cell)
            if tags.get("LN", "").isdigit():
                known[tags.get("SN", "")] = (int(tags["LN"]), tags.get("M5", "").lower())
    return known


def _compare(path: Path, protocol: Protocol, where: str) -> Iterator[Finding]:
    known = _sequences(path)
    for contig in protocol.reference.contigs:
        named = getattr(protocol.reference, "assembly", "as its contigs say")
        numbers = {"contig": contig.name, "assembly": named}
        if contig.name not in known:
            bare = contig.name.removeprefix("chr")
            other = bare if bare != contig.name else f"chr{contig.name}"
            hint = f" It has {other} instead." if other in known else ""
            yield Finding("REFERENCE_CONTIG_MISSING", where, {**numbers, "hint": hint})
            continue
        length, checksum = known[contig.name]
        if length != contig.length:
            sizes = {"found": length, "expected": contig.length}
            yield Finding("REFERENCE_LENGTH", where, {**numbers, **sizes})
        elif checksum and checksum != contig.md5:
            sums = {"found": checksum, "expected": contig.md5}
            yield Finding("REFERENCE_CHECKSUM", where, {**numbers, **sums})
