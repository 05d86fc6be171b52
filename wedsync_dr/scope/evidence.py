"""What the data says about where a column points: how many of its values are keys of which tables.

A number is found in every table that counts from 1, so that a share alone proves little: it has to be found in one
table and in no other.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from wedsync_dr.model import TableName, quoted
from wedsync_dr.scope.affinity import Affinity, affinity
from wedsync_dr.scope.clues import Clue, Sample
from wedsync_dr.scope.descent import family
from wedsync_dr.scope.names import ColumnName
from wedsync_dr.source.catalog import Catalog, Table
from wedsync_dr.source.session import Reader

_FIRST = 16  # values of each clue that are looked for everywhere; the others only where one of these was found
_NEARLY_ALL = 0.8
_PRINTED = {
    "uuid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "bigint": re.compile(r"0|-?[1-9][0-9]{0,17}"),
    "text": re.compile(r".*", re.DOTALL),
}


@dataclass(frozen=True)
class Candidate:
    """A key that a clue may point to: the share of the clue's values that it has, and how well the names fit."""

    target: ColumnName
    share: float
    fits: Affinity


@dataclass(frozen=True)
class Evidence:
    """All that was found out about a clue. Candidates with values come first, those with most of them foremost."""

    clue: Clue
    distinct: int
    whole: bool
    kind: str
    candidates: tuple[Candidate, ...]


def weigh(
    reader: Reader, catalog: Catalog, samples: Mapping[Clue, Sample], among: Collection[TableName] | None = None
) -> list[Evidence]:
    """The evidence of every clue that has values: among some tables, or among all."""
    kinds = {clue: kind for clue, sample in samples.items() if (kind := _kind(catalog, clue, sample))}
    tables = [table for table in catalog.tables.values() if among is None or table.name in among]
    targets = [(name, kind) for table in tables for name, kind in _keys(table)]
    some = {clue: _spread(samples[clue].values) for clue in kinds}
    first = _shares(reader, catalog, targets, {clue: (kinds[clue], values) for clue, values in some.items()})
    worth: dict[ColumnName, list[Clue]] = {}
    for (clue, target), share in first.items():
        if share or _fits(clue, target) >= Affinity.ENDS:
            worth.setdefault(target, []).append(clue)
    found: dict[Clue, list[Candidate]] = {clue: [] for clue in kinds}
    for target, kind in targets:
        asked = {clue: (kind, samples[clue].values) for clue in worth.get(target, ())}
        for (clue, _), share in _shares(reader, catalog, [(target, kind)], asked).items():
            found[clue].append(Candidate(target, share, _fits(clue, target)))
    onward = dict(_onward(catalog))
    return [
        Evidence(clue, len(samples[clue].values), samples[clue].whole, kinds[clue], _ranked(found[clue], onward))
        for clue in sorted(kinds)
    ]


def _kind(catalog: Catalog, clue: Clue, sample: Sample) -> str | None:
    """What kind of keys the values can be: texts that nearly all look like uuids or numbers are taken for these."""
    if not sample.values:
        return None
    column = catalog.tables[clue.table].column[clue.column]
    declared = family(column, element=column.is_array)
    if declared != "text":
        return declared
    needed = _NEARLY_ALL * len(sample.values)
    return next(kind for kind in _PRINTED if sum(1 for _ in _alike(kind, sample.values)) >= needed)


def _alike(kind: str, values: Iterable[str]) -> Iterator[str]:
    """Those of the values that look like keys of the kind."""
    return (value for value in values if _PRINTED[kind].fullmatch(value))


def _keys(table: Table) -> Iterator[tuple[ColumnName, str]]:
    """Columns that a row can be named by, each with its kind."""
    for columns in dict.fromkeys(key.columns for key in table.unique_keys if not key.partial_or_expression):
        kind = family(table.column[columns[0]]) if len(columns) == 1 else None
        if kind in _PRINTED:
            yield ColumnName(table.name, columns[0]), kind


def _spread(values: Collection[str]) -> list[str]:
    """Some of the values, from all over."""
    ordered = sorted(values)
    return ordered[:: -(-len(ordered) // _FIRST)]


def _shares(
    reader: Reader,
    catalog: Catalog,
    targets: Iterable[tuple[ColumnName, str]],
    asked: Mapping[Clue, tuple[str, Collection[str]]],
) -> dict[tuple[Clue, ColumnName], float]:
    """For each clue and each target of its kind the share of the clue's values that the target has."""
    pools: dict[str, set[str]] = {}
    for kind, values in asked.values():
        pools.setdefault(kind, set()).update(_alike(kind, values))
    shares = {}
    for target, kind in targets:
        if kind in pools:
            present = _present(reader, catalog, target, kind, pools[kind])
            for clue, (wanted, values) in asked.items():
                if wanted == kind and ColumnName(clue.table, clue.column) != target:
                    shares[clue, target] = len(present.intersection(values)) / len(values)
    return shares


def _present(reader: Reader, catalog: Catalog, target: ColumnName, kind: str, values: Collection[str]) -> set[str]:
    column = f"t.{quoted(target.column)}"
    sql = (
        f"SELECT {column}::pg_catalog.text FROM pg_catalog.unnest(%s::pg_catalog.text[]) AS v (x)"
        f" JOIN {catalog.tables[target.table].from_sql} AS t ON {column} = v.x::pg_catalog.{_CAST[kind]}"
    )
    return {value for (value,) in reader.rows(sql, [list(values)])}


_CAST = {"uuid": "uuid", "bigint": "int8", "text": "text"}


def _fits(clue: Clue, target: ColumnName) -> Affinity:
    """By the name of the column, or by the word that says the type."""
    return affinity(clue.when[1] if clue.when else clue.column, target.table.name)


def _onward(catalog: Catalog) -> Iterator[tuple[ColumnName, ColumnName]]:
    """Keys that are foreign keys themselves, with what they point to."""
    for table in catalog.tables.values():
        for key in table.foreign_keys:
            if len(key.columns) == 1 and key.target in catalog.tables:
                yield ColumnName(table.name, key.columns[0]), ColumnName(key.target, key.target_columns[0])


def _ranked(found: Iterable[Candidate], onward: Mapping[ColumnName, ColumnName]) -> tuple[Candidate, ...]:
    """Most found first. A key that points on to another candidate, which has as many, is no candidate of its own."""
    found = [one for one in found if one.share or one.fits is Affinity.EXACT]
    shares = {one.target: one.share for one in found}
    kept = [one for one in found if not _points_on(one, shares, onward)]
    return tuple(sorted(kept, key=lambda one: (-one.share, -one.fits, one.target)))


def _points_on(one: Candidate, shares: Mapping[ColumnName, float], onward: Mapping[ColumnName, ColumnName]) -> bool:
    there = onward.get(one.target)
    return there is not None and shares.get(there, 0) >= one.share > 0
