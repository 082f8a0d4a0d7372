"""Protocol, site configuration, keyring and lead's configuration, read and judged whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from equisite.core.canonical import canonical_json, sha256_bytes, sha256_json
from equisite.core.errors import ConfigError, Finding
from equisite.protocol.checks import check_keyring, check_protocol
from equisite.protocol.explain import by_line, findings_of
from equisite.protocol.keyring import Keyring, Lead
from equisite.protocol.models import Protocol
from equisite.protocol.site import SiteConfig
from equisite.protocol.yaml_text import Document, read_yaml

Model = TypeVar("Model", bound=BaseModel)

_PROTOCOL, _SITE = "the protocol", "the site's config.yaml"


def examine_protocol(path: Path) -> tuple[Protocol | None, Document | None, list[Finding]]:
    """Read and judge a protocol; nothing is raised, all findings come together."""
    document, findings = read_yaml(path)
    if document is None:
        return None, None, findings
    protocol, findings = validated(document, Protocol, SiteConfig, _SITE, _PROTOCOL)
    if protocol is not None:
        findings = by_line(check_protocol(protocol, document, path.parent))
    return protocol, document, findings


def examine_site(
    path: Path, overrides: Mapping[str, Any] | None = None
) -> tuple[SiteConfig | None, Document | None, list[Finding]]:
    """Read and judge `config.yaml`; `overrides` are merged over it, key by key."""
    document, findings = read_yaml(path)
    if document is None:
        return None, None, findings
    if overrides:
        merged = deep_merge(document.content, overrides)
        document = Document(document.name, merged, document.lines)
    config, findings = validated(document, SiteConfig, Protocol, _PROTOCOL, _SITE)
    return config, document, findings


def examine_keyring(path: Path) -> tuple[Keyring | None, Document | None, list[Finding]]:
    """Read and judge a keyring."""
    document, findings = read_yaml(path)
    if document is None:
        return None, None, findings
    keyring, findings = validated(document, Keyring, None, "", "the keyring")
    if keyring is not None:
        findings = check_keyring(keyring, document)
    return keyring, document, findings


def load_protocol(path: Path) -> Protocol:
    """The protocol of a file. Raises ConfigError with every finding."""
    protocol, _, findings = examine_protocol(path)
    return _or_raise(protocol, findings)


def load_site_config(path: Path) -> SiteConfig:
    """The site's configuration. Raises ConfigError with every finding."""
    config, _, findings = examine_site(path)
    return _or_raise(config, findings)


def load_keyring(path: Path) -> Keyring:
    """The keyring of a file. Raises ConfigError with every finding."""
    keyring, _, findings = examine_keyring(path)
    return _or_raise(keyring, findings)


def load_lead(path: Path) -> Lead:
    """`compare.yaml` of the lead. Raises ConfigError with every finding."""
    document, findings = read_yaml(path)
    if document is None:
        raise ConfigError(findings)
    lead, findings = validated(document, Lead, None, "", "compare.yaml")
    return _or_raise(lead, findings)


def read_frozen_protocol(path: Path) -> Protocol:
    """The protocol as intake froze it (`work/intake/protocol.json` or `pack.json`)."""
    return Protocol.model_validate_json(path.read_bytes())


def validated(
    document: Document,
    model: type[Model],
    other: type[BaseModel] | None,
    other_file: str,
    own_file: str,
) -> tuple[Model | None, list[Finding]]:
    """A document as its model, or the findings that speak against it."""
    try:
        return model.model_validate(document.content), []
    except ValidationError as error:
        return None, findings_of(error, document, model, other, other_file, own_file)


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


def _or_raise(loaded: Model | None, findings: list[Finding]) -> Model:
    if loaded is None or any(f.severity == "refuse" for f in findings):
        raise ConfigError(findings)
    return loaded
