"""What `scopes` says: every row counted once, what is undecided by urgency, disagreeing rows by their keys alone."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from wedsync_dr.errors import RulesInvalid, SourceRefused
from wedsync_dr.model import Kind, TableName
from wedsync_dr.scope.report import describe
from wedsync_dr.scope.rules import Rules, parse_rules
from wedsync_dr.scope.survey import Source, survey, with_usual_roots
from wedsync_dr.scope.usual_roots import usual_roots
from wedsync_dr.source.catalog import load_catalog
from wedsync_dr.source.session import open_reader
from wedsync_dr_tests import town

ROOTS = '[roots]\nwedding = ["public.weddings"]\nvendor = ["public.organizations", "public.vendors"]\n'
LEFT_OUT = '[[left_out]]\ntable = "public.{}"\nreason = "logins only"\nuntil = 2099-01-01\n'


def execute(url: str, sql: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.encode())


def described(url: str, rules: Rules) -> dict[str, Any]:
    with survey(Source(url, rules)) as seen:
        return describe(seen.reader, seen.catalog, seen.ownership)


def test_with_the_roots_alone_every_row_has_an_owner_and_what_is_undecided_comes_by_urgency(database: str) -> None:
    source = town.build(database)
    town.run(
        source,
        "CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE logins (user_id int REFERENCES users, at date)",
        "ALTER TABLE weddings ADD created_by int REFERENCES users",
        "ALTER TABLE tasks ADD created_by int REFERENCES users",
        "CREATE TABLE clicks (n int); INSERT INTO clicks SELECT generate_series(1, 2000)",
    )
    document = described(database, parse_rules(ROOTS))
    found = [(one["why"], one["table"], one["column"]) for one in document["undecided"]]
    assert found == [
        ("root-named", "public.visits", "wedding_id"),
        ("root-named", "public.documents", "wedding_id"),
        ("many-rows", "public.clicks", None),
        ("identity-only", "public.logins", None),
        ("rest", "public.notes", None),
        ("rest", "public.clients", None),
        ("rest", "public.venues", None),
        ("rest", "public.outbox", None),
        ("rest", "public.users", None),
    ]
    assert [one["urgency"] for one in document["undecided"]] == [1, 1, 2, 3, 4, 4, 4, 4, 4]
    assert "public.documents.wedding_id is named like a reference to public.weddings" in document["warnings"][1]
    assert "(100 % of its values are keys of it)" in document["warnings"][1]
    for table in document["tables"]:
        ((count,),) = town.rows(source, f"SELECT count(*) FROM {table['table']}")
        assert sum(table["rows"].values()) == count, table


def test_a_count_and_a_column_of_another_type_are_not_named_like_a_root(database: str) -> None:
    execute(
        database,
        "CREATE TABLE weddings (id uuid PRIMARY KEY);"
        " CREATE TABLE scores (total_weddings int, wedding_id int, wedding text, wedding_ids uuid[])",
    )
    document = described(database, parse_rules('[roots]\nwedding = ["public.weddings"]'))
    assert [one["column"] for one in document["undecided"]] == ["wedding_ids"]
    assert "it holds nothing" in document["undecided"][0]["what"]


def test_rows_that_reach_several_weddings_are_counted_and_shown_by_their_keys_alone(database: str) -> None:
    execute(
        database,
        "CREATE TABLE weddings (id int PRIMARY KEY); INSERT INTO weddings VALUES (1), (2);"
        " CREATE TABLE pairs (a int REFERENCES weddings, b int REFERENCES weddings, n text, say text,"
        " PRIMARY KEY (n, a));"
        " INSERT INTO pairs VALUES (1, 2, 'k1', 'Zebulon'), (2, 2, 'k2', 'Zebulon'), (2, 1, 'k3', 'Zebulon');"
        " CREATE TABLE keyless (a int REFERENCES weddings, b int REFERENCES weddings);"
        " INSERT INTO keyless VALUES (1, 2)",
    )
    document = described(database, parse_rules('[roots]\nwedding = ["public.weddings"]'))
    tables = {table["table"]: table for table in document["tables"]}
    assert (tables["public.pairs"]["several"], tables["public.pairs"]["rows"]["platform"]) == (2, 2)
    assert tables["public.pairs"]["examples"] == [{"n": "k1", "a": "1"}, {"n": "k3", "a": "2"}]
    assert "for example n k1, a 1; n k3, a 2" in " ".join(tables["public.pairs"]["notes"])
    assert (tables["public.keyless"]["several"], tables["public.keyless"]["examples"]) == (1, [])
    assert "Zebulon" not in str(document)


@pytest.fixture
def role(database: str) -> Iterator[str]:
    name = "reader_of_" + database.rpartition("/")[2]
    execute(database, f"CREATE ROLE {name} LOGIN PASSWORD 'pw'; GRANT USAGE ON SCHEMA public TO {name}")
    yield name
    execute(database, f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}")


def test_a_table_that_is_left_out_need_not_be_readable_unless_owners_are_found_through_it(
    database: str, role: str
) -> None:
    execute(
        database,
        "CREATE TABLE weddings (id int PRIMARY KEY); CREATE TABLE logins (id int PRIMARY KEY);"
        " CREATE TABLE folders (id int PRIMARY KEY, wedding int REFERENCES weddings);"
        " CREATE TABLE files (id int PRIMARY KEY, folder int REFERENCES folders);"
        f" GRANT SELECT ON weddings, folders, files TO {role}; INSERT INTO logins VALUES (1)",
    )
    url = f"postgresql://{role}:pw@{database.rpartition('@')[2]}"
    rules = parse_rules('[roots]\nwedding = ["public.weddings"]\n' + LEFT_OUT.format("logins"))
    logins = next(table for table in described(url, rules)["tables"] if table["table"] == "public.logins")
    assert sum(logins["rows"].values()) == 0
    assert "not counted" in " ".join(logins["notes"])
    execute(database, f"REVOKE SELECT ON folders FROM {role}")
    passed = parse_rules(
        '[roots]\nwedding = ["public.weddings"]\n' + LEFT_OUT.format("folders") + LEFT_OUT.format("logins")
    )
    with pytest.raises(SourceRefused, match=r"public\.folders"):
        described(url, passed)


def roots_of(url: str) -> dict[Kind, tuple[TableName, ...]]:
    with open_reader(url) as reader:
        return dict(usual_roots(load_catalog(reader)).roots)


def test_without_rules_the_usual_names_are_roots_and_what_contains_others_comes_first(database: str) -> None:
    execute(
        database,
        "CREATE TABLE vendors (id int PRIMARY KEY); CREATE TABLE organizations (id int PRIMARY KEY);"
        " CREATE TABLE clients (id int PRIMARY KEY); CREATE TABLE weddings (id int PRIMARY KEY);"
        " CREATE SCHEMA old; CREATE TABLE old.weddings (id int PRIMARY KEY); CREATE TABLE suppliers (n int)",
    )
    names = {kind: [str(table) for table in tables] for kind, tables in roots_of(database).items()}
    assert names == {Kind.WEDDING: ["public.weddings"], Kind.VENDOR: ["public.organizations", "public.vendors"]}
    assert with_usual_roots(Source(database, Rules())).rules.roots == roots_of(database)


def test_without_rules_and_without_a_usual_name_the_roots_have_to_be_named(database: str) -> None:
    execute(database, "CREATE TABLE feasts (id int PRIMARY KEY)")
    with pytest.raises(RulesInvalid) as refused:
        roots_of(database)
    assert "--wedding-root" in refused.value.remedy
    execute(
        database,
        "CREATE SCHEMA a; CREATE SCHEMA b;"
        " CREATE TABLE a.weddings (id int PRIMARY KEY); CREATE TABLE b.weddings (id int PRIMARY KEY)",
    )
    with pytest.raises(RulesInvalid, match=r"a\.weddings, b\.weddings"):
        roots_of(database)
