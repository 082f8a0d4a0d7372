"""The codebook as loaded: look up variables, columns of instances and constants."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path

from pydantic import ValidationError

from equisite.codebook.aggregation import variables_of
from equisite.codebook.constants import COLUMNS, Constant, from_row
from equisite.codebook.constants import faults as constant_faults
from equisite.codebook.lint import faults as entry_faults
from equisite.codebook.model import Mode, Variable
from equisite.core.canonical import sha256_file, sha256_json
from equisite.core.errors import ConfigError, Finding, InputError
from equisite.core.tables import read_table

DOMAINS = ("clinical", "germline", "somatic", "imaging", "ibsi", "quality")
SEPARATOR = "__"
NAMED = ("signature", "channel")
"""Kinds of instances whose columns are `<id>__<name>`."""
MEASURED_ROI = "gtv"
"""Region in whose columns the limits of features are registered; other regions share them."""
ANY = "*"
"""In columns of `constants.tsv`: limits of responses to filters hold for every region, and
where grey levels have no unit for every modality."""
CORE_LISTS: dict[str, Mode] = {"core": "ibsi", "pyradiomics_core": "pyradiomics"}
"""Last part of the name of a core list, and the mode whose features it holds."""


def resources_folder() -> Path:
    """The product's `resources` folder: EQUISITE_RESOURCES, or that of this checkout.

    Raises ConfigError RESOURCES_MISSING when it has no codebook.
    """
    named = os.environ.get("EQUISITE_RESOURCES")
    folder = Path(named) if named else Path(__file__).parents[3] / "resources"
    if not (folder / "codebook").is_dir():
        raise ConfigError("RESOURCES_MISSING", folder=str(folder))
    return folder


@dataclass(frozen=True)
class Codebook:
    """All variables, in the order of the domain files, and the constants by column.

    responses: kind of response by modality (lower case) and name of a filter, which is the
    protocol's (`equisite.protocol.responses.book_of`); none in the codebook itself.
    """

    version: str
    variables: tuple[Variable, ...]
    constants: dict[str, Constant]
    constants_sha256: str
    responses: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @cached_property
    def _by_id(self) -> dict[str, Variable]:
        return {v.id: v for v in self.variables}

    @cached_property
    def sha256(self) -> str:
        """Digest of version and all entries, whatever their layout in the files."""
        entries = [v.model_dump(mode="json", by_alias=True) for v in self.variables]
        return sha256_json({"version": self.version, "variables": entries})

    @cached_property
    def features_sha256(self) -> str:
        """Digest of what a table of features depends on: ids and sources, in order.

        It is a parameter of the rule that extracts them, so that a new label elsewhere in
        the codebook re-runs nothing.
        """
        named = [[v.id, *v.source] for v in self.variables if v.instances == "modality_roi"]
        return sha256_json(named)

    def has(self, name: str) -> bool:
        """Whether `name` is the id of a variable."""
        return name in self._by_id

    def variable(self, name: str) -> Variable:
        """The variable of an id, or of a column of its instances.

        Columns are `<modality>__<roi>__<id>`, `<modality>__<roi>__<filter>__<id>` and
        `<id>__<signature or channel>`.
        Raises ConfigError UNKNOWN_VARIABLE.
        """
        found = self._found(name)
        if found is None:
            raise ConfigError("UNKNOWN_VARIABLE", name=name)
        return found

    def knows(self, name: str) -> bool:
        """Whether `name` is an id or a column of instances."""
        return self._found(name) is not None

    def _found(self, name: str) -> Variable | None:
        parts = name.split(SEPARATOR)
        if len(parts) == 1:
            return self._by_id.get(name)
        kinds = NAMED if len(parts) == 2 else ("modality_roi",) if len(parts) < 5 else ()
        found = self._by_id.get(parts[0] if kinds == NAMED else parts[-1])
        return found if found is not None and found.instances in kinds else None

    def features(self, mode: Mode | None = None) -> tuple[Variable, ...]:
        """All radiomic features, or those of one mode, in the order of the codebook."""
        return tuple(
            v
            for v in self.variables
            if v.class_ == "imaging"
            and v.instances == "modality_roi"
            and mode in (None, v.mode)
        )

    def instance_columns(self, modality: str, roi: str) -> tuple[str, ...]:
        """Columns of all features and quality numbers of one modality and region."""
        return tuple(
            column(modality, roi, v.id) for v in self.variables if v.instances == "modality_roi"
        )

    def core_features(self, modality: str, mode: Mode = "ibsi") -> tuple[str, ...]:
        """Ids of the core list of a modality (`CT`, `MR`, `PT`, any case)."""
        return tuple(v.id for v in self.features(mode) if modality.upper() in v.core)

    def columns_of(self, features: str | tuple[str, ...]) -> tuple[str, ...]:
        """Columns that a table of the protocol names: a list, or the core list of a region.

        The core list is `<modality>__<roi>__core`, or `..__pyradiomics_core` for features
        with the names and numbers of PyRadiomics.
        Raises ConfigError UNKNOWN_VARIABLE for a name that is no column of the codebook.
        """
        names = (features,) if isinstance(features, str) else features
        columns: list[str] = []
        for name in names:
            parts = name.split(SEPARATOR)
            if len(parts) == 3 and parts[2] in CORE_LISTS:
                core = self.core_features(parts[0], CORE_LISTS[parts[2]])
                if not core:
                    raise ConfigError("UNKNOWN_VARIABLE", name=name)
                columns += [column(parts[0], parts[1], feature) for feature in core]
            else:
                self.variable(name)
                columns.append(name)
        return tuple(columns)

    def constant(self, name: str) -> Constant:
        """Transform, clips, centre and edges of a column.

        Columns per signature and per channel share those of their variable, features of all
        regions those of `gtv`, features of responses those of their kind of filter.
        Raises ConfigError NO_CONSTANT when none is registered.
        """
        for registered in self._shared_limits(name):
            if registered in self.constants:
                return replace(self.constants[registered], column=name)
        raise ConfigError("NO_CONSTANT", column=name)

    def _shared_limits(self, name: str) -> Iterator[str]:
        """Columns of the table whose limits hold for a column, the nearest first."""
        yield name
        found, parts = self._found(name), name.split(SEPARATOR)
        if found is None or len(parts) == 1:
            return
        if found.instances in NAMED:
            yield found.id
        elif len(parts) == 3:
            yield column(parts[0], MEASURED_ROI, found.id)
        elif (kind := self.responses.get((parts[0], parts[2]))) is not None:
            yield response_column(parts[0], kind, found.id)
            yield response_column(ANY, kind, found.id)
            if found.constant is not None:  # set by hand, because its meaning fixes it
                yield column(parts[0], MEASURED_ROI, found.id)


def column(modality: str, roi: str, feature: str) -> str:
    """Name of a feature's column.

    >>> column("MR", "gtv", "shape_mesh_volume")
    'mr__gtv__shape_mesh_volume'
    """
    return SEPARATOR.join((modality.lower(), roi.lower(), feature))


def response_column(modality: str, kind: str, feature: str) -> str:
    """Name under which limits of a feature of responses of a kind are registered.

    >>> response_column("CT", "detail", "ibsi_stat_mean")
    'ct__*__detail__ibsi_stat_mean'
    """
    return SEPARATOR.join((modality.lower(), ANY, kind, feature))


def read_entries(folder: Path) -> tuple[list[tuple[str, Variable]], list[Finding]]:
    """Entries of the domain files that are there, with their domain, and all that is wrong."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    entries: list[tuple[str, Variable]] = []
    found: list[Finding] = []
    for domain in DOMAINS:
        path = folder / f"{domain}.yaml"
        if not path.is_file():
            continue
        try:
            content = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 (safe loader)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            problem = " ".join(str(error).split())
            found.append(Finding("CODEBOOK_UNREADABLE", path.name, {"problem": problem}))
            continue
        if not isinstance(content, list):
            problem = "the file is not a list of entries"
            found.append(Finding("CODEBOOK_UNREADABLE", path.name, {"problem": problem}))
            continue
        numbered = ((n, v) for n, e in enumerate(content, start=1) for v in variables_of(e))
        for number, entry in numbered:
            try:
                entries.append((domain, Variable.model_validate(entry)))
            except ValidationError as error:
                name = entry.get("id", "") if isinstance(entry, dict) else ""
                for fault in error.errors():
                    key = ".".join(str(part) for part in fault["loc"])
                    where = f"{path.name} entry {number} ({name}), key {key}"
                    found.append(Finding("CODEBOOK_FAULT", where, {"problem": fault["msg"]}))
    return entries, found


