"""What a database needs of its server, and where its sequences stand: what `pg_dump` leaves to others."""

from dataclasses import dataclass

from wedsync_dr.model import TableName
from wedsync_dr.source.reader import Reader

_ROLES = """
WITH uses(role, use) AS (
  SELECT refobjid, CASE deptype WHEN 'o' THEN 'owner' WHEN 'r' THEN 'policy' ELSE 'privilege' END FROM pg_shdepend
  WHERE refclassid = 'pg_authid'::regclass AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
  UNION SELECT relowner, 'owner' FROM pg_class WHERE oid >= 16384
  UNION SELECT nspowner, 'owner' FROM pg_namespace WHERE oid >= 16384
  UNION SELECT proowner, 'owner' FROM pg_proc WHERE oid >= 16384
  UNION SELECT typowner, 'owner' FROM pg_type WHERE oid >= 16384)
SELECT r.rolname::text, array_agg(DISTINCT u.use::text),
       (CASE WHEN r.rolcanlogin THEN 'LOGIN' ELSE 'NOLOGIN' END
        || CASE WHEN r.rolbypassrls THEN ' BYPASSRLS' ELSE '' END ||
        CASE WHEN r.rolinherit THEN '' ELSE ' NOINHERIT' END)::text
FROM uses u JOIN pg_roles r ON r.oid = u.role
WHERE r.rolname !~ '^pg_'
GROUP BY r.rolname, r.rolcanlogin, r.rolbypassrls, r.rolinherit
"""
_EXTENSIONS = """
SELECT e.extname::text, e.extversion::text, n.nspname::text
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql' ORDER BY 1
"""
_SEQUENCES = """
SELECT n.nspname::text, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1, 2
"""
_DATABASE = """
SELECT pg_encoding_to_char(encoding)::text, datcollate::text, datctype::text FROM pg_database
WHERE datname = current_database()
"""


@dataclass(frozen=True, order=True)
class Role:
    """A role that the schema names: `uses` are of owner, policy, privilege; `options` as CREATE ROLE takes them."""

    name: str
    uses: tuple[str, ...]
    options: str


@dataclass(frozen=True, order=True)
class Extension:
    """An extension that the schema stands on."""

    name: str
    version: str
    schema: str


@dataclass(frozen=True, order=True)
class SequenceState:
    """Where a sequence stands: not part of any transaction, so it may be past what the rows say."""

    name: TableName
    last_value: int
    is_called: bool


@dataclass(frozen=True)
class Surroundings:
    """All of it. `database` is encoding, collation and character type."""

    roles: tuple[Role, ...]
    extensions: tuple[Extension, ...]
    sequences: tuple[SequenceState, ...]
    database: tuple[str, str, str]


def read_surroundings(reader: Reader) -> Surroundings:
    """As the reader's transaction sees them."""
    (database,) = reader.rows(_DATABASE)
    return Surroundings(
        roles=tuple(sorted(Role(name, tuple(sorted(uses)), options) for name, uses, options in reader.rows(_ROLES))),
        extensions=tuple(Extension(*row) for row in reader.rows(_EXTENSIONS)),
        sequences=_sequences(reader),
        database=(str(database[0]), str(database[1]), str(database[2])),
    )


def _sequences(reader: Reader) -> tuple[SequenceState, ...]:
    names = [TableName(schema, name) for schema, name in reader.rows(_SEQUENCES)]
    if not names:
        return ()
    each = (f"SELECT {i}, last_value, is_called FROM {name.sql}" for i, name in enumerate(names))
    found = reader.rows(" UNION ALL ".join(each))
    return tuple(sorted(SequenceState(names[i], last, called) for i, last, called in found))
