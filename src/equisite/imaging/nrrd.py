"""NRRD files of labels, with the named segments of 3D Slicer where there are some."""

from __future__ import annotations

import bz2
import math
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from equisite.core.errors import InputError
from equisite.imaging.findings import finding
from equisite.imaging.grid import LPS_TO_RAS
from equisite.imaging.nifti_mask import LabelImage, whole_labels

MAGIC = b"NRRD000"
TYPES = {
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "i8": ("longlong", "long long", "long long int", "int64", "int64_t"),
    "u8": ("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"),
    "f4": ("float",),
    "f8": ("double",),
}
"""NumPy type by its names in NRRD; teem.sourceforge.net/nrrd/format.html."""
TO_RAS = {
    "left-posterior-superior": LPS_TO_RAS,
    "lps": LPS_TO_RAS,
    "right-anterior-superior": np.eye(4),
    "ras": np.eye(4),
    "left-anterior-superior": np.diag([-1.0, 1.0, 1.0, 1.0]),
    "las": np.diag([-1.0, 1.0, 1.0, 1.0]),
}
"""From the spaces that are read to right, anterior, superior."""
LARGEST_BYTES = 1 << 32
_NUMBER = re.compile(r"\s*([-+0-9.eE]+)\s*")


@dataclass(frozen=True)
class NamedLabel:
    """A segment of 3D Slicer: its name, label value and layer (overlapping ones differ)."""

    name: str
    value: int
    layer: int


@dataclass(frozen=True)
class NrrdLabels:
    """Label images of one file, one per layer, and the segments that it names."""

    layers: tuple[LabelImage, ...]
    segments: tuple[NamedLabel, ...]


def is_nrrd(start: bytes) -> bool:
    """Whether a file that begins like this is an NRRD file."""
    return start.startswith(MAGIC)


def read_nrrd(path: Path) -> NrrdLabels:
    """Read an NRRD file with its data attached.

    Raises InputError MASK_UNREADABLE, MASK_GRID (no `space`, or one that is not a
    patient's) or MASK_LABELS; OSError when the machine cannot read.
    """
    with path.open("rb") as stream:
        content = stream.read()
    ends = [at + skip for mark, skip in ((b"\n\n", 2), (b"\r\n\r\n", 4))
            if (at := content.find(mark)) >= 0]  # fmt: skip
    if not ends:
        raise _unreadable("its header does not end")
    fields, keys = _header(content[: min(ends)].decode("utf-8", "replace"))
    try:
        values = _values(fields, content[min(ends) :])
    except (KeyError, ValueError, OSError, EOFError, zlib.error) as problem:
        raise _unreadable("its header or data are broken") from problem
    layered = values.ndim == 4
    ras = _affine(fields, values.ndim)
    stack = values if layered else values[None]
    layers = tuple(LabelImage(whole_labels(one), ras) for one in stack)
    return NrrdLabels(layers, tuple(_segments(keys, len(layers))))


def _unreadable(why: str) -> InputError:
    return InputError([finding("MASK_UNREADABLE", problem=why)])


def _header(text: str) -> tuple[dict[str, str], dict[str, str]]:
    """Fields (`key: value`) and key/value pairs (`key:=value`)."""
    fields: dict[str, str] = {}
    keys: dict[str, str] = {}
    for line in text.splitlines()[1:]:
        if line.startswith("#"):
            continue
        field = re.match(r"([^:]+):(=| ?)(.*)", line)
        if field is None:
            continue
        name, kind, value = field.groups()
        if kind == "=":
            keys[name.strip()] = value
        else:
            fields[name.strip().lower()] = value.strip()
    return fields, keys


def _values(fields: dict[str, str], data: bytes) -> NDArray[np.generic]:
    """Array of the data: (i, j, k), or (layer, i, j, k) for a leading list axis."""
    names = {name: code for code, all_names in TYPES.items() for name in all_names}
    if fields.keys() & {"data file", "datafile", "line skip", "lineskip"} or (
        fields.get("byte skip", fields.get("byteskip", "0")) != "0"
    ):
        raise _unreadable("its data lie in another file or behind skipped bytes")
    code = names[fields["type"].lower()]
    order = ">" if fields.get("endian", "little") == "big" else "<"
    kind = np.dtype(order + code)
    sizes = [int(s) for s in fields["sizes"].split()]
    if len(sizes) not in (3, 4) or min(sizes) < 1:
        raise InputError("MASK_GRID", reason=f"it has {len(sizes)} dimensions, not 3")
    expected = math.prod(sizes) * kind.itemsize
    if expected > LARGEST_BYTES:
        raise ValueError("larger than any image")
    encoding = fields["encoding"].lower()
    if encoding in ("gzip", "gz"):
        data = zlib.decompressobj(31).decompress(data, expected)
    elif encoding in ("bzip2", "bz2"):
        data = bz2.BZ2Decompressor().decompress(data, expected)
    elif encoding in ("ascii", "text", "txt"):
        data = np.array(data.split(), dtype=kind).tobytes()
    elif encoding != "raw":
        raise ValueError("unknown encoding")
    if len(data) < expected:
        raise _unreadable("it ends early")
    return np.frombuffer(data[:expected], dtype=kind).reshape(sizes, order="F")


def _affine(fields: dict[str, str], dimensions: int) -> NDArray[np.float64]:
    """Index to mm, RAS. Raises InputError MASK_GRID where the header does not say."""
    space = fields.get("space", "").lower()
    if space not in TO_RAS:
        raise InputError(
            "MASK_GRID", reason=f"its space is {space or 'not stated'}, not LPS, RAS or LAS"
        )
    directions = [_vector(part) for part in _parts(fields.get("space directions", ""))]
    spatial = [d for d in directions if d is not None]
    listing = dimensions - 3  # a leading axis of layers has no direction
    origin = _vector(fields.get("space origin", ""))
    if (
        origin is None
        or len(spatial) != 3
        or len(directions) != dimensions
        or any(d is not None for d in directions[:listing])
    ):
        raise InputError("MASK_GRID", reason="it states no directions or no origin")
    affine = np.eye(4)
    affine[:3, :3] = np.column_stack(spatial)
    affine[:3, 3] = origin
    if abs(np.linalg.det(affine)) < 1e-12:
        raise InputError("MASK_GRID", reason="its directions span no volume")
    return np.asarray(TO_RAS[space] @ affine)


def _parts(text: str) -> list[str]:
    return re.findall(r"\([^)]*\)|none", text)


def _vector(text: str) -> NDArray[np.float64] | None:
    """`(1,0,0)` as three finite numbers, else None."""
    match = re.fullmatch(r"\((.*)\)", text.strip())
    parts = [_NUMBER.fullmatch(p) for p in match[1].split(",")] if match else []
    try:
        values = [float(p[1]) for p in parts if p is not None]
    except ValueError:
        return None
    if len(parts) != 3 or len(values) != 3 or not all(map(math.isfinite, values)):
        return None
    return np.array(values)


def _segments(keys: dict[str, str], layers: int) -> list[NamedLabel]:
    """Segments as 3D Slicer names them (`Segment0_Name:=...`)."""
    found = []
    for key, name in keys.items():
        match = re.fullmatch(r"Segment(\d+)_Name", key)
        if match is None:
            continue
        prefix = f"Segment{match[1]}_"
        try:
            value = int(keys.get(prefix + "LabelValue", "1"))
            layer = int(keys.get(prefix + "Layer", "0"))
        except ValueError:
            continue
        if 0 <= layer < layers:
            found.append(NamedLabel(name.strip(), value, layer))
    return found
