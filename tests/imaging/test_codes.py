"""Every registered code can be raised and is tested; none is raised that is not registered."""

from __future__ import annotations

import re
from pathlib import Path

import equisite.imaging
from equisite.core.codes import registry

HERE = Path(__file__).parent
SOURCE = "\n".join(
    p.read_text(encoding="utf-8")
    for p in sorted(Path(equisite.imaging.__path__[0]).rglob("*.py"))
)
TESTS = "\n".join(
    p.read_text(encoding="utf-8")
    for p in sorted(HERE.glob("test_*.py"))
    if p.name != Path(__file__).name
)
CODES = {c.code: c for c in registry().values() if c.room == "imaging"}


def test_each_code_is_in_the_source_and_in_a_test() -> None:
    assert [c for c in CODES if f'"{c}"' not in SOURCE] == []
    assert [c for c in CODES if c not in TESTS] == []


def test_no_code_is_raised_that_is_not_registered() -> None:
    raised = re.findall(
        r'(?:finding|InputError|name|mixed|count|_named)\(\s*"([A-Z][A-Z0-9_]{3,})"', SOURCE
    )
    assert len(raised) > 50
    assert {c for c in raised if c not in registry()} == set()


def test_sentences_are_sentences() -> None:
    for code in CODES.values():
        assert code.sentence.endswith("."), code.code
        assert code.mend.endswith("."), code.code
        assert len(code.sentence) < 200, code.code
