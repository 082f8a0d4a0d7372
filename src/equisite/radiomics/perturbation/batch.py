"""Features of all perturbed copies of a batch's cases, as one private table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from equisite.core.errors import InputError
from equisite.protocol.radiomics import Radiomics, RadiomicSettings
from equisite.protocol.robustness import Robustness
from equisite.radiomics.batch import ENGINE_ERRORS, KEYS, read_regions
from equisite.radiomics.columns import feature_columns, quality_columns
from equisite.radiomics.extraction import extract
from equisite.radiomics.ibsi_chain import mean_and_deviation
from equisite.radiomics.perturbation.chain import chain, is_chosen
from equisite.radiomics.perturbation.copies import perturbed_copies
from equisite.radiomics.perturbation.turned import Triple
from equisite.radiomics.volumes import check_same_grid, open_volume

Cells = dict[str, object]


def perturbed_columns(radiomics: Radiomics) -> list[str]:
    """Columns of the table: the case, the copy, what became of it, and all features."""
    return [*KEYS, "copy", "roi_status", *_features(radiomics)]


def _features(radiomics: Radiomics) -> tuple[str, ...]:
    columns = feature_columns(radiomics.mode, radiomics.modalities.values())
    return columns[: -len(quality_columns())]


def perturb_batch(
    regions: Path,
    radiomics: Radiomics,
    robustness: Robustness,
    progress: Callable[[str], None],
) -> Iterator[Cells]:
    """One row per chosen case and copy, in the order of cases and copies.

    A copy that has no features, and every copy of a case that cannot be perturbed, stays
    as a row with the code of its refusal. progress: takes lines that name cases by token.
    Raises OSError when a volume that the table names is not there.
    """
    chosen = [r for r in read_regions(regions) if is_chosen(r["token"], robustness.share)]
    for number, region in enumerate(sorted(chosen, key=_place), start=1):
        progress(f"{region['token']} {region['roi']} ({number} of {len(chosen)})")
        yield from _case(regions.parent, region, radiomics, robustness)


def _place(region: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(region[key] for key in KEYS)


def _case(
    folder: Path,
    region: Mapping[str, str],
    radiomics: Radiomics,
    robustness: Robustness,
) -> Iterator[Cells]:
    names = {key: region[key] for key in KEYS}
    columns = _features(radiomics)
    given = radiomics.modalities.items()
    settings = next((s for m, s in given if m == region["modality"]), None)
    done = 0
    try:
        if settings is None:
            raise InputError("NO_SETTINGS", modality=region["modality"])
        for copy, status, values in _copies(folder, region, settings, radiomics, robustness):
            cells = {name: values.get(name, math.nan) for name in columns}
            yield {**names, "copy": copy, "roi_status": status, **cells}
            done += 1
    except InputError as error:
        missing = dict.fromkeys(columns, math.nan)
        for perturbation in chain(robustness)[done:]:
            status = error.findings[0].code
            yield {**names, "copy": perturbation.copy, "roi_status": status, **missing}


def _copies(
    folder: Path,
    region: Mapping[str, str],
    settings: RadiomicSettings,
    radiomics: Radiomics,
    robustness: Robustness,
) -> Iterator[tuple[int, str, dict[str, float]]]:
    image = open_volume(folder / region["image"])
    mask = open_volume(folder / region["mask"])
    check_same_grid(image, mask)
    native = image.spacing_mm
    wanted = settings.spacing_mm or (0.0, 0.0, 0.0)
    x, y, z = (new or old for new, old in zip(wanted, native, strict=True))
    voxels = image.voxels
    if settings.normalize:  # by the whole volume, which the copies do not hold
        mean, deviation = mean_and_deviation(voxels)
        voxels = (voxels - mean) / (deviation or 1.0)
    # The copies lie on the wanted grid already.
    on_grid = settings.model_copy(update={"spacing_mm": None, "normalize": False})
    for copy in perturbed_copies(
        voxels,
        mask.voxels != 0,
        _reversed(native),
        (z, y, x),
        settings.interpolator,
        robustness,
        region["token"],
    ):
        try:
            found = extract(
                copy.image,
                copy.mask,
                (x, y, z),
                on_grid,
                mode=radiomics.mode,
                engine=radiomics.engine,
            )
        except ENGINE_ERRORS as error:
            raise InputError("ENGINE_REFUSED", problem=type(error).__name__) from error
        yield copy.perturbation.copy, found.status, found.values


def _reversed(spacing_mm: Triple) -> Triple:
    x, y, z = spacing_mm
    return z, y, x
