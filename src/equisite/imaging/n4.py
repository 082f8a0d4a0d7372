"""Bias field correction of MR volumes, kept by content so that it is computed once."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from equisite.core.atomic import replacing
from equisite.core.errors import InputError
from equisite.imaging.findings import finding
from equisite.imaging.nifti import nifti_header, read_volume
from equisite.protocol.imaging import BiasField

OTSU_BINS = 200


def correct_volume(volume: Path, settings: BiasField, cache: Path | None) -> None:
    """Replace a written volume by its corrected form.

    cache: folder of results by what they were made of (voxels, spacing, settings, version
    of SimpleITK); None computes every time.
    Raises InputError N4_FAILED when no field can be estimated.
    """
    import SimpleITK

    grid, voxels = read_volume(volume)
    values = np.array(voxels, dtype="<f4")
    about = json.dumps(
        [
            grid.shape,
            grid.spacing.tolist(),
            settings.model_dump(mode="json"),
            SimpleITK.Version().VersionString(),
        ]
    )
    key = hashlib.sha256(about.encode() + values.tobytes()).hexdigest()
    kept = cache / f"{key}.f4" if cache is not None else None
    if kept is not None and kept.is_file():
        corrected = np.fromfile(kept, dtype="<f4")
    else:
        corrected = bias_corrected(values, tuple(grid.spacing.tolist()), settings).ravel()
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            with replacing(kept) as stream:
                stream.write(corrected.tobytes())
    with replacing(volume) as stream:
        stream.write(nifti_header(grid, "float32"))
        stream.write(corrected.tobytes())


def bias_corrected(
    values: NDArray[np.float32], spacing: tuple[float, ...], settings: BiasField
) -> NDArray[np.float32]:
    """The values (slice, row, column) without their bias field; same scale, same minimum.

    spacing: mm along column, row and slice. N4 on the image shifted to a minimum of 1 and
    shrunk in its planes, within Otsu's foreground; the field is evaluated on the full grid.
    One thread, because the number of threads changes the result.
    Source: Tustison et al., IEEE Trans Med Imaging 29:1310, 2010, as in SimpleITK.
    Raises InputError N4_FAILED.
    """
    import SimpleITK

    SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    shift = 1.0 - float(values.min())
    image = SimpleITK.GetImageFromArray((values + np.float32(shift)).astype(np.float32))
    image.SetSpacing([float(s) for s in spacing])
    try:
        small = SimpleITK.Shrink(image, [settings.shrink, settings.shrink, 1])
        inside = SimpleITK.OtsuThreshold(small, 0, 1, OTSU_BINS)
        filter_ = SimpleITK.N4BiasFieldCorrectionImageFilter()
        filter_.SetNumberOfThreads(1)
        filter_.SetMaximumNumberOfIterations(list(settings.iterations))
        filter_.SetConvergenceThreshold(settings.convergence)
        filter_.Execute(small, inside)
        field = SimpleITK.GetArrayFromImage(filter_.GetLogBiasFieldAsImage(image))
    except RuntimeError as problem:
        # Its text quotes addresses and source files of the library, nothing a reader needs.
        raise InputError([finding("N4_FAILED")]) from problem
    if not np.isfinite(field).all():
        raise InputError([finding("N4_FAILED")])
    whole = (values.astype(np.float64) + shift) / np.exp(field.astype(np.float64)) - shift
    return np.asarray(whole, dtype=np.float32)
