"""Header of one file: a small reader for little-endian DICOM, pydicom for every surprise."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from equisite.imaging.fields import TAGS, ImageHeader, image_header

FIRST_READ = 16 * 1024
PIXEL_DATA = 0x7FE00010
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
BIG_ENDIAN, DEFLATED = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
_UNDEFINED = 0xFFFFFFFF
_SYNTAX = TAGS["syntax"]
_WANTED = frozenset(TAGS.values())
_SHORT = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
_LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_ELEMENT = struct.Struct("<HH2sH")
_IMPLICIT_ELEMENT = struct.Struct("<HHI")
_LENGTH = struct.Struct("<I")

NOT_DICOM, EMPTY, TRUNCATED, WHOLE = "not DICOM", "empty", "ends inside its header", "whole"


@dataclass(frozen=True, slots=True)
class FileState:
    """What one file is: a header when it is DICOM, and whether the header is whole."""

    state: str
    header: ImageHeader | None = None


class _SurpriseError(Exception):
    """Something that the small reader does not read; pydicom shall."""


class _NeedMoreError(Exception):
    """The piece of the file that was read ends before the header does."""


def read_header(path: Path) -> FileState:
    """Read the header of one file, whatever its name says.

    Raises OSError when the machine cannot read the file.
    """
    with path.open("rb") as stream:
        size = stream.seek(0, 2)
        stream.seek(0)
        if size == 0:
            return FileState(EMPTY)
        start = stream.read(FIRST_READ)
        if start[128:132] == b"DICM":
            try:
                return _read_little_endian(stream, start, size, str(path))
            except _SurpriseError:
                pass
        elif not _may_lack_preamble(start):
            return FileState(NOT_DICOM)
    # Late, because most runs never need it and it takes a third of a second to import.
    from equisite.imaging.header_pydicom import read_by_pydicom

    return read_by_pydicom(path, size)


def _may_lack_preamble(start: bytes) -> bool:
    """Whether the bytes begin like a data set: group 0002 or 0008, then a sane length."""
    if len(start) < 12:
        return False
    group, element, vr, _ = _ELEMENT.unpack_from(start)
    if group not in (2, 8) or element > 0x0100:
        return False
    return vr in _SHORT or vr in _LONG or _LENGTH.unpack_from(start, 4)[0] < 1024


def _read_little_endian(stream: IO[bytes], start: bytes, size: int, path: str) -> FileState:
    """Parse ever longer beginnings of the file until the pixel data are reached."""
    while True:
        values: dict[int, bytes] = {}
        try:
            syntax, offset, length, whole = _parse(start, size, values)
        except _NeedMoreError:
            start += stream.read(15 * len(start))
            continue
        header = image_header(
            values,
            path=path,
            size=size,
            syntax=syntax,
            pixel_offset=offset,
            pixel_length=length,
        )
        return FileState(WHOLE if whole else TRUNCATED, header)


def _parse(
    piece: bytes, size: int, values: dict[int, bytes]
) -> tuple[str, int | None, int | None, bool]:
    """Fill `values`; return syntax, offset and length of the pixel data, header whole."""
    position, _, _, whole = _elements(piece, 132, size, True, values, 0x00030000)
    syntax = values.get(_SYNTAX, b"").decode("latin-1").strip(" \0")
    if not whole:
        return syntax, None, None, False
    if not syntax or syntax in (BIG_ENDIAN, DEFLATED):
        raise _SurpriseError
    # The meta header may lie about the form of the data set; the first element does not.
    explicit = piece[position + 4 : position + 6] in _SHORT | _LONG
    if explicit == (syntax == IMPLICIT) and position < size:
        raise _SurpriseError
    _, offset, length, whole = _elements(piece, position, size, explicit, values, _UNDEFINED)
    return syntax, offset, length, whole


def _elements(
    piece: bytes, position: int, size: int, explicit: bool, values: dict[int, bytes], stop: int
) -> tuple[int, int | None, int | None, bool]:
    """Walk the top-level elements up to tag `stop` or the pixel data.

    Returns the position reached, offset and length of the pixel data (or None) and False
    when the file ends inside an element.
    """
    end = len(piece)
    while True:
        if position + 12 > end:
            if end < size:
                raise _NeedMoreError
            if position + 8 > end:
                return position, None, None, position == end
        group, element, vr, length = _ELEMENT.unpack_from(piece, position)
        tag = group << 16 | element
        if tag >= stop:
            return position, None, None, True
        if not explicit:
            length = _LENGTH.unpack_from(piece, position + 4)[0]
            value = position + 8
        elif vr in _SHORT:
            value = position + 8
        elif vr in _LONG:
            if position + 12 > end:
                return position, None, None, False
            length = _LENGTH.unpack_from(piece, position + 8)[0]
            value = position + 12
        else:
            raise _SurpriseError
        if tag == PIXEL_DATA:
            return position, value, None if length == _UNDEFINED else length, True
        if tag > PIXEL_DATA:
            return position, None, None, True
        if length == _UNDEFINED:
            inside_explicit = explicit and vr == b"SQ"
            if explicit and vr not in (b"SQ", b"UN"):
                raise _SurpriseError
            skipped = _skip_sequence(piece, value, size, inside_explicit)
            if skipped is None:
                return position, None, None, False
            position = skipped
            continue
        position = value + length
        if position > size:
            return position, None, None, False
        if tag in _WANTED:
            if position > end:
                raise _NeedMoreError
            values[tag] = piece[value:position]
        elif position > end:
            raise _NeedMoreError


def _skip_sequence(piece: bytes, position: int, size: int, explicit: bool) -> int | None:
    """Position after a sequence of undefined length; None when the file ends inside it."""
    depth_items = [False]  # True while inside an item of undefined length
    forms = [explicit]
    end = len(piece)
    while depth_items:
        if position + 12 > end:
            if end < size:
                raise _NeedMoreError
            if position + 8 > end:
                return None
        group, element, length = _IMPLICIT_ELEMENT.unpack_from(piece, position)
        if group == 0xFFFE:
            position += 8
            if element == 0xE000 and not depth_items[-1]:
                if length == _UNDEFINED:
                    depth_items[-1] = True
                else:
                    position += length
            elif element == 0xE00D and depth_items[-1]:
                depth_items[-1] = False
            elif element == 0xE0DD and not depth_items[-1]:
                depth_items.pop()
                forms.pop()
            else:
                raise _SurpriseError
        elif not depth_items[-1]:
            raise _SurpriseError
        else:
            value, vr = position + 8, b""
            if forms[-1]:
                _, _, vr, length = _ELEMENT.unpack_from(piece, position)
                if vr in _LONG:
                    if position + 12 > end:
                        return None
                    length = _LENGTH.unpack_from(piece, position + 8)[0]
                    value = position + 12
                elif vr not in _SHORT:
                    raise _SurpriseError
            if length == _UNDEFINED:
                if forms[-1] and vr not in (b"SQ", b"UN"):
                    raise _SurpriseError
                depth_items.append(False)
                forms.append(forms[-1] and vr == b"SQ")
                position = value
            else:
                position = value + length
        if position > size:
            return None
    return position
