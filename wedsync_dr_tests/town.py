"""A small platform for tests: a few tables of every awkward kind, loaded in a moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from wedsync_dr.encryption.keyring import Keyring
from wedsync_dr.encryption.root_key import RootKey
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.scope.rules import parse_rules as parse_rules
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot.batch import Batch
from wedsync_dr.snapshot.take import take
from wedsync_dr.source.session import Patience
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.local import LocalStore
from wedsync_dr.vault.vault import Vault

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SECRET_NAME = "Zebulon Quackenbush"

RULES = """
[roots]
wedding = ["public.weddings"]
vendor = ["public.organizations", "public.vendors"]
[[reference]]
from = "public.documents.wedding_id"
to = "public.weddings.id"
[[reference]]
from = "public.notes.entity_id"
to = "public.weddings.id"
when = "entity_type = 'wedding'"
[[reference]]
from = "public.visits.wedding_id"
to = "public.weddings.id"
[[owned_by]]
table = "public.clients"
via = "public.weddings.client_id"
[class]
business = ["public.bookings"]
"""

SCHEMA = """
CREATE TABLE organizations (id int PRIMARY KEY, name text);
CREATE TABLE vendors (id int PRIMARY KEY, organization_id int REFERENCES organizations, name text);
CREATE TABLE clients (id int PRIMARY KEY, email text UNIQUE);
CREATE TABLE venues (id int PRIMARY KEY, name text);
CREATE TABLE weddings (id int PRIMARY KEY, wedding_date date, client_id int REFERENCES clients, venue_id int
REFERENCES venues);
CREATE TABLE households (id int PRIMARY KEY, wedding_id int NOT NULL REFERENCES weddings ON DELETE CASCADE, contact
int);
CREATE TABLE guests (id int PRIMARY KEY, wedding_id int NOT NULL REFERENCES weddings ON DELETE CASCADE,
    household_id int REFERENCES households, name text, number int GENERATED ALWAYS AS IDENTITY,
    loud text GENERATED ALWAYS AS (upper(name)) STORED);
ALTER TABLE households ADD FOREIGN KEY (contact) REFERENCES guests ON DELETE SET NULL;
CREATE TABLE tasks (id serial PRIMARY KEY, wedding_id int NOT NULL REFERENCES weddings ON DELETE CASCADE,
    parent_id int REFERENCES tasks, title text);
CREATE TABLE rsvps (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    guest_id int NOT NULL REFERENCES guests ON DELETE CASCADE, coming boolean, at timestamptz);
CREATE TABLE bookings (id int PRIMARY KEY, wedding_id int NOT NULL REFERENCES weddings ON DELETE CASCADE,
    vendor_id int REFERENCES vendors, price numeric);
CREATE TABLE reviews (id int PRIMARY KEY, vendor_id int REFERENCES vendors, guest_id int, stars int);
CREATE TABLE documents (id int PRIMARY KEY, wedding_id text, body text);
CREATE TABLE notes (id int PRIMARY KEY, entity_type text, entity_id int, body text);
CREATE TABLE visits (wedding_id int, page text);
CREATE TABLE outbox (id serial PRIMARY KEY, what text);
CREATE FUNCTION mail() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO public.outbox (what) VALUES (TG_OP); RETURN NEW; END $$;
CREATE TRIGGER tell AFTER INSERT OR UPDATE ON guests FOR EACH ROW EXECUTE FUNCTION mail();
CREATE TRIGGER tell_always AFTER INSERT OR UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION mail();
ALTER TABLE tasks ENABLE ALWAYS TRIGGER tell_always;
"""

ROWS = r"""
INSERT INTO organizations VALUES (1, 'Harbour Group'), (2, 'Meadow');
INSERT INTO vendors VALUES (1, 1, 'Flowers'), (2, 2, 'Music'), (3, NULL, 'Cake');
INSERT INTO venues VALUES (1, 'Barn'), (2, 'Castle'), (3, 'Beach');
INSERT INTO clients SELECT i, 'client' || i || '@example.org' FROM generate_series(1, 6) i;
INSERT INTO weddings SELECT i, DATE '2026-11-24' + (i - 2) * 12, i, 1 + i % 3 FROM generate_series(1, 6) i;
INSERT INTO households SELECT w * 10 + i, w, NULL FROM generate_series(1, 6) w, generate_series(1, 2) i;
INSERT INTO guests (id, wedding_id, household_id, name)
    SELECT h.id * 10 + i, h.wedding_id, h.id, CASE i WHEN 1 THEN 'Zebulon Quackenbush' WHEN 2 THEN E'\\N' WHEN 3 THEN
    E'tab\tnew\nline\\.'
        ELSE 'Łucja 👰 ' || h.id END FROM households h, generate_series(1, 4) i;
