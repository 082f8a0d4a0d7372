"""Every name by which this site knows a patient, a sample or a file: what may not leave."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from equisite.bundle import format as form
from equisite.bundle.describe import COLUMNS
from equisite.bundle.keys import FIRST, LAST
from equisite.bundle.scan import WORD_LETTERS, words_of
from equisite.codebook.book import Codebook
from equisite.codebook.channels import CODES
from equisite.core.canonical import canonical_json
from equisite.core.errors import InputError
from equisite.core.tables import read_table
from equisite.intake.index import PACK_BATCH
from equisite.protocol.models import Protocol

_NAMES = ("patient", "sample", "token", "library", "lane", "reader", "roi_label")
_PATHS = ("fastq_1", "fastq_2", "reads", "calls", "series", "mask")
_UID = re.compile(r"[0-2](\.[0-9]+){3,}")


def site_identifiers(folder: Path) -> frozenset[str]:
    """Identifiers of a site folder: sheets as given (also the withdrawn), index, reports."""
    found: set[str] = set()
    owners: dict[str, set[str]] = defaultdict(set)
    for path in _tables(folder):
        for row in _rows(path):
            for column, cell in row.items():
                if not cell:
                    continue
                if column in _NAMES:
                    found.add(cell)
                elif column in _PATHS:
                    for part, whole in _parts(cell):
                        owners[part].add(row.get("patient", ""))
                        if whole:
                            found.add(part)
                elif _UID.fullmatch(cell):
                    found.add(cell)
    # A folder that belongs to one patient names him; one that many share names a place.
    found |= {part for part, patients in owners.items() if len(patients) == 1}
    return frozenset(name for name in found if len(name) >= WORD_LETTERS)


def _tables(folder: Path) -> Iterator[Path]:
    intake = folder / "work/intake"
    yield intake / "clinical.tsv"
    for kind in ("genomics", "imaging"):
        for path in sorted((intake / kind).glob("*.tsv")):
            if path.stem != str(PACK_BATCH):
                yield path
    for path in sorted((folder / "work/imaging").glob("*/series.tsv")):
        if path.parent.name != str(PACK_BATCH):
            yield path
    sheets = json.loads((intake / "site.json").read_bytes()).get("sheets", {})
    for name in sorted(str(sheet) for sheet in sheets.values() if sheet):
        yield folder / name


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        return read_table(path)[1] if path.is_file() else []
    except (InputError, UnicodeDecodeError):
        return []  # a sheet edited after the freeze; its index was read all the same


def _parts(path: str) -> Iterator[tuple[str, bool]]:
    """Names within a path, and whether each is of the file or series itself."""
    parts = PurePosixPath(path).parts
    for part in parts[:-1]:
        if part != "/":
            yield part, False
    if parts:
        yield parts[-1], True
        yield parts[-1].split(".")[0], True


def vocabulary(protocol: Protocol, book: Codebook, own: Iterable[str]) -> frozenset[str]:
    """Words that everybody knows: protocol, codebook, format, and the texts of `own`.

    Parts of a word count, as they do in the search. A patient who is called like one of
    them, or whose number is the year of the freeze, is not named by it.
    """
    texts = [canonical_json(protocol.model_dump(mode="json")).decode(), *own]
    for variable in book.variables:
        texts += [variable.id, variable.class_, *variable.codes]
    texts += book.constants
    for words in (
        form.FILES,
        form.KINDS,
        form.CLASSES,
        form.TABLE_STATUSES,
        form.TABLE_REASONS,
        form.CELL_STATUSES,
        form.CELL_MEASURES,
        form.CONFORMANCE_MEASURES,
        form.STAMPS.values(),
        (FIRST, *LAST),
        CODES,
        *COLUMNS.values(),
    ):
        texts += words
    return frozenset(
        word.decode() for text in texts for word in words_of(text.lower().encode())
    )
