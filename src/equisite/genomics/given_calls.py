"""Starts from VCF: the hospital's own calls, checked against the reference and rewritten.

What comes out holds the carried alleles and genotypes only, under the sample's token; no
header line, name or annotation of the given file. Nothing can be said of bases without a
call: depth and callable bases of such a sample are not known.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from equisite.core.errors import Finding, InputError
from equisite.genomics.aligned import bare_name, link
from equisite.genomics.samples import Sample

_BASES = frozenset("ACGTN")
_SURE = frozenset("ACGT")
_CONTIG = re.compile(r"##contig=<(?:[^>]*,)?ID=([^,>]+)")


def take_calls(
    sample: Sample,
    reference: Mapping[str, str],
    scratch: Path,
    write: Callable[[str], object],
) -> list[Finding]:
    """Write a VCF of the sample's given calls, unsorted; returns remarks.

    reference: upper-case sequences by name. scratch: folder for links to the files. Records
    of other filters than PASS, of sequences that the reference does not have, with
    alleles or REF that are no bases, and of more than two copies, are left out and counted.
    Raises InputError CALLS_UNREADABLE, CALLS_SAMPLE, CALLS_WITHOUT_GENOTYPES,
    CALLS_OTHER_REFERENCE, CALLS_OTHER_SEQUENCES.
    """
    write("##fileformat=VCFv4.2\n")
    for name in reference:
        write(f"##contig=<ID={name},length={len(reference[name])}>\n")
    write('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n')
    columns = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT")
    write("\t".join((*columns, sample.token)) + "\n")
    left: Counter[str] = Counter(filtered=0, elsewhere=0, symbolic=0, copies=0)
    for lane in sample.lanes:
        for record in records(
            _lines(link(lane, lane.calls, scratch), sample.name), sample.name, reference, left
        ):
            write(record)
    remarks = [Finding("CALLS_ONLY")]
    if left.total():
        remarks.append(Finding("CALLS_LEFT_OUT", "", dict(left)))
    return remarks


def records(
    lines: Iterable[str], sample: str, reference: Mapping[str, str], left: Counter[str]
) -> Iterator[str]:
    """Checked records of one file; what is left out is counted in `left`.

    A file that stands on none of the reference's sequences, neither in its header nor with a
    record, would make its person a carrier of nothing: its sequences have other names.
    """
    names = {bare_name(name): name for name in reference}
    column = -1
    with_genotype = without = 0
    stands, foreign = False, ""
    for line in lines:
        if line.startswith("##"):
            stands = stands or bare_name(_contig_of(line)) in names
            continue
        fields = line.rstrip("\n").split("\t")
        if line.startswith("#"):
            column = _column(fields, sample)
            continue
        if column < 0 or len(fields) <= column:
            raise InputError("CALLS_UNREADABLE")
        if "GT" not in fields[8].split(":"):
            without += 1
            continue
        with_genotype += 1
        genotype = fields[column].split(":")[fields[8].split(":").index("GT")]
        if not set(genotype) & set("123456789"):
            continue
        name = names.get(bare_name(fields[0]))
        if name is None:
            left["elsewhere"] += 1
            foreign = foreign or fields[0]
            continue
        stands = True
        position, ref = int(fields[1]), fields[3].upper()
        if not _holds(reference[name], name, position, ref):
            left["symbolic"] += 1
            continue
        if fields[6] not in ("PASS", "."):
            left["filtered"] += 1
            continue
        if len(genotype.replace("|", "/").split("/")) > 2:
            left["copies"] += 1
            continue
        written = _carried(genotype, fields[4].upper().split(","))
        if written is None:
            left["symbolic"] += 1
        elif written[0]:
            alleles, text = written
            quality = fields[5]
            yield f"{name}\t{position}\t.\t{ref}\t{alleles}\t{quality}\t.\t.\tGT\t{text}\n"
    if column < 0:
        raise InputError("CALLS_UNREADABLE")
    if without and not with_genotype:
        raise InputError("CALLS_WITHOUT_GENOTYPES")
    if foreign and not stands:
        raise InputError("CALLS_OTHER_SEQUENCES", contig=foreign)


def _contig_of(line: str) -> str:
    """Name of the sequence that a header line states, else an empty text."""
    found = _CONTIG.match(line)
    return found[1] if found else ""


def _column(header: list[str], sample: str) -> int:
    """Column of the sample: the one of its name, or the only one."""
    found = header[9:]
    if sample in found:
        return 9 + found.index(sample)
    if len(found) != 1:
        raise InputError("CALLS_SAMPLE", samples=len(found))
    return 9


def _holds(bases: str, name: str, position: int, ref: str) -> bool:
    """Whether REF is what stands in the reference; False where that is no base.

    Raises InputError CALLS_OTHER_REFERENCE.
    """
    there = bases[position - 1 : position - 1 + len(ref)]
    same = len(there) == len(ref) and all(
        a == b or a not in _SURE for a, b in zip(there, ref, strict=True)
    )
    if position < 1 or not same:
        raise InputError("CALLS_OTHER_REFERENCE", contig=name)
    return there == ref


def _carried(genotype: str, alleles: list[str]) -> tuple[str, str] | None:
    """ALT and GT with the carried alleles only; None if one is no sequence.

    `*` (a deletion that began before stands on this copy) is the reference here.
    """
    split = "|" if "|" in genotype else "/"
    copies = genotype.replace("|", "/").split("/")
    numbers = {".": ".", "0": "0"}
    kept: list[str] = []
    for copy in copies:
        if copy in numbers:
            continue
        if not copy.isdigit() or int(copy) > len(alleles):
            raise InputError("CALLS_UNREADABLE")
        allele = alleles[int(copy) - 1]
        if allele == "*":
            numbers[copy] = "0"
        elif set(allele) <= _BASES:
            kept.append(allele)
            numbers[copy] = str(len(kept))
        else:
            return None
    return ",".join(kept), split.join(numbers[copy] for copy in copies)


def _lines(path: Path, sample: str) -> Iterator[str]:
    """Lines of a VCF or BCF, plain or compressed, as `bcftools view` writes them.

    Of many samples only the wanted column passes through Python.
    """
    command = ["bcftools", "view", "--no-version", "-Ov", str(path)]
    listed = subprocess.run(
        ["bcftools", "query", "-l", str(path)], capture_output=True, text=True, check=False
    )
    if len(listed.stdout.split("\n")) > 2 and sample in listed.stdout.split("\n"):
        command[2:2] = ["--no-update", "-s", sample]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        if process.stdout is None:
            raise RuntimeError("bcftools view has no output")
        yield from process.stdout
    if process.returncode < 0:
        raise subprocess.CalledProcessError(process.returncode, command[:2])
    if process.returncode:
        raise InputError("CALLS_UNREADABLE")
