"""Three made hospitals, their protocol, a lead, and the truth that a run must find again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from synthetic.carriers import Truth, add_truth, genotypes
from synthetic.genome import Genome, Layout, fasta, make_genome
from synthetic.patients import FAULTS, Patient, Scanner, write_images, write_reads
from synthetic.phantom import Grid
from synthetic.protocols import protocol, tables, write_protocol, write_yaml
from synthetic.reads import Library
from synthetic.sheets import write_sheet
from synthetic.streams import stream
from synthetic.variants import Variant, catalogue

DIAGNOSES = ("C49.1", "C49.2", "C49.3", "C48.0", "C49.9")


@dataclass(frozen=True)
class SitePlan:
    """How one hospital differs from the others.

    genomics_only, imaging_only: patients with one kind of data; the others have both.
    faults: one patient with both kinds of data for each. nifti_every, lanes_every: each n-th
    patient has a NIfTI mask or two lanes. label: what the site calls the tumour.
    """

    name: str
    title: str
    scanner: Scanner
    label: str
    patients: int = 60
    genomics_only: int = 10
    imaging_only: int = 10
    faults: tuple[str, ...] = ()
    nifti_every: int = 0
    lanes_every: int = 6
    withdrawn: int = 0


@dataclass(frozen=True)
class Plan:
    """A whole consortium. positions: an opt-in table of carried alleles, everywhere."""

    identifier: str
    layout: Layout
    grid: Grid
    sites: tuple[SitePlan, ...]
    library: Library = field(default_factory=Library)
    minimum_n: int = 30
    carriers: tuple[int, int] = (13, 17)
    batches: dict[str, int] = field(default_factory=dict)
    positions: bool = False


DEMO = Plan(
    identifier="demo-sarcoma",
    layout=Layout(
        "synthetic-demo-1",
        {
            "syn1": ("SYNA", "SYNB", "SYNC", "SYND"),
            "syn2": ("SYNE", "SYNF", "SYNG", "SYNH"),
        },
    ),
    grid=Grid((22, 64, 64), (1.25, 1.25, 3.5), (-39.4, -52.1, 103.5)),
    sites=(
        SitePlan(
            "north",
            "North Hospital (made)",
            Scanner("MR-NORTH-1"),
            "GTV-1",
            withdrawn=1,
        ),
        SitePlan(
            "south",
            "South Hospital (made)",
            Scanner("MR-SOUTH-1"),
            "GTV_Mass",
            # Each fault leaves a patient with the other kind of data only, so that the sizes
            # of the analysis sets are those of the other sites.
            genomics_only=6,
            imaging_only=8,
            faults=tuple(FAULTS),
            nifti_every=5,
        ),
        SitePlan(
            "east",
            "East Hospital (made)",
            Scanner("MR-EAST-1", gain=1.10, offset=15.0, noise=1.15),
            "Primary Tumour",
            nifti_every=9,
        ),
    ),
)
"""The demonstration: `east` has another scanner, `south` has patients whose data are wrong."""


def write_consortium(directory: Path, plan: Plan, say: Callable[[str], None] = print) -> None:
    """Write protocol, sites, lead and truth of a plan into an empty folder."""
    genome = make_genome(plan.layout, stream(plan.identifier, "genome"))
    variants = catalogue(genome, stream(plan.identifier, "catalogue"))
    content = protocol(genome, plan.identifier, plan.minimum_n, tables("mr__gtv__core"))
    if plan.positions:
        content["protocol"]["duo"] = ["DUO:0000042"]
        regions = [f"{name}:1-{bases.size}" for name, bases in genome.contigs.items()]
        content["tables"].append({"id": "found", "kind": "positions", "regions": regions})
    titles = {site.name: site.title for site in plan.sites}
    write_protocol(directory / "protocol", genome, content, titles)
    lead = directory / "lead"
    (lead / "inbox").mkdir(parents=True)
    shared = {"protocol": "../protocol/protocol.yaml", "keyring": "../protocol/keyring.yaml"}
    write_yaml(lead / "compare.yaml", {**shared, "inbox": "inbox"})
    truth: Truth = {name: [] for name in ("carriers", "planted", "phantoms", "failing")}
    for site in plan.sites:
        say(f"making {site.name}: {site.patients} patients")
        write_site(directory / site.name, site, plan, genome, variants, truth)
    for name, rows in truth.items():
        write_sheet(directory / "truth" / f"{name}.tsv", rows)


def write_site(
    folder: Path,
    site: SitePlan,
    plan: Plan,
    genome: Genome,
    variants: list[Variant],
    truth: Truth,
) -> None:
    """Write one site's folder and add its rows to the truth tables."""
    people = cohort(site, plan.identifier)
    carried = genotypes(people, variants, plan.carriers, f"{plan.identifier}/{site.name}")
    reads, images, masks = (folder / "data" / n for n in ("reads", "images", "masks"))
    for place in (reads, images, masks, folder / "data" / "reference"):
        place.mkdir(parents=True)
    (folder / "data" / "reference" / "reference.fa").write_bytes(fasta(genome))
    sequencing: list[dict[str, str]] = []
    imaging: list[dict[str, str]] = []
    for patient in people:
        if patient.genomics:
            sequencing += write_reads(
                reads, patient, genome, carried[patient.name], plan.library
            )
        if patient.imaging:
            row, about = write_images(
                images, masks, patient, site.scanner, plan.grid, site.label
            )
            imaging.append(row)
            if patient.usable("imaging"):
                truth["phantoms"].append({"site": site.name, **about})
    _write_sheets(folder, people, sequencing, imaging)
    write_yaml(folder / "config.yaml", site_config(site.name, plan.batches))
    add_truth(truth, site.name, people, carried, genome)


