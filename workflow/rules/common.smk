"""What all rules share: the frozen site, the locked software and a few look-ups."""

import sys
from pathlib import Path

from snakemake.settings.types import DeploymentMethod

CHECKOUT = Path(workflow.basedir).resolve()
sys.path.insert(0, str(CHECKOUT / "src"))

from equisite.core.canonical import sha256_file, sha256_json
from equisite.core.errors import EquisiteError
from equisite.core.layers import layer_digest
from equisite.core.machine import machine_error
from equisite.core.provenance import code_digest as _source_digest
from equisite.core.software import installed
from equisite.genomics.pieces import pieces_of
from equisite.intake.freeze import freeze

try:
    SITE = freeze(Path.cwd(), config)
except (EquisiteError, OSError) as error:
    # A mistake of the user: our text, no traceback, and not into any log file.
    told = machine_error(error, named=True) if isinstance(error, OSError) else error
    if told is None:
        raise
    print(told.render(), file=sys.stderr, flush=True)
    sys.exit(told.exit_code)

SOFTWARE = installed(
    CHECKOUT,
    by_snakemake=DeploymentMethod.APPTAINER
    in workflow.deployment_settings.deployment_method,
)
IMAGE = SOFTWARE.image
IMAGE_DIGEST = SOFTWARE.digest
SOFTWARE.bind(SITE.read_only_roots)
if SOFTWARE.front is not None:
    shell.executable(SOFTWARE.front)

# Samples are compared with each other where the protocol names a population panel.
COMPARED = (
    bool(SITE.genomics_batches) and SITE.protocol.genomics.frequencies is not None
)
SOMATIC = SITE.protocol.genomics.somatic != "off"
COPY_LAYER = layer_digest("cnv")
COPIES = (
    bool(COPY_LAYER) and SOMATIC and SITE.protocol.genomics.tumour.copy_number != "off"
)
# Who carries what is looked for where the protocol has an opt-in table of positions.
POSITIONS = bool(SITE.genomics_batches) and any(
    table.kind == "positions" for table in SITE.protocol.tables
)


wildcard_constraints:
    batch=r"\d+",
    reference="site|pack",


def code_digest(room):
    """Parameter that re-runs a room's rules when its source or the image changes."""
    return f"{_source_digest(room)}-{IMAGE_DIGEST[:16]}"


def protocol_of(wildcards):
    """The protocol of a batch: batch 0 is the public conformance pack."""
    return f"work/intake/{'pack' if wildcards.batch == '0' else 'protocol'}.json"


def pinned_of(wildcards):
    """Folder of the files that the protocol of a batch pins."""
    return f"work/intake/{'pack' if wildcards.batch == '0' else 'files'}"


def reference_of(wildcards):
    """Name of the reference genome of a batch."""
    return "pack" if wildcards.batch == "0" else "site"


def digest_of_reference(wildcards):
    """Changes with the sequences that the protocol names, and with nothing else."""
    protocol = SITE.pack_protocol if wildcards.reference == "pack" else SITE.protocol
    return sha256_json(protocol.reference.model_dump(mode="json"))[:16]


def digest_of_models(wildcards):
    """Changes with gene models, territory and the sequences they lie on."""
    protocol = SITE.pack_protocol if wildcards.reference == "pack" else SITE.protocol
    files = protocol.genomics.model_dump(
        mode="json", include={"gene_models", "territory", "alleles"}
    )
    return sha256_json([digest_of_reference(wildcards), files])[:16]


def digest_of_frequencies(wildcards):
    """Changes with the panel of frequencies and the sequences it lies on."""
    protocol = SITE.pack_protocol if wildcards.reference == "pack" else SITE.protocol
    files = protocol.genomics.model_dump(mode="json", include={"frequencies"})
    return sha256_json([digest_of_reference(wildcards), files])[:16]


def source_of_reference(wildcards):
    """Protocol and FASTA of a reference; the public pack brings its own."""
    if wildcards.reference == "site":
        return "--protocol work/intake/protocol.json --site work/intake/site.json"
    fasta = CHECKOUT / "resources/conformance/genome/reference.fa.gz"
    return f"--protocol work/intake/pack.json --fasta {fasta}"


def source_of_models(wildcards):
    """Protocol and folder of its pinned files."""
    if wildcards.reference == "site":
        return "--protocol work/intake/protocol.json --pinned work/intake/files"
    return "--protocol work/intake/pack.json --pinned work/intake/pack"


def genotypes_of(wildcards):
    """Genotypes of the protocol's list of alleles, and the list; the public pack has none."""
    if wildcards.batch == "0" or SITE.protocol.genomics.alleles is None:
        return []
    return [
        f"work/genomics/{wildcards.batch}/genotyped",
        "work/reference/site/alleles.tsv",
    ]


def digest_of_regions():
    """Changes with the regions in which carried alleles are looked for."""
    tables = [t for t in SITE.protocol.tables if t.kind == "positions"]
    return sha256_json([table.model_dump(mode="json") for table in tables])[:16]


def digest_of_approvals():
    """Changes with what a site's approvals and the keyring say: the bundle is made again."""
    files = [*Path("private/approvals").glob("*"), Path("work/intake/approver.json")]
    return sha256_json({p.name: sha256_file(p) for p in sorted(files)})[:16]


def somatic_outcomes(batch):
    """What somatic calling says of a batch's samples; nothing where the protocol has it off.

    A normal that does not fit its tumour is no source of germline variants either.
    """
    if not SOMATIC:
        return []
    return [f"work/somatic/{batch}/{step}.tsv" for step in ("gather", "call")]


def panel_of(wildcards):
    """The site's panel of normals; the public pack has nobody else's reads."""
    return [] if wildcards.batch == "0" else "work/somatic/panel.vcf.gz"


def copies_of(wildcards):
    """Copy ratios of a batch where they are measured; the public pack has no arms."""
    measured = COPIES and wildcards.batch != "0"
    return f"work/tumour/{wildcards.batch}/copies" if measured else []


def pieces_of_territory():
    """In how many pieces one genome is called: by the bases that the protocol judges."""
    return pieces_of(SITE.protocol, Path("work/intake/files"))
