"""Protocol, site configuration, keyring and lead's configuration, read and judged whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from equisite.core.canonical import canonical_json, sha256_bytes, sha256_json
from equisite.core.errors import ConfigError, Finding
from equisite.protocol.checks import check_keyring, check_protocol
from equisite.protocol.explain import by_line
from equisite.protocol.keyring import Keyring, Lead
from equisite.protocol.models import Protocol
from equisite.protocol.salvage import Examined, examined
from equisite.protocol.shape import meaning_at
from equisite.protocol.site import NOT_KNOWN, SiteConfig
from equisite.protocol.yaml_text import Document, dotted, places_of, read_yaml

Model = TypeVar("Model", bound=BaseModel)

_PROTOCOL, _SITE = "the protocol", "the site's config.yaml"


def examine_protocol(path: Path) -> Examined[Protocol]:
    """Read and judge a protocol; nothing is raised, all findings come together."""
    document, faults = read_yaml(path)
    if document is None:
        return Examined(findings=faults)
    found = examined(document, faults, Protocol, SiteConfig, _SITE, _PROTOCOL)
    more = check_protocol(found, document, path.parent)
    return replace(found, findings=by_line([*found.findings, *more]))


def examine_site(
    path: Path, overrides: Mapping[str, Any] | None = None
) -> Examined[SiteConfig]:
    """Read and judge `config.yaml`; `overrides` are merged over it, key by key."""
    document, faults = read_yaml(path)
    if document is None:
        return Examined(findings=faults)
    if overrides:
        document = replace(document, content=deep_merge(document.content, overrides))
    return _filled(examined(document, faults, SiteConfig, Protocol, _PROTOCOL, _SITE), document)


def _filled(found: Examined[SiteConfig], document: Document) -> Examined[SiteConfig]:
    """Tells keys that a person has not filled yet, also where any text may stand."""
    told = {finding.where for finding in found.findings}
    findings = list(found.findings)
    lost = set(found.lost)
    for location in places_of(document.content, NOT_KNOWN):
        key, where = dotted(location), document.where(location)
        lost.add(key)
        if where not in told:
            what = meaning_at(SiteConfig, location)
            numbers = {"key": key, "value": NOT_KNOWN, "what": what}
            findings.append(Finding("KEY_NOT_KNOWN", where, {**numbers}))
    value = found.value if findings == found.findings else None
    return replace(found, value=value, findings=by_line(findings), lost=frozenset(lost))


def examine_keyring(path: Path) -> Examined[Keyring]:
    """Read and judge a keyring."""
    document, faults = read_yaml(path)
    if document is None:
        return Examined(findings=faults)
    found = examined(document, faults, Keyring, own_file="the keyring")
    more = check_keyring(found, document)
    return replace(found, findings=by_line([*found.findings, *more]))


def load_protocol(path: Path) -> Protocol:
    """The protocol of a file. Raises ConfigError with every finding."""
    return _or_raise(examine_protocol(path))


def load_site_config(path: Path) -> SiteConfig:
    """The site's configuration. Raises ConfigError with every finding."""
    return _or_raise(examine_site(path))


def load_keyring(path: Path) -> Keyring:
    """The keyring of a file. Raises ConfigError with every finding."""
    return _or_raise(examine_keyring(path))


def load_lead(path: Path) -> Lead:
    """`compare.yaml` of the lead. Raises ConfigError with every finding."""
    document, faults = read_yaml(path)
    if document is None:
        raise ConfigError(faults)
    return _or_raise(examined(document, faults, Lead, own_file="compare.yaml"))


def read_frozen_protocol(path: Path) -> Protocol:
    """The protocol as intake froze it (`work/intake/protocol.json` or `pack.json`)."""
    return Protocol.model_validate_json(path.read_bytes())


def deep_merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` laid upon `base`; groups are merged, other values replaced.

    >>> deep_merge({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}})
    {'a': {'b': 3, 'c': 2}}
    """
    merged = dict(base)
    for key, value in over.items():
        mine = merged.get(key)
        both = isinstance(mine, Mapping) and isinstance(value, Mapping)
        merged[key] = deep_merge(mine, value) if both else value  # type: ignore[arg-type]
    return merged


def protocol_json(protocol: Protocol) -> bytes:
    """Canonical JSON of a protocol, every key written, defaults too."""
    return canonical_json(protocol.model_dump(mode="json"))


def protocol_sha256(protocol: Protocol) -> str:
    """The protocol's identity: sha256 of its canonical JSON.

    Comments, order of keys, formatting and defaults written out or not do not change it.
    """
    return sha256_bytes(protocol_json(protocol))


def section_digest(*protocols: Protocol, sections: tuple[str, ...]) -> str:
    """Sixteen hexadecimal digits over some top-level sections of one or more protocols.

    Rules carry it as a parameter, so that a change of another section re-runs nothing.
    Raises AttributeError for a section that does not exist.
    """
    chosen = [
        {name: _plain(getattr(protocol, name)) for name in sections} for protocol in protocols
    ]
    return sha256_json(chosen)[:16]


def _plain(section: Any) -> Any:
    if isinstance(section, BaseModel):
        return section.model_dump(mode="json")
    return [_plain(item) for item in section]


def _or_raise(found: Examined[Model]) -> Model:
    if found.value is None or any(f.severity == "refuse" for f in found.findings):
        raise ConfigError(found.findings)
    return found.value
