"""The slow way to a header: pydicom, for big endian, deflated and odd files."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

from equisite.imaging.fields import BINARY, TAGS, image_header
from equisite.imaging.foreign import foreign_parser
from equisite.imaging.header import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    NOT_DICOM,
    TRUNCATED,
    WHOLE,
    FileState,
)


class _Broken(Exception):  # noqa: N818 - a verdict on the file, caught below
    """The file ends or breaks inside its header."""


def read_by_pydicom(path: Path, size: int) -> FileState:
    """Read one header with pydicom; a file that it cannot parse ends inside its header.

    Raises OSError when the machine cannot read the file.
    """
    import pydicom

    try:
        with path.open("rb") as stream, foreign_parser(_Broken):
            dataset = pydicom.dcmread(stream, stop_before_pixels=True, force=True)
            values = {
                tag: raw
                for name, tag in TAGS.items()
                if (raw := _raw(dataset, tag, name in BINARY)) is not None
            }
            implicit, little = dataset.original_encoding
            syntax = str(getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", ""))
            reached = stream.tell()
    except _Broken:
        return FileState(TRUNCATED)
    if not len(dataset):
        begun = getattr(dataset, "preamble", None) is not None
        return FileState(TRUNCATED if begun else NOT_DICOM)
    if not syntax or (syntax in (IMPLICIT, EXPLICIT) and little):
        syntax = IMPLICIT if implicit else EXPLICIT if little else BIG_ENDIAN
    offset: int | None
    length: int | None
    if syntax == DEFLATED:
        offset, length = 0, None  # inside the deflated stream; the decoder finds it
    else:
        offset, length = _pixel_data(reached, path, bool(little))
    header = image_header(
        values,
        path=str(path),
        size=size,
        syntax=syntax,
        pixel_offset=offset,
        pixel_length=length,
    )
    return FileState(WHOLE, header)


def _raw(dataset: Any, tag: int, binary: bool) -> bytes | None:
    """Little-endian bytes of one top-level element, or None when it is absent."""
    if tag not in dataset:
        return None
    element = dataset.get_item(tag)
    value = element.value
    if isinstance(value, bytes):
        swap = binary and not getattr(element, "is_little_endian", True)
        return value[::-1] if swap else value
    if value is None:
        return b""
    if binary:
        return (
            struct.pack("<d", value) if isinstance(value, float) else struct.pack("<H", value)
        )
    if isinstance(value, str):
        return value.encode("latin-1", "replace")
    many = value if isinstance(value, list | tuple) else getattr(value, "_list", [value])
    return "\\".join(str(v) for v in many).encode("latin-1", "replace")


def _pixel_data(position: int, path: Path, little: bool) -> tuple[int | None, int | None]:
    """Offset and length of the pixel data whose element starts at `position`.

    Where the meta header lies about the form, pydicom's answer is not to be trusted: a
    length is even, so its first byte is never the odd one of `OB` or `OW`.
    """
    order = "<" if little else ">"
    with path.open("rb") as stream:
        stream.seek(position)
        start = stream.read(12)
    if len(start) < 12 or struct.unpack_from(order + "HH", start) != (0x7FE0, 0x0010):
        return None, None
    at = 8 if start[4:6] in (b"OB", b"OW") else 4
    (length,) = struct.unpack_from(order + "I", start, at)
    return position + at + 4, None if length == 0xFFFFFFFF else length
