"""One made patient: genotypes, reads, image and mask, and the ways in which data go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from synthetic.dicom import Study, mr_series, mr_slice, nifti_mask, rtstruct
from synthetic.genome import Genome, gzip_bytes
from synthetic.phantom import (
    Ellipsoid,
    Grid,
    Tissue,
    inside,
    mr_image,
    stored,
    volume_tolerance,
)
from synthetic.reads import Library, Pairs, fastq, lanes, sequence
from synthetic.streams import stream
from synthetic.variants import Carried, haplotypes

FAULTS = {
    "missing_slice": ("imaging", "MISSING_SLICE"),
    "missing_roi": ("imaging", "ROI_NOT_FOUND"),
    "other_geometry": ("imaging", "MASK_GRID"),
    "scout_in_series": ("imaging", "LOCALIZER"),
    "truncated_fastq": ("genomics", "TRUNCATED_FASTQ"),
    "mates_of_another": ("genomics", "MATES_OUT_OF_STEP"),
}
"""Ways in which a patient's data are wrong: the room that must say so, and its code."""


@dataclass(frozen=True)
class Scanner:
    """How a scanner shows tissue: stored = gain x tissue + offset, noise times `noise`."""

    station: str
    gain: float = 1.0
    offset: float = 0.0
    noise: float = 1.0


@dataclass(frozen=True)
class Patient:
    """Who the patient is and what there is of them; `fault` is a key of FAULTS or empty."""

    name: str
    seed: str
    sex: str
    age: int
    diagnosis: str
    genomics: bool
    imaging: bool
    lanes: int = 1
    nifti: bool = False
    fault: str = ""
    status: str = "included"

    def usable(self, room: str) -> bool:
        """The patient has data for this room, and they are not wrong."""
        has = self.genomics if room == "genomics" else self.imaging
        return has and self.status == "included" and FAULTS.get(self.fault, ("",))[0] != room


def write_reads(
    folder: Path, patient: Patient, genome: Genome, carried: list[Carried], library: Library
) -> list[dict[str, str]]:
    """Write a patient's FASTQ files; returns the rows of the sequencing sheet."""
    pairs = sequence(haplotypes(genome, carried), library, stream(patient.seed, "reads"))
    rows = []
    for number, part in enumerate(lanes(pairs, patient.lanes), start=1):
        names = [f"{patient.name}_L{number:03d}_R{mate}.fastq.gz" for mate in (1, 2)]
        for name, content in zip(names, _files(patient, part, number), strict=True):
            (folder / name).write_bytes(content)
        rows.append(
            {
                "patient": patient.name,
                "sample": f"{patient.name}-N",
                "kind": "normal",
                "library": "lib1",
                "lane": f"L{number:03d}",
                "fastq_1": f"{folder.parent.name}/{folder.name}/{names[0]}",
                "fastq_2": f"{folder.parent.name}/{folder.name}/{names[1]}",
                "assay": "genome",
            }
        )
    return rows


