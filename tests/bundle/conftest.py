"""The made cohort lies beside the tests of release."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "release"))
