"""Whether a prepared bundle is still what this site would prepare, and may let out, now.

The bundle is made again from the cohort and compared byte by byte: an edited bundle, a
changed cohort, protocol, configuration or ledger cannot pass. Two files may be newer than
the last run and are looked at themselves: a patient who withdrew in the patients sheet,
and minimums that `config.yaml` raised.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from equisite.bundle.codec import Bundle
from equisite.bundle.ruleset import rules_of
from equisite.core.canonical import sha256_bytes
from equisite.core.errors import ReleaseRefusal
from equisite.core.tables import read_table
from equisite.intake.patients import included
from equisite.intake.rows import read_patients
from equisite.protocol.load import examine_site, read_frozen_protocol
from equisite.protocol.site import Tighten
from equisite.release.ledger import Ledger
from equisite.release.prepare import COHORT, PROTOCOL, SCORES, SITE, SUMMARY, Prepared, prepare

CONFIG = "config.yaml"


def check_fresh(folder: Path, content: bytes, bundle: Bundle, ledger: Ledger) -> Prepared:
    """The bundle as it would be prepared now, the same bytes.

    Raises ReleaseRefusal R_STALE, saying what changed, or as `prepare`.
    """
    summary = json.loads((folder / SUMMARY).read_bytes())
    inputs = {
        "the bundle": (summary["bundle_sha256"], sha256_bytes(content)),
        "the cohort": (summary["cohort_sha256"], _digest(folder / COHORT)),
        "the conformance scores": (summary["scores_sha256"], _digest(folder / SCORES)),
        "the protocol": (summary["protocol_sha256"], _digest(folder / PROTOCOL)),
        "the number of the last release": (bundle.about.release_no, ledger.last_release_no + 1),
    }
    changed = [what for what, (then, now) in inputs.items() if then != now]
    settings = json.loads((folder / SITE).read_bytes())
    if _somebody_left(folder, settings):
        changed.append(
            "the patients sheet, in which somebody of the cohort is no longer included"
        )
    if _tightened(folder, settings):
        changed.append("minimums in config.yaml, which are stricter now")
    if changed:
        raise ReleaseRefusal("R_STALE", what=changed[0])
    prepared = prepare(folder, bundle.about.image_digest)
    if prepared.content != content:
        what = "the site's configuration, its approvals, the software or the bundle itself"
        raise ReleaseRefusal("R_STALE", what=what)
    return prepared


def _digest(path: Path) -> str:
    return sha256_bytes(path.read_bytes()) if path.is_file() else ""


def _somebody_left(folder: Path, settings: dict[str, Any]) -> bool:
    """Whether a patient of the cohort is withdrawn, or gone, in the sheet as it is now.

    A sheet outside the site folder may not be visible here; the next run reads it.
    """
    path = folder / settings["sheets"]["patients"]
    if not path.is_file():
        return False
    sheet, _ = read_patients(path, path.name)
    staying = included(sheet) if sheet is not None else {}
    return any(row["patient"] not in staying for row in read_table(folder / COHORT)[1])


def _tightened(folder: Path, settings: dict[str, Any]) -> bool:
    """Whether `config.yaml` demands more than the configuration of the last run."""
    config = examine_site(folder / CONFIG).value
    if config is None:
        return False
    protocol = read_frozen_protocol(folder / PROTOCOL)
    now = rules_of(protocol, config.tighten)
    then = rules_of(protocol, Tighten.model_validate(settings["tighten"]))
    return now.k > then.k or now.minimum_n > then.minimum_n
