"""`python -m equisite.cli`: the same as the command `equisite`."""

import sys

from equisite.cli.main import main

sys.exit(main())
