"""Copy ratios by cnvkit, from the optional layer `cnv`: bins, reference, segments.

The reference of ratios is pooled from five normals of the site on. Below, it is flat, with
corrections for GC and repeats from the FASTA; normals then only say which bins are noisy.
"""

from __future__ import annotations

import math
import subprocess
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median, stdev

from equisite.core.layers import Layer
from equisite.core.tables import read_table, write_table
from equisite.genomics.tumour.copy_number import method_for, read_bins, reference_kind
from equisite.variants.intervals import Interval, Territory

LAYER = "cnv"
MAPPING_QUALITY = "20"
NOISY = 0.3
"""Standard deviation of a bin over the normals from which on it is left out."""
LEFT_OUT = 9.0
"""A spread beyond what cnvkit accepts (1.0): it leaves the bin out of every sample."""
_MODULE = "cnvlib.cnvkit"


def run_cnvkit(layer: Layer, *words: str | Path) -> None:
    """Run one command of cnvkit. Raises CalledProcessError."""
    command = list(layer.command(_MODULE, *words))
    done = subprocess.run(
        command, env=layer.environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise subprocess.CalledProcessError(
            done.returncode, command[:4], done.stdout, done.stderr
        )


def split_bins(territory: Territory, contigs: Iterable[str], size: int) -> list[Interval]:
    """Spans of the territory in equal pieces of about `size` bases, on some sequences."""
    wanted = set(contigs)
    found = []
    for contig, start, end in territory:
        if contig not in wanted:
            continue
        pieces = max(round((end - start) / size), 1)
        edges = [start + (end - start) * n // pieces for n in range(pieces + 1)]
        found += [(contig, a, b) for a, b in pairwise(edges)]
    return found


def bins_text(bins: Iterable[Interval]) -> str:
    """Bins as BED; cnvkit counts columns wrong where the name of a bin is missing."""
    return "".join(f"{contig}\t{start}\t{end}\t-\n" for contig, start, end in bins)


def cover_bins(layer: Layer, reads: Path, bins: Path, reference: Path, out: Path) -> None:
    """Depth of each bin in a CRAM."""
    words = ("-f", reference, "-q", MAPPING_QUALITY, "-o", out)
    run_cnvkit(layer, "coverage", reads, bins, *words)


def build_reference(
    layer: Layer, normals: Sequence[Path], bins: Path, reference: Path, out: Path
) -> str:
    """Write the reference of ratios; returns its kind, `pooled` or `flat`.

    normals: coverage of the site's normals.
    """
    kind = reference_kind(len(normals))
    if kind == "pooled":
        run_cnvkit(layer, "reference", *sorted(normals), "-f", reference, "-o", out)
        return kind
    run_cnvkit(layer, "reference", "-t", bins, "-f", reference, "-o", out)
    if len(normals) >= 2:
        mask_noisy(out, normals)
    return kind


def mask_noisy(reference: Path, normals: Sequence[Path]) -> int:
    """Mark bins that differ among the normals; returns their number."""
    centred = [_centred(path) for path in normals]
    columns, rows = read_table(reference)
    marked = 0
    for row in rows:
        place = row["chromosome"], row["start"], row["end"]
        seen = [ratios[place] for ratios in centred if place in ratios]
        if len(seen) >= 2 and stdev(seen) > NOISY:
            row["spread"] = f"{LEFT_OUT:g}"
            marked += 1
    write_table(reference, columns, rows)
    return marked


def _centred(path: Path) -> dict[tuple[str, str, str], float]:
    """Log2 depth of each bin of a normal less the median of its bins."""
    _, rows = read_table(path)
    logs = {
        (row["chromosome"], row["start"], row["end"]): float(row["log2"])
        for row in rows
        if math.isfinite(float(row["log2"]))
    }
    middle = median(logs.values()) if logs else 0.0
    return {place: log - middle for place, log in logs.items()}


def segment_copies(layer: Layer, coverage: Path, reference: Path, out: str) -> None:
    """Write `<out>.cnr`, ratios of all bins, and `<out>.cns`, segments of a tumour."""
    ratios, segments = Path(f"{out}.cnr"), Path(f"{out}.cns")
    run_cnvkit(layer, "fix", coverage, "-r", reference, "-o", ratios)
    method = method_for(len(read_bins(ratios)))
    run_cnvkit(layer, "segment", ratios, "-m", method, "-o", segments)
