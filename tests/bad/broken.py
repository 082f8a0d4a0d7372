"""A case of `cases/`: what is changed in the tiny site, and what must then be said."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from equisite.codebook.book import resources_folder
from equisite.core.canonical import sha256_file
from equisite.intake.agreement import pack_folder
from equisite.protocol.pack import pack_digest

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


@dataclass(frozen=True)
class Case:
    """One mistake (or several). expected: the whole text, SITE stands for the folder."""

    what: str
    change: list[dict[str, Any]]
    expected: str
    code: str


def read_case(path: Path) -> Case:
    return Case(**yaml.safe_load(path.read_text(encoding="utf-8")))


def tiny_site(folder: Path) -> Path:
    """The sound site that every case starts from."""
    source = Path(__file__).parents[1] / "intake" / "tiny_site.py"
    spec = importlib.util.spec_from_file_location("tiny_site", source)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written: Path = module.write_site(folder)
    return written


def neutral(text: str, folder: Path) -> str:
    """A message without what differs from machine to machine or version to version."""
    for digest, name in (
        (sha256_file(resources_folder() / "codebook" / "constants.tsv"), "CONSTANTS"),
        (pack_digest(pack_folder()), "PACK"),
        (str(folder), "SITE"),
    ):
        text = text.replace(digest, name)
    return text


def apply(folder: Path, change: dict[str, Any]) -> None:
    """One change: old/new text in a file, or do: empty, delete, folder, text, bytes, ..."""
    path = folder / change["file"]
    match change.get("do", "replace"):
        case "replace":
            text = path.read_bytes().decode()
            assert change["old"] in text, f"{change['old']!r} is not in {path.name}"
            path.write_bytes(text.replace(change["old"], change["new"]).encode())
        case "drop":  # the line of a key
            lines = path.read_text().splitlines(keepends=True)
            path.write_text("".join(x for x in lines if f" {change['new']}:" not in x))
        case "set":  # the value of a digest, whatever it is now
            text = path.read_text()
            path.write_text(re.sub(rf"({change['key']}: )\w+", rf"\g<1>{change['new']}", text))
        case "append":
            with path.open("ab") as stream:
                stream.write(change["new"].encode())
        case "encode":
            path.write_bytes(path.read_text().encode(change["as"]))
        case "write":
            path.write_bytes(change["new"].encode())
        case "empty":
            path.write_bytes(b"")
        case "delete":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        case "rename":
            path.rename(folder / change["to"])
        case "folder":
            path.unlink(missing_ok=True)
            path.mkdir()
        case "link":
            path.unlink(missing_ok=True)
            path.symlink_to(os.path.relpath(folder / change["to"], path.parent))
        case "forbid":
            path.chmod(0)
        case other:
            raise ValueError(other)
