"""Mistakes of one site are told together: each of them, and nothing that is not there.

Two cases of `cases/` are independent when their changes can be made in any order, and
neither makes the file unreadable in which the other lies. What is told of both must be what
is told of each alone.
"""

from __future__ import annotations

import importlib.util
import random
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from itertools import combinations, islice
from pathlib import Path

import pytest

from equisite.core.errors import ConfigError, Finding
from equisite.intake.check import check_site

if "broken" not in sys.modules:
    _spec = importlib.util.spec_from_file_location(
        "broken", Path(__file__).with_name("broken.py")
    )
    assert _spec is not None and _spec.loader is not None
    sys.modules["broken"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["broken"])
broken = sys.modules["broken"]

CASES = {path.stem: broken.read_case(path) for path in broken.CASES}
SHEETS = ("patients.tsv", "sequencing.tsv", "imaging.tsv")
Told = frozenset[tuple[str, str, str]]
SHUTS = {
    "CONFIG_MISSING", "CONFIG_UNREADABLE", "YAML_SYNTAX", "PROTOCOL_MISSING",
    "SHEET_MISSING", "SHEET_UNREADABLE", "SHEET_NOT_UTF8", "SHEET_NOT_TEXT", "SHEET_EMPTY",
    "SHEET_SEPARATOR", "SHEET_NO_ROWS", "SHEET_OF_OTHER_KIND", "HEADER_MISSING",
}  # fmt: skip
"""Codes after which nothing more can be known of a file, nor of what depends on it."""

DEPENDENT = {
    # The second column of that name was another one before.
    "column_twice": (
        "age_missing", "many_at_once", "nobody_included", "words_for_nothing",
    ),
    # The line has one cell more, and one less.
    "column_unnamed": ("row_ragged",),
    # The header names the place.
    "column_case": ("cell_quoted", "cell_spaces"),
    # The row names another file than the one that is gone.
    "mask_missing": (
        "file_is_folder", "file_unreadable", "folder_missing", "mask_of_two_patients",
        "pacs_needed",
    ),
    "link_to_nowhere": (
        "file_is_folder", "file_unreadable", "folder_missing", "mask_of_two_patients",
        "pacs_needed",
    ),
    "file_is_device": (
        "bam_as_fastq", "fastq_2_alone", "fastq_in_two_samples", "path_is_url",
        "start_missing",
    ),
    # Nobody judges what stands below a key that nobody knows.
    "key_almost": ("date_of_no_calendar", "freeze_names_patient"),
    "path_empty": ("signature_file_other",),
    # There is no sample of that name any more.
    "freeze_names_patient": ("sample_of_two_patients", "sample_starts_differ"),
    "path_of_other_system": ("file_case", "file_empty", "file_missing"),
    "many_at_once": ("mask_of_two_patients", "yaml_duplicate_key"),
    "series_of_two_patients": ("series_empty",),
    "pacs_and_root": ("pacs_needed", "uid_without_root"),
    "r1_is_r2": ("r1_is_r2_by_link",),
    # Both change which kinds of file one row has.
    "fastq_2_alone": ("start_two_kinds",),
    "bam_as_fastq": ("file_case", "file_empty", "file_missing"),
    "start_missing": ("file_case", "file_empty", "file_missing"),
    # The protocol takes more modalities or regions, or names none.
    "series_modalities": ("feature_of_other_modality", "modality_without_settings"),
    "label_without_roi": ("feature_of_unknown_roi",),
    "gene_models_needed": ("pinned_differs", "pinned_missing"),
    "panel_empty": ("gene_not_in_panel",),
    # The filters of the protocol change, and with them which one is unknown.
    "filter_unknown": ("filter_needs_spacing", "filter_of_other_mode", "filter_twice"),
    # Nothing is known of a reference that is not named yet.
    "key_not_known": (
        "reference_checksum", "reference_contig_missing", "reference_length",
        "reference_missing",
    ),
    # The value that is too small is the one that cannot be read, or changes its measure.
    "key_unknown": ("looser_than_protocol", "minimum_too_small"),
    "ruleset_for_patients": ("looser_than_protocol",),
    # Nobody knows which of two values is meant.
    "yaml_duplicate_key": ("site_not_in_keyring",),
    # There is no reference any more whose dictionary could differ.
    "reference_missing": (
        "reference_checksum", "reference_contig_missing", "reference_length",
    ),
    "reference_needed": (
        "reference_checksum", "reference_contig_missing", "reference_length",
        "reference_missing",
    ),
}  # fmt: skip
"""Pairs of which one takes the other away, and why."""
PARTS = 8
"""Of the long form."""
OF_FILES = ("FILE_", "FOLDER_", "SAME_FILE_TWICE", "PATH_IS_URL", "REFERENCE_NEEDED")
"""Codes of what is looked at for patients who take part."""


