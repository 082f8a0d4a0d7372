"""Bases of a prepared reference, mapped from disk: a chromosome takes no memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from equisite.genomics.somatic.alignment import CODE
from equisite.genomics.somatic.records import Bytes


class MappedReference:
    """Sequences by name, read where they are asked for."""

    def __init__(self, header: Path, cache: Path) -> None:
        """header: header.sam of the reference; cache: its folder of sequences by M5."""
        self.lengths: dict[str, int] = {}
        self._files: dict[str, Path] = {}
        self._mapped: dict[str, Bytes] = {}
        for line in header.read_text(encoding="utf-8").splitlines():
            tags = dict(part.split(":", 1) for part in line.split("\t")[1:])
            self.lengths[tags["SN"]] = int(tags["LN"])
            self._files[tags["SN"]] = cache / tags["M5"]

    def codes(self, name: str, start: int, end: int) -> Bytes:
        """Codes (`votes.CODE`) of bases [start, end), cut at the ends of the sequence."""
        if name not in self._mapped:
            self._mapped = {name: np.memmap(self._files[name], np.uint8, "r")}
        return CODE[self._mapped[name][max(start, 0) : end]]

    def text(self, name: str, start: int, end: int) -> str:
        """The same bases as letters."""
        if name not in self._mapped:
            self._mapped = {name: np.memmap(self._files[name], np.uint8, "r")}
        return self._mapped[name][max(start, 0) : end].tobytes().decode("ascii")
