"""All rows of one wedding at once: what the statements for single tables give, table by table."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from wedsync_dr import demo
from wedsync_dr.model import Kind, ScopeId, TableName
from wedsync_dr.scope.discovery import discover
from wedsync_dr.scope.rules import load_rules, parse_rules
from wedsync_dr.scope.survey import Source, Survey, survey
from wedsync_dr.source.catalog import columns_of

RULES = Path(demo.__file__).with_name("rules.toml")
WEDDING = ScopeId(Kind.WEDDING, "a")


@pytest.fixture
def seen(platform: str) -> Iterator[Survey]:
    with survey(Source(platform, load_rules(RULES))) as survey_of_platform:
        yield survey_of_platform


def test_a_wedding_of_the_platform_has_the_rows_that_each_table_gives_it(seen: Survey) -> None:
    columns = {name: columns_of(table) for name, table in seen.catalog.tables.items()}
    weddings = [i.scope for i in discover(seen.reader, seen.catalog, seen.ownership) if i.scope.kind is Kind.WEDDING]
    for scope in weddings[::5]:
        for name, rows in seen.ownership.rows_of(scope, columns).items():
            lines = seen.reader.copy(seen.ownership.select(name, columns[name], [scope]))
            assert Counter(rows) == Counter(bytes(line).partition(b"\t")[2] for line in lines), name


def test_asking_for_one_table_gives_that_table_alone(seen: Survey) -> None:
    scope = next(i.scope for i in discover(seen.reader, seen.catalog, seen.ownership) if i.scope.kind is Kind.WEDDING)
    rsvps = TableName("public", "rsvps")
    found = seen.ownership.rows_of(scope, {rsvps: ["guest_id"]})
    assert found.keys() == {rsvps}
    assert len(found[rsvps]) == len(list(seen.reader.copy(seen.ownership.select(rsvps, ["guest_id"], [scope]))))


def test_no_large_part_of_the_database_is_read_for_one_wedding(seen: Survey) -> None:
    columns = {name: columns_of(table) for name, table in seen.catalog.tables.items()}
    scope = next(i.scope for i in discover(seen.reader, seen.catalog, seen.ownership) if i.scope.kind is Kind.WEDDING)
    read = "SELECT sum(seq_tup_read)::int FROM pg_stat_xact_all_tables WHERE schemaname <> 'pg_catalog'"
    ((before,),) = seen.reader.rows(read)
    seen.ownership.rows_of(scope, columns)
    ((after,),) = seen.reader.rows(read)
    ((total,),) = seen.reader.rows("SELECT sum(reltuples)::int FROM pg_class WHERE relkind = 'r'")
    assert after - before < total / 2


def looked_at(database: str, schema: str, rules: str = "") -> Iterator[Survey]:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(schema.encode())
    with survey(Source(database, parse_rules(f'[roots]\nwedding = ["public.weddings"]\n{rules}'))) as found:
        yield found


def rows_of(seen: Survey, table: str) -> list[bytes]:
    name = TableName("public", table)
    return sorted(seen.ownership.rows_of(WEDDING, {name: columns_of(seen.catalog.tables[name])})[name])


def test_values_that_are_equal_without_looking_alike_are_equal(database: str) -> None:
    schema = """
    CREATE TABLE public.weddings (id char(5) PRIMARY KEY);
    CREATE TABLE public.guests (id int PRIMARY KEY, wedding char(3) REFERENCES public.weddings);
    INSERT INTO public.weddings VALUES ('a'), ('b');
    INSERT INTO public.guests VALUES (1, 'a'), (2, 'b');
    """
    for seen in looked_at(database, schema):
        assert rows_of(seen, "guests") == [b"1\ta  \n"]


def test_keys_that_need_escaping_are_found(database: str) -> None:
    schema = r"""
    CREATE TABLE public.weddings (id text PRIMARY KEY);
    CREATE TABLE public.lists (id text PRIMARY KEY, wedding text REFERENCES public.weddings);
    CREATE TABLE public.gifts (id int PRIMARY KEY, lists text[]);
    INSERT INTO public.weddings VALUES ('a'), ('b');
    INSERT INTO public.lists VALUES (E'one\t"two"\n\\N', 'a'), ('''{,}''', 'b');
    INSERT INTO public.gifts VALUES (1, ARRAY[E'one\t"two"\n\\N']), (2, ARRAY[E'one\t"two"\n\\N', '''{,}''']),
        (3, ARRAY[['x', NULL], [E'one\t"two"\n\\N', 'x']]);
    """
    rules = '[[reference]]\nfrom = "public.gifts.lists"\nto = "public.lists.id"'
    for seen in looked_at(database, schema, rules):
        assert len(rows_of(seen, "lists")) == 1
        assert [row.split(b"\t")[0] for row in rows_of(seen, "gifts")] == [b"1", b"3"]
