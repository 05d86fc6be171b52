"""Sessions: pinned, consistent, refusing what would be a silent lie."""

from collections.abc import Iterator

import psycopg
import pytest

from wedsync_dr.errors import SchemaChanged, SourceRefused, SourceUnreachable
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.source.access import require_all_rows
from wedsync_dr.source.catalog import load_catalog
from wedsync_dr.source.session import Reader, connect, join_reader, lock_scopes, open_reader

SECRET = "S3cret-Pa55"


def execute(url: str, sql: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.encode())


def as_role(url: str, role: str, password: str = SECRET) -> str:
    return f"postgresql://{role}:{password}@{url.rpartition('@')[2]}"


@pytest.fixture
def role(database: str) -> Iterator[str]:
    name = "role_of_" + database.rpartition("/")[2]
    execute(database, f"CREATE ROLE {name} LOGIN PASSWORD '{SECRET}'")
    yield name
    execute(database, f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}")


@pytest.fixture
def guests(database: str) -> str:
    execute(
        database,
        "CREATE TABLE public.guests (id int PRIMARY KEY, name text); INSERT INTO public.guests VALUES (1, 'Ada')",
    )
    return database


def test_a_reader_does_not_see_what_is_committed_after_its_instant(guests: str) -> None:
    with open_reader(guests) as reader:
        execute(guests, "INSERT INTO public.guests VALUES (2, 'Bo')")
        assert reader.rows("SELECT count(*) FROM public.guests") == [(1,)]


def test_a_worker_that_joins_later_reads_at_the_same_instant(guests: str) -> None:
    with open_reader(guests) as reader:
        exported = reader.export()
        execute(guests, "INSERT INTO public.guests VALUES (2, 'Bo')")
        with join_reader(guests, exported) as worker:
            assert worker.rows("SELECT count(*) FROM public.guests") == [(1,)]
            assert (worker.instant, worker.identity) == (reader.instant, reader.identity)


def test_a_worker_cannot_join_an_instant_that_is_over(guests: str) -> None:
    with open_reader(guests) as reader:
        exported = reader.export()
    with pytest.raises(SourceUnreachable), join_reader(guests, exported):
        pass


def test_a_reader_cannot_write(guests: str) -> None:
    with open_reader(guests) as reader, pytest.raises(SourceRefused):
        reader.rows("INSERT INTO public.guests VALUES (9, '') RETURNING id")


def test_copy_gives_one_line_a_row_and_merges_parameters_safely(guests: str) -> None:
    with open_reader(guests) as reader:
        hostile = "'; \\ \t % --"
        lines = [bytes(line) for line in reader.copy("SELECT i, %s::text FROM generate_series(1, 3) i", [hostile])]
        assert lines == [f"{i}\t'; \\\\ \\t % --\n".encode() for i in (1, 2, 3)]
        assert [bytes(line) for line in reader.copy("SELECT 7 % 4")] == [b"3\n"]


def test_several_queries_are_answered_in_their_order(guests: str) -> None:
    with open_reader(guests) as reader:
        numbers = [f"SELECT generate_series(1, {count})" for count in (3, 0, 2000)]
        assert [len(rows) for rows in reader.copies(numbers)] == [3, 0, 2000]
        assert reader.copies([]) == []
        assert reader.copies(["SELECT E'a\\tb'"]) == [[b"a\\tb\n"]]


