"""VCFs of other callers on a made sequence, for tests of what becomes of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

SEQUENCE = "".join(np.random.default_rng(2).choice(list("ACGT"), 400))
REFERENCE = {"c1": SEQUENCE}
MUTECT2 = ["##source=Mutect2", "##tumor_sample=T", "##normal_sample=N"]
LOFREQ = ["##source=lofreq call -f x"]


def vcf(path: Path, head: list[str], samples: tuple[str, ...], *records: str) -> Path:
    """A file; records have blanks for tabs."""
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
    columns += ["FORMAT", *samples] if samples else []
    lines = [*head, "\t".join(columns), *(r.replace(" ", "\t") for r in records)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def swap(base: str) -> str:
    """Another base."""
    return "A" if base != "A" else "C"


def snv(position: int, extra: str, passed: str = "PASS") -> str:
    """A record of a substitution; extra: INFO and what follows."""
    ref = SEQUENCE[position]
    return f"c1 {position + 1} . {ref} {swap(ref)} . {passed} {extra}"
