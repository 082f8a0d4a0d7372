"""The container: a plain ustar whose every byte follows from names, contents and one date.

Reading rebuilds the archive from what was found and compares the bytes: links, devices,
owners, times, modes, padding, repeated names, trailing bytes, all that is not exactly what
the writer makes is refused, and nothing is ever unpacked to a disk.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from equisite.core.errors import BundleError

BLOCK = 512
LARGEST_BYTES = 256 * 1024 * 1024


def freeze_seconds(date: str) -> int:
    """Seconds of the epoch at 00:00 UTC of an ISO date."""
    day = datetime.date.fromisoformat(date)
    return int(datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC).timestamp())


def _header(name: str, size: int, seconds: int) -> bytes:
    fields = (
        name.encode("ascii").ljust(100, b"\0"),
        b"0000644\0",
        b"0000000\0",
        b"0000000\0",
        b"%011o\0" % size,
        b"%011o\0" % seconds,
        b" " * 8,
        b"0",
        b"\0" * 100,
        b"ustar\0" + b"00",
        b"\0" * 32,
        b"\0" * 32,
        b"0000000\0",
        b"0000000\0",
        b"\0" * 155,
        b"\0" * 12,
    )
    block = b"".join(fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def pack(files: Mapping[str, bytes], date: str) -> bytes:
    """The archive of these files, names sorted, all times the freeze date 00:00 UTC."""
    seconds = freeze_seconds(date)
    parts = []
    for name in sorted(files):
        content = files[name]
        parts += [_header(name, len(content), seconds), content]
        parts.append(b"\0" * (-len(content) % BLOCK))
    parts.append(b"\0" * (2 * BLOCK))
    return b"".join(parts)


def unpack(archive: bytes) -> tuple[dict[str, bytes], int]:
    """Files of an archive and its time in seconds.

    Raises BundleError V_NAME when one byte differs from what `pack` would have written.
    """
    if len(archive) > LARGEST_BYTES:
        raise BundleError("V_NAME", problem="the archive is too large")
    files: dict[str, bytes] = {}
    place, seconds = 0, -1
    while archive[place : place + 1] not in (b"\0", b""):
        header = archive[place : place + BLOCK]
        try:
            name = header[:100].rstrip(b"\0").decode("ascii")
            size, stamp = int(header[124:135], 8), int(header[136:147], 8)
        except ValueError:
            raise BundleError("V_NAME", problem="a member's header cannot be read") from None
        begin = place + BLOCK
        end = begin + size
        seconds = stamp if seconds < 0 else seconds
        odd = size < 0 or seconds < 0 or end > len(archive) or (files and name <= max(files))
        if odd or header != _header(name, size, seconds):
            raise BundleError("V_NAME", problem="a member is not a plain file in order")
        files[name] = archive[begin:end]
        place = end + (-size % BLOCK)
        if archive[end:place].strip(b"\0"):
            raise BundleError("V_NAME", problem="there are bytes between the members")
    if archive[place:] != b"\0" * (2 * BLOCK) or not files:
        raise BundleError("V_NAME", problem="the archive does not end as it must")
    return files, seconds
