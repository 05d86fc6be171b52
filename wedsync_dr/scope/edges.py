"""The steps of the walk from a row towards its root: foreign keys, declared references, reverse links."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wedsync_dr.errors import RulesInvalid
from wedsync_dr.model import TableName, quoted
from wedsync_dr.scope.conditions import HERE, qualified
from wedsync_dr.scope.rules import OwnedBy, Rules
from wedsync_dr.source.catalog import Catalog, Column, ForeignKey, Table

_TEXTUAL = {"text", "character varying", "bpchar"}
_UUID = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_INTEGER = "^(0|-?[1-9][0-9]{0,17})$"
_PRINTED = {"uuid": ("uuid", _UUID)} | dict.fromkeys(("smallint", "integer", "bigint"), ("bigint", _INTEGER))


@dataclass(frozen=True)
class Pair:
    """A column and the column that it is compared with."""

    mine: Column
    theirs: Column
    operator: str | None = None
    array: bool = False

    def term(self, here: str, there: str) -> str:
        """Equal; types that differ compare as text, and only the side that is not text is cast."""
        left, right = f"{here}.{quoted(self.mine.name)}", f"{there}.{quoted(self.theirs.name)}"
        if self.operator:
            return f"{right} {self.operator} {left}"
        if not self._alike:
            left = left if self._mine_textual else left + ("::text[]" if self.array else "::text")
            right = right if _textual(self.theirs) else right + "::text"
        return f"{right} = ANY ({left})" if self.array else f"{left} = {right}"

    def seek(self, here: str, there: str, *, target: bool) -> str:
        """The same, so that an index on the sought side serves also where the other side holds its values as text."""
        if self.operator or self._alike or self.array:
            return self.term(here, there)
        sought, given = (self.theirs, self.mine) if target else (self.mine, self.theirs)
        if not _textual(given) or sought.base_type not in _PRINTED:
            return self.term(here, there)
        kind, printed = _PRINTED[sought.base_type]
        theirs = f"{there if target else here}.{quoted(sought.name)}"
        text = f"{here if target else there}.{quoted(given.name)}"
        return f"{theirs} = CASE WHEN {text} ~ '{printed}' THEN {text}::{kind} END"

    def element_term(self, element: str, there: str) -> str:
        """The same for one element of an array."""
        right = f"{there}.{quoted(self.theirs.name)}"
        if self._alike:
            return f"{right} = {element}"
        return f"{right if _textual(self.theirs) else right + '::text'} = {element}::text"

    @property
    def _alike(self) -> bool:
        return self._element == self.theirs.base_type or (self._mine_textual and _textual(self.theirs))

    @property
    def _element(self) -> str:
        return self.mine.base_type.removesuffix("[]") if self.array else self.mine.base_type

    @property
    def _mine_textual(self) -> bool:
        return self._element in _TEXTUAL

    @property
    def exact(self) -> bool:
        """Whether the column holds the other's value itself, so that a value of one can be looked up in the other."""
        return self.mine.base_type == self.theirs.base_type and not self.array


def _textual(column: Column) -> bool:
    return column.base_type in _TEXTUAL


