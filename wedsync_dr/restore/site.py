"""The database that a restore writes to: one session for all that it does there, and one catalogue while that holds."""

from collections.abc import Iterator
from contextlib import contextmanager

from wedsync_dr.errors import ScopeBusy
from wedsync_dr.model import ScopeId
from wedsync_dr.scope.survey import Schema, Source, Survey
from wedsync_dr.source.session import Reader, Session, connect, lock_scopes, reading, translated


class Site:
    """A session. Transactions follow each other; the locks of scopes last beyond them."""

    def __init__(self, source: Source, connection: Session, schema: Schema) -> None:
        self.source, self.connection, self._schema = source, connection, schema

    @contextmanager
    def look(self) -> Iterator[Survey]:
        """One instant, to read at."""
        with reading(self.connection) as reader:
            yield self._schema.survey(reader)

    @contextmanager
    def write(self) -> Iterator[Survey]:
        """A transaction that commits when it ends well. Each statement sees what is committed by then."""
        with translated(), self.connection.transaction():
            self.connection.execute("SET LOCAL row_security = off; SET CONSTRAINTS ALL DEFERRED")
            yield self._schema.survey(Reader(self.connection))

    @contextmanager
    def hold(self, scope: ScopeId) -> Iterator[None]:
        """No other run snapshots or restores the scope meanwhile. Raises ScopeBusy."""
        with lock_scopes(self.connection, [scope], patience_s=self.source.patience.lock_s) as held:
            if scope not in held:
                raise ScopeBusy(
                    f"{scope} is being snapshotted or restored by another run.", remedy="Try again in a moment."
                )
            yield


@contextmanager
def open_site(source: Source, schema: Schema | None = None) -> Iterator[Site]:
    """A session on the database that a source names; `schema` is what restores before have learnt of it.

    Raises SourceUnreachable and SourceRefused.
    """
    with connect(source.url, name="wedsync-dr restore", patience=source.patience) as connection:
        yield Site(source, connection, schema or Schema(source.rules))
