"""Whatever changes the catalogue changes its stamp, and nothing else does."""

from collections.abc import Iterator

import psycopg
import pytest

from wedsync_dr.source.catalog import load_catalog
from wedsync_dr.source.session import Reader, open_reader
from wedsync_dr.source.stamp import Stamp, stamp_of

SCHEMA = """
CREATE TYPE mood AS ENUM ('happy');
CREATE DOMAIN phone AS text;
CREATE TABLE weddings (id int PRIMARY KEY, code int UNIQUE, name varchar(20), phone phone);
CREATE TABLE guests (id serial PRIMARY KEY, wedding_id int, note text DEFAULT 'none', twice int);
CREATE TABLE events (day date) PARTITION BY RANGE (day);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tell AFTER INSERT ON guests FOR EACH ROW EXECUTE FUNCTION nothing();
CREATE SEQUENCE loose;
INSERT INTO weddings VALUES (1, 1, 'a', '1');
"""

CHANGES = [
    "CREATE TABLE gifts (id int)",
    "DROP TABLE guests",
    "ALTER TABLE guests RENAME TO people",
    "ALTER TABLE guests ADD late boolean",
    "ALTER TABLE guests DROP note",
    "ALTER TABLE guests RENAME note TO remark",
    "ALTER TABLE weddings ALTER name TYPE varchar(21)",
    "ALTER TABLE guests ALTER note SET NOT NULL",
    "ALTER TABLE guests ALTER note SET DEFAULT 'some'",
    "ALTER TABLE guests ALTER note DROP DEFAULT",
    "ALTER TABLE guests DROP CONSTRAINT guests_pkey",
    "ALTER TABLE guests ADD FOREIGN KEY (wedding_id) REFERENCES weddings",
    "ALTER TABLE guests ADD FOREIGN KEY (wedding_id) REFERENCES weddings (code) NOT VALID",
    "CREATE UNIQUE INDEX ON guests (note)",
    "ALTER INDEX weddings_code_key RENAME TO other",
    "ALTER TABLE weddings DROP CONSTRAINT weddings_code_key",
    "CREATE TRIGGER also AFTER UPDATE ON guests FOR EACH ROW EXECUTE FUNCTION nothing()",
    "DROP TRIGGER tell ON guests",
    "ALTER TABLE guests DISABLE TRIGGER tell",
    "ALTER TABLE guests ENABLE ALWAYS TRIGGER tell",
    "ALTER TABLE guests ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE guests FORCE ROW LEVEL SECURITY",
    "ALTER TABLE guests SET UNLOGGED",
    "CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')",
    "ALTER TABLE events DETACH PARTITION events_1",
    "ALTER SEQUENCE loose OWNED BY guests.twice",
    "ALTER SEQUENCE guests_id_seq OWNED BY NONE",
    "ALTER SEQUENCE guests_id_seq RENAME TO other",
    "ALTER TYPE phone RENAME TO telephone",
    "ALTER TYPE mood RENAME VALUE 'happy' TO 'glad'",
    "CREATE SCHEMA other",
    "ALTER SCHEMA public RENAME TO other",
    "REVOKE SELECT ON guests FROM CURRENT_USER",
]
ELSEWHERE = [
    "INSERT INTO guests (wedding_id) SELECT 1 FROM generate_series(1, 100)",
    "DELETE FROM weddings",
    "ANALYZE",
    "VACUUM FREEZE",
    "CREATE TEMP TABLE mine (id serial PRIMARY KEY, note text DEFAULT 'x')",
    "SELECT nextval('guests_id_seq')",
]


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(SCHEMA)
        yield connection


def stamp(database: str) -> Stamp:
    with open_reader(database) as reader:
        return stamp_of(reader)


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_of_the_catalogue_is_seen(connection: psycopg.Connection, change: str) -> None:
    """Within a transaction that is taken back: what it has done is what a later one would see."""
    connection.execute("SET search_path = public")
    reader = Reader(connection)
    with connection.transaction(force_rollback=True):
        before = stamp_of(reader)
        connection.execute(change.encode())
        assert stamp_of(reader) != before


@pytest.mark.parametrize("change", ELSEWHERE)
def test_what_does_not_touch_the_catalogue_is_not_seen(
    database: str, connection: psycopg.Connection, change: str
) -> None:
    before = stamp(database)
    connection.execute(change.encode())
    assert stamp(database) == before


def test_a_stamp_is_that_of_the_instant(database: str, connection: psycopg.Connection) -> None:
    with open_reader(database) as reader:
        before, catalog = stamp_of(reader), load_catalog(reader)
        connection.execute("ALTER TABLE guests ADD late boolean")
        assert (stamp_of(reader), load_catalog(reader)) == (before, catalog)
    assert stamp(database) != before
