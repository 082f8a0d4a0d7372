"""The conformance pack: one public, made patient with planted variants and known bodies."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from equisite.protocol.pack import listing, pack_digest
from synthetic.dicom import Study, mr_series, rtstruct
from synthetic.genome import Genome, Layout, fasta, gff3, gzip_bytes, make_genome, territory
from synthetic.phantom import (
    Body,
    Cylinder,
    Ellipsoid,
    Grid,
    in_plane_sd,
    inside,
    mesh_tolerance,
    smooth_noise,
    stored,
    volume_tolerance,
)
from synthetic.reads import Library, fastq, sequence
from synthetic.streams import stream
from synthetic.tumour import mutations, truth_counts, truth_vcf, tumour_copies
from synthetic.variants import Carried, catalogue, haplotypes, vcf

SEED = "equisite-conformance-pack-1"
PATIENT = "pack"

LAYOUT = Layout(
    "synthetic-pack-1",
    {"pack1": ("PACKA", "PACKB"), "pack2": ("PACKC",)},
    spacer=1400,
    edge=900,
    codons_per_exon=(90, 120),
)

TUMOUR_LIBRARY = Library(depth=60.0)
MINIMUM_CODING_MB = 0.001
"""Three genes are too little for a burden that means something, and enough for one to check."""

GRID = Grid((20, 64, 64), (1.25, 1.25, 3.0), (-39.5, -41.0, 12.0))

BODIES: dict[str, Body] = {
    "sphere": Ellipsoid((-19.7, -21.3, 40.1), (14.0, 14.0, 14.0)),
    "ellipsoid": Ellipsoid((20.2, -20.6, 39.2), (15.0, 10.5, 19.0), 0.5),
    "cylinder": Cylinder((-19.1, 19.6, 40.5), 12.0, 30.0),
    "texture": Ellipsoid((20.4, 19.3, 41.0), (13.0, 15.5, 17.0), 1.1),
}
"""Named regions of the phantom; centres off the lattice, so that no symmetry helps."""

_BASE, _STEP = 200, 4
"""Stored value of the first column, and rise per column: a ramp of whole numbers."""

README = """# Conformance pack

One made patient, `{patient}`, that every site runs through the same rules as its own patients.
Nothing here comes from a person. `scripts/make_conformance_pack.py` makes the same bytes again.

| file | what |
|---|---|
| `pack.json` | what replaces reference, gene models, territory and panel of a protocol |
| `genome/reference.fa.gz` and `genes.gff3`, `territory.bed` | {bases} bases, {genes} genes |
| `genome/reads_1.fastq.gz`, `reads_2.fastq.gz` | {pairs} pairs of 150 bases, depth {depth:g} |
| `genome/truth.vcf` | the {variants} planted variants with phased genotypes |
| `genome/tumour_1.fastq.gz`, `tumour_2.fastq.gz` | {tumour[pairs]} pairs, {tumour[depth]}x |
| `genome/somatic.vcf` | {tumour[mutations]} planted mutations, fractions {tumour[fractions]} |
| `genome/somatic.tsv` | what can be counted of them: coding ones, the 96 channels |
| `phantom/series/*.dcm`, `phantom/rtstruct.dcm` | an MR series with four regions |
| `phantom/truth.tsv` | per region: feature of the codebook, analytic value, tolerance |
| `patients.tsv`, `sequencing.tsv`, `imaging.tsv` | the pack's rows, as a site writes them |
| `manifest.sha256`, `pack.sha256` | digests of all files above; digest of that list (pinned) |

The tumour is run where a protocol calls somatic variants, with the reads above as its normal.
It is a mixture of {tumour[copies]} copies of the genome; a mutation stands on some of one
haplotype's. One gene is hit by several mutations that change its protein, one by an indel
alone, one by a single substitution of the lowest fraction alone.

