#!/usr/bin/env python3
"""Install and use the locked software of equisite: python3 alone, standard library only.

python3 scripts/run.py install [--with NAME]   make the software (.software, or EQUISITE_HOME)
python3 scripts/run.py exec CMD ...            run a command in the locked software
python3 scripts/run.py demo [--directory DIR]  three made hospitals and a lead
python3 scripts/run.py test [--only PATTERN]   everything that CI runs
python3 scripts/run.py kit DIR                 collect all files for machines without a network
python3 scripts/run.py image [--twice]         where the image is; make it twice and compare
python3 scripts/run.py fronts                  try every way to start a command in the image
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from software.verbs import main  # noqa: E402

if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
