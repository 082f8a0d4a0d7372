"""What planning a run costs: sheets of N patients, a dry run of Snakemake.

python3 scripts/run.py exec python benchmarks/planning.py --patients 10000 [--batch K] [--plain]

The sheets name files that exist and are all but empty, one lane and one series with its
mask per patient, and a tumour of every third. The protocol asks for everything that makes
jobs: a whole genome as territory, a list of alleles, a table of positions, a panel of
frequencies, somatic calls, tumour features, copy number (where its layer is installed) and
robustness. `--plain` leaves all of this out. Nothing is computed but the plan (`snakemake
--dry-run`, as `equisite run` starts it), three times, median. `--batch K` sets the patients
per job of both data kinds; without it the defaults of the product are measured.

Last line: JSON with `patients`, `jobs`, `wall_s`, `peak_mb`; `cpu_s` and `peak_mb` are those of
the whole process tree, and `optional` names what the plan holds.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(CHECKOUT / "scripts"))

import yaml  # noqa: E402

import watched  # noqa: E402 - found by the line above

LINKS = 60_000
"""Hard links per file: file systems allow at least 65,000."""
MEGABASES = (
    249, 242, 198, 190, 182, 171, 159, 145, 138, 134, 135, 133,
    114, 107, 102, 90, 83, 80, 59, 64, 47, 51, 156, 57,
)  # fmt: skip
"""About what the chromosomes of a human genome measure."""
OPTIONAL = (
    "genomics_call_share", "genomics_genotype_alleles", "genomics_find_carried",
    "genomics_compare_people",
    "somatic_call_variants", "tumour_count_features", "tumour_segment_copies",
    "radiomics_perturb_regions",
)  # fmt: skip
"""Rules that a site has only where its protocol or configuration asks for them."""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, required=True)
    parser.add_argument("--batch", type=int, help="patients per job")
    parser.add_argument("--plain", action="store_true", help="nothing that is optional")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="planning-") as place:
        site = make_site(
            Path(place), arguments.patients, arguments.batch, plain=arguments.plain
        )
        return measure(site, arguments.patients)


def make_site(place: Path, patients: int, batch: int | None, *, plain: bool) -> Path:
    """A nano site whose sheets name N patients, a third of them with a tumour."""
    maker = [sys.executable, str(CHECKOUT / "scripts" / "synthetic"), "nano", str(place)]
    subprocess.run(maker, check=True, stdout=subprocess.DEVNULL)
    site = place / "nano"
    kinds = {name: next((site / "data").glob(f"{name}/{glob}")) for name, glob in GLOBS.items()}
    sheets = {
        "patients.tsv": ["patient\tsex\tage\tdiagnosis"],
        "sequencing.tsv": ["patient\tsample\tkind\tlane\tfastq_1\tfastq_2"],
        "imaging.tsv": ["patient\tseries\tmodality\tmask"],
    }
    for number in range(patients):
        name = f"P{number:07d}"
        folder = site / "many" / f"{number // 1000:04d}" / name
        (folder / "series").mkdir(parents=True)
        samples = {"N": "normal"} | ({} if plain or number % 3 else {"T": "tumour"})
        for target, kind in (
            *((f"{mark}{read}.fastq.gz", "reads") for mark in samples for read in "12"),
            ("series/1.dcm", "images"),
            ("mask.dcm", "masks"),
        ):
            _link(kinds, kind, folder / target, number)
        here = folder.relative_to(site)
        sheets["patients.tsv"].append(f"{name}\tfemale\t50\tC49.9")
        sheets["sequencing.tsv"] += [
            f"{name}\t{name}-{mark}\t{what}\tL1"
            f"\t{here}/{mark}1.fastq.gz\t{here}/{mark}2.fastq.gz"
            for mark, what in samples.items()
        ]
        sheets["imaging.tsv"].append(f"{name}\t{here}/series\tMR\t{here}/mask.dcm")
    for sheet, lines in sheets.items():
        (site / sheet).write_text("\n".join(lines) + "\n")
    config = re.sub(r"batches:\n(  .*\n)+", "", (site / "config.yaml").read_text())
    if batch is not None:
        config += f"batches: {{genomics: {batch}, imaging: {batch}}}\n"
    (site / "config.yaml").write_text(config)
    path = place / "protocol/protocol.yaml"
    protocol = yaml.safe_load(path.read_text())
    protocol["tables"] = [t for t in protocol["tables"] if t["kind"] != "positions"]
    if not plain:
        ask_for_everything(protocol, path.parent)
    path.write_text(yaml.safe_dump(protocol))
    return site


def ask_for_everything(protocol: dict[str, Any], folder: Path) -> None:
    """Change the protocol; nothing that it pins is read while a run is planned."""
    protocol["reference"]["contigs"] = [
        {"name": f"chr{number}", "length": 1_000_000 * size, "md5": f"{number:032x}"}
        for number, size in enumerate(MEGABASES, 1)
    ]
    pinned = folder / "listed.vcf"
    pinned.write_text("##fileformat=VCFv4.2\n")
    listed = {"file": pinned.name, "sha256": hashlib.sha256(pinned.read_bytes()).hexdigest()}
    genomics = protocol["genomics"]
    del genomics["territory"]
    arm = {"name": "1p", "contig": "chr1", "start": 0, "end": 120_000_000}
    genomics |= {
        "callers": ["bcftools", "freebayes"],
        "alleles": listed,
        "frequencies": listed,
        "somatic": {"mode": "paired_or_alone"},
        "tumour": {"structural": "delly", "copy_number": {"arms": [arm]}},
    }
    protocol["radiomics"]["robustness"] = {}
    protocol["protocol"]["duo"] = ["DUO:0000042"]
    found = {"id": "found", "kind": "positions", "regions": ["chr1:1-1000000"]}
    protocol["tables"].append(found)


GLOBS = {"reads": "*_R1.fastq.gz", "images": "*/*.dcm", "masks": "*.dcm"}
"""One file of each kind, to be linked under many names."""


def _link(kinds: dict[str, Path], kind: str, target: Path, number: int) -> None:
    """Put a tiny file of a kind there: a file of its own, for no two lanes may be one file."""
    if kind == "reads":
        target.write_bytes(f"{number} {target.name}".encode())
        return
    if number and number % LINKS == 0:
        copy = target.with_name(target.name + ".origin")
        copy.write_bytes(kinds[kind].read_bytes())
        kinds[kind] = copy
    target.hardlink_to(kinds[kind])


def measure(site: Path, patients: int) -> int:
    """Three dry runs."""
    command = ["equisite", "run", "--cores", "2", "--", "--dry-run", "--quiet", "rules"]
    walls, peaks, seconds = [], [], []
    for number in range(3):
        used = watched.run(["bash", "-c", 'exec "$@" > plan.txt 2>&1', "_", *command], site)
        text = (site / "plan.txt").read_text()
        total = re.search(r"^total\s+(\d+)", text, re.MULTILINE)
        if used.code or total is None:
            print(text[-3000:], file=sys.stderr)
            print("the dry run failed: nothing was measured", file=sys.stderr)
            return 2
        walls.append(used.wall_s)
        peaks.append(used.peak_mb)
        seconds.append(used.cpu_s)
        jobs = int(total[1])
        print(
            f"{number + 1}: {patients} patients, {jobs} jobs, {used.wall_s:.1f} s, "
            f"{used.cpu_s:.1f} CPU s",
            flush=True,
        )
    result = {
        "patients": patients,
        "jobs": jobs,
        "wall_s": round(statistics.median(walls), 2),
        "peak_mb": round(max(peaks), 1),
        "cpu_s": round(statistics.median(seconds), 2),
        "optional": [rule for rule in OPTIONAL if re.search(rf"^{rule}\s", text, re.M)],
        "first_s": round(walls[0], 2),
        "cpus": os.cpu_count(),
    }
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
