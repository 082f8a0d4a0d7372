"""What site, keyring, protocol and product must agree on before anything is computed."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from equisite.bundle.scan import count_identifiers, words_of
from equisite.codebook.book import resources_folder
from equisite.core.canonical import sha256_file
from equisite.core.errors import Finding
from equisite.protocol.explain import did_you_mean
from equisite.protocol.load import examine_keyring
from equisite.protocol.models import Protocol
from equisite.protocol.pack import pack_digest
from equisite.protocol.salvage import Examined
from equisite.protocol.site import SiteConfig


def pack_folder() -> Path:
    """Where the public conformance pack of this product lies."""
    return resources_folder() / "conformance"


def check_product(protocol: Examined[Protocol]) -> Iterator[Finding]:
    """The codebook and the conformance pack are those that the protocol pins."""
    part, document = protocol.part, protocol.document
    if part is None or document is None:
        return
    book = resources_folder() / "codebook"
    version = (book / "version.txt").read_text(encoding="utf-8").strip()
    for key, found in (
        ("version", version),
        ("constants_sha256", sha256_file(book / "constants.tsv")),
    ):
        if not protocol.knows(f"codebook.{key}"):
            continue
        expected: str = getattr(part.codebook, key)
        if found != expected:
            where = document.where(("codebook", key))
            yield Finding("CODEBOOK_DIFFERS", where, {"found": found, "expected": expected})
    if protocol.knows("conformance.pack_sha256"):
        expected = part.conformance.pack_sha256
        pack = pack_digest(pack_folder())
        if pack != expected:
            where = document.where(("conformance", "pack_sha256"))
            yield Finding("PACK_DIFFERS", where, {"found": pack, "expected": expected})


def check_tightening(
    config: Examined[SiteConfig], protocol: Examined[Protocol]
) -> Iterator[Finding]:
    """A site may only be stricter than the protocol."""
    site, theirs, document = config.part, protocol.part, config.document
    if site is None or theirs is None or document is None:
        return
    for name, section in (("k", "disclosure"), ("minimum_n", "cohort")):
        if not (config.knows(f"tighten.{name}") and protocol.knows(f"{section}.{name}")):
            continue
        mine: int | None = getattr(site.tighten, name)
        least: int | None = getattr(getattr(theirs, section), name)
        if mine is not None and least is not None and mine < least:
            where = document.where(("tighten", name))
            yield Finding("LOOSER_THAN_PROTOCOL", where, {"value": mine, "least": least})


def keyring_path(site: SiteConfig, folder: Path) -> Path:
    """Where the keyring lies: named by the site, else beside the protocol."""
    if site.keyring is not None:
        return folder / site.keyring
    return (folder / site.protocol).with_name("keyring.yaml")


def check_keyring(
    config: Examined[SiteConfig], protocol: Examined[Protocol], folder: Path
) -> list[Finding]:
    """The keyring is sound, belongs to the protocol and knows this site.

    folder: the site folder, from which its files are named.
    """
    site, document = config.part, config.document
    if site is None or document is None:
        return []
    if site.keyring is None and not config.knows("keyring", "protocol"):
        return []
    path = keyring_path(site, folder)
    if site.keyring is None and not os.path.exists(path):  # noqa: PTH110 - False where not seen
        return [Finding("KEYRING_ABSENT", document.name)]
    keyring = examine_keyring(path)
    part, text, findings = keyring.part, keyring.document, list(keyring.findings)
    if part is None or text is None:
        named = document.where(("keyring",)) if site.keyring is not None else ""
        return [
            f if not named or " line " in f.where else Finding(f.code, named, f.numbers)
            for f in findings
        ]
    if (
        protocol.part is not None
        and protocol.knows("protocol.id")
        and keyring.knows("protocol")
        and part.protocol != protocol.part.protocol.id
    ):
        numbers = {"found": part.protocol, "expected": protocol.part.protocol.id}
        findings.append(Finding("KEYRING_DIFFERS", text.where(("protocol",)), {**numbers}))
    if config.knows("site") and keyring.knows("sites"):
        sites = [one.id for one in part.sites]
        if site.site not in sites:
            guess = did_you_mean(site.site, sites)
            where = document.where(("site",))
            findings.append(
                Finding("SITE_NOT_IN_KEYRING", where, {"site": site.site, "guess": guess})
            )
    return findings


def check_freeze_name(config: Examined[SiteConfig], names: Collection[str]) -> list[Finding]:
    """The name of the freeze stands in every bundle: no patient or sample may stand in it.

    names: ids of patients and samples, the withdrawn ones too. Names shorter than a word of
    the last search (`bundle.scan`), and the day of the freeze, name nobody.
    """
    site, document = config.part, config.document
    if site is None or document is None or not config.knows("freeze.id"):
        return []
    day = words_of(site.freeze.date.encode()) if config.knows("freeze.date") else set()
    told = {name for name in names if name.lower().encode() not in day}
    if not count_identifiers(site.freeze.id.encode(), told):
        return []
    where = document.where(("freeze", "id"))
    return [Finding("FREEZE_NAMES_PATIENT", where, {"freeze": site.freeze.id})]
