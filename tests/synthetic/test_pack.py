import csv
import gzip
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from equisite.protocol.pack import listing, pack_digest
from synthetic.pack import BODIES, GRID, write_pack

PACK = Path(__file__).parents[2] / "resources" / "conformance"


def content(path):
    """Bytes of a file; of a compressed one what it holds (zlib versions pack differently)."""
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def test_the_shipped_pack_is_what_the_script_makes(tmp_path):
    write_pack(tmp_path)
    names = sorted(p.relative_to(PACK) for p in PACK.rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file())
    digests = {Path("manifest.sha256"), Path("pack.sha256")}
    for name in set(names) - digests:
        assert content(PACK / name) == content(tmp_path / name), name


def test_digest_manifest_and_size():
    assert pack_digest(PACK) == (PACK / "pack.sha256").read_text().strip()
    assert listing(PACK) == (PACK / "manifest.sha256").read_text()
    assert sum(p.stat().st_size for p in PACK.rglob("*") if p.is_file()) < 800_000


def test_the_digest_sees_every_file_that_counts(tmp_path):
    copy = tmp_path / "pack"
    shutil.copytree(PACK, copy)
    before = pack_digest(copy)
    (copy / "README.md").write_text("other words")
    assert pack_digest(copy) == before
    (copy / "phantom" / "extra").write_text("")
    assert pack_digest(copy) != before
    (copy / "phantom" / "extra").unlink()
    (copy / "patients.tsv").rename(copy / "persons.tsv")
    assert pack_digest(copy) != before


def test_replacements_name_the_files_of_the_pack():
    import hashlib

    parts = json.loads((PACK / "pack.json").read_text())
    for key in ("gene_models", "territory"):
        pinned = parts["genomics"][key]
        found = hashlib.sha256((PACK / "genome" / pinned["file"]).read_bytes()).hexdigest()
        assert found == pinned["sha256"]
    text = gzip.decompress((PACK / "genome" / "reference.fa.gz").read_bytes()).decode()
    records = {r.split("\n", 1)[0]: r.split("\n", 1)[1] for r in text.split(">")[1:]}
    for contig in parts["reference"]["contigs"]:
        bases = records[contig["name"]].replace("\n", "")
        assert len(bases) == contig["length"]
        assert hashlib.md5(bases.encode(), usedforsecurity=False).hexdigest() == contig["md5"]


def tools():
    if any(shutil.which(t) is None for t in ("bwa", "samtools", "bcftools")):
        pytest.skip("bwa, samtools or bcftools is not on the PATH")


def test_standard_tools_find_every_planted_variant_and_no_other(tmp_path):
    tools()
    genome = PACK / "genome"
    (tmp_path / "r.fa").write_bytes(content(genome / "reference.fa.gz"))
    reads = f"{genome / 'reads_1.fastq.gz'} {genome / 'reads_2.fastq.gz'}"
    script = (
        "set -euo pipefail; bwa index r.fa; samtools faidx r.fa;"
        f"bwa mem -K 10000000 -Y -R '@RG\\tID:p\\tSM:p' r.fa {reads}"
        " | samtools sort -u -o a.bam;"
        "bcftools mpileup -d 2000 -a AD,DP -f r.fa a.bam -Ou | bcftools call -mv -Ou"
        " | bcftools norm -f r.fa -Ou"
        " | bcftools query -f '%CHROM %POS %REF %ALT [%GT]\\n' > c.txt"
    )
    subprocess.run(["bash", "-c", script], cwd=tmp_path, check=True, capture_output=True)
    called = {
        (*line.split()[:4], "".join(sorted(line.split()[4].replace("/", ""))))
        for line in (tmp_path / "c.txt").read_text().splitlines()
    }
    planted = set()
    for line in (genome / "truth.vcf").read_text().splitlines():
        if line[0] != "#":
            f = line.split("\t")
            planted.add((f[0], f[1], f[3], f[4], "".join(sorted(f[9].replace("|", "")))))
    assert called == planted
    assert len(planted) > 25


def test_pyradiomics_finds_the_analytic_answers():
    radiomics = pytest.importorskip("radiomics")
    sitk = pytest.importorskip("SimpleITK")
    pydicom = pytest.importorskip("pydicom")
    import logging

    import numpy as np

    from synthetic.phantom import inside

    logging.getLogger("radiomics").setLevel(logging.ERROR)
    slices = [pydicom.dcmread(p) for p in sorted((PACK / "phantom" / "series").iterdir())]
    volume = np.stack([s.pixel_array for s in slices]).astype(np.float32)
    extractor = radiomics.featureextractor.RadiomicsFeatureExtractor(binCount=32)
    extractor.disableAllFeatures()
    extractor.enableFeatureClassByName("shape")
    extractor.enableFeatureClassByName("firstorder")
    names = {
        "shape_voxel_volume": "original_shape_VoxelVolume",
        "shape_mesh_volume": "original_shape_MeshVolume",
        "shape_maximum_3d_diameter": "original_shape_Maximum3DDiameter",
        "firstorder_mean": "original_firstorder_Mean",
    }
    found = {}
    for roi, body in BODIES.items():
        mask = inside(body, GRID).astype(np.uint8)
        images = [sitk.GetImageFromArray(v) for v in (volume, mask)]
        for image in images:
            image.SetSpacing(GRID.spacing)
        found[roi] = extractor.execute(*images)
    with (PACK / "phantom" / "truth.tsv").open() as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert len(rows) == 30
    for row in (row for row in rows if not row["feature"].startswith("ibsi_")):
        value = float(found[row["roi"]][names[row["feature"]]])
        assert abs(value - float(row["value"])) <= float(row["tolerance"]), row