def read_constants(path: Path) -> tuple[dict[str, Constant], list[Finding]]:
    """Constants by column, empty where the file is absent, and what is wrong with them."""
    if not path.is_file():
        return {}, []
    try:
        columns, rows = read_table(path)
    except InputError as error:
        return {}, [
            Finding("CONSTANT_FAULT", path.name, {"problem": error.findings[0].sentence})
        ]
    if columns != list(COLUMNS):
        return {}, [Finding("CONSTANT_FAULT", path.name, {"problem": "other columns"})]
    constants = []
    found = []
    for number, row in enumerate(rows, start=2):
        try:
            constants.append(from_row(row))
        except ValueError:
            where = f"{path.name} line {number}"
            found.append(
                Finding("CONSTANT_FAULT", where, {"problem": "a cell is not a number"})
            )
    found += constant_faults(constants)
    return {c.column: c for c in constants}, found


def load_from(folder: Path) -> Codebook:
    """Read and check a codebook folder.

    Raises ConfigError with every fault of all files at once (CODEBOOK_UNREADABLE,
    CODEBOOK_FAULT, CONSTANT_FAULT).
    """
    entries, found = read_entries(folder)
    constants, constant_findings = read_constants(folder / "constants.tsv")
    version_file = folder / "version.txt"
    version = version_file.read_text(encoding="utf-8").strip() if version_file.is_file() else ""
    found += entry_faults(entries, version)
    found += constant_findings
    if found:
        raise ConfigError(found)
    table = folder / "constants.tsv"
    digest = sha256_file(table) if table.is_file() else ""
    return Codebook(version, tuple(v for _, v in entries), constants, digest)


@cache
def codebook() -> Codebook:
    """The codebook that ships with the product, read once per process."""
    return load_from(resources_folder() / "codebook")


def variable(name: str) -> Variable:
    """The variable of an id or of an instance's column; ConfigError UNKNOWN_VARIABLE."""
    return codebook().variable(name)


def instance_columns(modality: str, roi: str) -> tuple[str, ...]:
    """Columns of all features and quality numbers of one modality and region."""
    return codebook().instance_columns(modality, roi)


def core_features(modality: str) -> tuple[str, ...]:
    """Ids of the core list of a modality."""
    return codebook().core_features(modality)


def constant(name: str) -> Constant:
    """Registered numbers of a column; ConfigError NO_CONSTANT."""
    return codebook().constant(name)


def codebook_sha256() -> str:
    """Digest of version and all entries of the shipped codebook."""
    return codebook().sha256


def constants_sha256() -> str:
    """Digest of the bytes of the shipped `constants.tsv`, as pinned by the protocol."""
    return codebook().constants_sha256
