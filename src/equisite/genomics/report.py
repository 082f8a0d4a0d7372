"""MultiQC over all samples of a site: an optional report that stays in `private/`.

Samples stand in it under their tokens: pages are sent on by mail more easily than tables.
`samples.tsv` beside it says whose each token is.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from equisite.codebook.book import codebook
from equisite.core.atomic import write_bytes
from equisite.core.layers import Layer
from equisite.core.tables import read_table, table_text, write_table
from equisite.genomics.features import QUALITY_COLUMNS
from equisite.genomics.samples import read_samples

_QUIET = (
    "--no-ai",
    "--no-version-check",
    "--no-megaqc-upload",
    "--no-data-dir",
    "--no-ansi",
    "--quiet",
    "--force",
    "--interactive",
    "--strict",
)
"""Nothing is sent or asked anywhere, nothing is left beside the page, and a part that breaks
stops it: without `--strict` MultiQC leaves the part out and ends well."""
_HEAD = (
    "--title",
    "Sequencing quality of this site",
    "--comment",
    "Samples stand under their tokens; samples.tsv beside this page says whose each is.",
    "--cl-config",
    "show_analysis_paths: false",
)
"""What the page is and where names are; the scratch folder that was read tells nothing."""
_REPORTS = (".stats", ".flagstat", ".idxstats", ".fastp.json", ".bcftools")
_TABLE = """# id: equisite_quality
# section_name: Judged by the protocol
# description: Variables of the codebook, and what the protocol says of each sample.
# plot_type: table
# pconfig:
#     id: equisite_quality_table
#     title: Judged by the protocol
"""


@dataclass(frozen=True)
class BatchReports:
    """What the steps of one batch left: its index and folders, and its table of quality."""

    index: Path
    measured: Path
    annotated: Path
    quality: Path


def write_report(layer: Layer, batches: Sequence[BatchReports], out: Path) -> None:
    """Write `multiqc.html` and `samples.tsv` into `out`.

    A failing MultiQC is a fault of the machine (CalledProcessError).
    """
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        files = scratch / "files"
        files.mkdir()
        for batch in batches:
            for folder in (batch.measured, batch.annotated):
                for path in sorted(folder.iterdir()):
                    if path.name.endswith(_REPORTS):
                        (files / path.name).symlink_to(path.absolute())
        text = _TABLE + _quality(batch.quality for batch in batches)
        (files / "quality_mqc.tsv").write_text(text, encoding="utf-8")
        command = layer.command(
            "multiqc", *_QUIET, *_HEAD, "--outdir", scratch, "--filename", "multiqc.html", files
        )
        environment = {**layer.environment(), "HOME": name, "MPLCONFIGDIR": name}
        subprocess.run(command, check=True, cwd=scratch, env=environment)
        write_bytes(out / "multiqc.html", (scratch / "multiqc.html").read_bytes())
    rows = [
        {"token": sample.token, "patient": sample.patient, "sample": sample.name}
        for batch in batches
        for sample in read_samples(batch.index)
    ]
    write_table(out / "samples.tsv", ("token", "patient", "sample"), rows)


def _quality(tables: Iterable[Path]) -> str:
    """Rows of all batches, columns by their labels, without those that are empty for all."""
    rows = [row for table in tables for row in read_table(table)[1]]
    kept = [c for c in QUALITY_COLUMNS if c == "token" or any(row[c] for row in rows)]
    names = {"token": "Sample", "verdict": "Verdict"}
    labels = [names.get(c) or codebook().variable(c).label for c in kept]
    ordered = sorted(rows, key=lambda row: row["token"])
    return table_text(labels, ([row[c] for c in kept] for row in ordered))
