"""What a command of the image is shown: its folder, files named, what is beside a protocol."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from software.home import Home
from software.launchers import write_launchers

FRONT = '#!/bin/bash\necho "$EQUISITE_BINDS_RW|$EQUISITE_BINDS"\n'


@pytest.mark.parametrize(
    "protocol", [["--protocol", "p/protocol.yaml"], ["--protocol=p/protocol.yaml"]]
)
def test_beside_a_protocol_lie_the_files_that_it_names(
    tmp_path: Path, protocol: list[str]
) -> None:
    home = Home(tmp_path / "home")
    home.front.parent.mkdir(parents=True)
    home.front.write_text(FRONT)
    home.front.chmod(0o755)
    write_launchers(home)
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "protocol.yaml").touch()
    (tmp_path / "a b.bundle").touch()
    shown = subprocess.run(
        [str(home.bin / "equisite"), "verify", *protocol, "a b.bundle", "none.bundle"],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert shown == f"|:{tmp_path}/p:{tmp_path}/a b.bundle\n"
