"""What tests on the public cohort need: its folder, and the tools of the image."""

from __future__ import annotations

import os
import shutil

import pytest

MARKS = (
    pytest.mark.data,
    pytest.mark.workflow,
    pytest.mark.skipif(
        "EQUISITE_DATA" not in os.environ, reason="EQUISITE_DATA names no folder"
    ),
    pytest.mark.skipif(
        any(shutil.which(t) is None for t in ("bwa", "samtools", "bcftools", "freebayes")),
        reason="the tools of the image are not on the PATH; `run.py test` has them",
    ),
)
