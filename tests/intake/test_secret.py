"""The site's key: made once, whole, for its owner only."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from equisite.core.errors import ConfigError
from equisite.intake.secret import site_key


def test_made_once_for_the_owner(tmp_path: Path) -> None:
    path = tmp_path / "private" / "site.key"
    key = site_key(path)
    assert len(key) == 32
    assert site_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["site.key"]


def test_processes_that_start_together_get_one_key(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from equisite.intake.secret import site_key;"
        "sys.stdin.read(); print(site_key(Path(sys.argv[1])).hex())"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "p" / "site.key")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    assert len({process.communicate()[0] for process in started}) == 1


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "site.key"
    site_key(path)
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="SITE_KEY_OPEN"):
        site_key(path)


def test_a_cut_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "site.key"
    path.write_bytes(b"short")
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="SITE_KEY_BROKEN"):
        site_key(path)
