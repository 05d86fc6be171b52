"""The database that the platform is rebuilt in: what it is, and what it lacks, before anything is written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from wedsync_dr.errors import TargetUnfit
from wedsync_dr.model import SourceIdentity, quoted
from wedsync_dr.restore.journal import SCHEMA_NAME, Journal, Run
from wedsync_dr.restore.waves import Order
from wedsync_dr.source.session import Reader
from wedsync_dr.source.surroundings import Surroundings

_OBJECTS = """
WITH ours AS (SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', %s)),
extension AS (SELECT classid, objid FROM pg_depend WHERE deptype = 'e')
SELECT 'relation ' || c.oid::regclass::text FROM pg_class c JOIN ours ON ours.oid = c.relnamespace
WHERE c.relkind <> 'i' AND ('pg_class'::regclass, c.oid) NOT IN (SELECT * FROM extension)
UNION ALL SELECT 'function ' || p.oid::regproc::text FROM pg_proc p JOIN ours ON ours.oid = p.pronamespace
WHERE ('pg_proc'::regclass, p.oid) NOT IN (SELECT * FROM extension)
UNION ALL SELECT 'type ' || t.oid::regtype::text FROM pg_type t JOIN ours ON ours.oid = t.typnamespace
WHERE t.typrelid = 0 AND t.typelem = 0 AND ('pg_type'::regclass, t.oid) NOT IN (SELECT * FROM extension)
LIMIT 1000
"""
_ROLES = "SELECT rolname::text FROM pg_roles"
_EXTENSIONS = """
SELECT a.name::text, e.extname IS NOT NULL OR r.rolsuper OR coalesce(v.trusted, false)
FROM pg_available_extensions a LEFT JOIN pg_extension e ON e.extname = a.name
LEFT JOIN pg_available_extension_versions v ON v.name = a.name AND v.version = a.default_version
JOIN pg_roles r ON r.rolname = current_user
"""
_MAY = """
SELECT r.rolsuper, has_database_privilege(current_database(), 'CREATE'),
       pg_encoding_to_char(d.encoding)::text, d.datcollate::text, current_user::text
FROM pg_roles r, pg_database d WHERE r.rolname = current_user AND d.datname = current_database()
"""


@dataclass(frozen=True)
class Lack:
    """Something that the target needs before the platform fits in: what, and the statement or step that mends it."""

    what: str
    remedy: str


@dataclass(frozen=True)
class Target:
    """The database as it was found. `run` is the recovery that is under way in it."""

    identity: SourceIdentity
    run: Run | None
    lacks: tuple[Lack, ...]
    warnings: tuple[str, ...]
    replica: bool


def look_at(connection: psycopg.Connection[Any], needs: Surroundings, order: Order, *, no_owner: bool) -> Target:
    """Look at a target; reads only, but for a setting that is tried and taken back."""
    reader = Reader(connection)
    run = Journal(connection).run()
    (may,) = reader.rows(_MAY)
    replica = _may_be_replica(connection)
    lacks = [*_roles(reader, needs, no_owner=no_owner), *_extensions(reader, needs)]
    lacks += [] if run else _objects(reader)
    if not may[1]:
        lacks.append(Lack("The role may not create schemas in the target.", f"GRANT CREATE ON DATABASE … TO {may[4]};"))
    if order is Order.urgent and not replica:
        mend = "GRANT SET ON PARAMETER session_replication_role TO the role, or say --order fast."
        lacks.append(Lack("The role may not switch triggers off, which --order urgent needs.", mend))
    return Target(reader.identity, run, tuple(lacks), tuple(_warnings(needs, may[2], may[3])), replica)


def require_fit(target: Target, wanted: Run) -> None:
    """Raises TargetUnfit where the target lacks anything, or another recovery is under way in it."""
    if target.lacks:
        rest = f" And {len(target.lacks) - 1} more; the plan lists them." if len(target.lacks) > 1 else ""
        raise TargetUnfit(target.lacks[0].what + rest, remedy=" ".join(lack.remedy for lack in target.lacks[:20]))
    if target.run and target.run != wanted:
        raise TargetUnfit(
            f"Another recovery is under way in the target (as of {target.run.as_of}, order {target.run.urgency}).",
            remedy="Give the options of that one to go on with it, or name another empty database.",
        )


def _roles(reader: Reader, needs: Surroundings, *, no_owner: bool) -> Iterator[Lack]:
    there = {name for (name,) in reader.rows(_ROLES)}
    for role in needs.roles:
        if role.name not in there and (not no_owner or "policy" in role.uses):
            instead = "" if "policy" in role.uses else " (or say --no-owner)"
            yield Lack(
                f"The target has no role {role.name} ({', '.join(role.uses)}).",
                f"CREATE ROLE {quoted(role.name)} {role.options};{instead}",
            )


def _extensions(reader: Reader, needs: Surroundings) -> Iterator[Lack]:
    available = {name: bool(allowed) for name, allowed in reader.rows(_EXTENSIONS)}
    for one in needs.extensions:
        if one.name not in available:
            mend = f"Install {one.name} {one.version} on the target's server."
            yield Lack(f"The target's server has no extension {one.name}.", mend)
        elif not available[one.name]:
            mend = f"As a superuser: CREATE EXTENSION {quoted(one.name)} WITH SCHEMA {quoted(one.schema)};"
            yield Lack(f"The role may not create the extension {one.name}.", mend)


def _objects(reader: Reader) -> Iterator[Lack]:
    found = [name for (name,) in reader.rows(_OBJECTS, [SCHEMA_NAME])]
    if found:
        yield Lack(
            f"The target is not empty: {', '.join(sorted(found)[:3])}{' …' if len(found) > 3 else ''}.",
            "Name an empty database: CREATE DATABASE name TEMPLATE template0;",
        )


def _may_be_replica(connection: psycopg.Connection[Any]) -> bool:
    try:
        with connection.transaction(force_rollback=True):
            connection.execute("SET LOCAL session_replication_role = replica")
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def _warnings(needs: Surroundings, encoding: str, collation: str) -> Iterator[str]:
    if needs.database[0] != encoding:
        yield f"The source's encoding is {needs.database[0]}, the target's {encoding}: not every text may fit."
    if needs.database[1] != collation:
        yield f"The source sorts by {needs.database[1]}, the target by {collation}."


def shown_lacks(lacks: Sequence[Lack]) -> list[dict[str, str]]:
    """For programs."""
    return [{"what": lack.what, "remedy": lack.remedy} for lack in lacks]
