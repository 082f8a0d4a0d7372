"""Whether the memory of somatic calling grows with the genome.

    somatic_memory.py [DIR] [--alleles N]

DIR is a data folder as described in somatic_site.py. Its tumour goes through the workflow
alone, which keeps most alleles. Then the commands of the rules are run on made input of two
sizes, and the largest resident memory of Python and what it starts is told of each:
- `gather-evidence`, without the second caller, on the reference and the reads twice and eight
  times over;
- `call-variants` on a tenth of N alleles and on N of them (5 million are those of a genome
  called alone), of both evidences and of a panel, spread over sequences as long as human ones.
"""

from __future__ import annotations

import argparse
import gzip
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from equisite.core.tables import each_row, header_text, row_text
from equisite.genomics.somatic.evidence import Evidence
from equisite.genomics.somatic.freebayes import Counted
from equisite.variants.fasta import read_fasta
from genomics_site import CannotMeasureError
from somatic_site import PairFolder, Patient, measure_folder, run_pairs, write_pairs

COPIES = (2, 8)
SEQUENCES, LENGTH = 24, 130_000_000


def main() -> int:
    """Measure one folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--alleles", type=int, default=1_000_000)
    return measure_folder(
        parser, lambda folder, scratch, told: measure(folder, scratch, told.alleles)
    )


def measure(path: Path, scratch: Path, alleles: int) -> dict[str, object]:
    """All figures of one folder."""
    folder = PairFolder(path, scratch / "made")
    site = scratch / "site"
    patient = Patient("p", (("p-t", "tumour", folder.reads("tumour")),))
    write_pairs(folder, [patient], site, panel=None, identity=False)
    called = run_pairs(site, 1)["p"]
    if not called.facts:
        raise CannotMeasureError("the tumour was refused")
    (index,) = (p for p in (site / "work/intake/genomics").glob("*.tsv") if p.stem != "0")
    (row,) = (site / "work/somatic" / index.stem / "evidence").glob("*.evidence.tsv")
    work = Work(site, index, row.name.split(".")[0])
    bases = sum(len(sequence) for _, sequence in read_fasta(folder.reference))
    gathered = [work.gather(copies, scratch / f"copies{copies}") for copies in COPIES]
    for copies, peak in zip(COPIES, gathered, strict=True):
        print(f"gather, {copies * bases / 1e6:.2f} Mb: {peak:.0f} MB", flush=True)
    sizes = (alleles // 10, alleles)
    calls = [work.call(size, scratch / f"alleles{size}") for size in sizes]
    for size, peak in zip(sizes, calls, strict=True):
        print(f"call, {size} alleles: {peak:.0f} MB", flush=True)
    slope = (calls[1] - calls[0]) * 1e6 / (sizes[1] - sizes[0])
    return {
        "alleles_per_mb": sum(1 for _ in each_row(row, Evidence)) / (bases / 1e6),
        "gather": [
            {"mb": copies * bases / 1e6, "peak_mb": peak}
            for copies, peak in zip(COPIES, gathered, strict=True)
        ],
        "call": [
            {"alleles": size, "peak_mb": peak} for size, peak in zip(sizes, calls, strict=True)
        ],
        "call_bytes_per_allele": slope,
        "call_peak_mb_of_5_million": calls[1] + slope * (5e6 - sizes[1]) / 1e6,
    }


class Work:
    """The work folder of a run, from which commands are run on other input."""

    def __init__(self, site: Path, index: Path, token: str) -> None:
        self.batch = site / "work/somatic" / index.stem
        self.genomics = site / "work/genomics" / index.stem
        self.reference = site / "work/reference/site"
        self.token = token
        self.common = [
            "--protocol", str(site / "work/intake/protocol.json"),
            "--pinned", str(site / "work/intake/files"), "--index", str(index),
            "--aligned", str(self.genomics / "align.tsv"),
        ]  # fmt: skip

    def gather(self, copies: int, place: Path) -> float:
        """MB of gathering evidence where everything stands so often, one behind the other."""
        (place / "cram").mkdir(parents=True)
        (place / "cache").symlink_to(self.reference / "cache")
        header, rows, names = "", [], []
        for line in (self.reference / "header.sam").read_text().splitlines():
            name, *rest = line.split("\t")[1:]
            length = next(part for part in rest if part.startswith("LN:"))[3:]
            names.append(name[3:])
            for copy in range(copies):
                header += "\t".join(["@SQ", f"{name}x{copy}", *rest]) + "\n"
                rows.append(f"{name[3:]}x{copy}\t0\t{length}\n")
        (place / "header.sam").write_text(header, encoding="utf-8")
        (place / "territory.bed").write_text("".join(rows), encoding="utf-8")
        cram = place / "cram" / f"{self.token}.cram"
        with subprocess.Popen(
            ["samtools", "view", "-b", "--no-PG", "-o", str(cram), "-"],
            stdin=subprocess.PIPE, text=True,
        ) as packed:  # fmt: skip
            if packed.stdin is None:
                raise RuntimeError("samtools view has no input")
            head = "@HD\tVN:1.6\tSO:coordinate\n" + header
            packed.stdin.write(f"{head}@RG\tID:1\tSM:{self.token}\n")
            for name in names:
                for copy in range(copies):
                    packed.stdin.writelines(self._reads(name, copy))
        subprocess.run(["samtools", "index", str(cram)], check=True)
        return self._peak(
            place,
            ["gather-evidence", *self.common, "--second", ': > "$CALLS"'],
            ["--crams", str(place / "cram"), "--territory", str(place / "territory.bed")],
        )

    def _reads(self, name: str, copy: int) -> Iterator[str]:
        """SAM lines of a sequence under another name, mates on others left out."""
        command = ["samtools", "view", str(self.genomics / "cram" / f"{self.token}.cram"), name]
        environment = {**os.environ, "REF_PATH": f"{self.reference / 'cache'}/%s"}
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment
        ) as reads:
            for line in reads.stdout or ():
                fields = line.rstrip("\n").split("\t")[:11]
                if fields[6] in ("=", "*"):
                    fields[2] = f"{name}x{copy}"
                    yield "\t".join([*fields, "RG:Z:1"]) + "\n"
        if reads.returncode:
            raise subprocess.CalledProcessError(reads.returncode, command[:2])

    def call(self, alleles: int, place: Path) -> float:
        """MB of calling so many alleles."""
        made = place / "evidence"
        made.mkdir(parents=True)
        (place / "sighted").mkdir()
        (place / "cache").mkdir()
        for ending in ("pair.tsv", "callable.bed"):
            name = f"{self.token}.{ending}"
            shutil.copyfile(self.batch / "evidence" / name, made / name)
        header = (f"@SQ\tSN:c{n}\tLN:{LENGTH}\tM5:{n}\n" for n in range(SEQUENCES))
        (place / "header.sam").write_text("".join(header), encoding="utf-8")
        rows = each_row(self.batch / "evidence" / f"{self.token}.evidence.tsv", Evidence)
        example = next(row for row in rows if row.is_snv and row.tlod > 10)
        with (
            (made / f"{self.token}.evidence.tsv").open("w", encoding="utf-8") as evidence,
            (made / f"{self.token}.counted.tsv").open("w", encoding="utf-8") as counted,
            gzip.open(place / "panel.vcf.gz", "wt", 1, encoding="utf-8") as panel,
        ):
            evidence.write(header_text(Evidence))
            counted.write(header_text(Counted))
            panel.write("##fileformat=VCFv4.2\n##normals=20\n")
            panel.write("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n")
            for number in range(alleles):
                contig, at = divmod(number, -(-alleles // SEQUENCES))
                position = at * (LENGTH * SEQUENCES // (alleles + SEQUENCES))
                row = replace(example, contig=f"c{contig}", position=position)
                evidence.write(row_text(row))
                counted.write(row_text(Counted(*row.edit, 12, 30, 0, 0, 60.0)))
                if number % 2:
                    panel.write(
                        f"{row.contig}\t{position + 1}\t.\t{row.ref}\t{row.alt}\t.\t.\tNS=3\n"
                    )
        return self._peak(
            place,
            ["call-variants", *self.common, "--pack", 'cat > "$OUT.vcf"'],
            ["--after", str(self.batch / "gather.tsv"), "--evidence", str(made)],
            ["--panel", str(place / "panel.vcf.gz"), "--sighted", str(place / "sighted")],
        )

    def _peak(self, place: Path, *words: Sequence[str]) -> float:
        """Largest resident memory of a command and what it starts, in MB."""
        out = ["--out", str(place / "out"), "--outcomes", str(place / "out.tsv")]
        files = ["--header", str(place / "header.sam"), "--cache", str(place / "cache")]
        command = ["equisite", "somatic", *(w for some in words for w in some), *files, *out]
        # A process of its own, so that its children are the only ones.
        told = subprocess.run(
            ["bash", "-c", f"{shlex.join(command)} 2>/dev/null && exec {_TELL}"],
            check=True, capture_output=True, text=True,
            env={**os.environ, "REF_PATH": f"{place / 'cache'}/%s"},
        )  # fmt: skip
        return int(told.stdout.split()[-1]) / 1024


_TELL = shlex.join(
    [sys.executable, "-c",
     "import resource; print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"]
)  # fmt: skip
"""`exec` keeps the process and with it what its children used."""

if __name__ == "__main__":
    raise SystemExit(main())
