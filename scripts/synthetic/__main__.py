"""`python scripts/synthetic demo|nano DIR`: write made hospitals and stop there."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "src")]

from synthetic.hospitals import DEMO, write_consortium  # noqa: E402 - found by the line above
from synthetic.nano import write_nano  # noqa: E402


def main() -> int:
    """Write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("demo", "nano"))
    parser.add_argument("directory", type=Path)
    arguments = parser.parse_args()
    if arguments.what == "demo":
        write_consortium(arguments.directory, DEMO)
    else:
        print(write_nano(arguments.directory))
    return 0


if __name__ == "__main__":
    sys.exit(main())
