"""The two roles that matter: one that may read everything for a backup, and the platform's own, which may not."""

import psycopg
from psycopg import sql

BACKUP = "wedsync_backup"
APP = "wedsync_app"
SCHEMAS = ("public", "auth", "storage", "billing")


def create_roles(url: str, password: str) -> None:
    """Create both roles in the server if they are not there, and let them read this database.

    `wedsync_backup` sees every row of every table; `wedsync_app` sees what row-level security lets it see.
    """
    with psycopg.connect(url) as connection:
        for role, security in ((BACKUP, "BYPASSRLS"), (APP, "NOBYPASSRLS")):
            _create_role(connection, role, security, password)
            _let_read(connection, role)


def _create_role(connection: psycopg.Connection, role: str, security: str, password: str) -> None:
    known = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone() is not None
    verb = sql.SQL("ALTER" if known else "CREATE")
    connection.execute(
        sql.SQL("{} ROLE {} LOGIN {} PASSWORD {}").format(
            verb, sql.Identifier(role), sql.SQL(security), sql.Literal(password)
        )
    )


def _let_read(connection: psycopg.Connection, role: str) -> None:
    for schema in SCHEMAS:
        for statement in (
            "GRANT USAGE ON SCHEMA {} TO {}",
            "GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}",
            "GRANT SELECT ON ALL SEQUENCES IN SCHEMA {} TO {}",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA {} GRANT SELECT ON TABLES TO {}",
        ):
            connection.execute(sql.SQL(statement).format(sql.Identifier(schema), sql.Identifier(role)))
