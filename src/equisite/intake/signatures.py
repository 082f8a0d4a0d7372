"""The site's table of mutational signatures: the one that the protocol names, or none."""

from __future__ import annotations

from pathlib import Path

from equisite.core.canonical import sha256_file
from equisite.core.errors import Finding
from equisite.intake.places import Place, Places
from equisite.protocol.models import Protocol
from equisite.protocol.salvage import Examined
from equisite.protocol.site import SiteConfig
from equisite.protocol.yaml_text import Document

COPY = "signatures.txt"
"""Name of the copy below `work/intake/files`."""


def check_signatures(
    config: SiteConfig, protocol: Examined[Protocol], document: Document, places: Places
) -> tuple[Place | None, list[Finding]]:
    """The file, when protocol and site both have one; what is wrong with it, or missing.

    Of a protocol that is not sound as a whole, the named table counts when it is.
    """
    known = protocol.part is not None and protocol.knows("genomics.tumour.signatures")
    table = protocol.part.genomics.tumour.signatures if protocol.part and known else None
    where = document.where(("signature_file",))
    if config.signature_file is None:
        if table is None:
            return None, []
        missing = Finding("SIGNATURE_FILE_MISSING", document.name, {"version": table.version})
        return None, [missing]
    place = places.file(config.signature_file, where)
    if isinstance(place, Finding):
        return None, [place]
    if table is None:
        return None, [Finding("SIGNATURE_FILE_NOT_USED", where)] if known else []
    if sha256_file(Path(place.path)) != table.sha256:
        return None, [Finding("SIGNATURE_FILE_OTHER", where, {"version": table.version})]
    return place, []
