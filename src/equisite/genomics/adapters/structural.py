"""Structural events of a file of Delly or Manta, on the reference's names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from equisite.core.errors import InputError
from equisite.genomics.adapters import delly, manta
from equisite.genomics.adapters.breakpoints import Junction, ordered
from equisite.genomics.adapters.callers import column_roles
from equisite.genomics.adapters.lines import Header, Line, read_vcf
from equisite.genomics.adapters.records import Roles
from equisite.genomics.aligned import bare_name


@dataclass(frozen=True)
class StructuralAdapter:
    """Where one caller of structural variants puts things."""

    name: str
    recognises: Callable[[Header], bool]
    read: Callable[[Line, Roles], Junction | None]


STRUCTURAL = (
    StructuralAdapter(delly.NAME, delly.recognises, delly.read_junction),
    StructuralAdapter(manta.NAME, manta.recognises, manta.read_junction),
)


def is_structural(header: Header) -> bool:
    """Whether a caller of structural variants wrote the file."""
    return any(adapter.recognises(header) for adapter in STRUCTURAL)


def read_junctions(
    path: Path, names: Collection[str], tumour: str = "", normal: str = ""
) -> Iterator[Junction]:
    """Events of a file in file order; those with an end on other sequences are left out.

    names: sequences of the reference. tumour, normal: names that the sheet gives.
    Raises InputError CALLER_UNKNOWN, CALLER_ROLES, CALLS_UNREADABLE.
    """
    header, lines = read_vcf(path)
    adapter = next((a for a in STRUCTURAL if a.recognises(header)), None)
    if adapter is None:
        raise InputError("CALLER_UNKNOWN", known=", ".join(a.name for a in STRUCTURAL))
    roles = column_roles(header, adapter.name, ("", ""), tumour, normal)
    if roles.tumour is None:
        raise InputError("CALLER_ROLES", caller=adapter.name, samples=len(header.samples))
    known = {bare_name(name): name for name in names}
    told: set[str] = set()
    for line in lines:
        if line.name in told:
            continue  # the mate of a breakend that was read
        told.add(line.info.get("MATEID", ""))
        junction = adapter.read(line, roles)
        if junction is None:
            continue
        ends = [
            end._replace(contig=known.get(bare_name(end.contig), ""))
            for end in (junction.first, junction.second)
        ]
        if all(end.contig for end in ends):
            first, second = ordered(*ends)
            yield replace(junction, first=first, second=second)
