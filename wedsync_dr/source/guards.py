"""What a database has to say when rows of some tables are written: triggers, rules, checks, exclusions, privileges."""

from collections.abc import Sequence
from dataclasses import dataclass

from wedsync_dr.model import TableName, quoted
from wedsync_dr.source.reader import Reader

_WANTED = """
WITH RECURSIVE wanted AS (
  SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name
  FROM unnest(%s::text[], %s::text[]) AS w(schema, name)
  JOIN pg_namespace n ON n.nspname = w.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name),
parts AS (
  SELECT oid, schema, name, oid AS part FROM wanted
  UNION ALL
  SELECT p.oid, p.schema, p.name, i.inhrelid FROM parts p JOIN pg_inherits i ON i.inhparent = p.part
  JOIN pg_class c ON c.oid = i.inhrelid AND c.relispartition)
"""
_HOOKS = (
    _WANTED
    + """
SELECT p.schema, p.name, n.nspname::text, c.relname::text, h.name, h.kind, h.enabled
FROM parts p JOIN pg_class c ON c.oid = p.part JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN LATERAL (
  SELECT tgname::text AS name, 'trigger' AS kind, tgenabled::text AS enabled FROM pg_trigger
  WHERE tgrelid = p.part AND NOT tgisinternal
  UNION ALL
  SELECT rulename::text, 'rule', ev_enabled::text FROM pg_rewrite WHERE ev_class = p.part AND rulename <> '_RETURN') h
  ON true
ORDER BY 1, 2, 3, 4, 6, 5
"""
)
_EVENT_TRIGGERS = """
SELECT evtname::text, evtenabled::text FROM pg_event_trigger
WHERE evtenabled <> 'D' AND evtevent IN ('ddl_command_start', 'ddl_command_end')
  AND (evttags IS NULL OR evttags && ARRAY['CREATE TABLE', 'CREATE TABLE AS', 'ALTER TABLE'])
ORDER BY 1
"""
_EXCLUSIONS = (
    _WANTED
    + """
SELECT w.schema, w.name, c.conname::text, c.condeferrable,
       ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k(n, i)
             JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY k.i),
       ARRAY(SELECT format('OPERATOR(%%I.%%s)', n.nspname, o.oprname) FROM unnest(c.conexclop) WITH ORDINALITY k(op, i)
             JOIN pg_operator o ON o.oid = k.op JOIN pg_namespace n ON n.oid = o.oprnamespace ORDER BY k.i),
       0 = ANY (c.conkey) OR EXISTS (SELECT FROM pg_index i WHERE i.indexrelid = c.conindid AND i.indpred IS NOT NULL)
FROM wanted w JOIN pg_constraint c ON c.conrelid = w.oid AND c.contype = 'x'
ORDER BY 1, 2, 3
"""
)
_CHECKS = (
    _WANTED
    + """
SELECT w.schema, w.name, c.conname::text, pg_get_expr(c.conbin, c.conrelid), c.convalidated,
       pg_get_constraintdef(c.oid), obj_description(c.oid, 'pg_constraint'),
       ARRAY(SELECT a.attname::text FROM unnest(c.conkey) AS k(n)
             JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY 1)
FROM wanted w JOIN pg_constraint c ON c.conrelid = w.oid AND c.contype = 'c'
WHERE NOT (0 = ANY (c.conkey)) AND coalesce((to_jsonb(c) ->> 'conenforced')::boolean, true)
ORDER BY 1, 2, 3
"""
)
_ENUMS = """
SELECT format_type(t.oid, -1), array_agg(e.enumlabel::text) FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid
GROUP BY 1
"""
_PRIVILEGES = (
    _WANTED
    + """
SELECT w.schema, w.name, has_table_privilege(w.oid, 'DELETE'), has_any_column_privilege(w.oid, 'UPDATE'),
       ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = w.oid AND a.attnum > 0
             AND NOT a.attisdropped AND NOT has_column_privilege(w.oid, a.attnum, 'INSERT')),
       ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = w.oid AND a.attnum > 0
             AND NOT a.attisdropped AND NOT has_column_privilege(w.oid, a.attnum, 'UPDATE'))
FROM wanted w ORDER BY 1, 2
"""
)
_SEQUENCES = """
SELECT n.nspname::text, c.relname::text FROM unnest(%s::text[], %s::text[]) AS w(schema, name)
JOIN pg_namespace n ON n.nspname = w.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = w.name
WHERE CASE WHEN c.relkind = 'S' THEN NOT (has_sequence_privilege(c.oid, 'SELECT')
  AND has_sequence_privilege(c.oid, 'UPDATE')) ELSE false END
ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Hook:
    """A trigger or rule on a table, or on the partition `on` of it. `enabled` as PostgreSQL has it: O origin, R
    replica, A always, D disabled."""

    table: TableName
    on: TableName
    name: str
    kind: str
    enabled: str


@dataclass(frozen=True)
class EventTrigger:
    """An event trigger that tables being made or altered set off."""

    name: str
    enabled: str

    @property
    def sql(self) -> str:
        return quoted(self.name)


@dataclass(frozen=True)
class Exclusion:
    """An exclusion constraint; `partial_or_expression`: `columns` and `operators` are not all of it."""

    table: TableName
    name: str
    deferrable: bool
    columns: tuple[str, ...]
    operators: tuple[str, ...]
    partial_or_expression: bool


@dataclass(frozen=True)
class Check:
    """A CHECK constraint: an expression over `columns`, and how it is declared."""

    table: TableName
    name: str
    expression: str
    validated: bool
    definition: str
    comment: str | None
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Privileges:
    """What the role may do with a table: delete, lock rows, and the columns that it may not insert into or update."""

    delete: bool
    lock: bool
    no_insert: frozenset[str]
    no_update: frozenset[str]


def hooks(reader: Reader, tables: Sequence[TableName]) -> list[Hook]:
    """Triggers and rules of the tables and of their partitions."""
    return [Hook(TableName(*row[:2]), TableName(*row[2:4]), *row[4:]) for row in reader.rows(_HOOKS, _names(tables))]


def event_triggers(reader: Reader) -> list[EventTrigger]:
    """Those that a restore's own statements would set off."""
    return [EventTrigger(*row) for row in reader.rows(_EVENT_TRIGGERS)]