def dependent(one: str, other: str, alone: dict[str, Told]) -> bool:
    """Whether the first case takes away what the second is about."""
    if other in DEPENDENT.get(one, ()):
        return True
    if one == "nobody_included" and any(c.startswith(OF_FILES) for c, _, _ in alone[other]):
        return True
    anew = [c["file"] for c in CASES[one].change if c.get("do") == "write"]
    places = [where for _, where, _ in alone[other]]
    return any(where.startswith(f) for f in anew if f in SHEETS for where in places)


def told(site: Path) -> Told:
    """What is told of a site: code, place and sentence, without numbers of lines."""
    try:
        check_site(site)
    except ConfigError as error:
        return frozenset(map(_about, error.findings))
    return frozenset()


def _about(finding: Finding) -> tuple[str, str, str]:
    words = [re.sub(r"line \d+", "line", t) for t in (finding.where, finding.sentence)]
    return finding.code, words[0], words[1]


def content(site: Path) -> dict[str, bytes | str]:
    return {
        str(p.relative_to(site)): str(p.readlink()) if p.is_symlink() else p.read_bytes()
        for p in sorted(site.rglob("*"))
        if p.is_file() or p.is_symlink()
    }


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = broken.tiny_site(tmp_path_factory.mktemp("sound"))
    return folder


@pytest.fixture(scope="module")
def alone(sound: Path) -> dict[str, Told]:
    """What each case gives by itself."""
    return {name: told(made(sound, [name])) for name in CASES}


def made(sound: Path, names: Sequence[str]) -> Path:
    """The site with the changes of several cases, in this order; always at one place."""
    site = sound.with_name("site")
    shutil.rmtree(site, ignore_errors=True)
    shutil.copytree(sound, site, symlinks=True)
    for name in names:
        for change in CASES[name].change:
            broken.apply(site, change)
    return site


def independent(sound: Path, alone: dict[str, Told], names: Sequence[str]) -> bool:
    """Whether the changes can be made in either order and none takes away another."""
    one, other = names
    if dependent(one, other, alone) or dependent(other, one, alone):
        return False
    results = []
    for order in (names, names[::-1]):
        try:
            results.append(content(made(sound, order)))
        except (AssertionError, OSError, UnicodeError):
            return False
    return results[0] == results[1]


def check(sound: Path, alone: dict[str, Told], names: Sequence[str]) -> None:
    site = made(sound, names)
    found = told(site)
    wanted = frozenset().union(*(alone[name] for name in names))
    shut = [about for about in wanted if about[0] in SHUTS]
    if shut:
        # One of two that are shut may be what names the other.
        assert found.intersection(shut), (names, "missing", shut)
        assert found <= wanted, (names, "false", found - wanted)
        return
    assert found == wanted, (names, "missing", wanted - found, "false", found - wanted)


def groups(size: int, count: int) -> Iterator[tuple[str, ...]]:
    usable = [n for n in CASES if not any(c.get("do") == "forbid" for c in CASES[n].change)]
    if not count:
        return combinations(usable, size)
    rng = random.Random(11)
    return (tuple(rng.sample(usable, size)) for _ in range(count))


@pytest.mark.parametrize(("size", "count"), [(2, 50), (3, 25)])
def test_some_mistakes_together(
    sound: Path, alone: dict[str, Told], size: int, count: int
) -> None:
    tried = 0
    for names in groups(size, count):
        if all(independent(sound, alone, pair) for pair in combinations(names, 2)):
            check(sound, alone, names)
            tried += 1
    assert tried > count / 3


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_all_pairs_of_mistakes(sound: Path, alone: dict[str, Told], part: int) -> None:
    """In parts of some minutes: a part can be run again alone."""
    wrong = []
    for names in islice(groups(2, 0), part, None, PARTS):
        if independent(sound, alone, names):
            try:
                check(sound, alone, names)
            except AssertionError as error:
                wrong.append(str(error).splitlines()[0])
    assert not wrong, f"{len(wrong)} pairs\n" + "\n".join(wrong[:400])
