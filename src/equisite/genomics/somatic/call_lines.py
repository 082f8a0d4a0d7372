"""Final calls as VCF."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from equisite.genomics.somatic.calls import Call
from equisite.genomics.somatic.filters import Setting

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
    ("SECOND", "0", "Flag", "A clearer insertion or deletion stands at this place"),
    ("GERMLINE_LIKE", "0", "Flag", "The fraction fits a germline allele"),
)
_FORMAT = (
    ("GT", "1", "String", "Genotype: 0/1 carries the allele"),
    ("AD", "R", "Integer", "Fragments of reference and allele"),
    ("DP", "1", "Integer", "Fragments"),
)


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
