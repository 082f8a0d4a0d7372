"""The lead's folder: its configuration, and the places that the comparison reads and writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from equisite.bundle.ruleset import Rules, rules_of
from equisite.codebook.book import Codebook
from equisite.core.canonical import sha256_file, sha256_json
from equisite.core.errors import ConfigError
from equisite.protocol.keyring import Keyring, Lead
from equisite.protocol.load import (
    examine_protocol,
    load_keyring,
    load_lead,
    protocol_sha256,
)
from equisite.protocol.models import Protocol
from equisite.protocol.responses import book_of

SUFFIX = ".bundle"
REPORT = "report"
QUARANTINE = "quarantine"
ADMITTED, SITES, POOLED = "admitted.tsv", "sites.tsv", "pooled.tsv"
META, SUSPECTS, SUMMARY = "meta.tsv", "suspects.tsv", "summary.json"
BIBLIOGRAPHY, PAGE = "consortium.bib", "report.html"


@dataclass(frozen=True)
class LeadFolder:
    """What a comparison stands on. path: the lead's folder; sha256: of the protocol."""

    path: Path
    config: Lead
    protocol: Protocol
    sha256: str
    keyring: Keyring
    book: Codebook
    rules: Rules

    @property
    def inbox(self) -> Path:
        """Where bundles are put."""
        return self.path / self.config.inbox

    @property
    def quarantine(self) -> Path:
        """Where refused bundles are moved."""
        return self.path / QUARANTINE

    @property
    def report(self) -> Path:
        """Where results are written."""
        return self.path / REPORT

    @property
    def titles(self) -> dict[str, str]:
        """Names of the sites by id, from the keyring only."""
        return {site.id: site.title for site in self.keyring.sites}


def load_folder(path: Path) -> LeadFolder:
    """Read `compare.yaml`, the protocol and the keyring of a lead's folder.

    The protocol's gene models and territory need not lie beside it: the lead computes
    nothing from them. Raises ConfigError with every finding of the file concerned, and
    KEYRING_OTHER_PROTOCOL when the keyring was made for another protocol.
    """
    config = load_lead(path / "compare.yaml")
    examined = examine_protocol(path / config.protocol)
    protocol = examined.value
    wrong = [
        f for f in examined.findings if f.severity == "refuse" and f.code != "PINNED_MISSING"
    ]
    if protocol is None or wrong:
        raise ConfigError(wrong)
    keyring = load_keyring(path / config.keyring)
    if keyring.protocol != protocol.protocol.id:
        raise ConfigError(
            "KEYRING_OTHER_PROTOCOL", keyring=keyring.protocol, protocol=protocol.protocol.id
        )
    return LeadFolder(
        path,
        config,
        protocol,
        protocol_sha256(protocol),
        keyring,
        book_of(protocol.radiomics),
        rules_of(protocol),
    )


def bundle_files(inbox: Path, quarantine: Path) -> list[Path]:
    """Files that are to be judged: all bundles of both places, by name."""
    return [
        path
        for folder in (inbox, quarantine)
        for path in sorted(folder.glob(f"*{SUFFIX}"))
        if path.is_file()
    ]


def not_read(inbox: Path) -> list[str]:
    """Names in the inbox that are no bundles to `bundle_files`; hidden ones aside."""
    bundles = set(bundle_files(inbox, inbox))
    return sorted(
        path.name
        for path in (inbox.iterdir() if inbox.is_dir() else ())
        if path not in bundles and not path.name.startswith(".")
    )


def folder_digest(lead: LeadFolder) -> str:
    """Digest of all that admission stands on: the configuration and the bundles' bytes.

    It does not tell in which of the two places a bundle lies: moving a refused one changes
    nothing, a new one does.
    """
    bundles = {sha256_file(path) for path in bundle_files(lead.inbox, lead.quarantine)}
    return sha256_json(
        [
            lead.config.model_dump(mode="json"),
            lead.keyring.model_dump(mode="json"),
            lead.sha256,
            lead.book.sha256,
            lead.book.constants_sha256,
            lead.rules.sha256,
            sorted(bundles),
        ]
    )[:16]


def outside_folders(lead: LeadFolder) -> list[Path]:
    """Folders of files that compare.yaml names and that do not lie below the lead's own."""
    named = (lead.config.protocol, lead.config.keyring)
    folders = {(lead.path / name).resolve().parent for name in named}
    return sorted(f for f in folders if not f.is_relative_to(lead.path.resolve()))
