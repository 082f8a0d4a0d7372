"""A small valid protocol to break."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

PROTOCOL = """\
# comment
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
    - {name: chr1, length: 1000, md5: 0123456789abcdef0123456789abcdef}
genomics:
  gene_models: {file: genes.gff3, sha256: GFF}
  panel: [TP53, KRAS]
imaging:
  roi:
    - name: gtv
      patterns: [gtv, 'gtv.*']
radiomics:
  modalities:
    MR: {bin_count: 32}
cohort:
  minimum_n: 3
tables:
  - {id: cohort, kind: count, keys: [sex]}
  - {id: carriers, kind: carriers, genes: panel, consequence: [missense]}
  - {id: mr_core, kind: moment, features: mr__gtv__core}
disclosure: {ruleset: public-data-v1, k: 2}
conformance: {pack_sha256: ZEROS}
codebook: {version: 1.0.0, constants_sha256: ZEROS}
"""


@pytest.fixture
def protocol_file(tmp_path: Path) -> Path:
    models = b"##gff-version 3\n"
    (tmp_path / "genes.gff3").write_bytes(models)
    text = PROTOCOL.replace("GFF", hashlib.sha256(models).hexdigest()).replace(
        "ZEROS", "0" * 64
    )
    path = tmp_path / "protocol.yaml"
    path.write_text(text)
    return path