UPDATE households SET contact = id * 10 + 1;
INSERT INTO rsvps (guest_id, coming, at) SELECT id, id % 2 = 0, 'infinity' FROM guests;
INSERT INTO tasks (wedding_id, title) SELECT id, 'plan' FROM weddings;
INSERT INTO tasks (wedding_id, parent_id, title) SELECT wedding_id, id, 'sub' FROM tasks;
INSERT INTO bookings SELECT w * 10 + v, w, v, CASE v WHEN 1 THEN 'NaN' ELSE 1.50 END
    FROM generate_series(1, 6) w, generate_series(1, 3) v;
INSERT INTO reviews SELECT v, v, NULL, 5 FROM generate_series(1, 3) v;
INSERT INTO documents SELECT i, i::text, repeat('x', 50) FROM generate_series(1, 6) i;
INSERT INTO notes SELECT i, 'wedding', i, 'n' FROM generate_series(1, 6) i UNION ALL SELECT 90, 'other', 1, 'n';
INSERT INTO visits SELECT i, 'home' FROM generate_series(1, 6) i, generate_series(1, 2);
DELETE FROM outbox;
CREATE INDEX ON guests (wedding_id);
CREATE INDEX ON households (wedding_id);
"""

TABLES = [
    "organizations",
    "vendors",
    "clients",
    "venues",
    "weddings",
    "households",
    "guests",
    "tasks",
    "rsvps",
    "bookings",
    "reviews",
    "documents",
    "notes",
    "visits",
    "outbox",
]


def build(url: str) -> Source:
    """Load the town into an empty database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SCHEMA)
        connection.execute(ROWS)
    return Source(url, parse_rules(RULES))


def hasty(source: Source) -> Source:
    """The same source, waiting for nobody's lock."""
    return replace(source, patience=Patience(lock_s=0))


def new_archive(directory: Path) -> Archive:
    """A fresh vault and keyring in a directory."""
    vault = Vault(LocalStore(directory / "vault"))
    vault.create(NOW)
    keyring = Keyring(LocalStore(directory / "keyring"), RootKey(b"r" * 32))
    keyring.create(NOW)
    return Archive.open(vault, keyring)


def wedding(number: int) -> ScopeId:
    return ScopeId(Kind.WEDDING, str(number))


def take_all(source: Source, archive: Archive) -> Batch:
    """Snapshot everything, and insist."""
    batch = take(source, archive, None, now=NOW, requested_by="test")
    assert not batch.failed
    return batch


def taken(source: Source, archive: Archive, *scopes: ScopeId) -> Batch:
    """Snapshot some scopes, and insist."""
    batch = take(source, archive, list(scopes), now=NOW, requested_by="test")
    assert not batch.failed
    return batch


def taken_alone(source: Source, archive: Archive, scope: ScopeId) -> Batch:
    """Snapshot a scope, and lose what was sealed beside it of the rows that it refers to."""
    batch = taken(source, archive, scope)
    for ref in list(archive.vault.supplements.snapshots()):
        archive.vault.supplements.discard(ref)
    return batch


def run(source: Source, *statements: str) -> None:
    """Change the database as the platform would."""
    with psycopg.connect(source.url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


@contextmanager
def open_transaction(source: Source, statement: str) -> Iterator[None]:
    """What a statement does is committed at the end."""
    with psycopg.connect(source.url) as connection:
        connection.execute(statement)
        yield


def rows(source: Source, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(source.url, autocommit=True) as connection:
        return connection.execute(sql).fetchall()


def state(source: Source, *without: str) -> dict[str, list[str]]:
    """Every row of every table as text, sorted: equal states are equal databases."""
    wanted = [table for table in TABLES if table not in without]
    return {t: sorted(str(row[0]) for row in rows(source, f"SELECT t::text FROM public.{t} AS t")) for t in wanted}


def reopened(directory: Path) -> Archive:
    """The same vault and keyring as another process sees them: nothing remembered."""
    keyring = Keyring(LocalStore(directory / "keyring"), RootKey(b"r" * 32))
    return Archive.open(Vault(LocalStore(directory / "vault")), keyring)