@dataclass(frozen=True)
class Edge:
    """A step from a row of `table` to rows of `target`. `to_one`: at most one of them. `sure`: always one."""

    table: TableName
    target: TableName
    pairs: tuple[Pair, ...]
    to_one: bool
    sure: bool = False
    reverse: bool = False
    when: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(pair.mine.name for pair in self.pairs)

    @property
    def target_columns(self) -> tuple[str, ...]:
        return tuple(pair.theirs.name for pair in self.pairs)

    @property
    def array(self) -> bool:
        return self.pairs[0].array

    def condition(self, here: str, there: str) -> str:
        """The join condition between two aliases."""
        return self._all([pair.term(here, there) for pair in self.pairs], here)

    def find_target(self, here: str, there: str) -> str:
        """The join condition where `here` is known and `there` is looked up."""
        return self._all([pair.seek(here, there, target=True) for pair in self.pairs], here)

    def find_source(self, here: str, there: str) -> str:
        """The join condition where `there` is known and `here` is looked up."""
        return self._all([pair.seek(here, there, target=False) for pair in self.pairs], here)

    def holds(self, here: str) -> str | None:
        """The reference's own condition on the row at `here`."""
        return f"({self.when.replace(HERE, here)})" if self.when else None

    def join_all(self, here: str, source: str, there: str) -> str:
        """A join with `source` for all rows at once; an array's elements are taken apart, so that a hash can serve."""
        if not self.array:
            return f"JOIN {source} AS {there} ON {self.condition(here, there)}"
        terms = self._all([self.pairs[0].element_term(f"{here}e.one", there)], here)
        elements = f"unnest({here}.{quoted(self.columns[0])}) AS {here}e (one)"
        return f"CROSS JOIN LATERAL {elements} JOIN {source} AS {there} ON {terms}"

    def _all(self, terms: list[str], here: str) -> str:
        return " AND ".join([*terms, *filter(None, [self.holds(here)])])

    def __str__(self) -> str:
        step = f"{self.table}({', '.join(self.columns)})"
        back = f"{self.target}({', '.join(self.target_columns)})"
        return f"{step} ← {back}" if self.reverse else f"{step} → {self.target}"


def edges_of(catalog: Catalog, rules: Rules) -> dict[TableName, list[Edge]]:
    """Every step of the walk, by the table that it starts from, in a stable order."""
    edges: dict[TableName, list[Edge]] = {name: [] for name in catalog.tables}
    for edge in [*_from_keys(catalog), *_from_references(catalog, rules), *_from_reverse_links(catalog, rules)]:
        edges[edge.table].append(edge)
    return edges


def _from_keys(catalog: Catalog) -> Iterator[Edge]:
    for table in catalog.tables.values():
        for key in table.foreign_keys:
            if key.target in catalog.tables:
                target = catalog.tables[key.target]
                pairs = _pairs(table, key.columns, target, key.target_columns, key.operators)
                yield Edge(table.name, key.target, pairs, target.unique_on(key.target_columns), sure=_sure(table, key))


def _sure(table: Table, key: ForeignKey) -> bool:
    return key.validated and key.enforced and all(table.column[name].not_null for name in key.columns)


def _from_references(catalog: Catalog, rules: Rules) -> Iterator[Edge]:
    for reference in rules.references:
        table, target = catalog.tables[reference.source.table], catalog.tables[reference.target.table]
        column = table.column[reference.source.column]
        other = target.column[reference.target.column]
        array = column.is_array and not other.is_array
        when = qualified(reference, table) if reference.when else None
        to_one = target.unique_on((other.name,)) and not array
        yield Edge(table.name, target.name, (Pair(column, other, array=array),), to_one, when=when)


def _from_reverse_links(catalog: Catalog, rules: Rules) -> Iterator[Edge]:
    for owned in rules.owned_by:
        table, target = catalog.tables[owned.table], catalog.tables[owned.via.table]
        key, operator = _referenced(catalog, owned, table)
        pair = Pair(table.column[key], target.column[owned.via.column], operator)
        yield Edge(table.name, target.name, (pair,), target.unique_on((owned.via.column,)), reverse=True)


def _referenced(catalog: Catalog, owned: OwnedBy, table: Table) -> tuple[str, str | None]:
    """The column that a reverse link's column points to: by its foreign key, else the table's primary key."""
    for key in catalog.tables[owned.via.table].foreign_keys:
        if key.columns == (owned.via.column,) and key.target == owned.table:
            return key.target_columns[0], key.operators[0]
    if len(table.primary_key) != 1:
        raise RulesInvalid(
            f"[[owned_by]] {owned.table}: {owned.via} has no foreign key to it, and its primary key is not one column.",
            remedy="Name a column that has a foreign key to the table.",
        )
    return table.primary_key[0], None


def _pairs(
    table: Table, columns: Sequence[str], target: Table, target_columns: Sequence[str], operators: Sequence[str]
) -> tuple[Pair, ...]:
    """A foreign key compares with operators of its own."""
    return tuple(
        Pair(table.column[mine], target.column[theirs], operator)
        for mine, theirs, operator in zip(columns, target_columns, operators, strict=True)
    )
