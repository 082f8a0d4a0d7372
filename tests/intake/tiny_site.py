"""A tiny site folder without mistakes; tests break one thing in it."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

from equisite.codebook.book import resources_folder
from equisite.core.canonical import sha256_file
from equisite.intake.agreement import pack_folder
from equisite.protocol.pack import pack_digest

PATIENTS = """\
patient	sex	age	diagnosis	status
P01	female	61	C49.9	included
P02	male	47	C49.9	included
P03	female	70	8890/3	included
P04	male	55	C49.9	withdrawn
"""
SEQUENCING = """\
patient	sample	kind	library	lane	fastq_1	fastq_2
P01	P01-N	normal	lib1	L1	reads/p01_l1_R1.fastq.gz	reads/p01_l1_R2.fastq.gz
P01	P01-N	normal	lib1	L2	reads/p01_l2_R1.fastq.gz	reads/p01_l2_R2.fastq.gz
P02	P02-N	normal	lib1	L1	reads/p02_l1_R1.fastq.gz	reads/p02_l1_R2.fastq.gz
"""
IMAGING = (
    "patient\tseries\tmodality\tmask\troi\troi_label\n"
    "P01\timages/p01\tMR\tmasks/p01.dcm\tgtv\t\n"
    "P03\timages/p03\tMR\tmasks/p03.nii.gz\tgtv\t1\n"
)
CONFIG = """\
site: north
protocol: protocol.yaml
sheets:
  patients: patients.tsv
  sequencing: sequencing.tsv
  imaging: imaging.tsv
freeze: {id: f1, date: 2026-01-31}
reference:
  fasta: genome/reference.fa
"""
KEYRING = """\
protocol: trial
sites:
  - {id: north, title: Hospital North}
  - {id: south, title: Hospital South}
"""
PROTOCOL = """\
protocol:
  id: trial
  version: 1.0.0
  title: A trial
  contact: lead@example.org
  licence: CC-BY-4.0
  data: public
reference:
  assembly: toy
  contigs:
    - {{name: chr1, length: 12, md5: {md5}}}
genomics:
  gene_models: {{file: genes.gff3, sha256: {genes}}}
  panel: [TP53, KRAS]
imaging:
  roi:
    - name: gtv
      patterns: [gtv, 'gtv.*']
radiomics:
  modalities:
    MR: {{bin_count: 32}}
cohort:
  minimum_n: 3
tables:
  - {{id: cohort, kind: count, keys: [sex]}}
  - {{id: carriers, kind: carriers, genes: panel, consequence: [missense]}}
  - {{id: mr_core, kind: moment, features: mr__gtv__core}}
disclosure: {{ruleset: public-data-v1, k: 2}}
conformance: {{pack_sha256: {pack}}}
codebook: {{version: {version}, constants_sha256: {constants}}}
"""
SEQUENCE = "ACGTACGTACGT"
GENES = "##gff-version 3\n"


def protocol_text() -> str:
    """The tiny protocol with the digests of this product."""
    book = resources_folder() / "codebook"
    return PROTOCOL.format(
        md5=hashlib.md5(SEQUENCE.encode(), usedforsecurity=False).hexdigest(),
        genes=hashlib.sha256(GENES.encode()).hexdigest(),
        pack=pack_digest(pack_folder()),
        version=(book / "version.txt").read_text().strip(),
        constants=sha256_file(book / "constants.tsv"),
    )


def write_site(folder: Path) -> Path:
    """Write the whole site folder and return it."""
    texts = {
        "config.yaml": CONFIG,
        "protocol.yaml": protocol_text(),
        "keyring.yaml": KEYRING,
        "genes.gff3": GENES,
        "patients.tsv": PATIENTS,
        "sequencing.tsv": SEQUENCING,
        "imaging.tsv": IMAGING,
        "genome/reference.fa": f">chr1\n{SEQUENCE}\n",
        "genome/reference.fa.fai": "chr1\t12\t6\t12\t13\n",
    }
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for line in SEQUENCING.splitlines()[1:]:
        for name in line.split("\t")[5:7]:
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(gzip.compress(f"@{name}\nACGT\n+\nIIII\n".encode(), mtime=0))
    for name in ("images/p01/1.dcm", "images/p01/2.dcm", "images/p03/1.dcm"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"slice " + name.encode())
    for name in ("masks/p01.dcm", "masks/p03.nii.gz"):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"mask " + name.encode())
    return folder
