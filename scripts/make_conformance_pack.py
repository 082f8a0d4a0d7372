"""Make `resources/conformance` again: the same bytes each time.

python scripts/make_conformance_pack.py [--directory DIR]
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT / "src"))

from synthetic.pack import write_pack  # noqa: E402 - the package is found by the line above


def main() -> int:
    """Write the pack beside its final place, then put it there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--directory", type=Path, default=CHECKOUT / "resources" / "conformance"
    )
    target: Path = parser.parse_args().directory
    fresh = target.with_name(target.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    digest = write_pack(fresh)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    size = sum(p.stat().st_size for p in target.rglob("*") if p.is_file())
    print(f"{target}: {size / 1000:.0f} kB, digest {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
