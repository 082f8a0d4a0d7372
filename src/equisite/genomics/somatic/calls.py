"""Final calls of a tumour: both evidences put together, filtered, classed and written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from equisite.core.tables import format_cell, read_rows
from equisite.genomics.adapters.records import CallerRecord
from equisite.genomics.somatic.alleles import frequencies, panel_counts
from equisite.genomics.somatic.evidence import Evidence
from equisite.genomics.somatic.filters import (
    Setting,
    confidence,
    failures,
    germline_like,
    is_exempt,
    is_thin,
)
from equisite.genomics.somatic.freebayes import Counted, is_called, read_counted
from equisite.genomics.somatic.gather import ALONE, PairFacts
from equisite.genomics.somatic.orientation import artefacts
from equisite.genomics.somatic.others import Given
from equisite.genomics.somatic.panel import ENOUGH, LARGE, OTHERS_OF_LARGE, Allele, normals_of
from equisite.protocol.somatic import Somatic
from equisite.variants.alleles import Edit, trim
from equisite.variants.vcf import open_text

_INFO = (
    ("EVID", ".", "String", "Evidence: A (own), B (freebayes), and other callers by name"),
    ("CLASS", "1", "String", "Confidence: high, medium or low"),
    ("TLOD", "1", "Float", "Log10 odds in the tumour: variant against error"),
    ("NLOD", "1", "Float", "Log10 odds in the normal: reference against heterozygous"),
    ("SLOD", "1", "Float", "Log10 odds of the pair: different fractions against the same"),
    ("AF", "1", "Float", "Population frequency"),
    ("NO_AF", "0", "Flag", "Not in the population list, or there without frequency"),
    ("PON", "1", "Integer", "Other normals of the panel that show the allele"),
    ("THIN", "0", "Flag", "The normal is too thin here; panel and frequency stand in"),
    ("GERMLINE_LIKE", "0", "Flag", "The fraction fits a germline allele"),
)
_FORMAT = (
    ("GT", "1", "String", "Genotype: 0/1 carries the allele"),
    ("AD", "R", "Integer", "Fragments of reference and allele"),
    ("DP", "1", "Integer", "Fragments"),
)


@dataclass(frozen=True)
class Panel:
    """A panel of normals. own: file of the patient's own normal in it, which does not count."""

    path: Path
    own: Path | None = None

    @property
    def others(self) -> int | None:
        """Other people in it; None for a panel that does not say."""
        normals = normals_of(self.path)
        return None if normals is None else normals - (self.own is not None)

    @property
    def is_enough(self) -> bool:
        """Whether it tells common artefacts from rare evidence."""
        return self.others is None or self.others >= ENOUGH


@dataclass(frozen=True)
class Call:
    """One allele of the final list; evidence, counted or given is there, or several."""

    allele: Allele
    evidence: Evidence | None
    counted: Counted | None
    given: CallerRecord | None
    callers: tuple[str, ...]
    grade: str
    flags: Mapping[str, str]


def call_tumour(
    evidence: Sequence[Evidence],
    counted: Iterable[Counted],
    setting: Setting,
    panel: Panel | None,
    population: Path | None,
    names: Sequence[str],
    given: Given | None = None,
) -> list[Call]:
    """Calls of all classes, in the order of the reference; names: its sequences.

    given: what other callers passed, by allele and caller.
    """
    told = given or {}
    by_allele = {e.edit: e for e in evidence}
    ours = {e.edit for e in evidence if not failures(e, setting)}
    others = {c.edit: c for c in counted}
    share_of_tumour = setting.somatic.thresholds.minimum_fraction
    theirs = {
        allele
        for allele, c in others.items()
        if is_called(c, share_of_tumour, alone=setting.alone)
    }
    edits = {allele: _edit(allele) for allele in ours | theirs | told.keys()}
    wanted = set(edits.values())
    seen = _seen(panel, names, edits)
    shares = frequencies(population, names, wanted) if population else {}
    limit = setting.somatic.thresholds.maximum_population_frequency
    kept: dict[Allele, dict[str, str]] = {}
    for allele, edit in edits.items():
        found = by_allele.get(allele)
        thin = allele in ours and found is not None and is_thin(found, setting)
        number = seen.get(allele, 0)
        if _in_panel(number, panel) and not (
            allele in ours and found is not None and is_exempt(found)
        ):
            continue
        share = shares.get(edit)
        if share is not None and share > limit and (setting.alone or thin):
            continue
        flags = {"PON": str(number)} if panel else {}
        if population:
            flags |= {"NO_AF": ""} if share is None else {"AF": format_cell(share)}
        if thin:
            flags["THIN"] = ""
        if found is not None and germline_like(found):
            flags["GERMLINE_LIKE"] = ""
        kept[allele] = flags
    damaged = artefacts(by_allele[a] for a in sorted(ours & kept.keys()))
    order = {name: number for number, name in enumerate(names)}
    calls = []
    for allele in sorted(kept, key=lambda a: (order[a[0]], a[1:])):
        if allele in damaged:
            continue
        own = (n for n, by in (("A", ours), ("B", theirs)) if allele in by)
        callers = (*own, *sorted(told.get(allele, ())))
        held = by_allele.get(allele)
        grade = confidence(held if allele in ours else None, callers, setting)
        best = _fullest(told.get(allele, {}))
        flags = kept[allele]
        calls.append(Call(allele, held, others.get(allele), best, callers, grade, flags))
    return calls


def _fullest(records: Mapping[str, CallerRecord]) -> CallerRecord | None:
    """The record that says most of the counts; the first by name among equals."""
    ranked = [records[name] for name in sorted(records)]
    return min(ranked, key=lambda r: (r.alt_tumour is None, r.alt_normal is None), default=None)


