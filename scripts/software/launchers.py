"""The commands in `.software/bin`: short shell files that start the runner or the image."""

from __future__ import annotations

import shlex

from .fronts import write_script
from .home import Home

SNAKEMAKE = """#!/bin/bash
# Written by scripts/run.py install. Snakemake of the locked runner.
# A user id without a name, as in some containers, gets one: Snakemake writes it in its log.
export USER="${{USER:-$(id -un 2>/dev/null || echo equisite)}}"
export PYTHONPATH={source} PATH={bin}:$PATH EQUISITE_HOME={home}
exec {runner}/bin/snakemake "$@"
"""
EQUISITE = """#!/bin/bash
# Written by scripts/run.py install. What reads sheets or starts Snakemake runs in the runner.
export EQUISITE_HOME={home} USER="${{USER:-$(id -un 2>/dev/null || echo equisite)}}"
if [[ ${{1:-}} =~ ^(init|check|fetch|run|protocol|papers)$ ||
  "${{1:-}} ${{2:---}}" == "compare -"* ]]; then
  export PYTHONPATH={source} PATH={bin}:$PATH
  exec {runner}/bin/python -m equisite.cli "$@"
fi
# The image sees what is named: the folder to work in, and other files read-only; of a
# protocol also what lies beside it, for it names files there.
before=
for word in "$@"; do
  path=${{word#*=}}
  if [[ $before == --directory || $word == --directory=* ]]; then
    EQUISITE_BINDS_RW+=":$(realpath -m -- "$path")"
  elif [[ -e $path && ( $before == --protocol || $word == --protocol=* ) ]]; then
    EQUISITE_BINDS+=":$(dirname -- "$(realpath -m -- "$path")")"
  elif [[ -e $path ]]; then
    EQUISITE_BINDS+=":$(realpath -m -- "$path")"
  fi
  before=$word
done
export EQUISITE_BINDS EQUISITE_BINDS_RW
exec {front} -c 'exec /usr/bin/equisite "$@"' equisite "$@"
"""


def write_launchers(home: Home) -> None:
    """Write `.software/bin/snakemake` and `.software/bin/equisite`."""
    places = {
        "home": home.root,
        "bin": home.bin,
        "runner": home.runner,
        "front": home.front,
        "source": home.checkout / "src",
    }
    words = {name: shlex.quote(str(path)) for name, path in places.items()}
    write_script(home.bin / "snakemake", SNAKEMAKE.format(**words))
    write_script(home.bin / "equisite", EQUISITE.format(**words))
