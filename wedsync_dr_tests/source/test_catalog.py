"""The catalogue of a database made to be awkward."""

import time
from collections.abc import Iterator

import psycopg
import pytest

from wedsync_dr.model import TableName
from wedsync_dr.source.catalog import Catalog, columns_of, load_catalog
from wedsync_dr.source.session import open_reader

AWKWARD = r"""
CREATE SCHEMA "Odd Schema";
CREATE TYPE public.mood AS ENUM ('glad', 'sad');
CREATE DOMAIN public.code AS varchar(8) CHECK (value <> '');
CREATE DOMAIN public.codes AS public.code[];
CREATE TABLE public.weddings (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), gone int, name text);
ALTER TABLE public.weddings DROP COLUMN gone;
CREATE TABLE "Odd Schema"."Gue""sts %" (
  "select" int GENERATED ALWAYS AS IDENTITY, "a b" public.code NOT NULL, tags public.codes,
  feeling public.mood DEFAULT 'glad', price numeric(10,2), "Doubled" numeric GENERATED ALWAYS AS (price * 2) STORED,
  wedding uuid REFERENCES public.weddings ON DELETE CASCADE,
  PRIMARY KEY ("a b", "select"), UNIQUE (price) DEFERRABLE INITIALLY DEFERRED,
  UNIQUE NULLS NOT DISTINCT (wedding, feeling));
CREATE UNIQUE INDEX partly ON "Odd Schema"."Gue""sts %" (feeling) WHERE price > 0;
CREATE UNIQUE INDEX by_expression ON "Odd Schema"."Gue""sts %" (lower("a b"));
CREATE TABLE public.seats (a varchar(8), b int, n serial);
ALTER TABLE public.seats ADD FOREIGN KEY (a, b) REFERENCES "Odd Schema"."Gue""sts %" ("a b", "select") NOT VALID;
CREATE TABLE public.audit (at timestamptz NOT NULL, wedding uuid REFERENCES public.weddings, note text)
  PARTITION BY RANGE (at);
CREATE TABLE public.audit_2026 PARTITION OF public.audit FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE public.audit_rest PARTITION OF public.audit DEFAULT;
CREATE TABLE public.events (id int PRIMARY KEY, at date);
CREATE TABLE public.special_events (extra text) INHERITS (public.events);
CREATE UNLOGGED TABLE public.cache (k text);
CREATE TEMP TABLE passing (k text);
CREATE VIEW public.looks AS SELECT * FROM public.weddings;
CREATE MATERIALIZED VIEW public.kept_looks AS SELECT * FROM public.weddings;
CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched BEFORE UPDATE ON public.weddings FOR EACH ROW EXECUTE FUNCTION public.touch();
CREATE TRIGGER replicated BEFORE UPDATE ON public.weddings FOR EACH ROW EXECUTE FUNCTION public.touch();
ALTER TABLE public.weddings ENABLE ALWAYS TRIGGER replicated;
ALTER TABLE public.weddings ENABLE ROW LEVEL SECURITY;
CREATE EXTENSION postgres_fdw;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw;
CREATE FOREIGN TABLE public.far (id int) SERVER elsewhere;
CREATE TABLE public.belongs_to_extension (id int);
ALTER EXTENSION postgres_fdw ADD TABLE public.belongs_to_extension;
"""
GUESTS = TableName("Odd Schema", 'Gue"sts %')


def public(name: str) -> TableName:
    return TableName("public", name)


@pytest.fixture
def awkward(database: str) -> Iterator[Catalog]:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(AWKWARD.encode())
        with open_reader(database) as reader:
            yield load_catalog(reader)


def test_every_table_with_rows_of_its_own_is_there_and_nothing_else(awkward: Catalog) -> None:
    names = ["weddings", "seats", "audit", "events", "special_events", "cache"]
    assert set(awkward.tables) == {GUESTS, *map(public, names)}


def test_what_is_skipped_is_listed_with_its_reason(awkward: Catalog) -> None:
    assert dict(awkward.skipped) == {
        public("belongs_to_extension"): "belongs to extension postgres_fdw",
        public("far"): "foreign table: its rows live in another database",
    }


