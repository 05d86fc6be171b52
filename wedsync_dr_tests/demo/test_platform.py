import hashlib
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

import wedsync_dr.demo
from wedsync_dr.demo.generate import load_platform, wedding_of_tomorrow
from wedsync_dr.demo.roles import APP, BACKUP, create_roles
from wedsync_dr.demo.texts import HOSTILE
from wedsync_dr.embedded.server import Server
from wedsync_dr_tests.conftest import TODAY, WEDDINGS

TABLES = """
SELECT format('%I.%I', relnamespace::regnamespace, relname) FROM pg_class
WHERE relkind IN ('r', 'p') AND NOT relispartition
AND relnamespace::regnamespace::text IN ('public', 'auth', 'storage', 'billing')
ORDER BY 1
"""

FOREIGN_KEYS = """
SELECT conrelid::regclass::text, confrelid::regclass::text,
       (SELECT array_agg(quote_ident(attname) ORDER BY n) FROM unnest(conkey) WITH ORDINALITY k (c, n)
        JOIN pg_attribute ON attrelid = conrelid AND attnum = c),
       (SELECT array_agg(quote_ident(attname) ORDER BY n) FROM unnest(confkey) WITH ORDINALITY k (c, n)
        JOIN pg_attribute ON attrelid = confrelid AND attnum = c)
FROM pg_constraint WHERE contype = 'f' AND conparentid = 0
"""

NOT_INDEXED = """
SELECT conrelid::regclass::text, conname FROM pg_constraint c WHERE contype = 'f' AND NOT EXISTS (
    SELECT FROM pg_index WHERE indrelid = conrelid AND indpred IS NULL
    AND (indkey::int2[])[0:cardinality(conkey) - 1] @> conkey
)
"""

TIERS = """
SELECT count(*) FILTER (WHERE days BETWEEN -1 AND 1) AS day_of, count(*) FILTER (WHERE days = 1) AS tomorrow,
       count(*) FILTER (WHERE days BETWEEN 2 AND 7) AS imminent,
       count(*) FILTER (WHERE days BETWEEN 8 AND 30) AS critical,
       count(*) FILTER (WHERE days > 30) AS normal, count(*) FILTER (WHERE days BETWEEN -7 AND -2) AS just_past,
       count(*) FILTER (WHERE days < -7) AS settled, count(*) FILTER (WHERE days IS NULL) AS undated
FROM (SELECT wedding_date - %s AS days FROM public.weddings) w
"""


@pytest.fixture
def template(server: Server, platform_template: str) -> Iterator[psycopg.Connection]:
    """The platform, read only; closed after each test, so that others may copy it."""
    with psycopg.connect(server.url(platform_template), autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = on")
        yield connection


def column(connection: psycopg.Connection, query: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(query.encode())]


def number(connection: psycopg.Connection, query: str) -> int:
    return int(column(connection, query)[0])


def hashes(url: str) -> dict[str, str]:
    """A hash of every table's rows, in whatever order they lie."""
    with psycopg.connect(url) as connection:
        return {table: _hash(column(connection, _every_row(table))) for table in column(connection, TABLES)}


def _every_row(table: str) -> str:
    return f"SELECT t::text FROM {table} t"


def _hash(lines: list[str]) -> str:
    return hashlib.sha256("\x00".join(sorted(lines)).encode()).hexdigest()


def test_every_table_has_rows(template: psycopg.Connection) -> None:
    tables = column(template, TABLES)
    assert len(tables) >= 45
    assert [table for table in tables if not number(template, f"SELECT count(*) FROM {table}")] == []


def test_every_foreign_key_holds(template: psycopg.Connection) -> None:
    dangling = {}
    for child, parent, columns, keys in template.execute(FOREIGN_KEYS).fetchall():
        match = " AND ".join(f"p.{key} = c.{column}" for column, key in zip(columns, keys, strict=True))
        filled = " AND ".join(f"c.{column} IS NOT NULL" for column in columns)
        query = f"SELECT count(*) FROM {child} c WHERE {filled} AND NOT EXISTS (SELECT FROM {parent} p WHERE {match})"
        if lost := number(template, query):
            dangling[child, columns[0]] = lost
    assert dangling == {}


def test_every_foreign_key_has_an_index(template: psycopg.Connection) -> None:
    assert template.execute(NOT_INDEXED).fetchall() == []


def test_soft_references_point_to_something(template: psycopg.Connection) -> None:
    lost = """
    SELECT (SELECT count(*) FROM public.documents d WHERE wedding_id IS NOT NULL
            AND NOT EXISTS (SELECT FROM public.weddings w WHERE w.id = d.wedding_id))
         + (SELECT count(*) FROM storage.objects o WHERE wedding_ref IS NOT NULL
            AND NOT EXISTS (SELECT FROM public.weddings w WHERE w.id::text = o.wedding_ref))
         + (SELECT count(*) FROM public.notes n WHERE entity_type = 'guest'
            AND NOT EXISTS (SELECT FROM public.guests g WHERE g.id = n.entity_id))
    """
    assert number(template, lost) == 0


def test_every_tier_is_there(template: psycopg.Connection) -> None:
    cursor = template.execute(TIERS, [TODAY])
    row = cursor.fetchone()
    assert cursor.description is not None
    assert row is not None
    found = dict(zip([column.name for column in cursor.description], row, strict=True))
    assert min(found.values()) >= 1, found
    assert found["tomorrow"] >= 2


def test_every_hostile_text_is_there_as_it_was_meant(template: psycopg.Connection) -> None:
    found = set(column(template, "SELECT DISTINCT remark FROM public.guests WHERE remark IS NOT NULL"))
    assert {r"\N", r"\.", "tab\there", "line\nbreak", "carriage\rreturn", ""} <= found
    assert len(found) >= len(HOSTILE)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) FROM public.weddings WHERE ceremony_at = 'infinity'",
        "SELECT count(*) FROM billing.exchange_rates WHERE rate = 'NaN'",
        "SELECT count(*) FROM public.vendor_services WHERE array_ndims(packages) = 2",
        "SELECT count(*) FROM public.guests WHERE array_lower(tags, 1) = 0",
        "SELECT count(*) FROM public.guests WHERE array_position(tags, NULL) IS NOT NULL",
        "SELECT count(*) FROM (SELECT a FROM public.activity_feed a GROUP BY a HAVING count(*) > 1) twice",
        "SELECT count(*) FROM public.broadcasts WHERE cardinality(wedding_ids) = 2",
        "SELECT count(*) FROM public.wedding_connections WHERE other_wedding_id IS NOT NULL",
        "SELECT count(*) FROM (SELECT FROM public.weddings GROUP BY client_id HAVING count(*) > 1) shared",
    ],
)
def test_rare_values_occur(template: psycopg.Connection, query: str) -> None:
    assert number(template, query) > 0


