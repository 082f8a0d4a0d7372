"""How well the planted variants of the public pack were found, and digests of the result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from equisite.core.canonical import sha256_bytes
from equisite.core.errors import InputError
from equisite.core.tables import format_cell, read_table
from equisite.genomics.judging import judge_files
from equisite.variants.vcf import open_text

ITEM = "genomics"


@dataclass(frozen=True, order=True)
class Score:
    """One row of the conformance scores: item, measure (as in the bundle), value as text."""

    item: str
    measure: str
    value: str


def score(
    calls: Path, truth: Path, reference: Path, territory: Path, variants: Path
) -> list[Score]:
    """Scores of the pack's calls, sorted by item and measure.

    calls: VCF of the pack's sample. truth, reference, territory: files of the pack.
    variants: table of features of the pack's batch.
    `genomics/snp` and `genomics/indel`: precision and recall, genotypes compared by replay;
    no calls of a kind at all is precision 0. `genomics/calls` and `genomics/features`:
    digest.
    Raises InputError PACK_INCOMPLETE when the pack's patient has no row: the pack's reads
    have no excuse.
    """
    report = judge_files(truth, calls, reference, territory)
    scores = []
    for kind, figures in report["genotype"].items():
        for measure in ("precision", "recall"):
            value = figures[measure]
            text = format_cell(value if isinstance(value, float) else 0.0)
            scores.append(Score(f"{ITEM}/{kind}", measure, text))
    scores.append(Score(f"{ITEM}/calls", "digest", digest_of_calls(calls)))
    scores.append(Score(f"{ITEM}/features", "digest", _digest_of_features(variants)))
    return sorted(scores)


def digest_of_calls(calls: Path) -> str:
    """Sha256 of the records of a VCF, sorted, without any header line."""
    records = sorted(line for line in open_text(calls) if line and not line.startswith("#"))
    return sha256_bytes("".join(f"{record}\n" for record in records).encode())


def _digest_of_features(variants: Path) -> str:
    columns, rows = read_table(variants)
    if len(rows) != 1:
        raise InputError("PACK_INCOMPLETE", rows=len(rows))
    cells = [f"{c}={rows[0][c]}" for c in columns if c != "patient"]
    return sha256_bytes("\n".join(cells).encode())