def _files(patient: Patient, pairs: Pairs, lane: int) -> tuple[bytes, bytes]:
    # Eight letters per patient: reads of two patients never have the same names.
    run = "".join(chr(65 + i) for i in stream(patient.seed, "run").integers(0, 26, 8))
    first, second = fastq(pairs, run, stream(patient.seed, "names", lane), lane)
    if patient.fault == "mates_of_another":
        second = second.replace(f"@SYN:{run}:".encode(), f"@SYN:{run[::-1]}:".encode())
    packed = gzip_bytes(first, 1), gzip_bytes(second, 1)
    if patient.fault == "truncated_fastq":
        return packed[0], packed[1][: len(packed[1]) * 3 // 5]
    return packed


def write_images(
    folder: Path, masks: Path, patient: Patient, scanner: Scanner, grid: Grid, label: str
) -> tuple[dict[str, str], dict[str, object]]:
    """Write a patient's series and mask; returns the sheet's row and the phantom's truth."""
    rng = stream(patient.seed, "image")
    body = _tumour(grid, rng)
    tissue = Tissue(
        tumour=float(np.clip(rng.normal(335.0, 40.0), 230.0, 440.0)),
        spread=float(rng.uniform(0.09, 0.16)),
        noise=float(rng.uniform(11.0, 16.0)) * scanner.noise,
    )
    image = scanner.gain * mr_image(body, grid, tissue, rng) + scanner.offset
    study = Study(
        patient.seed,
        f"Made^{patient.name}",
        patient.name,
        patient.sex[0].upper(),
        patient.age,
        f"20{int(rng.integers(10, 20))}0{int(rng.integers(1, 10))}{int(rng.integers(10, 29))}",
        scanner.station,
    )
    files = mr_series(study, stored(image), grid)
    if patient.fault == "missing_slice":
        del files[len(files) // 2]
    if patient.fault == "scout_in_series":
        side = stored(image[:, :, grid.shape[2] // 2])
        files.append(
            mr_slice(
                study,
                side,
                grid,
                len(files),
                "0\\1\\0\\0\\0\\-1",
                "ORIGINAL\\PRIMARY\\LOCALIZER",
            )
        )
    series = folder / patient.name
    series.mkdir(parents=True)
    for index, content in enumerate(files, start=1):
        (series / f"{patient.name}_{index:04d}.dcm").write_bytes(content)
    row = {
        "patient": patient.name,
        "series": f"{folder.parent.name}/{folder.name}/{patient.name}",
        "modality": "MR",
        "mask": f"{masks.parent.name}/{masks.name}/",
    }
    drawn = patient.fault == "missing_roi"  # only a structure set can lack a name
    if (patient.nifti and not drawn) or patient.fault == "other_geometry":
        moved = Grid(grid.shape, grid.spacing, (grid.origin[0] + 2.5, *grid.origin[1:]))
        frame = moved if patient.fault == "other_geometry" else grid
        name = f"{patient.name}.nii.gz"
        (masks / name).write_bytes(gzip_bytes(nifti_mask(inside(body, grid), frame), 1))
        row |= {"roi": "gtv", "roi_label": "1"}
    else:
        name = f"{patient.name}.dcm"
        shown = "Oedema" if patient.fault == "missing_roi" else label
        muscle = Ellipsoid(grid.centre, (4.0, 4.0, 6.0))
        (masks / name).write_bytes(rtstruct(study, grid, [("Muscle", muscle), (shown, body)]))
    row["mask"] += name
    truth: dict[str, object] = {
        "patient": patient.name,
        "roi": "gtv",
        "volume_mm3": body.volume,
        "tolerance_mm3": volume_tolerance(body, grid),
    }
    return row, truth


def _tumour(grid: Grid, rng: np.random.Generator) -> Ellipsoid:
    """An ellipsoid inside the grid: log-normal size, random shape, angle and place."""
    size = float(np.exp(rng.normal(0.0, 0.22)))
    half = np.array(grid.shape[::-1]) * np.array(grid.spacing) / 2
    wanted = np.array([0.52, 0.44, 0.55]) * half * size * rng.uniform(0.85, 1.15, 3)
    # The turned ellipsoid must keep two voxels from every border.
    widest = np.array([max(wanted[:2]), max(wanted[:2]), wanted[2]])
    room = half - 3 * np.array(grid.spacing)
    shrink = float(np.min(np.minimum(1.0, 0.95 * room / widest)))
    shift = (room - widest * shrink) * rng.uniform(-1.0, 1.0, 3) * 0.8
    centre = np.array(grid.centre) + shift
    a, b, c = (float(v) for v in wanted * shrink)
    x, y, z = (float(v) for v in centre)
    return Ellipsoid((x, y, z), (a, b, c), float(rng.uniform(0, np.pi)))
