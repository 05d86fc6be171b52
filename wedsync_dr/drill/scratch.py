"""The scratch databases of a drill: made for it, and gone after it."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from wedsync_dr.embedded.binaries import find_binaries
from wedsync_dr.embedded.server import Server
from wedsync_dr.model import quoted
from wedsync_dr.restore.phases import phases_of
from wedsync_dr.restore.rebuild import build, builder
from wedsync_dr.snapshot.schema import SchemaObject
from wedsync_dr.source.session import Session, connect
from wedsync_dr.source.surroundings import Role
from wedsync_dr.source.translation import translated

_PREFIX = "wedsync_drill_"


class Scratch:
    """Makes databases on a server where that does no harm, and drops every one that it made."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._made: list[str] = []
        self._templates: dict[str, str] = {}

    @contextmanager
    def empty(self) -> Iterator[str]:
        """The URL of an empty database, which is dropped at the end."""
        name = self._create("template0")
        try:
            yield self._url_of(name)
        finally:
            self._drop(name)

    @contextmanager
    def with_schema(self, snapshot_id: str, schema: SchemaObject) -> Iterator[str]:
        """The URL of a database with the schema and no rows. The schema is built once for all that ask for it."""
        if snapshot_id not in self._templates:
            self._templates[snapshot_id] = self._template(schema)
        name = self._create(self._templates[snapshot_id])
        try:
            yield self._url_of(name)
        finally:
            self._drop(name)

    def ensure_roles(self, schema: SchemaObject) -> None:
        """Make the roles that policies name and the server does not have; none of them can log in."""
        with connect(self._url, name="wedsync-dr drill") as connection, translated():
            for role in schema.surroundings.roles:
                _ensure_role(connection, role)

    def close(self) -> None:
        """Drop what is left."""
        for name in list(self._made):
            self._drop(name)

    def _template(self, schema: SchemaObject) -> str:
        self.ensure_roles(schema)
        name = self._create("template0")
        phases = phases_of(schema.statements, no_owner=True, indexes_early=True)
        with builder(self._url_of(name)) as connection, translated(), connection.transaction():
            build(connection, (*phases.before, *phases.keys, *phases.attached, *phases.foreign, *phases.rules))
        return name

    def _create(self, template: str) -> str:
        name = f"{_PREFIX}{secrets.token_hex(6)}"
        self._administer(f"CREATE DATABASE {quoted(name)} TEMPLATE {quoted(template)}")
        self._made.append(name)
        return name

    def _drop(self, name: str) -> None:
        self._administer(f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")
        self._made.remove(name)

    def _administer(self, statement: str) -> None:
        with connect(self._url, name="wedsync-dr drill") as connection, translated():
            connection.execute(statement.encode())

    def _url_of(self, database: str) -> str:
        return urlunsplit(urlsplit(self._url)._replace(path=f"/{database}"))


@contextmanager
def scratch(url: str | None, pg_bin: Path | None) -> Iterator[Scratch]:
    """Scratch databases on the server that `url` names, or on one that is made for the drill and removed after it.

    Raises SourceUnreachable and SourceRefused, and, where there is no server to be made, what says how to get one.
    """
    if url is not None:
        yield from _closing(Scratch(url))
        return
    with tempfile.TemporaryDirectory(prefix="wedsync-drill-") as folder:
        server = Server(Path(folder) / "server", find_binaries(pg_bin), fsync=False)
        server.create(secrets.token_urlsafe(18))
        try:
            server.start()
            yield from _closing(Scratch(server.url()))
        finally:
            server.destroy()


def _closing(made: Scratch) -> Iterator[Scratch]:
    try:
        yield made
    finally:
        made.close()


def _ensure_role(connection: Session, role: Role) -> None:
    found = connection.execute("SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = %s", [role.name]).fetchone()
    if found is None:
        connection.execute(f"CREATE ROLE {quoted(role.name)} NOLOGIN".encode())
