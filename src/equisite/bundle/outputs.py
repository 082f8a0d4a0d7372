"""R1: which cells a protocol registers; nothing else may leave, nothing else is admitted.

Category lists, features, levels, covariates and genes come from protocol and codebook
alone. A `Shape` is a family of cells: which names a key has, with which values, and which
measures stand under it.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations_with_replacement

from equisite.bundle.format import FIRST_PATTERNS
from equisite.bundle.keys import FIRST, Key
from equisite.codebook.book import Codebook
from equisite.codebook.channels import CODES
from equisite.codebook.constants import LEVELS
from equisite.codebook.model import Variable
from equisite.core.errors import ConfigError
from equisite.protocol.models import (
    CarriersTable,
    ComomentTable,
    CountTable,
    FeatureTable,
    PositionsTable,
    Protocol,
    QualityTable,
    RepeatabilityTable,
    SpectrumTable,
    Table,
    VariantsTable,
)
from equisite.protocol.places import ALLELE, region_of

MISSING = "missing"
SIDES = ("low", "high")
_ALLELE = re.compile(ALLELE)


@dataclass(frozen=True)
class Shape:
    """Cells whose keys have all `needed` names and any of the `free` ones.

    Every name maps to the values it may have.
    """

    measures: frozenset[str]
    needed: Mapping[str, Container[str]]
    free: Mapping[str, Container[str]] = field(default_factory=dict)

    def holds(self, key: Key, measure: str) -> bool:
        """Whether this cell is of the shape."""
        if measure not in self.measures:
            return False
        found = dict(key.pairs)
        if not set(self.needed) <= set(found):
            return False
        return all(
            value in self.needed.get(name, self.free.get(name, frozenset()))
            for name, value in found.items()
        )


@dataclass(frozen=True)
class AllelesWithin:
    """All names of alleles (`AlleleName`) whose first base lies in one of the regions."""

    regions: tuple[str, ...]

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str) or not _ALLELE.fullmatch(name):
            return False
        contig, position, ref, alt = name.split(":")
        bounds = map(region_of, self.regions)
        return ref != alt and any(
            c == contig and first <= int(position) <= last for c, first, last in bounds
        )


def codes_of(variable: Variable) -> tuple[str, ...]:
    """Codes of a coded variable, with one for what is missing.

    Raises ConfigError R1_UNREGISTERED when the variable has no codes.
    """
    if variable.type == "flag":
        return ("0", "1", MISSING)
    if not variable.codes:
        raise ConfigError("R1_UNREGISTERED", variable=variable.id, form="count")
    codes = tuple(variable.codes)
    return codes if variable.absent_code else (*codes, MISSING)


def absent_code(variable: Variable) -> str:
    """The code under which a missing value is counted."""
    return variable.absent_code or MISSING


def data_class(table: Table, book: Codebook) -> str:
    """Sensitivity class of a table: that of its variables, `clinical` when they are mixed."""
    if isinstance(table, CarriersTable):
        return table.domain
    if isinstance(table, VariantsTable | PositionsTable):
        return "germline"
    if isinstance(table, QualityTable):
        return "quality"
    if isinstance(table, SpectrumTable):
        return _registered(book, table.spectrum, "spectrum").class_
    if isinstance(table, CountTable):
        classes = {_registered(book, key, "count").class_ for key in table.keys}
    else:
        classes = {book.variable(column).class_ for column in columns_of(table, book)}
    # Quality beside other variables is no class of its own.
    telling = classes - {"quality"} or classes
    return next(iter(telling)) if len(telling) == 1 else "clinical"


def genes_of(table: CarriersTable, protocol: Protocol) -> tuple[str, ...]:
    """Genes of a carriers table, in the order of the panel."""
    if table.genes == "panel":
        return protocol.genomics.panel
    return tuple(gene for gene in protocol.genomics.panel if gene in table.genes)


def columns_of(table: Table, book: Codebook) -> tuple[str, ...]:
    """Feature columns of a table of moments, histograms, co-moments or quality."""
    if isinstance(table, QualityTable):
        return tuple(table.variables)
    if isinstance(table, FeatureTable | ComomentTable | RepeatabilityTable):
        return book.columns_of(table.features)
    return ()


def sets_of(table: Table, protocol: Protocol) -> tuple[str, ...]:
    """Analysis sets over which a table is made: one, or all when it is a key."""
    if isinstance(table, CountTable) and FIRST in table.keys:
        return protocol.cohort.analysis_sets
    return (table.analysis_set,)


def alleles_of(protocol: Protocol) -> dict[str, Container[str]]:
    """Alleles that the keys of a table may name, by table."""
    found: dict[str, Container[str]] = {}
    for table in protocol.tables:
        if isinstance(table, VariantsTable):
            found[table.id] = frozenset(table.alleles)
        elif isinstance(table, PositionsTable):
            found[table.id] = AllelesWithin(table.regions)
    return found


def strata_of(table: CountTable | FeatureTable) -> tuple[str, ...]:
    """Coded variables of a table, without the analysis set."""
    names = table.keys if isinstance(table, CountTable) else table.strata
    return tuple(name for name in names if name != FIRST)


def shapes_of(table: Table, protocol: Protocol, book: Codebook) -> tuple[Shape, ...]:
    """All registered cells of one table.

    Raises ConfigError UNKNOWN_VARIABLE, NO_CONSTANT or R1_UNREGISTERED when the codebook
    does not allow what the protocol asks for.
    """
    return tuple(_shapes(table, protocol, book))


def _shapes(table: Table, protocol: Protocol, book: Codebook) -> Iterator[Shape]:
    own_set: dict[str, Container[str]] = {FIRST: frozenset(sets_of(table, protocol))}
    if isinstance(table, CountTable):
        codes = {n: _codes(book, n) for n in strata_of(table)}
        yield Shape(frozenset({"count"}), own_set, codes)
    elif isinstance(table, CarriersTable):
        gene = {**own_set, "gene": frozenset(genes_of(table, protocol))}
        yield Shape(frozenset({"n"}), gene)
        yield Shape(frozenset({"count"}), {**gene, "consequence": frozenset(table.consequence)})
    elif isinstance(table, VariantsTable):
        alleles = {**own_set, "variant": frozenset(table.alleles)}
        yield Shape(frozenset({"ac", "an", "n"}), alleles)
    elif isinstance(table, SpectrumTable):
        _registered(book, table.spectrum, "spectrum")
        book.constant(table.spectrum)
        base = {**own_set, "feature": frozenset({table.spectrum})}
        yield Shape(frozenset({"n"}), base)
        yield Shape(frozenset({"sum"}), {**base, "channel": frozenset(CODES)})
    elif isinstance(table, PositionsTable):
        within = AllelesWithin(table.regions)
        yield Shape(frozenset({"listed"}), {**own_set, "variant": within})
    elif isinstance(table, ComomentTable):
        yield from _comoment_shapes(table, book, own_set)
    elif isinstance(table, RepeatabilityTable):
        base = {**own_set, "feature": _features(table, book, "moment")}
        yield Shape(frozenset({"n", "msb", "msw"}), base)
    elif isinstance(table, FeatureTable) and table.kind == "hist":
        base = {**own_set, "feature": _features(table, book, "hist")}
        base |= {n: _codes(book, n) for n in table.strata}
        for level in LEVELS:
            bins = frozenset(str(b) for b in range(level + 2))
            yield Shape(
                frozenset({"bin"}), {**base, "level": frozenset({str(level)}), "bin": bins}
            )
    else:
        base = {**own_set, "feature": _features(table, book, "moment")}
        if isinstance(table, FeatureTable):
            base |= {n: _codes(book, n) for n in table.strata}
        yield Shape(frozenset({"n", "mean_off", "m2"}), base)
        yield Shape(frozenset({"clipped"}), {**base, "side": frozenset(SIDES)})


def _comoment_shapes(
    table: ComomentTable, book: Codebook, own_set: Mapping[str, Container[str]]
) -> Iterator[Shape]:
    for name in table.covariates:
        variable = _registered(book, name, "comoment")
        if variable.type != "flag":
            book.constant(name)
    base = {**own_set, "pattern": FIRST_PATTERNS}
    feature = {**base, "feature": _features(table, book, "comoment")}
    single = frozenset(table.covariates)
    pairs = frozenset(f"{a},{b}" for a, b in combinations_with_replacement(table.covariates, 2))
    yield Shape(frozenset({"n"}), base)
    yield Shape(frozenset({"mean_off"}), {**base, "covariates": single})
    yield Shape(frozenset({"sxx"}), {**base, "covariates": pairs})
    yield Shape(frozenset({"mean_off", "m2"}), feature)
    yield Shape(frozenset({"sxy"}), {**feature, "covariates": single})


def _registered(book: Codebook, name: str, form: str) -> Variable:
    variable = book.variable(name)
    if form not in variable.forms:
        raise ConfigError("R1_UNREGISTERED", variable=name, form=form)
    return variable


def _codes(book: Codebook, name: str) -> frozenset[str]:
    return frozenset(codes_of(_registered(book, name, "count")))


def _features(table: Table, book: Codebook, form: str) -> frozenset[str]:
    columns = columns_of(table, book)
    for column in columns:
        _registered(book, column, form)
        book.constant(column)
    return frozenset(columns)


@dataclass(frozen=True)
class Register:
    """All outputs of a protocol, by table, in the order of priority."""

    tables: Mapping[str, Table]
    shapes: Mapping[str, tuple[Shape, ...]]

    def allows(self, table: str, key: Key, measure: str) -> bool:
        """Whether a cell is registered."""
        return any(shape.holds(key, measure) for shape in self.shapes.get(table, ()))


def register_of(protocol: Protocol, book: Codebook) -> Register:
    """The register of a protocol; ConfigError as `shapes_of`."""
    tables = {table.id: table for table in protocol.tables}
    return Register(
        tables, {name: shapes_of(table, protocol, book) for name, table in tables.items()}
    )