def test_types_carry_schema_and_modifiers_and_base_types_look_through_domains(awkward: Catalog) -> None:
    columns = awkward.tables[GUESTS].column
    assert [(c.type, c.base_type) for c in (columns["a b"], columns["tags"], columns["feeling"], columns["price"])] == [
        ("public.code", "character varying"),
        ("public.codes", "public.code[]"),
        ("public.mood", "public.mood"),
        ("numeric(10,2)", "numeric"),
    ]
    assert columns["tags"].is_array


def test_generated_columns_are_known_but_not_copied_and_dropped_ones_are_gone(awkward: Catalog) -> None:
    assert awkward.tables[GUESTS].column["Doubled"].generated
    assert columns_of(awkward.tables[GUESTS]) == ("select", "a b", "tags", "feeling", "price", "wedding")
    assert columns_of(awkward.tables[public("weddings")]) == ("id", "name")


def test_keys_keep_their_column_order(awkward: Catalog) -> None:
    (key,) = awkward.tables[public("seats")].foreign_keys
    assert awkward.tables[GUESTS].primary_key == ("a b", "select")
    assert (key.columns, key.target, key.target_columns) == (("a", "b"), GUESTS, ("a b", "select"))
    assert (key.validated, key.operators) == (False, ("=", "="))


def test_a_partial_or_expression_index_proves_no_uniqueness(awkward: Catalog) -> None:
    table = awkward.tables[GUESTS]
    assert {key.name for key in table.unique_keys if key.partial_or_expression} == {"partly", "by_expression"}
    assert [table.unique_on(columns) for columns in (("feeling",), ("price",), ("select", "a b"), ("a b",))] == [
        False,
        True,
        True,
        False,
    ]
    assert [k.nulls_not_distinct for k in table.unique_keys if k.columns == ("wedding", "feeling")] == [True]
    assert [k.deferrable for k in table.unique_keys if k.columns == ("price",)] == [True]


def test_a_partitioned_table_is_read_whole_and_an_inheritance_parent_alone(awkward: Catalog) -> None:
    assert awkward.tables[public("audit")].from_sql == '"public"."audit"'
    assert awkward.tables[public("events")].from_sql == 'ONLY "public"."events"'
    assert [key.columns for key in awkward.tables[public("audit")].foreign_keys] == [("wedding",)]


def test_sequences_lead_to_the_columns_they_feed(awkward: Catalog) -> None:
    assert {(s.table, s.column) for s in awkward.sequences} == {(GUESTS, "select"), (public("seats"), "n")}


def test_triggers_that_fire_even_in_a_replica_are_told_apart(awkward: Catalog) -> None:
    triggers = awkward.tables[public("weddings")].triggers
    assert {t.name: t.fires_in_replica_role for t in triggers} == {"touched": False, "replicated": True}


def test_the_fingerprint_is_the_same_elsewhere_and_changes_with_a_type(database: str, awkward: Catalog) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("ALTER TABLE public.seats ADD x int; ALTER TABLE public.seats DROP COLUMN x")
        assert fingerprint(database) == awkward.fingerprint
        connection.execute("ALTER TABLE public.seats ALTER a TYPE varchar(9)")
        assert fingerprint(database) != awkward.fingerprint


def fingerprint(url: str) -> str:
    with open_reader(url) as reader:
        return load_catalog(reader).fingerprint


def test_a_thousand_tables_take_less_than_five_seconds(database: str) -> None:
    statements = [
        f"CREATE TABLE public.t{i} (id uuid PRIMARY KEY, name text UNIQUE, parent uuid REFERENCES public.t{i // 2},"
        " a int, b numeric(8,2), c jsonb, d text[], e date, f inet, g bool, h text, i text)"
        for i in range(1000)
    ]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(";".join(statements).encode())
    with open_reader(database) as reader:
        started = time.monotonic()
        catalog = load_catalog(reader)
        assert (len(catalog.tables), time.monotonic() - started < 5) == (1000, True)
