"""What a thousand tables cost: `scopes`, a draft of the rules, and a full pass against a bare COPY of every table."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import psycopg

from benchmarks.sprawl import RULES, Sprawl
from benchmarks.stage import Stage, timed
from wedsync_dr.embedded.server import Server
from wedsync_dr.scope.report import describe
from wedsync_dr.scope.suggest import suggest
from wedsync_dr.scope.survey import Source, survey
from wedsync_dr.snapshot.take import take
from wedsync_dr.source.session import open_reader
from wedsync_dr.vault.archive import Archive


@contextmanager
def sprawl(stage: Stage) -> Iterator[Source]:
    """The schema on a server of its own: physical backups of the stage's server must not carry it."""
    server = Server(stage.home / "sprawl", stage.binaries)
    server.create("bench")
    try:
        server.start()
        server.create_database("sprawl")
        with psycopg.connect(server.url("sprawl"), autocommit=True) as connection:
            for statement in Sprawl().statements():
                connection.execute(statement.encode())
        yield Source(server.url("sprawl"), RULES)
    finally:
        server.destroy()


def measure(stage: Stage, source: Source) -> dict[str, float]:
    """Seconds by figure. The keys are made before, as in production; each pass stores all in a vault of its own."""
    now = datetime.now(UTC)
    whole(source, stage.archive(now))
    archive = stage.archive(now)
    return {
        "sprawl: scopes": timed(lambda: look(source)),
        "sprawl: draft": timed(lambda: draft(source)),
        "sprawl: copy": timed(lambda: copy(source)),
        "sprawl: ours": timed(lambda: whole(source, archive)),
    }


def look(source: Source) -> None:
    with survey(source) as seen:
        describe(seen.reader, seen.catalog, seen.ownership)


def draft(source: Source) -> None:
    with survey(source) as seen:
        suggest(seen.reader, seen.catalog, source.rules)


def copy(source: Source) -> None:
    """Every row of every table, read by one process and thrown away."""
    with open_reader(source.url) as reader:
        for (table,) in reader.rows(
            "SELECT format('%I', relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 2200"
        ):
            for _ in reader.copy(f"SELECT * FROM ONLY public.{table}"):
                pass


def whole(source: Source, archive: Archive) -> None:
    batch = take(source, archive, None, now=datetime.now(UTC), requested_by="bench", workers=2)
    if batch.failed:
        raise SystemExit(f"{len(batch.failed)} scopes failed; the first: {batch.failed[0].error}")
