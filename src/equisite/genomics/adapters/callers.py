"""Which caller wrote a file, which column is whose, and its records in one form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from equisite.core.errors import InputError
from equisite.genomics.adapters.deepsomatic import DEEPSOMATIC
from equisite.genomics.adapters.deepvariant import DEEPVARIANT
from equisite.genomics.adapters.haplotypecaller import HAPLOTYPECALLER
from equisite.genomics.adapters.lines import Header, Line, read_vcf
from equisite.genomics.adapters.lofreq import LOFREQ
from equisite.genomics.adapters.muse import MUSE
from equisite.genomics.adapters.mutect2 import MUTECT2
from equisite.genomics.adapters.records import Adapter, CallerRecord, Roles
from equisite.genomics.adapters.sage import SAGE
from equisite.genomics.adapters.scalpel import SCALPEL
from equisite.genomics.adapters.somaticsniper import SOMATICSNIPER
from equisite.genomics.adapters.strelka2 import STRELKA2, STRELKA2_GERMLINE
from equisite.genomics.adapters.vardict import VARDICT
from equisite.genomics.aligned import bare_name
from equisite.variants.alleles import Edit, left_shifted, trim

ADAPTERS = (
    MUTECT2,
    STRELKA2,
    STRELKA2_GERMLINE,
    MUSE,
    VARDICT,
    SOMATICSNIPER,
    LOFREQ,
    SCALPEL,
    SAGE,
    DEEPSOMATIC,
    HAPLOTYPECALLER,
    DEEPVARIANT,
)
_BASES = frozenset("ACGT")
_TUMOUR_NAMES = ("TUMOR", "TUMOUR")
_NORMAL_NAMES = ("NORMAL",)


def adapter_of(header: Header) -> Adapter:
    """The adapter of a file. Raises InputError CALLER_UNKNOWN with the callers known."""
    for adapter in ADAPTERS:
        if adapter.recognises(header):
            return adapter
    raise InputError("CALLER_UNKNOWN", known=", ".join(a.name for a in ADAPTERS))


def roles_of(header: Header, adapter: Adapter, tumour: str = "", normal: str = "") -> Roles:
    """Columns of tumour and normal of an adapter's file; see `column_roles`.

    Raises InputError CALLER_ROLES, also when a somatic caller's tumour is not known.
    """
    roles = column_roles(header, adapter.name, adapter.named(header), tumour, normal)
    if header.samples and roles.tumour is None and adapter.origin == "somatic":
        raise InputError("CALLER_ROLES", caller=adapter.name, samples=len(header.samples))
    return roles


def column_roles(
    header: Header, caller: str, told: tuple[str, str], tumour: str, normal: str
) -> Roles:
    """Columns of tumour and normal, by name and never by place.

    told: names that the header gives. tumour, normal: names that the sheet gives. In this
    order: the sheet's names, the header's names, the words TUMOR and NORMAL, the only column
    there is. A file without sample columns has no roles.
    Raises InputError CALLER_ROLES when several columns are left and none is named.
    """
    samples = header.samples
    if not samples:
        return Roles(None, None)
    upper = [name.upper() for name in samples]
    ours = _first(samples, (tumour, told[0]))
    theirs = _first(samples, (normal, told[1]))
    ours = _first(upper, _TUMOUR_NAMES) if ours is None else ours
    theirs = _first(upper, _NORMAL_NAMES) if theirs is None else theirs
    if len(samples) == 1 and ours is None and theirs is None:
        ours = 0
    if len(samples) == 2:
        # One of two columns is known by name: the other is the other.
        if ours is None and theirs is not None:
            ours = 1 - theirs
        elif theirs is None and ours is not None:
            theirs = 1 - ours
    if ours == theirs:
        raise InputError("CALLER_ROLES", caller=caller, samples=len(samples))
    return Roles(ours, theirs)


def _first(names: Sequence[str], wanted: tuple[str, ...]) -> int | None:
    return next((names.index(name) for name in wanted if name and name in names), None)


def read_calls(
    path: Path, reference: Mapping[str, str], tumour: str = "", normal: str = ""
) -> Iterator[CallerRecord]:
    """Records of a caller's VCF, in file order, one per changed allele.

    reference: upper-case sequences by name; other names of a sequence (`chr1` and `1`, `chrM`
    and `MT`) are mapped, records on others are left out. Substitutions of several bases are
    split into single ones: callers write the same change both ways.
    Raises InputError CALLER_UNKNOWN, CALLER_ROLES, CALLS_UNREADABLE, CALLS_OTHER_REFERENCE.
    """
    header, lines = read_vcf(path)
    adapter = adapter_of(header)
    roles = roles_of(header, adapter, tumour, normal)
    names = {bare_name(name): name for name in reference}
    for line in lines:
        name = names.get(bare_name(line.contig))
        if name is not None:
            yield from _records(line, name, reference, adapter, roles)


def _records(
    line: Line, name: str, reference: Mapping[str, str], adapter: Adapter, roles: Roles
) -> Iterator[CallerRecord]:
    for allele, alt in enumerate(line.alts, 1):
        edits = changed(name, line.position, line.ref, alt.upper(), reference)
        reading = adapter.read(line, roles, allele) if edits else None
        if reading is None:
            continue
        for edit in edits:
            yield CallerRecord(
                edit,
                *reading.tumour,
                *reading.normal,
                line.filters,
                reading.passed,
                reading.score,
                adapter.name,
                adapter.origin,
                reading.event,
            )


def changed(
    name: str, position: int, ref: str, alt: str, reference: Mapping[str, str]
) -> list[Edit]:
    """What an alternative changes: nothing for symbols, one base each for MNVs.

    Raises InputError CALLS_OTHER_REFERENCE when REF is not what the reference has.
    """
    if not (set(ref) <= _BASES and set(alt) <= _BASES):
        return []
    if reference[name][position : position + len(ref)] != ref:
        raise InputError("CALLS_OTHER_REFERENCE", contig=name)
    if len(ref) == len(alt):
        pairs = zip(ref, alt, strict=True)
        return [
            Edit(name, position + offset, position + offset + 1, new)
            for offset, (old, new) in enumerate(pairs)
            if old != new
        ]
    edit = trim(name, position, ref, alt)
    return [] if edit is None else [left_shifted(edit, reference)]
