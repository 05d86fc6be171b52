"""Small databases with every kind of reference, drawn by hypothesis, dirty rows and circles included."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from psycopg import Connection

from wedsync_dr.model import Kind, TableName

POOLS = {
    "int": ["1", "2", "3"],
    "text": ["1", "2", "3", "a~b", "%7E~", "1\x1f2", "\\", "\\u"],
    "uuid": [f"00000000-0000-0000-0000-00000000000{n}" for n in "abc"],
}
DANGLING = {"int": "99", "text": "nobody", "uuid": "99999999-0000-0000-0000-000000000000"}
NEARLY = {"int": "01", "text": " 1", "uuid": "00000000-0000-0000-0000-00000000000A"}
SCHEMAS = ["w", 'W "2"']
Value = str | list[str] | None


class How(Enum):
    FOREIGN_KEY = "foreign key"
    REFERENCE = "reference"
    ARRAY = "array"


@dataclass(frozen=True)
class Link:
    """Columns of a table that point to columns of another, or of the same."""

    source: int
    target: int
    how: How
    columns: tuple[str, ...]
    types: tuple[str, ...]
    target_columns: tuple[str, ...]
    not_null: bool = False
    conditional: bool = False
    reverse: bool = False


@dataclass(frozen=True)
class Table:
    name: str
    key: tuple[str, ...]
    root: Kind | None
    identity: bool
    partitioned: bool
    keyless: bool = False
    parent: int | None = None
    schema: str = "w"

    @property
    def title(self) -> TableName:
        return TableName(self.schema, self.name)

    @property
    def key_columns(self) -> tuple[str, ...]:
        return tuple(f"k{i}" for i in range(len(self.key)))


@dataclass(frozen=True)
class Row:
    """A row; `number` is its own in the whole world."""

    table: int
    number: int
    values: dict[str, Value]


@dataclass
class World:
    tables: list[Table]
    links: list[Link]
    through: dict[tuple[int, Kind], list[str]]
    rows: list[Row] = field(default_factory=list)

    def build(self, connection: Connection) -> None:
        """Make the schemas of worlds what this one says."""
        for schema in SCHEMAS:
            name = schema.replace('"', '""')
            connection.execute(f'DROP SCHEMA IF EXISTS "{name}" CASCADE; CREATE SCHEMA "{name}"'.encode())
        connection.execute(";".join([*self._tables(), *self._foreign_keys()]).encode())
        connection.execute("SET session_replication_role = replica")  # dirty rows exist
        with connection.pipeline():
            for row in self.rows:
                types = dict(self._columns(row.table))
                names = ", ".join(f'"{name}"' for name in types)
                marks = ", ".join(f"%s::{kind}" for kind in types.values())
                sql = f"INSERT INTO {self._sql(row.table)} ({names}) VALUES ({marks})"
                connection.execute(sql.encode(), [row.values[name] for name in types])
        connection.execute("RESET session_replication_role")

    def _sql(self, number: int) -> str:
        return _quoted(self.tables[number].title)

    def _columns(self, number: int) -> Iterator[tuple[str, str]]:
        """A table's columns, those that it has from its parent among them."""
        table = self.tables[number]
        if table.parent is not None:
            yield from self._own_columns(table.parent)
            yield from (column for column in self._own_columns(number) if column[0].startswith("l"))
        else:
            yield from self._own_columns(number)

    def _own_columns(self, number: int) -> Iterator[tuple[str, str]]:
        table = self.tables[number]
        yield from zip(table.key_columns, table.key, strict=True)
        yield from (("owner", "int"), ("kind", "text"))
        for link in self.links:
            if link.source == number:
                suffix = "[]" if link.how is How.ARRAY else ""
                yield from ((name, kind + suffix) for name, kind in zip(link.columns, link.types, strict=True))

    def _tables(self) -> Iterator[str]:
        required = {name for link in self.links if link.not_null for name in link.columns}
        for number, table in enumerate(self.tables):
            columns = ", ".join(
                f'"{name}" {kind}' + (" NOT NULL" if name in required else "") for name, kind in self._columns(number)
            )
            key = "" if table.keyless else f", PRIMARY KEY ({', '.join(table.key_columns)})"
            key += "" if table.keyless or table.partitioned else ", UNIQUE (owner)"
            tail = " PARTITION BY HASH (k0)" if table.partitioned else ""
            tail += f" INHERITS ({self._sql(table.parent)})" if table.parent is not None else ""
            yield f"CREATE TABLE {self._sql(number)} ({columns}{key}){tail}"
            for part in range(2) if table.partitioned else ():
                name = _quoted(TableName(table.schema, f"{table.name}_{part}"))
                values = f"WITH (MODULUS 2, REMAINDER {part})"
                yield f"CREATE TABLE {name} PARTITION OF {self._sql(number)} FOR VALUES {values}"

    def _foreign_keys(self) -> Iterator[str]:
        for link in self.links:
            source, target = self._sql(link.source), self._sql(link.target)
            if link.how is How.FOREIGN_KEY:
                columns, keys = ", ".join(link.columns), ", ".join(link.target_columns)
                yield f"ALTER TABLE {source} ADD FOREIGN KEY ({columns}) REFERENCES {target} ({keys})"
            yield f"CREATE INDEX ON {source} ({link.columns[0]})"

    def rules(self) -> str:
        """The rules file of this world."""
        roots = {kind: self._written(lambda t, kind=kind: t.root is kind) for kind in (Kind.WEDDING, Kind.VENDOR)}  # type: ignore[misc]
        lines = ["[roots]", *(f"{kind.value} = [{names}]" for kind, names in roots.items())]
        lines += ["[walk]", f"not_through = [{self._written(lambda table: table.identity)}]"]
        for link in self.links:
            lines += self._rule(link)
        for number, table in enumerate(self.tables):
            name = json.dumps(_quoted(table.title))
            lines += [f"[tables.{name}]"] if any(at == number for at, _ in self.through) else []
            for (at, kind), columns in self.through.items():
                lines += [f"{kind.value}_through = {columns}"] if at == number else []
        return "\n".join(lines)

    def _written(self, wanted: Callable[[Table], bool | None]) -> str:
        return ", ".join(json.dumps(_quoted(table.title)) for table in self.tables if wanted(table))

    def _rule(self, link: Link) -> Iterator[str]:
        source, target = self._sql(link.source), self._sql(link.target)
        if link.how is not How.FOREIGN_KEY:
            yield from ("[[reference]]", f"from = {json.dumps(f'{source}.{link.columns[0]}')}")
            yield f"to = {json.dumps(f'{target}.{link.target_columns[0]}')}"
            if link.conditional:
                yield "when = \"kind = 'owner' AND kind IS NOT NULL\""
        if link.reverse:
            yield from (
                "[[owned_by]]",
                f"table = {json.dumps(target)}",
                f"via = {json.dumps(f'{source}.{link.columns[0]}')}",
            )


def _quoted(table: TableName) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in (table.schema, table.name))