def test_the_same_seed_gives_the_same_rows(database: str, platform: str) -> None:
    load_platform(database, weddings=WEDDINGS, seed=1, today=TODAY)
    assert hashes(database) == hashes(platform)


def test_another_seed_gives_other_rows(database: str, platform: str) -> None:
    load_platform(database, weddings=1, seed=2, today=TODAY)
    assert wedding_of_tomorrow(database) != wedding_of_tomorrow(platform)


def test_progress_reaches_its_end(database: str) -> None:
    heard: dict[str, tuple[int, int]] = {}
    load_platform(
        database, weddings=2, today=TODAY, progress=lambda what, done, total: heard.update({what: (done, total)})
    )
    assert heard["weddings"] == (2, 2)
    assert heard["indexes"][0] == heard["indexes"][1] > 50


def test_triggers_write_where_a_restore_must_not(platform: str) -> None:
    wedding = wedding_of_tomorrow(platform)
    with psycopg.connect(platform) as connection:
        before = number(connection, "SELECT count(*) FROM public.email_outbox WHERE sent_at IS NULL")
        connection.execute("UPDATE public.bookings SET status = 'cancelled' WHERE wedding_id = %s", [wedding])
        connection.execute("UPDATE public.guests SET remark = 'x' WHERE wedding_id = %s", [wedding])
        assert number(connection, "SELECT count(*) FROM public.email_outbox WHERE sent_at IS NULL") > before
        assert number(connection, "SELECT count(*) FROM public.audit_log WHERE changed @> '{remark,updated_at}'") > 0


def test_new_rows_get_new_numbers(platform: str) -> None:
    with psycopg.connect(platform) as connection:
        connection.execute(
            "INSERT INTO public.notes (entity_type, entity_id, body) VALUES ('wedding', gen_random_uuid(), '')"
        )
        connection.execute("INSERT INTO public.email_outbox (recipient) VALUES ('a@example.org')")
        connection.execute("INSERT INTO public.weddings (title) VALUES ('another')")


def test_an_invoiced_wedding_cannot_simply_be_deleted(platform: str) -> None:
    wedding = wedding_of_tomorrow(platform)
    with psycopg.connect(platform) as connection, pytest.raises(psycopg.errors.ForeignKeyViolation, match="invoices"):
        connection.execute("DELETE FROM public.weddings WHERE id = %s", [wedding])


def test_policies_hide_rows_without_an_error(platform: str) -> None:
    create_roles(platform, "word")
    create_roles(platform, "word")
    app, backup = (make_conninfo(platform, user=role, password="word") for role in (APP, BACKUP))
    with psycopg.connect(app) as connection:
        assert number(connection, "SELECT count(*) FROM public.weddings") == 0
        assert number(connection, "SELECT count(*) FROM auth.users") == 0
        couple = connection.execute("SELECT set_config('request.jwt.claim.sub', %s, false)", [_someone(platform)])
        assert couple.fetchone() is not None
        assert number(connection, "SELECT count(*) FROM public.weddings") == 1
        assert 0 < number(connection, "SELECT count(*) FROM public.guests") < 200
    with psycopg.connect(backup) as connection:
        connection.execute("SET row_security = off")
        assert number(connection, "SELECT count(*) FROM public.weddings") == WEDDINGS


def test_rules_name_only_what_exists(template: psycopg.Connection) -> None:
    rules = Path(wedsync_dr.demo.__file__).with_name("rules.toml").read_text()
    for line in rules.splitlines():
        key, _, value = line.split("#")[0].partition("=")
        if key.strip() in ("from", "to", "via"):
            table, name = value.strip().strip('"').rsplit(".", 1)
            query = "SELECT count(*) FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s"
            assert template.execute(query, [table, name]).fetchone() == (1,), line


def _someone(url: str) -> str:
    """A partner of the first wedding."""
    with psycopg.connect(url) as connection:
        return column(
            connection,
            "SELECT c.user_id FROM public.clients c JOIN public.weddings w ON w.client_id = c.id WHERE w.number = 1",
        )[0]
