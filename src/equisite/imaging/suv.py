"""PET values to standardised uptake by body weight; QIBA's vendor-neutral rules."""

from __future__ import annotations

from collections.abc import Sequence

from equisite.core.errors import InputError
from equisite.imaging.fields import ImageHeader
from equisite.imaging.findings import ImagingFinding, finding, refused
from equisite.imaging.suv_fields import SuvFields, read_frame_fields, read_suv_fields

HALF_LIFE_S = {
    "C-111A1": 6586.2,  # F-18
    "C-105A1": 1221.8,  # C-11
    "C-107A1": 597.9,  # N-13
    "C-B1038": 122.24,  # O-15
    "C-131A3": 4062.6,  # Ga-68
    "C-127A2": 45723.6,  # Cu-64
    "C-168A4": 282276.0,  # Zr-89
    "C-159A2": 75.5,  # Rb-82
    "C-114A5": 360806.4,  # I-124
}
"""Half-lives by DICOM code of the nuclide (PS3.16 CID 4020)."""

HALF_LIFE_TOLERANCE = 0.01
WEIGHT_KG = (10.0, 300.0)
DOSE_BQ = (1e6, 2e10)
FDG_UPTAKE_MINUTES = (45.0, 120.0)
LONGEST_HALF_LIVES = 10.0
DAY_S = 86400.0


def suv_factor(headers: Sequence[ImageHeader]) -> tuple[float, list[ImagingFinding]]:
    """Factor from rescaled stored values to SUV by body weight, g/ml, and findings.

    The factor means nothing when a finding refuses. Units GML are SUV already: converting
    them again is the classic error, whatever dose fields are still there.
    """
    units = headers[0].units
    if units == "GML":
        if headers[0].suv_type in ("", "BW"):
            return 1.0, []
        return 1.0, [finding("SUV_TYPE", value=headers[0].suv_type)]
    if units not in ("BQML", "CNTS"):
        return 1.0, [finding("SUV_UNITS", value=units or "none")]
    try:
        slices = _fields(headers)
    except InputError as error:
        return 1.0, [finding(f.code, **f.numbers) for f in error.findings]
    return factor_of_fields(units, slices)


def _fields(headers: Sequence[ImageHeader]) -> list[SuvFields]:
    """Fields of each slice; a file with many frames is read once."""
    frames: dict[str, list[SuvFields]] = {}
    found = []
    for header in headers:
        if header.frame is None:
            found.append(read_suv_fields(header.path))
            continue
        if header.path not in frames:
            frames[header.path] = read_frame_fields(header.path)
        found.append(frames[header.path][header.frame])
    return found


def factor_of_fields(
    units: str, slices: Sequence[SuvFields]
) -> tuple[float, list[ImagingFinding]]:
    """The factor for BQML or Philips CNTS from the fields of all slices.

    SUVbw = value x weight x 1000 / D', D' = dose x 2^(-(t0 - ti) / T).
    Source: QIBA FDG-PET/CT profile, vendor-neutral pseudo-code for SUV.
    """
    first = slices[0]
    scale = 1.0
    findings = _mixed(slices)
    if units == "CNTS":
        if first.philips_suv:
            return first.philips_suv, findings
        if not first.philips_activity:
            return 1.0, [*findings, finding("SUV_UNITS", value="CNTS without a factor")]
        scale = first.philips_activity
    if not {"ATTN", "DECY"} <= first.corrections:
        missing = sorted({"ATTN", "DECY"} - first.corrections)
        findings.append(finding("SUV_NOT_CORRECTED", value=", ".join(missing)))
    elif first.decay_correction not in ("START", "ADMIN"):
        findings.append(finding("SUV_NOT_CORRECTED", value="DecayCorrection"))
    weight, dose = first.weight_kg, first.dose_bq
    if weight is None or not WEIGHT_KG[0] <= weight <= WEIGHT_KG[1]:
        findings.append(finding("SUV_NO_WEIGHT", low=WEIGHT_KG[0], high=WEIGHT_KG[1]))
    if dose is None or not DOSE_BQ[0] <= dose <= DOSE_BQ[1]:
        findings.append(finding("SUV_NO_DOSE", low=DOSE_BQ[0], high=DOSE_BQ[1]))
    left = 1.0
    if first.decay_correction == "START":
        left, more = _decay(slices)
        findings += more
    if refused(findings) or weight is None or dose is None:
        return 1.0, findings
    return scale * weight * 1000.0 / (dose * left), findings


def _mixed(slices: Sequence[SuvFields]) -> list[ImagingFinding]:
    """SUV_MIXED: what must be one value in a series is several."""
    fields = (
        "weight_kg", "dose_bq", "half_life_s", "start", "start_clock", "series",
        "decay_correction", "corrections", "philips_suv", "philips_activity",
    )  # fmt: skip
    mixed = [n for n in fields if len({getattr(s, n) for s in slices}) > 1]
    return [finding("SUV_MIXED", fields=", ".join(mixed))] if mixed else []


def _decay(slices: Sequence[SuvFields]) -> tuple[float, list[ImagingFinding]]:
    """Fraction of the dose left at the time to which the images are corrected."""
    first = slices[0]
    life = first.half_life_s
    known = (
        [HALF_LIFE_S[first.nuclide]] if first.nuclide in HALF_LIFE_S else HALF_LIFE_S.values()
    )
    if life is None or not any(abs(life - k) <= HALF_LIFE_TOLERANCE * k for k in known):
        return 1.0, [finding("SUV_HALF_LIFE", value=0.0 if life is None else life)]
    zero = _time_zero(slices)
    start = first.start
    findings = []
    if start is None and first.start_clock is not None and first.series_day is not None:
        start = first.series_day + first.start_clock
        if zero is not None and start > zero:
            start -= DAY_S
            findings.append(finding("SUV_MIDNIGHT"))
    if zero is None or start is None:
        return 1.0, [*findings, finding("SUV_TIME", value="not stated")]
    passed = zero - start
    if not 0 <= passed <= LONGEST_HALF_LIVES * life:
        return 1.0, [*findings, finding("SUV_TIME", value=f"{passed / 60:.1f} min")]
    low, high = FDG_UPTAKE_MINUTES
    if _is_fdg(first) and not low <= passed / 60 <= high:
        findings.append(finding("SUV_UPTAKE", value=round(passed / 60, 1), low=low, high=high))
    return 2.0 ** (-passed / life), findings


def _time_zero(slices: Sequence[SuvFields]) -> float | None:
    """The instant to which decay is corrected: series time unless it is a later export's."""
    acquired = [s.acquisition for s in slices if s.acquisition is not None]
    earliest = min(acquired, default=None)
    series = slices[0].series
    if series is not None and (earliest is None or series <= earliest):
        return series
    return slices[0].ge_scan if slices[0].ge_scan is not None else earliest


def _is_fdg(fields: SuvFields) -> bool:
    name = fields.tracer.lower()
    return "fdg" in name or "fluorodeoxyglucose" in name
