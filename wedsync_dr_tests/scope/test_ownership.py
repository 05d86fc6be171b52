"""Every row has exactly one owner: the SQL against a slow reference, on schemas and rows that nobody would think of."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from psycopg import Connection

from wedsync_dr.embedded.server import Server
from wedsync_dr.model import Kind, ScopeId, TableName
from wedsync_dr.scope.checking import check
from wedsync_dr.scope.discovery import discover
from wedsync_dr.scope.ownership import Ownership, ResolvedOwnership
from wedsync_dr.scope.rules import parse_rules
from wedsync_dr.source.catalog import Catalog, load_catalog
from wedsync_dr.source.copytext import field_of
from wedsync_dr.source.session import Reader, open_reader
from wedsync_dr_tests.scope.drawing import worlds
from wedsync_dr_tests.scope.reference import Reference
from wedsync_dr_tests.scope.worlds import How, Link, Row, Table, World

WORLDS = 400 if settings.get_current_profile_name() == "nightly" else 100


@dataclass(frozen=True)
class Arena:
    """A database that each example fills anew."""

    url: str
    connection: Connection


@pytest.fixture(scope="module")
def arena(server: Server) -> Iterator[Arena]:
    server.create_database("arena")
    with psycopg.connect(server.url("arena"), autocommit=True) as connection:
        yield Arena(server.url("arena"), connection)
    server.drop_database("arena")


class Look:
    """One look at a world through the code under test."""

    def __init__(self, world: World, reader: Reader) -> None:
        self.world, self.reader = world, reader
        self.catalog: Catalog = load_catalog(reader)
        rules = parse_rules(world.rules())
        check(rules, self.catalog)
        self.ownership: ResolvedOwnership = Ownership(self.catalog, rules).resolve(reader)
        self.tables = [table.title for table in world.tables]

    def rows(self, table: TableName, sql: str) -> list[tuple[int, ScopeId]]:
        """Row numbers with owners."""
        found = []
        for line in self.reader.copy(sql):
            owner, number = bytes(line)[:-1].split(b"\t")[:2]
            found.append((int(number), self.ownership.owner(table, owner)))
        return sorted(found)


def check_world(world: World, arena: Arena) -> None:
    world.build(arena.connection)
    expected = Reference(world).owners()
    by_table: dict[TableName, list[tuple[int, ScopeId]]] = {}
    for row in world.rows:
        by_table.setdefault(world.tables[row.table].title, []).append((row.number, expected[row.number]))
    with open_reader(arena.url) as reader:
        look = Look(world, reader)
        for table in look.tables:
            check_table(look, table, by_table.get(table, []))
        check_discovery(look, expected)
        check_holdings(look, by_table)


def check_holdings(look: Look, by_table: dict[TableName, list[tuple[int, ScopeId]]]) -> None:
    """All rows of one scope at once."""
    columns = dict.fromkeys(look.tables, ("owner", "kind"))
    for scope in sorted({owner for rows in by_table.values() for _, owner in rows}):
        found = look.ownership.rows_of(scope, columns)
        numbers = {table: sorted(int(row.split(b"\t")[0]) for row in rows) for table, rows in found.items()}
        assert numbers == {t: [row for row, owner in by_table.get(t, []) if owner == scope] for t in look.tables}


def check_table(look: Look, table: TableName, expected: list[tuple[int, ScopeId]]) -> None:
    ownership, columns = look.ownership, ("owner", "kind")
    assert look.rows(table, ownership.select_all(table, columns)) == expected
    assert {owner.kind for _, owner in expected} <= ownership.kinds(table)
    platform = [(row, owner) for row, owner in expected if owner.kind is Kind.PLATFORM]
    assert look.rows(table, ownership.select_platform(table, columns)) == platform
    check_counts(look, table, expected)
    check_selections(look, table, [pair for pair in expected if pair not in platform])
    check_matching(look, table, expected)


def check_counts(look: Look, table: TableName, expected: list[tuple[int, ScopeId]]) -> None:
    reference = Reference(look.world)
    kinds = [owner.kind for _, owner in expected]
    several = sum(reference.several(look.world.rows[row]) for row, _ in expected)
    counts = [kinds.count(kind) for kind in (Kind.WEDDING, Kind.VENDOR, Kind.PLATFORM)]
    assert look.reader.rows(look.ownership.select_counts(table)) == [(*counts, several)]


def check_selections(look: Look, table: TableName, expected: list[tuple[int, ScopeId]]) -> None:
    """Of one scope, of all scopes of a kind, and of ranges of blocks: each has its own rows."""
    ownership, columns = look.ownership, ("owner",)
    scopes = sorted({owner for owner in Reference(look.world).owners().values() if owner.kind is not Kind.PLATFORM})
    for chosen in [[scope] for scope in scopes] + [scopes] * bool(scopes):
        rows = look.rows(table, ownership.select(table, columns, chosen))
        assert rows == [(row, owner) for row, owner in expected if owner in chosen]
    stretches = [ownership.select_all(table, columns, blocks=blocks) for blocks in ((0, 1), (1, 2), (2, None))]
    owned = [row for sql in stretches for row in look.rows(table, sql) if row[1].kind is not Kind.PLATFORM]
    assert sorted(owned) == expected


def check_matching(look: Look, table: TableName, expected: list[tuple[int, ScopeId]]) -> None:
    key = look.catalog.tables[table].primary_key
    wanted = expected[::2]
    values = [tuple(field_of(str(look.world.rows[row].values[name])) for name in key) for row, _ in wanted]
    if key and values:
        assert look.rows(table, look.ownership.select_matching(table, key, values, ("owner",))) == wanted


def check_discovery(look: Look, expected: dict[int, ScopeId]) -> None:
    found = [info.scope for info in discover(look.reader, look.catalog, look.ownership)]
    tables = {ScopeId.of_table(table) for table in look.tables}
    reference = Reference(look.world)
    roots = [row for row in look.world.rows if look.world.tables[row.table].root]
    assert sorted({expected[row.number] for row in roots} | tables) == found
    assert reference.owners() == expected


@settings(max_examples=WORLDS, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds())
def test_owners_and_selections_are_those_of_the_reference(arena: Arena, world: World) -> None:
    check_world(world, arena)


def table(name: str, key: str, root: Kind | None = None) -> Table:
    return Table(name, (key,), root, identity=False, partitioned=False)


def key(source: int, target: int, name: str, kind: str, *, reverse: bool = False) -> Link:
    return Link(source, target, How.FOREIGN_KEY, (name,), (kind,), ("k0",), reverse=reverse)


def row(table: int, number: int, **values: str | None) -> Row:
    return Row(table, number, {"owner": str(number), "kind": None, **values})


def test_a_later_root_that_reaches_several_only_round_a_circle_is_a_scope_of_its_own(arena: Arena) -> None:
    tables = [table("t0", "int", Kind.WEDDING), table("t1", "int", Kind.WEDDING), table("t2", "int")]
    links = [key(1, 2, "a", "int"), key(2, 2, "b", "int"), key(2, 0, "c", "int")]
    folders = [row(2, 3, k0="1", b="2", c="1"), row(2, 4, k0="2", b=None, c="2")]
    rows = [row(0, 0, k0="1"), row(0, 1, k0="2"), row(1, 2, k0="9", a="1"), *folders]
    check_world(World(tables, links, {}, rows), arena)


def test_a_way_that_takes_the_same_step_before_and_after_a_later_root_is_followed(arena: Arena) -> None:
    tables = [
        table("t0", "int", Kind.WEDDING),
        table("t1", "int", Kind.WEDDING),
        table("t2", "int"),
        table("t3", "int"),
    ]
    links = [key(3, 2, "a", "int"), key(2, 1, "b", "int"), key(1, 3, "c", "int"), key(2, 0, "d", "int")]
    inner = [row(2, 2, k0="1", b=None, d="1"), row(3, 3, k0="1", a="1"), row(1, 4, k0="1", c="1")]
    outer = [row(2, 5, k0="2", b="1", d=None), row(3, 6, k0="2", a="2")]
    rows = [row(0, 0, k0="1"), row(0, 1, k0="2"), *inner, *outer]
    check_world(World(tables, links, {}, rows), arena)


def test_a_row_that_reaches_a_second_wedding_only_round_a_circle_is_not_read_for_the_first(arena: Arena) -> None:
    tables = [table("t0", "int", Kind.WEDDING), table("t1", "int"), table("t2", "int")]
    links = [key(1, 2, "a", "int"), key(1, 0, "b", "int"), key(2, 2, "c", "int"), key(2, 0, "d", "int")]
    circle = [row(2, 2, k0="1", c="2", d=None), row(2, 3, k0="2", c=None, d="2")]
    rows = [row(0, 0, k0="1"), row(0, 1, k0="2"), *circle, row(1, 4, k0="1", a="1", b="1")]
    check_world(World(tables, links, {}, rows), arena)