Tolerances are derived from the voxel size, not fitted (`scripts/synthetic/phantom.py`):
volumes by the exact bound for slicing plus four standard deviations of counting pixel
centres, plus for the mesh half a voxel per plane; diameters by one voxel diagonal; means of
the ramp by the weight that wrongly counted border voxels can have. They hold on the native
grid of the series.
"""


def write_pack(folder: Path) -> str:
    """Write the whole pack into an empty folder; returns its digest."""
    (folder / "genome").mkdir(parents=True, exist_ok=True)
    (folder / "phantom" / "series").mkdir(parents=True, exist_ok=True)
    genome = make_genome(LAYOUT, stream(SEED, "genome"))
    carried = _genotypes(genome)
    library = Library(depth=28.0)
    pairs = sequence(haplotypes(genome, carried), library, stream(SEED, "reads"))
    first, second = fastq(pairs, "PACK", stream(SEED, "names"))
    planted = mutations(genome, carried, stream(SEED, "mutations"))
    mixture = tumour_copies(genome, carried, planted)
    tumour = sequence(mixture, TUMOUR_LIBRARY, stream(SEED, "tumour reads"))
    mates = fastq(tumour, "PACKT", stream(SEED, "tumour names"))
    files: dict[str, bytes] = {
        "genome/reference.fa.gz": gzip_bytes(fasta(genome), 9),
        "genome/genes.gff3": gff3(genome),
        "genome/territory.bed": territory(genome),
        "genome/reads_1.fastq.gz": gzip_bytes(first, 9),
        "genome/reads_2.fastq.gz": gzip_bytes(second, 9),
        "genome/truth.vcf": vcf(genome, PATIENT, carried),
        "genome/tumour_1.fastq.gz": gzip_bytes(mates[0], 9),
        "genome/tumour_2.fastq.gz": gzip_bytes(mates[1], 9),
        "genome/somatic.vcf": truth_vcf(genome, PATIENT, planted),
        "genome/somatic.tsv": truth_counts(genome, planted),
        **_phantom(),
        **_sheets(),
    }
    files["pack.json"] = _replacements(genome, files)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    shares = [m.fraction for m in planted]
    readme = README.format(
        patient=PATIENT,
        bases=sum(b.size for b in genome.contigs.values()),
        genes=len(genome.genes),
        pairs=len(pairs),
        depth=library.depth,
        variants=len(carried),
        tumour={
            "pairs": len(tumour),
            "depth": f"{TUMOUR_LIBRARY.depth:g}",
            "mutations": len(planted),
            "fractions": f"{min(shares):g} to {max(shares):g}",
            "copies": len(mixture),
        },
    )
    (folder / "README.md").write_text(readme, encoding="utf-8")
    (folder / "manifest.sha256").write_text(listing(folder), encoding="utf-8")
    digest = pack_digest(folder)
    (folder / "pack.sha256").write_text(digest + "\n", encoding="utf-8")
    return digest


def _genotypes(genome: Genome) -> list[Carried]:
    """About half of the catalogue; per gene one variant that is truncating or missense."""
    rng = stream(SEED, "genotypes")
    available = catalogue(genome, stream(SEED, "catalogue"))
    chosen: list[Carried] = []
    kinds = ("frameshift", "stop_gained", "missense")
    for gene, kind in zip(genome.genes, kinds, strict=True):
        options = [v for v in available if v.gene == gene.name and v.kind == kind]
        chosen.append(Carried(options[0], True, gene.number == 2))
    for variant in available:
        if variant.kind in ("background", "synonymous") and rng.random() < 0.6:
            draw = rng.random()
            chosen.append(Carried(variant, draw < 0.7, draw > 0.4))
    return sorted(chosen, key=lambda c: c.variant)


def _phantom() -> dict[str, bytes]:
    rng = stream(SEED, "phantom")
    columns = np.arange(GRID.shape[2])
    image = np.broadcast_to((_BASE + _STEP * columns).astype(float), GRID.shape).copy()
    texture = 60.0 * smooth_noise(GRID.shape, (1, 5, 5), rng)
    region = inside(BODIES["texture"], GRID)
    image[region] += texture[region]
    study = Study(SEED, "Pack^Conformance", PATIENT, "F", 50, "20000101", "PHANTOM")
    series = mr_series(study, stored(image), GRID)
    files = {f"phantom/series/{i:02d}.dcm": content for i, content in enumerate(series, 1)}
    files["phantom/rtstruct.dcm"] = rtstruct(study, GRID, list(BODIES.items()))
    rows = ["roi\tfeature\tvalue\ttolerance"]
    for name, body in BODIES.items():
        rows += [
            f"{name}\t{feature}\t{value:.6g}\t{tolerance:.4g}"
            for quantity, value, tolerance in _answers(name, body)
            for feature in FEATURES[quantity]
        ]
    files["phantom/truth.tsv"] = ("\n".join(rows) + "\n").encode()
    return files


FEATURES = {
    "voxels": ("shape_voxel_volume", "ibsi_morph_vol_approx"),
    "mesh": ("shape_mesh_volume", "ibsi_morph_volume"),
    "diameter": ("shape_maximum_3d_diameter", "ibsi_morph_diam"),
    "mean": ("firstorder_mean", "ibsi_stat_mean"),
}
"""Features of both modes that measure a quantity."""


def _answers(name: str, body: Body) -> list[tuple[str, float, float]]:
    """Quantity, analytic value and tolerance of one region."""
    answers = [
        ("voxels", body.volume, volume_tolerance(body, GRID)),
        ("mesh", body.volume, mesh_tolerance(body, GRID)),
        ("diameter", body.diameter, GRID.diagonal),
    ]
    if name != "texture":
        slope = _STEP / GRID.spacing[0]
        mean = _BASE + slope * (body.centre[0] - GRID.origin[0])
        reach = max(body.section(body.centre[2]))
        share = 4.0 * in_plane_sd(body, GRID) / body.volume
        answers.append(("mean", mean, slope * reach * share))
    return answers


def _sheets() -> dict[str, bytes]:
    tables: dict[str, list[tuple[str, ...]]] = {
        "patients.tsv": [
            ("patient", "sex", "age", "diagnosis", "status"),
            (PATIENT, "female", "50", "C49.9", "included"),
        ],
        "sequencing.tsv": [
            ("patient", "sample", "kind", "library", "lane", "fastq_1", "fastq_2", "assay"),
            (
                PATIENT,
                f"{PATIENT}-normal",
                "normal",
                "lib1",
                "L1",
                "genome/reads_1.fastq.gz",
                "genome/reads_2.fastq.gz",
                "genome",
            ),
            (
                PATIENT,
                f"{PATIENT}-tumour",
                "tumour",
                "lib2",
                "L1",
                "genome/tumour_1.fastq.gz",
                "genome/tumour_2.fastq.gz",
                "genome",
            ),
        ],
        "imaging.tsv": [
            ("patient", "series", "modality", "mask", "roi", "roi_label", "reader"),
            *(
                (PATIENT, "phantom/series", "MR", "phantom/rtstruct.dcm", name, name, "")
                for name in BODIES
            ),
        ],
    }
    return {
        name: "".join("\t".join(row) + "\n" for row in rows).encode()
        for name, rows in tables.items()
    }


def _replacements(genome: Genome, files: dict[str, bytes]) -> bytes:
    """The parts of a protocol that the pack brings itself."""
    pinned = {
        key: {"file": name, "sha256": hashlib.sha256(files[f"genome/{name}"]).hexdigest()}
        for key, name in (("gene_models", "genes.gff3"), ("territory", "territory.bed"))
    }
    contigs = [
        {"name": c, "length": int(b.size), "md5": genome.md5(c)}
        for c, b in genome.contigs.items()
    ]
    content = {
        "reference": {"assembly": genome.assembly, "contigs": contigs},
        "genomics": {
            **pinned,
            "panel": [g.name for g in genome.genes],
            "tumour": {"minimum_coding_mb": MINIMUM_CODING_MB},
        },
    }
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()
