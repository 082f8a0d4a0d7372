"""A frozen site as the Snakefile sees it: numbers, digests and folders, no identifiers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from equisite.core.canonical import sha256_bytes, sha256_json
from equisite.core.errors import Finding
from equisite.intake.signatures import COPY
from equisite.protocol.load import read_frozen_protocol, section_digest
from equisite.protocol.models import Protocol
from equisite.protocol.site import Batches

INTAKE = "work/intake"
FROZEN = "frozen.json"


@dataclass(frozen=True)
class FrozenSite:
    """What the rules may know of a site.

    genomics_batches, imaging_batches: numbers of patients' batches, rising, without the
    conformance pack's 0. read_only_roots: folders of raw data. remarks: findings that
    stopped nothing; they may name patients and stay on the terminal.
    """

    directory: Path
    site: str
    protocol_sha256: str
    genomics_batches: tuple[int, ...]
    imaging_batches: tuple[int, ...]
    read_only_roots: tuple[Path, ...]
    remarks: tuple[Finding, ...] = ()

    @cached_property
    def protocol(self) -> Protocol:
        """The protocol of the patients' batches."""
        return read_frozen_protocol(self.directory / INTAKE / "protocol.json")

    @cached_property
    def pack_protocol(self) -> Protocol:
        """The protocol of batch 0: reference, genes and regions of the conformance pack."""
        return read_frozen_protocol(self.directory / INTAKE / "pack.json")

    @property
    def signatures(self) -> Path | None:
        """Copy of the site's table of signatures, from the site folder; None without one."""
        path = Path(INTAKE) / "files" / COPY
        return path if (self.directory / path).is_file() else None

    @cached_property
    def _settings(self) -> dict[str, Any]:
        text = (self.directory / INTAKE / "site.json").read_text(encoding="utf-8")
        settings: dict[str, Any] = json.loads(text)
        return settings

    @property
    def multiqc(self) -> bool:
        """Whether the site wants MultiQC's page in `private/`."""
        return bool(self._settings["multiqc"])

    def calling_jobs(self, pieces: int) -> int:
        """Jobs over which the calling of one batch spreads; pieces: of the territory."""
        return Batches.model_validate(self._settings["batches"]).calling_jobs(pieces)

    def protocol_digest(self, *sections: str) -> str:
        """Sixteen hexadecimal digits of some top-level sections of the protocol.

        Raises AttributeError for a section that does not exist.
        """
        return section_digest(self.protocol, sections=sections)

    def site_digest(self, *keys: str) -> str:
        """Sixteen hexadecimal digits of some keys of the site's configuration.

        Raises KeyError for a key that does not exist.
        """
        return sha256_json({key: self._settings[key] for key in keys})[:16]


def read_frozen(directory: Path, digest: str) -> FrozenSite | None:
    """The index as a run wrote it, or None when it is not there or no longer the same."""
    try:
        content = (directory / INTAKE / FROZEN).read_bytes()
    except FileNotFoundError:
        return None
    if sha256_bytes(content) != digest:
        return None
    about = json.loads(content)
    return FrozenSite(
        directory,
        about["site"],
        about["protocol_sha256"],
        tuple(about["genomics_batches"]),
        tuple(about["imaging_batches"]),
        tuple(Path(root) for root in about["read_only_roots"]),
        tuple(Finding(code, where, numbers) for code, where, numbers in about["remarks"]),
    )


def recorded_counts(directory: Path) -> dict[str, int]:
    """How many batches the last freeze chose per kind; empty before the first."""
    try:
        about = json.loads((directory / INTAKE / FROZEN).read_bytes())
        return {str(kind): int(count) for kind, count in about["counts"].items()}
    except (FileNotFoundError, ValueError, KeyError):
        return {}
