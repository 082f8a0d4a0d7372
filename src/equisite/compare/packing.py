"""Numbers packed into a page: base64, compressed when they are many, equal bytes each time."""

from __future__ import annotations

import base64
import gzip
import struct
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from equisite.core.canonical import canonical_json

LEVEL = 9
PLAIN_BYTES = 1_000_000
"""Up to here content stands uncompressed: a browser unpacks gzip only in its own time, and
the first charts are to be there when the page has loaded, also for a program that looks."""


def packed_text(content: bytes) -> str:
    """Bytes as `plain:` or, when they are many, `gzip:` and base64; no time in the header."""
    form = "plain"
    if len(content) > PLAIN_BYTES:
        form, content = "gzip", gzip.compress(content, LEVEL, mtime=0)
    return f"{form}:{base64.b64encode(content).decode('ascii')}"


def packed_columns(
    header: Mapping[str, object], columns: Mapping[str, NDArray[np.float64]]
) -> str:
    """A header and columns of numbers for `unpack` of the page's script.

    Layout before compression: length of the header (u32), the header as JSON with `columns`
    (name, length), then each column as little-endian float32, bytes shuffled (all first
    bytes, then all second bytes ...). float32 is for drawing; exact numbers stand in the
    tables beside the page.
    """
    sizes = [[name, int(values.size)] for name, values in columns.items()]
    head = canonical_json({**header, "columns": sizes})
    parts = [struct.pack("<I", len(head)), head]
    for values in columns.values():
        plain = np.ascontiguousarray(values, dtype="<f4").reshape(-1)
        parts.append(plain.view(np.uint8).reshape(-1, 4).T.tobytes())
    return packed_text(b"".join(parts))
