"""What it costs to know what changed. `python -m benchmarks.changes_cost [WEDDINGS]`: ticks of a lean platform."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psycopg

from benchmarks.stage import Stage, timed
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.scope.rules import parse_rules
from wedsync_dr.scope.survey import Schema, Source, survey
from wedsync_dr.snapshot.fingerprints import fingerprints
from wedsync_dr.snapshot.remembered import recall, remember
from wedsync_dr.snapshot.take import take
from wedsync_dr.snapshot.unmoved import moved
from wedsync_dr.source.session import open_reader
from wedsync_dr.vault.archive import Archive

WEDDINGS, TIMES = 100_000, 5
ROWS = [
    ("fingerprints of every scope, read anew", "changes: look", "the full backup, which reads them too", "full: ours"),
    ("1 % changed, found by fingerprints", "nightly: changed", "pg_basebackup --incremental", "nightly: incremental"),
]
RULES = '[roots]\nwedding = ["public.weddings"]\nvendor = ["public.vendors"]\n'
LEAN = """
CREATE TABLE vendors (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text);
CREATE TABLE weddings (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), number int, wedding_date date, couple text);
CREATE TABLE guests (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), wedding_id uuid NOT NULL REFERENCES weddings,
    name text, email text);
CREATE TABLE tasks (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), wedding_id uuid NOT NULL REFERENCES weddings,
    title text, done boolean);
CREATE TABLE bookings (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), wedding_id uuid NOT NULL REFERENCES weddings,
    vendor_id uuid NOT NULL REFERENCES vendors, price numeric);
INSERT INTO vendors (name) SELECT 'vendor ' || i FROM generate_series(1, {weddings} / 10) i;
INSERT INTO weddings (number, wedding_date, couple)
    SELECT i, DATE '2026-11-24' + i % 700, 'couple ' || i FROM generate_series(1, {weddings}) i;
INSERT INTO guests (wedding_id, name, email)
    SELECT id, 'guest ' || i, 'guest' || i || '@example.org' FROM weddings, generate_series(1, 12) i;
INSERT INTO tasks (wedding_id, title, done) SELECT id, 'task ' || i, false FROM weddings, generate_series(1, 4) i;
INSERT INTO bookings (wedding_id, vendor_id, price) SELECT w.id, v.id, 100 FROM generate_series(1, 3) i, weddings w
    JOIN (SELECT id, row_number() OVER () AS number FROM vendors) v ON v.number = 1 + w.number % ({weddings} / 10);
CREATE INDEX ON guests (wedding_id);
"""
CHANGES = {
    "nothing changed, nobody writes": None,
    "nothing changed, others write": "SELECT pg_current_xact_id()",
    "guests of 1 % changed": "UPDATE guests SET name = name || '.' WHERE wedding_id IN"
    " (SELECT id FROM weddings WHERE number % 100 = 1)",
}


def rounds(stage: Stage, archive: Archive, note: Callable[[str, float], None]) -> None:
    """What `make bench` measures: a look at everything anew, and a batch of what changed since the last one.

    After a batch that remembered, and a change.
    """
    with survey(stage.source) as seen:
        note("changes: look", timed(lambda: fingerprints(seen, None)))
    now = datetime.now(UTC)
    note("nightly: changed", timed(lambda: take(stage.source, archive, None, now=now, requested_by="bench",
                                                changed_only=True)))  # fmt: skip


def main() -> None:
    weddings = int(sys.argv[1]) if len(sys.argv) > 1 else WEDDINGS
    with lean(weddings) as (stage, source):
        archive = stage.archive(datetime.now(UTC))
        schema, scopes = Schema(source.rules), scopes_of(source)
        say(f"{weddings:,} weddings, the first look: {timed(lambda: remember_all(source, archive, scopes)):.2f} s")
        for name, change in CHANGES.items():
            say(f"{name}: {median(ticks(source, archive, schema, scopes, change)):.2f} s")


def ticks(
    source: Source, archive: Archive, schema: Schema, scopes: list[ScopeId], change: str | None
) -> Iterator[float]:
    """Seconds of each tick; the first one, for which the schema is loaded and a part becomes hot, does not count."""
    for number in range(TIMES + 1):
        if change:
            execute(source.url, change)
        seconds = timed(lambda: tick(source, archive, schema, scopes))
        remember_all(source, archive, scopes)
        if number:
            yield seconds


def tick(source: Source, archive: Archive, schema: Schema, scopes: list[ScopeId]) -> None:
    """What a sensor asks: which of the weddings moved."""
    with open_reader(source.url) as reader:
        moved(archive, schema.survey(reader), scopes)


def remember_all(source: Source, archive: Archive, scopes: list[ScopeId]) -> None:
    """As if all had been taken at this instant."""
    with survey(source) as seen:
        before, _ = recall(archive)
        instant = seen.reader.instant
        batch = f"{instant.taken_at:%Y%m%dT%H%M%S.%f}Z-00000000"
        now = fingerprints(seen, before.prints if before else None)
        remember(archive, batch, instant, now, before, dict.fromkeys(scopes, batch))


@contextmanager
def lean(weddings: int) -> Iterator[tuple[Stage, Source]]:
    """Weddings of 20 rows each."""
    home = Path(tempfile.mkdtemp(prefix="wedsync-bench-"))
    stage = Stage(home, weddings)
    try:
        stage.server.create("bench")
        stage.server.start()
        stage.server.create_database("lean")
        url = stage.server.url("lean")
        execute(url, *LEAN.replace("{weddings}", str(weddings)).split(";\n"), "VACUUM ANALYZE")
        yield stage, Source(url, parse_rules(RULES))
    finally:
        stage.server.destroy()
        shutil.rmtree(home, ignore_errors=True)


def scopes_of(source: Source) -> list[ScopeId]:
    with open_reader(source.url) as reader:
        return [ScopeId.of_key(Kind.WEDDING, key) for (key,) in reader.rows("SELECT id::text FROM public.weddings")]


def execute(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in filter(str.strip, statements):
            connection.execute(statement.encode())


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
