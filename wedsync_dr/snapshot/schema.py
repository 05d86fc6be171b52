"""The schema object: what the database is, apart from its rows, sealed as rows of tables of our own.

So it is opened, verified and shown like every other snapshot; `docs/format.md` names the tables.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from itertools import chain

from wedsync_dr.errors import DisasterRecoveryError, ScopeBusy
from wedsync_dr.model import SCHEMA, Kind, Manifest, RowClass, ScopeId, SealedObject, TableName
from wedsync_dr.scope.discovery import ScopeInfo
from wedsync_dr.scope.survey import Source, Survey
from wedsync_dr.snapshot.arrange import laid_out
from wedsync_dr.snapshot.batch import TOOL_VERSION, BatchFacts, Failed, Taken
from wedsync_dr.snapshot.content import class_content, content_of
from wedsync_dr.snapshot.ddl import Statement, split_dump
from wedsync_dr.snapshot.opening import OpenSnapshot
from wedsync_dr.snapshot.previous import newest_believed
from wedsync_dr.snapshot.sealed_rows import TableHead, TableRows, seal
from wedsync_dr.source.copytext import line_of, values_of
from wedsync_dr.source.dump import dump_schema
from wedsync_dr.source.session import lock_scopes
from wedsync_dr.source.surroundings import Extension, Role, SequenceState, Surroundings, read_surroundings
from wedsync_dr.vault.archive import Archive

LOCK_PATIENCE_S = 10.0
_CLASS = RowClass.BUSINESS
_OBJECT = f"{_CLASS.value}-0.parquet"
_TABLES = {
    "statements": ("position", "section", "type", "schema", "name", "owner", "text"),
    "roles": ("name", "uses", "options"),
    "extensions": ("name", "version", "schema"),
    "sequences": ("schema", "name", "last_value", "is_called"),
    "scopes": ("kind", "id", "date", "time_zone", "end_date"),
    "database": ("encoding", "collation", "character_type"),
}
_KEYS = {"statements": 1, "roles": 1, "extensions": 1, "sequences": 2, "scopes": 2, "database": 0}


@dataclass(frozen=True)
class SchemaObject:
    """The schema at one instant: statements in the order of the dump, and which scopes there were, with their dates."""

    statements: tuple[Statement, ...]
    surroundings: Surroundings
    scopes: tuple[ScopeInfo, ...]

    @classmethod
    def from_snapshot(cls, snapshot: OpenSnapshot) -> "SchemaObject":
        """From an opened snapshot of `SCHEMA`."""
        rows = {name: [values_of(line) for line in table.lines] for name, table in snapshot.tables.items()}
        of = {name: [_texts(row) for row in rows.get(TableName("wedsync_dr", name), [])] for name in _TABLES}
        return cls(
            statements=tuple(Statement(*row[1:]) for row in sorted(of["statements"], key=_position)),
            surroundings=Surroundings(
                roles=tuple(Role(name, tuple(uses.split(",")), options) for name, uses, options in of["roles"]),
                extensions=tuple(Extension(*row) for row in of["extensions"]),
                sequences=tuple(_sequence(*row) for row in of["sequences"]),
                database=(of["database"][0][0], of["database"][0][1], of["database"][0][2]),
            ),
            scopes=tuple(_scope(*row) for row in of["scopes"]),
        )


def begin_schema(source: Source, seen: Survey, scopes: Iterable[ScopeInfo], beside: Executor) -> Future[SchemaObject]:
    """Read the schema at the instant of the survey, beside whatever else is read; `take_schema` waits for it."""
    surroundings, exported = read_surroundings(seen.reader), seen.reader.export()
    version = seen.reader.identity.server_version

    def dump() -> SchemaObject:
        dumps = dump_schema(source.url, exported, version, source.pg_bin)
        statements = chain.from_iterable(split_dump(section, text) for section, text in dumps.items())
        return SchemaObject(tuple(statements), surroundings, tuple(scopes))

    return beside.submit(dump)


def take_schema(source: Source, archive: Archive, facts: BatchFacts, pending: Future[SchemaObject]) -> Taken | Failed:
    """Seal and commit the schema object as part of a batch. What stands in its way fails it alone."""
    try:
        found = pending.result()
        with lock_scopes(source.url, [SCHEMA], patience_s=LOCK_PATIENCE_S) as held:
            if SCHEMA not in held:
                raise ScopeBusy("Another run is sealing the schema.", remedy="Try again in a moment.")
            return _commit(archive, facts, found)
    except DisasterRecoveryError as error:
        return Failed(SCHEMA, error)


def _commit(archive: Archive, facts: BatchFacts, found: SchemaObject) -> Taken:
    previous = newest_believed(archive, SCHEMA)
    for sealed in previous.objects if previous else ():
        archive.keyring.key(SCHEMA, sealed.key_id)  # a lost key is never replaced in silence
    key = archive.keyring.newest(SCHEMA, _CLASS, facts.instant.taken_at)
    tables = _rows(found, key.content_key(SCHEMA))
    listing = {table.head.name: (table.head.columns_json, table.content) for table in tables}
    content = {_CLASS: class_content(key.content_key(SCHEMA), listing)}
    if previous and dict(previous.content) == content:
        return _put_down(archive, facts, previous, "current")
    rows = laid_out(tables)
    data = seal(rows.rows, rows.entries, [], key.file_key(SCHEMA, facts.snapshot_id, _OBJECT))
    sealed = SealedObject(_OBJECT, _CLASS, key.id, len(data), len(rows.rows), hashlib.sha256(data).hexdigest())
    with ThreadPoolExecutor(1) as puts:
        for error in archive.vault.put_objects({(SCHEMA, facts.snapshot_id, _OBJECT): data}, puts).values():
            raise error
    return _put_down(archive, facts, _manifest(facts, sealed, content, previous), "stored")


def _put_down(archive: Archive, facts: BatchFacts, manifest: Manifest, status: str) -> Taken:
    """Name the snapshot in the ledger, and write its manifest where it is new."""
    new = status == "stored"
    with ThreadPoolExecutor(1) as puts:
        archive.commit(facts.batch_id, [manifest] * new, [manifest] * (not new), facts.instant, puts)
    at = facts.instant
    return Taken(SCHEMA, manifest.snapshot_id, at.taken_at, at.lsn, manifest.bytes, manifest.rows, status, None)


def _manifest(
    facts: BatchFacts, sealed: SealedObject, content: Mapping[RowClass, str], previous: Manifest | None
) -> Manifest:
    return Manifest(
        scope=SCHEMA,
        snapshot_id=facts.snapshot_id,
        taken_at=facts.instant.taken_at,
        lsn=facts.instant.lsn,
        tier=None,
        source=facts.source,
        schema_fingerprint=facts.schema_fingerprint,
        objects=(sealed,),
        content=content,
        tool_version=TOOL_VERSION,
        previous=previous.snapshot_id if previous else None,
    )


def _rows(found: SchemaObject, content_key: bytes) -> list[TableRows]:
    around = found.surroundings
    values: dict[str, Iterable[Sequence[object]]] = {
        "statements": [
            (i, s.section, s.type, s.schema, s.name, s.owner, s.text) for i, s in enumerate(found.statements)
        ],
        "roles": [(role.name, ",".join(role.uses), role.options) for role in around.roles],
        "extensions": [(one.name, one.version, one.schema) for one in around.extensions],
        "sequences": [(s.name.schema, s.name.name, s.last_value, s.is_called) for s in around.sequences],
        "scopes": [
            (info.scope.kind.value, info.scope.id, info.date, info.time_zone, info.end_date) for info in found.scopes
        ],
        "database": [around.database],
    }
    return [_table(name, [line_of(row) for row in rows], content_key) for name, rows in values.items() if rows]


def _table(name: str, lines: list[bytes], content_key: bytes) -> TableRows:
    columns = _TABLES[name]
    head = TableHead(TableName("wedsync_dr", name), tuple((one, "text") for one in columns), columns[: _KEYS[name]])
    return TableRows(head, content_of(content_key, lines), b"".join(lines))


def _texts(row: Sequence[str | None]) -> tuple[str, ...]:
    return tuple(value or "" for value in row)


def _position(row: Sequence[str]) -> int:
    return int(row[0])


def _sequence(schema: str, name: str, last_value: str, is_called: str) -> SequenceState:
    return SequenceState(TableName(schema, name), int(last_value), is_called == "True")


def _scope(kind: str, scope_id: str, day: str, time_zone: str, end: str = "") -> ScopeInfo:
    """A scope as it was sealed; the first schema objects had no `end_date`."""
    first, last = (date.fromisoformat(text) if text else None for text in (day, end))
    return ScopeInfo(ScopeId(Kind(kind), scope_id), first, time_zone or None, last)
