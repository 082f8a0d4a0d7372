"""The made rooms lie beside the tests; the made protocol beside those of release."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "release")]
