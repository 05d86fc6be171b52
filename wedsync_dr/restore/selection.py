"""Which tables and rows of a scope a restore is about, and what it leaves behind."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from wedsync_dr.errors import ScopeNotFound
from wedsync_dr.model import TableName
from wedsync_dr.restore.difference import TableChange
from wedsync_dr.restore.fitting import FittedSnapshot
from wedsync_dr.restore.live import Target, present
from wedsync_dr.restore.terms import Terms
from wedsync_dr.snapshot.layout import split_key
from wedsync_dr.snapshot.opening import SealedTable
from wedsync_dr.snapshot.sealed_rows import TableHead
from wedsync_dr.source.copytext import field_of
from wedsync_dr.verification.closure import column_values

Lines = Sequence[bytes]
Key = tuple[bytes, ...]


class Selection:
    """The tables that the terms name whole, and those of which they name rows; without either all of them whole.

    Raises ScopeNotFound where a name or a row fits nothing.
    """

    def __init__(self, terms: Terms, heads: Sequence[TableHead]) -> None:
        whole = [head for head in heads if any(_names(pattern, head.table) for pattern in terms.tables)]
        self._rows: dict[TableName, set[Key]] = {}
        for choice in terms.rows:
            for head in named(choice.table, heads):
                if head not in whole:
                    self._rows.setdefault(head.table, set()).add(_key(head, choice.key))
        for pattern in terms.tables:
            named(pattern, heads)
        self.everything = not (terms.tables or terms.rows)
        self.heads = [head for head in heads if self.everything or head in whole or head.table in self._rows]

    def pick(self, head: TableHead, lines: Lines) -> tuple[Lines, Lines]:
        """The rows that the restore is about, and the others, which stay as they are."""
        if head.table not in self._rows:
            return lines, ()
        keys, width = self._rows[head.table], len(head.key)
        picked = [split_key(line, width) in keys for line in lines]
        rest = [line for line, chosen in zip(lines, picked, strict=True) if not chosen]
        return [line for line, chosen in zip(lines, picked, strict=True) if chosen], rest

    def covers(self, table: TableName, key: Key) -> bool:
        """Whether a row of the scope is one that the restore is about."""
        named = any(head.table == table for head in self.heads)
        return named and (table not in self._rows or key in self._rows[table])

    def require_found(self, sealed: Mapping[TableName, Lines], live: Mapping[TableName, Lines]) -> None:
        """Raises ScopeNotFound where a row that was named is neither in the snapshot nor in the database."""
        for head in self.heads:
            if wanted := self._rows.get(head.table):
                there = {split_key(line, len(head.key)) for line in (*sealed[head.table], *live[head.table])}
                if lost := len(wanted - there):
                    raise ScopeNotFound(
                        f"{lost} of the rows given for {head.table} are neither in the snapshot nor in the database.",
                        remedy="Give keys as `wedsync-dr diff` prints them, the parts of a composite key joined by ~.",
                    )


def left_behind(
    target: Target,
    snapshot: FittedSnapshot,
    selection: Selection,
    writes: Iterable[TableChange],
) -> Iterator[tuple[TableName, int]]:
    """Rows of the snapshot that refer to rows to insert, are gone, and are not selected: how many, by table."""
    if selection.everything:
        return
    inserted = {change.table: SealedTable(change.head, change.inserts) for change in writes if change.inserts}
    for name in snapshot.names:
        table = snapshot.table(name)
        if table is None:
            continue
        head = table.head
        lines: set[bytes] = set()
        for key in head.foreign_keys:
            if key.target in inserted and set(key.columns) <= set(head.names):
                wanted, places = column_values(inserted[key.target], key.target_columns), head.positions(key.columns)
                lines |= {line for line in table.lines if tuple(line[:-1].split(b"\t")[i] for i in places) in wanted}
        keys = {split_key(line, len(head.key)) for line in lines} if head.key else set()
        keys = {key for key in keys if not selection.covers(name, key)}
        if name in inserted:
            keys -= {split_key(line, len(head.key)) for line in inserted[name].lines}
        if keys and (gone := len(keys - set(present(target, name, head.key, keys, head.key)))):
            yield name, gone


def named(pattern: str, heads: Iterable[TableHead]) -> list[TableHead]:
    """The tables that a pattern names, as `guests`, `public.guests` or `seat*`. Raises ScopeNotFound for none."""
    if found := [head for head in heads if _names(pattern, head.table)]:
        return found
    raise ScopeNotFound(
        f"No table of this scope is called {pattern!r}.",
        remedy="Name tables as `guests`, `public.guests` or `seat*`; the plan without --tables lists them.",
    )


def _names(pattern: str, table: TableName) -> bool:
    return fnmatchcase(table.name, pattern) or fnmatchcase(str(table), pattern)


def _key(head: TableHead, parts: tuple[str, ...]) -> Key:
    if len(parts) != len(head.key):
        raise ScopeNotFound(
            f"A row of {head.table} is named by {len(head.key)} value(s), not {len(parts)}.",
            remedy=f"Its key is ({', '.join(head.key)}); a table without one can only be named whole, with --tables.",
        )
    return tuple(map(field_of, parts))
