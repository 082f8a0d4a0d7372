"""What site, keyring, protocol and product must agree on before anything is computed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from equisite.codebook.book import resources_folder
from equisite.core.canonical import sha256_file
from equisite.core.errors import Finding
from equisite.protocol.explain import did_you_mean
from equisite.protocol.load import examine_keyring
from equisite.protocol.models import Protocol
from equisite.protocol.pack import pack_digest
from equisite.protocol.site import SiteConfig
from equisite.protocol.yaml_text import Document


def pack_folder() -> Path:
    """Where the public conformance pack of this product lies."""
    return resources_folder() / "conformance"


def check_product(protocol: Protocol, document: Document) -> Iterator[Finding]:
    """The codebook and the conformance pack are those that the protocol pins."""
    book = resources_folder() / "codebook"
    version = (book / "version.txt").read_text(encoding="utf-8").strip()
    if version != protocol.codebook.version:
        yield Finding(
            "CODEBOOK_DIFFERS",
            document.where(("codebook", "version")),
            {"found": version, "expected": protocol.codebook.version},
        )
    constants = sha256_file(book / "constants.tsv")
    if constants != protocol.codebook.constants_sha256:
        where = document.where(("codebook", "constants_sha256"))
        yield Finding(
            "CODEBOOK_DIFFERS",
            where,
            {"found": constants, "expected": protocol.codebook.constants_sha256},
        )
    pack = pack_digest(pack_folder())
    if pack != protocol.conformance.pack_sha256:
        where = document.where(("conformance", "pack_sha256"))
        yield Finding(
            "PACK_DIFFERS", where, {"found": pack, "expected": protocol.conformance.pack_sha256}
        )


def check_tightening(
    config: SiteConfig, protocol: Protocol, document: Document
) -> Iterator[Finding]:
    """A site may only be stricter than the protocol."""
    pairs = (
        ("k", config.tighten.k, protocol.disclosure.k),
        ("minimum_n", config.tighten.minimum_n, protocol.cohort.minimum_n),
    )
    for name, mine, theirs in pairs:
        if mine is not None and theirs is not None and mine < theirs:
            where = document.where(("tighten", name))
            yield Finding("LOOSER_THAN_PROTOCOL", where, {"value": mine, "least": theirs})


def check_keyring(
    config: SiteConfig, protocol: Protocol | None, document: Document, folder: Path
) -> list[Finding]:
    """The keyring is sound, belongs to the protocol and knows this site.

    folder: the site folder, from which its files are named.
    """
    if config.keyring is None:
        path = (folder / config.protocol).with_name("keyring.yaml")
        if not path.exists():
            return [Finding("KEYRING_ABSENT", document.name)]
    else:
        path = folder / config.keyring
    keyring, text, findings = examine_keyring(path)
    if keyring is None or text is None:
        return findings
    if protocol is not None and keyring.protocol != protocol.protocol.id:
        findings.append(
            Finding(
                "KEYRING_DIFFERS",
                text.where(("protocol",)),
                {"found": keyring.protocol, "expected": protocol.protocol.id},
            )
        )
    sites = [site.id for site in keyring.sites]
    if config.site not in sites:
        findings.append(
            Finding(
                "SITE_NOT_IN_KEYRING",
                document.where(("site",)),
                {"site": config.site, "guess": did_you_mean(config.site, sites)},
            )
        )
    return findings
