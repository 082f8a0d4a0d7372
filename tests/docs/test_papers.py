"""Generated documents are those that their sources make."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from equisite.cli.papers import CHECKOUT, codes_page, filled, outdated, papers
from equisite.core.codes import registry

ROOT = Path(__file__).parents[2]


def test_all_papers_are_up_to_date() -> None:
    assert [f.sentence for f in outdated(CHECKOUT)] == []


def test_an_edited_paper_is_told(tmp_path: Path) -> None:
    for path in papers(CHECKOUT):
        target = tmp_path / path.relative_to(CHECKOUT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    assert outdated(tmp_path) == []
    page = tmp_path / "config" / "README.md"
    page.write_text(page.read_text().replace("| `site` |", "| `sight` |"))
    (tmp_path / "workflow" / "schemas" / "imaging.schema.json").unlink()
    assert {f.code for f in outdated(tmp_path)} == {"PAPER_OUTDATED"}
    assert {f.numbers["path"] for f in outdated(tmp_path)} == {
        "config/README.md",
        "workflow/schemas/imaging.schema.json",
    }


def test_text_by_hand_stays() -> None:
    text = "a\n<!-- generated: x -->\nold\n<!-- end -->\nb\n"
    assert filled(text, {"x": lambda: "new\n"}) == text.replace("old", "new")
    with pytest.raises(KeyError):
        filled(text, {})


def test_every_code_is_on_the_page_with_its_mend() -> None:
    page = codes_page()
    for code in registry().values():
        assert f"| `{code.code}` | {code.severity} |" in page
        assert code.sentence.endswith((".", "{guess}", "{hint}")), code.code
        assert code.mend, code.code
    assert "{{" not in page


def test_schemas_forbid_unknown_keys() -> None:
    for name in ("protocol", "config", "keyring", "compare"):
        schema = json.loads((ROOT / "workflow" / "schemas" / f"{name}.schema.json").read_text())
        assert schema["additionalProperties"] is False
        assert schema["properties"]


def test_links_between_pages_lead_somewhere() -> None:
    folders = (ROOT / "docs", ROOT / "config")
    pages = [*ROOT.glob("*.md"), *(page for f in folders for page in f.rglob("*.md"))]
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert dead == []
