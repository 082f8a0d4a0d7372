"""`equisite papers write | check`: documents that are made from models and registries."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from equisite.core.errors import ConfigError, Finding

CHECKOUT = Path(__file__).parents[3]
_BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verbs of this noun."""
    write = verbs.add_parser("write", help="write them all again")
    write.set_defaults(call=_write)
    check = verbs.add_parser("check", help="name those that are out of date; exit 2 if any")
    check.set_defaults(call=_check)


def _write(args: argparse.Namespace) -> int:
    from equisite.core.atomic import write_if_changed

    for path, text in papers(CHECKOUT).items():
        if write_if_changed(path, text.encode()):
            print(path.relative_to(CHECKOUT))
    return 0


def _check(args: argparse.Namespace) -> int:
    findings = outdated(CHECKOUT)
    if findings:
        raise ConfigError(findings)
    print("All papers are up to date.")
    return 0


def outdated(checkout: Path) -> list[Finding]:
    """A finding for each paper that differs from what its source says."""
    return [
        Finding("PAPER_OUTDATED", "", {"path": path.relative_to(checkout).as_posix()})
        for path, text in papers(checkout).items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]


def papers(checkout: Path) -> dict[Path, str]:
    """Every generated document and what it should hold."""
    found = {
        checkout / "workflow" / "schemas" / f"{name}.schema.json": text
        for name, text in _schemas()
    }
    found[checkout / "docs" / "site" / "codes.md"] = codes_page()
    readme = checkout / "config" / "README.md"
    found[readme] = filled(readme.read_text(encoding="utf-8"), _tables())
    example = checkout / "config" / "protocol.yaml"
    found[example] = pinned(example.read_text(encoding="utf-8"))
    return found


def _schemas() -> Iterator[tuple[str, str]]:
    from pydantic import BaseModel

    from equisite.protocol.approval import Approval
    from equisite.protocol.keyring import Keyring, Lead
    from equisite.protocol.models import Protocol
    from equisite.protocol.site import ImagingRow, PatientRow, SequencingRow, SiteConfig

    models: dict[str, type[BaseModel]] = {
        "protocol": Protocol,
        "config": SiteConfig,
        "keyring": Keyring,
        "compare": Lead,
        "approval": Approval,
        "patients": PatientRow,
        "sequencing": SequencingRow,
        "imaging": ImagingRow,
    }
    for name, model in models.items():
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **model.model_json_schema(),
        }
        yield name, json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _tables() -> Mapping[str, Callable[[], str]]:
    from equisite.intake.rows import clinical_columns
    from equisite.protocol.approval import Approval
    from equisite.protocol.describe import rows_of, table
    from equisite.protocol.keyring import Keyring, Lead
    from equisite.protocol.models import Protocol
    from equisite.protocol.site import ImagingRow, PatientRow, SequencingRow, SiteConfig

    def clinical() -> str:
        lines = ["| column | what may stand here | meaning |", "|---|---|---|"]
        for variable in clinical_columns().values():
            kind = ", ".join(f"`{code}`" for code in variable.codes) or variable.type
            unit = f" ({variable.unit})" if variable.unit else ""
            lines.append(f"| `{variable.id}` | {kind}{unit} | {variable.definition} |")
        return "\n".join(lines) + "\n"

    return {
        "config": lambda: table(rows_of(SiteConfig), "key"),
        "patients": lambda: table(rows_of(PatientRow), "column"),
        "clinical": clinical,
        "sequencing": lambda: table(rows_of(SequencingRow), "column"),
        "imaging": lambda: table(rows_of(ImagingRow), "column"),
        "protocol": lambda: table(rows_of(Protocol), "key"),
        "keyring": lambda: table(rows_of(Keyring), "key"),
        "compare": lambda: table(rows_of(Lead), "key"),
        "approval": lambda: table(rows_of(Approval), "key"),
    }


def filled(text: str, tables: Mapping[str, Callable[[], str]]) -> str:
    """A page with its generated blocks replaced; KeyError for a block of unknown name."""
    return _BLOCK.sub(lambda found: found[1] + tables[found[2]]() + found[3], text)


def codes_page() -> str:
    """All codes with sentence and mend, by room."""
    from equisite.core.codes import registry

    words = {
        "refuse": "the run, the patient or the item is refused",
        "warn": "goes on, look at it",
        "info": "nothing to do",
    }
    lines = [
        "# Codes: what they say and how to mend it",
        "",
        "Made by `equisite papers write` from `src/equisite/core/codes/`. Words in braces are",
        "filled with what was found.",
        "",
        *(f"- **{name}**: {meaning}" for name, meaning in words.items()),
    ]
    room = ""
    for code in sorted(registry().values(), key=lambda c: (c.room, c.code)):
        if code.room != room:
            room = code.room
            lines += ["", f"## {room}", "| code | | what it says | mend |", "|---|---|---|---|"]
        cells = (f"`{code.code}`", code.severity, code.sentence, code.mend)
        texts = (c.replace("{{", "{").replace("}}", "}").replace("|", "\\|") for c in cells)
        lines.append("| " + " | ".join(texts) + " |")
    return "\n".join(lines) + "\n"


def pinned(protocol: str) -> str:
    """The example protocol with the digests of the pack and codebook that ship with it."""
    from equisite.codebook.book import codebook
    from equisite.intake.agreement import pack_folder
    from equisite.protocol.pack import pack_digest

    pack = json.loads((pack_folder() / "pack.json").read_text(encoding="utf-8"))
    book = codebook()
    digest = r"[0-9a-z]+"
    changes = [
        (rf"(pack_sha256: ){digest}", pack_digest(pack_folder())),
        (rf"(constants_sha256: ){digest}", book.constants_sha256),
        (r"(codebook:\n  version: )\S+", book.version),
        (r"(assembly: )\S+", pack["reference"]["assembly"]),
        (r"(\n  panel: )\[.*?\]", f"[{', '.join(pack['genomics']['panel'])}]"),
    ]
    changes += [
        (rf"(\n  {name}: .*?sha256: ){digest}", pack["genomics"][name]["sha256"])
        for name in ("gene_models", "territory")
    ]
    for old, new in changes:
        if len(re.findall(old, protocol)) != 1:
            raise ValueError(f"the example protocol has not exactly one place for {old}")
        protocol = re.sub(old, rf"\g<1>{new}", protocol)
    contigs = "".join(
        f"    - {{name: {c['name']}, length: {c['length']}, md5: {c['md5']}}}\n"
        for c in pack["reference"]["contigs"]
    )
    return re.sub(r"(?:    - \{name: \w+, length: .*\}\n)+", contigs, protocol)
