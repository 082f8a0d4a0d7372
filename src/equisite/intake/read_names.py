"""What the name of a sequencing file says: sample, lane, mate."""

from __future__ import annotations

import re
from dataclasses import dataclass

FASTQ = re.compile(r"\.(fastq|fq)(\.gz|\.bgz)?$", re.IGNORECASE)
ALIGNED = re.compile(r"\.(bam|cram)$", re.IGNORECASE)
CALLED = re.compile(r"\.(vcf|vcf\.gz|vcf\.bgz|bcf)$", re.IGNORECASE)
COMPANION = re.compile(r"\.(bai|crai|csi|tbi|gzi|fai|md5|sha256)$", re.IGNORECASE)
OF_REGIONS = re.compile(r"\.(g|genome)\.vcf(\.gz)?$", re.IGNORECASE)

_ILLUMINA = re.compile(
    r"^(?P<sample>.+?)_S\d+(?:_L(?P<lane>\d{3}))?_(?P<mate>[RI]\d)(?:_(?P<chunk>\d{3}))?$"
)
"""bcl2fastq and BCL Convert: SAMPLE_S1_L001_R1_001; the lane is left out when merged."""
_MATE = re.compile(
    r"^(?P<base>.+?)[._-](?P<mate>R[12]|read[12]|[12])(?:[._-](?P<chunk>\d{3}))?$",
    re.IGNORECASE,
)
_LANE = re.compile(r"(?:^|[._-])(?:L|lane)[._-]?0*(?P<lane>\d{1,3})(?=[._-]|$)", re.IGNORECASE)

_NORMAL = frozenset(
    ("n", "normal", "germline", "gl", "blood", "bl", "pbmc", "buffy", "saliva", "control")
)
_TUMOUR = frozenset(("t", "tumour", "tumor", "tum", "met", "metastasis", "primary", "cancer"))


@dataclass(frozen=True, order=True)
class ReadName:
    """A FASTQ's name taken apart. mate: 1, 2, 0 for a file that may be alone, or `index`.

    bare: the mate was a bare digit, which may as well be the end of the sample's name.
    """

    sample: str
    lane: str
    mate: str
    chunk: str = ""
    bare: bool = False


def read_name(name: str) -> ReadName:
    """Take a FASTQ's file name apart.

    >>> read_name("P1_S4_L002_R2_001.fastq.gz")
    ReadName(sample='P1', lane='L002', mate='2', chunk='001', bare=False)
    >>> read_name("P1-T_L1.R1.fq.gz")
    ReadName(sample='P1-T', lane='L1', mate='1', chunk='', bare=False)
    >>> read_name("SRR123_1.fastq")
    ReadName(sample='SRR123', lane='', mate='1', chunk='', bare=True)
    >>> read_name("P1.fq")
    ReadName(sample='P1', lane='', mate='0', chunk='', bare=False)
    """
    stem = FASTQ.sub("", name)
    if found := _ILLUMINA.match(stem):
        lane = f"L{found['lane']}" if found["lane"] else ""
        mate = found["mate"][1] if found["mate"] in ("R1", "R2") else "index"
        return ReadName(found["sample"], lane, mate, found["chunk"] or "")
    mate, chunk, bare = "0", "", False
    if found := _MATE.match(stem):
        stem, mate, chunk = found["base"], found["mate"][-1], found["chunk"] or ""
        bare = found["mate"].isdigit()
    lane = ""
    if found := _LANE.search(stem):
        lane = found[0].lstrip("._-")
        stem = (stem[: found.start()] + stem[found.end() :]).strip("._-") or stem
    stem = re.sub(r"_S\d+$", "", stem) if lane else stem
    return ReadName(stem, lane, mate, chunk, bare)


def kind_of(sample: str) -> tuple[str, str]:
    """`normal`, `tumour` or nothing, as a sample's name says, and the name without it.

    >>> kind_of("P01-T2"), kind_of("P01_normal"), kind_of("P01"), kind_of("N")
    (('tumour', 'P01'), ('normal', 'P01'), ('', 'P01'), ('', 'N'))
    """
    parts = re.split(r"([._-])", sample)
    for at in range(len(parts) - 1, 1, -2):
        word = re.sub(r"\d+$", "", parts[at].casefold())
        kind = "normal" if word in _NORMAL else "tumour" if word in _TUMOUR else ""
        if kind:
            rest = parts[: at - 1] + parts[at + 1 :]
            return kind, "".join(rest)
    return "", sample
