"""The smallest site that uses every room: six patients, two genes, images of 14 slices."""

from __future__ import annotations

from pathlib import Path

from synthetic.genome import Layout
from synthetic.hospitals import Plan, SitePlan, write_consortium
from synthetic.patients import Scanner
from synthetic.phantom import Grid
from synthetic.reads import Library

SITE = "nano"


def nano_plan(patients: int = 6, faults: tuple[str, ...] = ()) -> Plan:
    """The plan of a nano site; each fault spoils one patient's genome or image."""
    return Plan(
        identifier="nano",
        layout=Layout(
            "synthetic-nano-1",
            {"nano1": ("NANOA",), "nano2": ("NANOB",)},
            spacer=1300,
            edge=700,
            codons_per_exon=(80, 100),
        ),
        grid=Grid((14, 36, 36), (1.5, 1.5, 4.0), (-26.0, -27.5, 5.0)),
        sites=(
            SitePlan(
                SITE,
                "Nano (made)",
                Scanner("MR-NANO"),
                "GTV_mass",
                patients=patients,
                genomics_only=0,
                imaging_only=0,
                faults=faults,
                nifti_every=4,
                lanes_every=5,
            ),
        ),
        library=Library(depth=16.0),
        minimum_n=2,
        carriers=(2, 3),
        batches={"genomics": 3, "imaging": 3},
        positions=True,
    )


def write_nano(directory: Path, patients: int = 6, faults: tuple[str, ...] = ()) -> Path:
    """Write protocol, site, lead and truth; returns the site's folder."""
    write_consortium(directory, nano_plan(patients, faults), say=lambda _: None)
    return directory / SITE