def site_config(name: str, batches: dict[str, int]) -> dict[str, object]:
    """The site's own configuration."""
    own: dict[str, object] = {"batches": batches} if batches else {}
    return {
        "site": name,
        "protocol": "../protocol/protocol.yaml",
        "sheets": {
            "patients": "patients.tsv",
            "sequencing": "sequencing.tsv",
            "imaging": "imaging.tsv",
        },
        "freeze": {"id": "freeze-1", "date": "2024-01-31"},
        "reference": {"fasta": "data/reference/reference.fa"},
        **own,
    }


def cohort(site: SitePlan, seed: str) -> list[Patient]:
    """The patients of a site: those with one kind of data, those with both, those withdrawn."""
    people = []
    total = site.patients + site.withdrawn
    first = site.genomics_only + site.imaging_only + 1
    faults = dict(enumerate(site.faults, start=first))
    for number in range(total):
        own = f"{seed}/{site.name}/{number}"
        rng = stream(own, "person")
        tail = "".join(chr(65 + int(i)) for i in rng.integers(0, 26, 4))
        only = "" if number >= site.genomics_only + site.imaging_only else "imaging"
        if number < site.genomics_only:
            only = "genomics"
        people.append(
            Patient(
                name=f"{site.name[:1].upper()}{number + 1:03d}{tail}",
                seed=own,
                sex=("female", "male")[int(rng.random() < 0.5)],
                age=int(min(88, max(19, rng.normal(57, 14)))),
                diagnosis=DIAGNOSES[int(rng.integers(0, len(DIAGNOSES)))],
                genomics=only != "imaging",
                imaging=only != "genomics",
                lanes=2 if site.lanes_every and number % site.lanes_every == 3 else 1,
                nifti=bool(site.nifti_every) and number % site.nifti_every == 2,
                fault=faults.get(number, ""),
                status="withdrawn" if number >= site.patients else "included",
            )
        )
    return people


def _write_sheets(
    folder: Path,
    people: Sequence[Patient],
    sequencing: list[dict[str, str]],
    imaging: list[dict[str, str]],
) -> None:
    patients = [
        {
            "patient": p.name,
            "sex": p.sex,
            "age": str(p.age),
            "diagnosis": p.diagnosis,
            "status": p.status,
        }
        for p in people
    ]
    write_sheet(folder / "patients.tsv", patients)
    write_sheet(folder / "sequencing.tsv", sequencing)
    columns = ("patient", "series", "modality", "mask", "roi", "roi_label")
    write_sheet(
        folder / "imaging.tsv", [{c: row.get(c, "") for c in columns} for row in imaging]
    )
