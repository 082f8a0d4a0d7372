"""The header fields that are read of every image, and how their bytes become values."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace

TAGS: dict[str, int] = {
    "syntax": 0x00020010,
    "image_type": 0x00080008,
    "sop_class": 0x00080016,
    "sop_instance": 0x00080018,
    "acquisition_time": 0x00080032,
    "modality": 0x00080060,
    "patient_id": 0x00100020,
    "thickness": 0x00180050,
    "echo_time": 0x00180081,
    "echo_number": 0x00180086,
    "spacing_between": 0x00180088,
    "trigger_time": 0x00181060,
    "tilt": 0x00181120,
    "patient_position": 0x00185100,
    "b_value": 0x00189087,
    "study": 0x0020000D,
    "series": 0x0020000E,
    "acquisition_number": 0x00200012,
    "instance_number": 0x00200013,
    "position": 0x00200032,
    "orientation": 0x00200037,
    "frame_of_reference": 0x00200052,
    "temporal_position": 0x00200100,
    "images_in_acquisition": 0x00201002,
    "samples": 0x00280002,
    "photometric": 0x00280004,
    "frames": 0x00280008,
    "rows": 0x00280010,
    "columns": 0x00280011,
    "spacing": 0x00280030,
    "bits_allocated": 0x00280100,
    "bits_stored": 0x00280101,
    "high_bit": 0x00280102,
    "pixel_representation": 0x00280103,
    "padding": 0x00280120,
    "burned_in": 0x00280301,
    "intercept": 0x00281052,
    "slope": 0x00281053,
    "rescale_type": 0x00281054,
    "lossy": 0x00282110,
    "number_of_slices": 0x00540081,
    "units": 0x00541001,
    "suv_type": 0x00541006,
}
"""Field name to tag (group x 65536 + element); DICOM PS3.6."""

BINARY = frozenset(
    {
        "samples",
        "rows",
        "columns",
        "bits_allocated",
        "bits_stored",
        "high_bit",
        "pixel_representation",
        "padding",
        "number_of_slices",
        "b_value",
    }
)
"""Fields whose value is a binary number, not text."""


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """One image file: its place, its pixel data and the fields of `TAGS`.

    A number that is absent, empty or unreadable is None; text is empty then. Positions
    are in mm, LPS. spacing: distance of rows, distance of columns (DICOM's order).
    pixel_offset: first byte of the pixel data value, None when it was not reached;
    pixel_length: as declared, None for an undefined length (encapsulated).
    pixel_representation: 0 unsigned, 1 signed, -1 not stated. scale: `stated`, `absent`
    (then 1 and 0 hold) or `unreadable`, of slope and intercept.
    frames: in the file. frame: which of them this is, from 0; None in files of one slice.
    """

    path: str
    size: int
    pixel_offset: int | None
    pixel_length: int | None
    syntax: str
    image_type: tuple[str, ...]
    sop_class: str
    sop_instance: str
    acquisition_time: str
    modality: str
    patient_id: str
    thickness: float | None
    echo_time: float | None
    echo_number: str
    spacing_between: float | None
    trigger_time: float | None
    tilt: float | None
    patient_position: str
    b_value: float | None
    study: str
    series: str
    acquisition_number: int | None
    instance_number: int | None
    position: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    frame_of_reference: str
    temporal_position: int | None
    images_in_acquisition: int | None
    samples: int
    photometric: str
    frames: int
    rows: int | None
    columns: int | None
    spacing: tuple[float, ...] | None
    bits_allocated: int
    bits_stored: int
    high_bit: int
    pixel_representation: int
    padding: int | None
    burned_in: str
    intercept: float
    slope: float
    scale: str
    rescale_type: str
    lossy: str
    number_of_slices: int | None
    units: str
    suv_type: str
    frame: int | None = None

    def of_frame(self, index: int) -> ImageHeader:
        """The header of one frame (from 0) of a file with several."""
        return replace(self, frame=index)


def text(raw: bytes | None) -> str:
    """Text of a value, without padding."""
    return raw.decode("latin-1").strip(" \0") if raw else ""


def texts(raw: bytes | None) -> tuple[str, ...]:
    """The values of a text field with backslashes."""
    return tuple(part.strip() for part in text(raw).split("\\")) if raw else ()


def real(raw: bytes | None) -> float | None:
    """A decimal string, or None when it is absent, empty or no finite number."""
    if not raw:
        return None
    try:
        value = float(raw.strip(b" \0").split(b"\\")[0])
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def reals(raw: bytes | None, count: int) -> tuple[float, ...] | None:
    """Exactly `count` finite decimal strings, else None."""
    if not raw:
        return None
    try:
        values = tuple(float(part) for part in raw.strip(b" \0").split(b"\\"))
    except ValueError:
        return None
    return values if len(values) == count and all(map(math.isfinite, values)) else None


def whole(raw: bytes | None) -> int | None:
    """An integer string, or None."""
    value = real(raw)
    return int(value) if value is not None and value == int(value) else None


def scale_state(*raw: bytes | None) -> str:
    """Of slope and intercept: `unreadable` when one is text but no number, else whether
    the first is there at all.

    >>> scale_state(b"1.5", b""), scale_state(b" ", None), scale_state(b"1,5", b"0")
    ('stated', 'absent', 'unreadable')
    """
    if any(text(value) and real(value) is None for value in raw):
        return "unreadable"
    return "stated" if text(raw[0]) else "absent"


def unsigned(raw: bytes | None) -> int | None:
    """A little-endian unsigned short, or None."""
    return int.from_bytes(raw[:2], "little") if raw and len(raw) >= 2 else None


def image_header(
    raw: Mapping[int, bytes],
    *,
    path: str,
    size: int,
    syntax: str,
    pixel_offset: int | None,
    pixel_length: int | None,
) -> ImageHeader:
    """The header from the little-endian bytes of its elements, by tag."""
    get = {name: raw.get(tag) for name, tag in TAGS.items()}
    allocated = unsigned(get["bits_allocated"]) or 0
    stored = unsigned(get["bits_stored"]) or allocated
    high = unsigned(get["high_bit"])
    representation = unsigned(get["pixel_representation"])
    padding = unsigned(get["padding"])
    if padding is not None and representation == 1 and padding >= 0x8000:
        padding -= 0x10000
    slope, intercept = real(get["slope"]), real(get["intercept"])
    b_raw = get["b_value"]
    return ImageHeader(
        path=path,
        size=size,
        pixel_offset=pixel_offset,
        pixel_length=pixel_length,
        syntax=syntax,
        image_type=texts(get["image_type"]),
        sop_class=text(get["sop_class"]),
        sop_instance=text(get["sop_instance"]),
        acquisition_time=text(get["acquisition_time"]),
        modality=text(get["modality"]),
        patient_id=text(get["patient_id"]),
        thickness=real(get["thickness"]),
        echo_time=real(get["echo_time"]),
        echo_number=text(get["echo_number"]),
        spacing_between=real(get["spacing_between"]),
        trigger_time=real(get["trigger_time"]),
        tilt=real(get["tilt"]),
        patient_position=text(get["patient_position"]),
        b_value=struct.unpack("<d", b_raw[:8])[0] if b_raw and len(b_raw) >= 8 else None,
        study=text(get["study"]),
        series=text(get["series"]),
        acquisition_number=whole(get["acquisition_number"]),
        instance_number=whole(get["instance_number"]),
        position=reals(get["position"], 3),
        orientation=reals(get["orientation"], 6),
        frame_of_reference=text(get["frame_of_reference"]),
        temporal_position=whole(get["temporal_position"]),
        images_in_acquisition=whole(get["images_in_acquisition"]),
        samples=unsigned(get["samples"]) or 1,
        photometric=text(get["photometric"]),
        frames=whole(get["frames"]) or 1,
        rows=unsigned(get["rows"]),
        columns=unsigned(get["columns"]),
        spacing=reals(get["spacing"], 2),
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=stored - 1 if high is None else high,
        pixel_representation=-1 if representation is None else representation,
        padding=padding,
        burned_in=text(get["burned_in"]),
        intercept=0.0 if intercept is None else intercept,
        slope=1.0 if slope is None else slope,
        scale=scale_state(get["slope"], get["intercept"]),
        rescale_type=text(get["rescale_type"]),
        lossy=text(get["lossy"]),
        number_of_slices=unsigned(get["number_of_slices"]),
        units=text(get["units"]),
        suv_type=text(get["suv_type"]),
    )
