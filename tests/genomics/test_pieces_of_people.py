"""Real people, called in one job and in many: the bytes are the same."""

from __future__ import annotations

import os
from pathlib import Path

from made_reads import protocol
from public_people import MARKS
from test_edges import item, run
from test_pipelines import body

from equisite.variants.fasta import read_fasta

PEOPLE = 4
JOBS = {7: 7, 12: 3}
"""Number of pieces, and of the jobs that share them."""

pytestmark = list(MARKS)


def test_real_people_called_in_pieces_the_bytes_are_the_same(tmp_path: Path) -> None:
    folder = Path(os.environ["EQUISITE_DATA"]) / "genomics/germline_cohort20"
    bases = {name: text.decode() for name, text in read_fasta(folder / "reference.fa.gz")}
    crams = sorted((folder / "cram").glob("*.cram"))[:PEOPLE]
    rows = [item(f"p{n}", reads=str(cram)) for n, cram in enumerate(crams)]
    whole = run(tmp_path / "whole", protocol(bases), bases, "", rows)
    calls = [f"calls/{row.token}.vcf.gz" for row in rows]
    assert sum(len(body(whole / name)) for name in calls) > 1000
    for pieces, shares in JOBS.items():
        site = tmp_path / f"pieces{pieces}"
        batch = run(site, protocol(bases), bases, "", rows, pieces=pieces, shares=shares)
        parts = [body(path) for path in batch.glob(f"shares/*/{rows[0].token}.vcf.gz")]
        assert len(parts) == shares and all(parts)
        for name in (*calls, "call.tsv", "variants.tsv", "outcomes.tsv"):
            assert (batch / name).read_bytes() == (whole / name).read_bytes(), (pieces, name)
