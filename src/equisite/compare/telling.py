"""What `equisite compare` says when the run has ended, and with which exit code."""

from __future__ import annotations

import json
import sys

from equisite.compare import lead as places
from equisite.compare.admission import ADMITTED, REFUSED, AdmittedRow
from equisite.compare.lead import LeadFolder
from equisite.core.errors import BundleError, Finding
from equisite.core.tables import read_rows

_SHOWN = 5


def tell(lead: LeadFolder, code: int) -> int:
    """Write refused bundles and the verdict to standard output; returns the exit code.

    code: that of the run. Raises BundleError NOTHING_ADMITTED (exit code 4) when the run
    ended because no bundle was admitted; any other failure keeps its code.
    """
    table = lead.report / places.ADMITTED
    rows = read_rows(table, AdmittedRow) if table.is_file() else []
    for row in rows:
        if row.verdict == REFUSED:
            name = row.title or "unknown sender"
            line = f"refused {row.bundle_sha256[:16]} ({name}): {row.code} {row.sentence}"
            sys.stdout.write(line + "\n")
    if names := places.not_read(lead.inbox):
        listed = ", ".join(names[:_SHOWN]) + ", ..." * (len(names) > _SHOWN)
        finding = Finding("INBOX_NOT_READ", "", {"count": len(names), "names": listed})
        sys.stdout.write(finding.render() + "\n")
    if code and rows and not any(row.verdict == ADMITTED for row in rows):
        raise BundleError("NOTHING_ADMITTED", bundles=sum(bool(r.bundle_sha256) for r in rows))
    if code:
        return code
    about = json.loads((lead.report / places.SUMMARY).read_bytes())
    for line in (about["coverage"], about["headline"], about["honesty"]):
        if line:
            sys.stdout.write(line + "\n")
    sys.stdout.write(f"Report: {lead.report / places.PAGE}\n")
    return 0