def exclusions(reader: Reader, tables: Sequence[TableName]) -> list[Exclusion]:
    """The exclusion constraints of the tables."""
    return [
        Exclusion(TableName(schema, name), constraint, deferrable, tuple(columns), tuple(operators), partial)
        for schema, name, constraint, deferrable, columns, operators, partial in reader.rows(
            _EXCLUSIONS, _names(tables)
        )
    ]


def checks(reader: Reader, tables: Sequence[TableName]) -> list[Check]:
    """The CHECK constraints that are enforced on the tables."""
    return [
        Check(TableName(schema, name), constraint, expression, validated, definition, comment, tuple(columns))
        for schema, name, constraint, expression, validated, definition, comment, columns in reader.rows(
            _CHECKS, _names(tables)
        )
    ]


def enums(reader: Reader) -> dict[str, frozenset[str]]:
    """The labels of every enum, by the type as a column spells it."""
    return {str(name): frozenset(labels) for name, labels in reader.rows(_ENUMS)}


def privileges(reader: Reader, tables: Sequence[TableName]) -> dict[TableName, Privileges]:
    """What the role of the session may do with the tables."""
    return {
        TableName(schema, name): Privileges(delete, lock, frozenset(no_insert), frozenset(no_update))
        for schema, name, delete, lock, no_insert, no_update in reader.rows(_PRIVILEGES, _names(tables))
    }


def unmovable(reader: Reader, sequences: Sequence[TableName]) -> list[TableName]:
    """Those of the sequences that the role may not read and set."""
    return [TableName(*row) for row in reader.rows(_SEQUENCES, _names(sequences))] if sequences else []


def _names(tables: Sequence[TableName]) -> list[list[str]]:
    return [[table.schema for table in tables], [table.name for table in tables]]
