"""What kind of numbers each filter's response holds, and where its limits are found."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from equisite.protocol.filters import Filter
from equisite.protocol.radiomics import Radiomics
from equisite.protocol.responses import book_of, response_kind

FILTER: TypeAdapter[Filter] = TypeAdapter(Filter)


@pytest.mark.parametrize(
    ("setting", "kind"),
    [
        ({"kind": "mean", "support": 5}, "smooth"),
        ({"kind": "log", "sigma_mm": 2}, "detail"),
        ({"kind": "laws", "kernels": "L5L5L5"}, "magnitude"),
        ({"kind": "laws", "kernels": "L5L3L5", "energy_voxels": None}, "smooth"),
        ({"kind": "laws", "kernels": "L5E5", "energy_voxels": None}, "detail"),
        ({"kind": "gabor", "sigma_mm": 5, "wavelength_mm": 2}, "magnitude"),
        ({"kind": "wavelet", "wavelet": "db2", "band": "LLL"}, "smooth"),
        ({"kind": "wavelet", "wavelet": "db2", "band": "LH"}, "detail"),
        ({"kind": "simoncelli", "level": 2}, "detail"),
        ({"kind": "pyradiomics_log", "sigma_mm": 2}, "detail"),
        ({"kind": "pyradiomics_wavelet", "band": "LLL"}, "smooth"),
        ({"kind": "pyradiomics_wavelet", "band": "HLL"}, "detail"),
    ],
)
def test_kind_of_a_response(setting: dict[str, object], kind: str) -> None:
    assert response_kind(FILTER.validate_python({"name": "x", **setting})) == kind


def test_the_same_name_may_be_another_filter_of_another_modality() -> None:
    log, mean = {"kind": "log", "sigma_mm": 1}, {"kind": "mean", "support": 3}
    modalities = {
        "CT": {"bin_count": 8, "filters": [{"name": "a", **log}]},
        "MR": {"bin_count": 8, "filters": [{"name": "a", **mean}]},
    }
    book = book_of(Radiomics.model_validate({"modalities": modalities}))
    assert book.responses == {("ct", "a"): "detail", ("mr", "a"): "smooth"}
    assert book.constant("ct__gtv__a__ibsi_ih_mean") != book.constant(
        "mr__gtv__a__ibsi_ih_mean"
    )
