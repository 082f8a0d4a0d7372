"""Numbers and scripts packed into a page: one gzip stream, base64, equal bytes each time."""

from __future__ import annotations

import base64
import gzip
import struct
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from equisite.core.canonical import canonical_json

LEVEL = 9


def packed_text(text: bytes) -> str:
    """Bytes as base64 of gzip, without a time in the header."""
    return base64.b64encode(gzip.compress(text, LEVEL, mtime=0)).decode("ascii")


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
