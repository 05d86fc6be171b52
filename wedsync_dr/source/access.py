"""Whether a role sees every row: hidden rows would be a backup that lies."""

from collections.abc import Collection, Iterable, Sequence

from wedsync_dr.errors import SourceRefused
from wedsync_dr.model import TableName, quoted
from wedsync_dr.source.session import Reader

_SIGHT = """
SELECT n.nspname::text, c.relname::text,
       has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'), row_security_active(c.oid)
FROM unnest(%s::text[], %s::text[]) AS wanted(schema, name)
JOIN pg_namespace n ON n.nspname = wanted.schema JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name
ORDER BY 1, 2
"""


def require_all_rows(reader: Reader, tables: Iterable[TableName]) -> None:
    """Raises SourceRefused, with the statements that mend it, where a privilege or a policy hides rows of a table."""
    refused, hidden = _unseen(reader, list(tables))
    if refused or hidden:
        ((role,),) = reader.rows("SELECT current_user::text")
        raise SourceRefused(_what(role, refused, hidden), remedy=_remedy(quoted(role), refused, hidden))


def not_seen_whole(reader: Reader, tables: Collection[TableName]) -> set[TableName]:
    """Those of the tables that have rows which the role may not see."""
    refused, hidden = _unseen(reader, tables)
    return {*refused, *hidden}


def _unseen(reader: Reader, names: Collection[TableName]) -> tuple[list[TableName], list[TableName]]:
    """Tables that the role may not read, and those that it may, but for rows that a policy hides."""
    found = reader.rows(_SIGHT, [[name.schema for name in names], [name.name for name in names]])
    refused = [TableName(schema, name) for schema, name, readable, _ in found if not readable]
    hidden = [TableName(schema, name) for schema, name, readable, filtered in found if readable and filtered]
    return refused, hidden


def _what(role: str, refused: Sequence[TableName], hidden: Sequence[TableName]) -> str:
    parts = [f"Role {role} does not see all rows:"]
    parts += [f"no SELECT on {_some(refused)}."] if refused else []
    parts += [f"row-level security hides rows of {_some(hidden)}."] if hidden else []
    return " ".join(parts)


def _remedy(role: str, refused: Sequence[TableName], hidden: Sequence[TableName]) -> str:
    statements = []
    if refused:
        schemas = ", ".join(sorted({quoted(name.schema) for name in refused}))
        statements += [f"GRANT USAGE ON SCHEMA {schemas} TO {role};"]
        statements += [f"GRANT SELECT ON ALL TABLES IN SCHEMA {schemas} TO {role};"]
    statements += [f"ALTER ROLE {role} BYPASSRLS;"] if hidden else []
    return " ".join(statements)


def _some(names: Sequence[TableName]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(map(str, names[:5])) + more
