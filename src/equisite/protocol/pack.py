"""Digest of the public conformance pack: what a protocol pins and every site verifies."""

from __future__ import annotations

from pathlib import Path

from equisite.core.canonical import sha256_bytes, sha256_file

_NOT_COUNTED = frozenset({"README.md", "manifest.sha256", "pack.sha256"})
"""The page for readers, and the two files that hold digests of the others."""


def listing(folder: Path) -> str:
    """One line `sha256  relative/path` per file of the pack, sorted by path.

    It is what `sha256sum --check` reads. README, manifest and the digest itself do not count.
    """
    files = sorted(
        p.relative_to(folder).as_posix()
        for p in folder.rglob("*")
        if p.is_file() and p.relative_to(folder).as_posix() not in _NOT_COUNTED
    )
    return "".join(f"{sha256_file(folder / name)}  {name}\n" for name in files)


def pack_digest(folder: Path) -> str:
    """Sha256 of the listing: `conformance.pack_sha256` of a protocol."""
    return sha256_bytes(listing(folder).encode())