@pytest.mark.parametrize("bad", ["SELECT * FROM public.no_such_table", "SELECT name::int FROM public.guests"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_of_several_queries_that_fails_is_not_an_empty_answer(guests: str, bad: str, place: int) -> None:
    statements = ["SELECT 1", "SELECT 2"]
    statements.insert(place, bad)
    with connect(guests, name="test") as connection:
        reader = Reader(connection)
        with pytest.raises(SchemaChanged):
            reader.copies(statements)
        assert reader.copies(["SELECT 1"]) == [[b"1\n"]]


def test_values_print_the_same_whatever_the_role_prefers(database: str) -> None:
    name = database.rpartition("/")[2]
    execute(
        database, f"ALTER DATABASE {name} SET datestyle = 'SQL, DMY'; ALTER DATABASE {name} SET timezone = 'Asia/Tokyo'"
    )
    execute(
        database, f"ALTER DATABASE {name} SET bytea_output = 'escape'; ALTER DATABASE {name} SET extra_float_digits = 0"
    )
    with open_reader(database) as reader:
        sql = "SELECT '2026-11-24 10:00+00'::timestamptz, '\\x01ff'::bytea, 0.1::float8 + 0.2, '1 day 2:00'::interval"
        assert [bytes(line) for line in reader.copy(sql)] == [
            b"2026-11-24 10:00:00+00\t\\\\x01ff\t0.30000000000000004\t1 day 02:00:00\n"
        ]


def test_a_wrong_password_is_refused_and_not_shown(database: str, role: str) -> None:
    for url in (as_role(database, role, "Wr0ng-Pa55"), f"{database.rpartition('/')[0]}/no_such"):
        with pytest.raises(SourceRefused) as caught:
            connect(url, name="test")
        assert "login" in str(caught.value)
        assert url.rpartition("@")[0] not in f"{caught.value!r}{caught.value.remedy}"


def test_an_unreachable_server_may_be_reachable_later() -> None:
    with pytest.raises(SourceUnreachable) as caught:
        connect("postgresql://wedsync:S3cret-Pa55@127.0.0.1:1/postgres", name="test")
    assert caught.value.transient
    assert SECRET not in str(caught.value) + caught.value.remedy + repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_an_error_of_the_database_does_not_show_the_row(guests: str) -> None:
    with open_reader(guests) as reader, pytest.raises(SchemaChanged) as caught:
        reader.rows("SELECT name::int FROM public.guests")
    assert "Ada" not in f"{caught.value!r} {caught.value} {caught.getrepr(style='long', chain=True)}"


def test_a_role_that_may_not_read_is_told_the_grant(guests: str, role: str) -> None:
    with open_reader(as_role(guests, role)) as reader, pytest.raises(SourceRefused) as caught:
        require_all_rows(reader, load_catalog(reader).tables)
    assert "public.guests" in str(caught.value)
    execute(guests, caught.value.remedy)
    with open_reader(as_role(guests, role)) as reader:
        require_all_rows(reader, load_catalog(reader).tables)


@pytest.mark.parametrize("owner", [False, True])
def test_a_role_from_which_a_policy_hides_rows_is_told_to_bypass(guests: str, role: str, owner: bool) -> None:
    execute(guests, "ALTER TABLE public.guests ENABLE ROW LEVEL SECURITY")
    execute(guests, f"GRANT USAGE ON SCHEMA public TO {role}; GRANT SELECT ON public.guests TO {role}")
    if owner:
        execute(
            guests, f"ALTER TABLE public.guests OWNER TO {role}; ALTER TABLE public.guests FORCE ROW LEVEL SECURITY"
        )
    with open_reader(as_role(guests, role)) as reader, pytest.raises(SourceRefused) as caught:
        require_all_rows(reader, load_catalog(reader).tables)
    assert "public.guests" in str(caught.value)
    execute(guests, caught.value.remedy)
    with open_reader(as_role(guests, role)) as reader:
        require_all_rows(reader, load_catalog(reader).tables)
        assert reader.rows("SELECT count(*) FROM public.guests") == [(1,)]


def test_rows_that_a_policy_hides_are_an_error_even_where_nobody_looked_first(guests: str, role: str) -> None:
    execute(guests, "ALTER TABLE public.guests ENABLE ROW LEVEL SECURITY")
    execute(guests, f"GRANT USAGE ON SCHEMA public TO {role}; GRANT SELECT ON public.guests TO {role}")
    with open_reader(as_role(guests, role)) as reader, pytest.raises(SourceRefused):
        list(reader.copy("SELECT * FROM public.guests"))


def scopes(*ids: str) -> list[ScopeId]:
    return [ScopeId(Kind.WEDDING, scope_id) for scope_id in ids]


def test_a_locked_scope_is_not_given_to_another_session_and_is_free_afterwards(database: str) -> None:
    a, b, c = scopes("a", "b", "c")
    with lock_scopes(database, [a, b], patience_s=0) as held:
        assert held == {a, b}
        with lock_scopes(database, [b, c], patience_s=0.2) as others:
            assert others == {c}
    with lock_scopes(database, [a, b, c], patience_s=2) as held:
        assert held == {a, b, c}


def test_locks_on_a_connection_are_given_back_while_it_stays_open(database: str) -> None:
    with connect(database, name="test") as connection:
        with lock_scopes(connection, scopes("a"), patience_s=0):
            pass
        with lock_scopes(database, scopes("a"), patience_s=0) as held:
            assert held == set(scopes("a"))
