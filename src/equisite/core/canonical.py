"""Canonical JSON and digests: equal content gives equal bytes everywhere."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path


def canonical_json(content: object) -> bytes:
    """Keys sorted by code point, no blanks, UTF-8, no NaN; numbers as Python writes them.

    >>> canonical_json({"b": 1, "a": [True, "é"]})
    b'{"a":[true,"\\xc3\\xa9"],"b":1}'
    """
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def sha256_bytes(content: bytes) -> str:
    """Hexadecimal sha256 of bytes."""
    return hashlib.sha256(content).hexdigest()


def sha256_json(content: object) -> str:
    """Hexadecimal sha256 of the canonical JSON of `content`."""
    return sha256_bytes(canonical_json(content))


def sha256_file(path: Path) -> str:
    """Hexadecimal sha256 of a file's bytes, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def keyed_token(key: bytes, *parts: str) -> str:
    """Sixteen hexadecimal digits that stand for an identifier where it may not be named.

    HMAC-SHA256 over the parts, each preceded by its length so that no two lists of
    parts give the same message.
    """
    message = b"".join(f"{len(p.encode())}:".encode() + p.encode() for p in parts)
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:16]
