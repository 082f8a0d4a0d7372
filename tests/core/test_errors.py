"""Errors say what, where and how to mend it."""

from __future__ import annotations

import pytest

from equisite.core.canonical import canonical_json, keyed_token
from equisite.core.codes import registry
from equisite.core.errors import ConfigError, Finding, InputError
from equisite.core.outcomes import DONE, FLAGGED, REFUSED, done, from_error, judged


def test_an_error_names_code_place_problem_and_mend():
    text = str(InputError("TABLE_UNREADABLE", "a.tsv line 3", problem="1 cell"))
    assert text.startswith("TABLE_UNREADABLE a.tsv line 3: The table cannot be read: 1 cell.")
    assert "\n        Mend: " in text


def test_all_problems_come_together():
    findings = [Finding("TABLE_UNREADABLE", f"line {n}", {"problem": "x"}) for n in (2, 9)]
    text = ConfigError(findings).render()
    assert "line 2" in text
    assert "line 9" in text
    assert text.endswith("2 problems in all. Nothing was run.")


def test_an_unregistered_code_cannot_be_raised():
    with pytest.raises(KeyError):
        Finding("NO_SUCH_CODE")


def test_every_code_has_a_sentence_and_a_mend():
    for code in registry().values():
        assert code.sentence.strip().endswith((".", "}")), code.code
        assert code.mend.strip(), code.code


def test_outcomes_follow_the_severity():
    assert done("p", "imaging", "s").outcome == DONE
    error = InputError("TABLE_UNREADABLE", problem="x")
    assert [o.outcome for o in from_error("p", "core", "", error)] == [REFUSED]
    warning = next((c for c in registry().values() if c.severity == "warn"), None)
    if warning is not None and "{" not in warning.sentence + warning.mend:
        assert judged("p", "core", "", Finding(warning.code)).outcome == FLAGGED


def test_tokens_depend_on_key_and_on_the_border_between_parts():
    assert keyed_token(b"k", "ab", "c") != keyed_token(b"k", "a", "bc")
    assert keyed_token(b"k", "a") != keyed_token(b"l", "a")


def test_canonical_json_has_one_form():
    assert canonical_json({"b": 1.5, "a": None}) == b'{"a":null,"b":1.5}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json(float("nan"))