def _edit(allele: Allele) -> Edit:
    contig, position, ref, alt = allele
    edit = trim(contig, position, ref, alt)
    if edit is None:
        raise ValueError("an allele is the reference")
    return edit


def _seen(
    panel: Panel | None, names: Sequence[str], edits: Mapping[Allele, Edit]
) -> dict[Allele, int]:
    """In how many other normals each allele was seen."""
    if panel is None:
        return {}
    counts = panel_counts(panel.path, names, set(edits.values()))
    own = read_own(panel.own, edits) if panel.own else frozenset()
    return {
        allele: counts[edit] - (allele in own)
        for allele, edit in edits.items()
        if edit in counts
    }


def _in_panel(number: int, panel: Panel | None) -> bool:
    if panel is None:
        return False
    large = panel.others is not None and panel.others >= LARGE
    return number >= (OTHERS_OF_LARGE if large else 1)


def read_own(path: Path, wanted: Collection[Allele]) -> frozenset[Allele]:
    """Which of the wanted alleles a normal's own file of sighted alleles holds."""
    found = set()
    for line in open_text(path):
        contig, position, ref, alt = line.split("\t")
        allele = (contig, int(position) - 1, ref, alt)
        if allele in wanted:
            found.add(allele)
    return frozenset(found)


def vcf_lines(
    calls: Iterable[Call], lengths: Mapping[str, int], setting: Setting
) -> Iterable[str]:
    """Lines of the final VCF; samples are called TUMOUR and NORMAL."""
    yield "##fileformat=VCFv4.2"
    yield f"##mode={'TO' if setting.alone else 'TN'}"
    for name, length in lengths.items():
        yield f"##contig=<ID={name},length={length}>"
    yield '##FILTER=<ID=PASS,Description="All filters passed">'
    for kind, rows in (("INFO", _INFO), ("FORMAT", _FORMAT)):
        for key, number, form, text in rows:
            yield f'##{kind}=<ID={key},Number={number},Type={form},Description="{text}">'
    yield "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tTUMOUR\tNORMAL"
    for call in calls:
        contig, position, ref, alt = call.allele
        info = {"EVID": ",".join(call.callers), "CLASS": call.grade}
        if call.evidence is not None:
            lods = (call.evidence.tlod, call.evidence.nlod, call.evidence.slod)
            pairs = zip(("TLOD", "NLOD", "SLOD"), lods, strict=True)
            info |= {key: f"{lod:.4f}" for key, lod in list(pairs)[: 1 if setting.alone else 3]}
        info |= call.flags
        text = ";".join(f"{key}={value}" if value else key for key, value in info.items())
        counts = "\t".join(_counts(call))
        yield f"{contig}\t{position + 1}\t.\t{ref}\t{alt}\t.\tPASS\t{text}\tGT:AD:DP\t{counts}"


def _counts(call: Call) -> tuple[str, str]:
    held, counted = call.evidence, call.counted
    if held is not None:
        return (
            f"0/1:{held.ref_tumour},{held.alt_tumour}:{held.depth_tumour}",
            f"0/0:{held.ref_normal},{held.alt_normal}:{held.depth_normal}",
        )
    if counted is None and call.given is not None:
        told = call.given
        return (
            _written("0/1", told.ref_tumour, told.alt_tumour),
            _written("0/0", told.ref_normal, told.alt_normal),
        )
    if counted is None:
        raise ValueError("a call needs evidence")
    tumour = f"{counted.ref_tumour},{counted.alt_tumour}"
    normal = f"{counted.ref_normal},{counted.alt_normal}"
    return (
        f"0/1:{tumour}:{counted.ref_tumour + counted.alt_tumour}",
        f"0/0:{normal}:{counted.ref_normal + counted.alt_normal}",
    )


def _written(genotype: str, ref: int | None, alt: int | None) -> str:
    """Counts of another caller; what it does not say is missing, not zero."""
    if ref is None or alt is None:
        return f"{genotype}:.,.:."
    return f"{genotype}:{ref},{alt}:{ref + alt}"


@dataclass(frozen=True)
class FinalFacts(PairFacts):
    """`PairFacts`, and what was called: records by class, and people in the panel."""

    high: int
    medium: int
    low: int
    thin: int
    panel: int | None


def final_facts(facts: PairFacts, calls: Sequence[Call], panel: Panel | None) -> FinalFacts:
    """The row of a tumour with the numbers of its calls."""
    grades = [call.grade for call in calls]
    return FinalFacts(
        **facts.__dict__,
        high=grades.count("high"),
        medium=grades.count("medium"),
        low=grades.count("low"),
        thin=sum("THIN" in call.flags for call in calls),
        panel=panel.others if panel else None,
    )


def setting_of(somatic: Somatic, facts: PairFacts, panel: Panel | None) -> Setting:
    """How a tumour is called, by what was found of the pair."""
    return Setting(somatic, facts.mode == ALONE, panel is not None and panel.is_enough)


def read_evidence(path: Path) -> list[Evidence]:
    """Rows that `gather` wrote."""
    return read_rows(path, Evidence)


def read_freebayes(path: Path, tumour: str, normal: str | None) -> list[Counted]:
    """Records of freebayes; an allele that stands twice counts with its larger count."""
    best: dict[Allele, Counted] = {}
    for counted in read_counted(path, tumour, normal):
        other = best.get(counted.edit)
        if other is None or counted.alt_tumour > other.alt_tumour:
            best[counted.edit] = replace(counted)
    return list(best.values())
