"""The demo platform through the demo's rules: every row once, and one wedding's rows as fast as they are few."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from wedsync_dr import demo
from wedsync_dr.model import Kind, ScopeId, TableName
from wedsync_dr.scope.discovery import discover
from wedsync_dr.scope.rules import load_rules
from wedsync_dr.scope.survey import Source, Survey, survey
from wedsync_dr.source.catalog import columns_of

RULES = Path(demo.__file__).with_name("rules.toml")
Rows = dict[ScopeId, Counter[tuple[TableName, bytes]]]


@pytest.fixture
def seen(platform: str) -> Iterator[Survey]:
    with survey(Source(platform, load_rules(RULES))) as survey_of_platform:
        yield survey_of_platform


def by_owner(seen: Survey) -> Rows:
    """Every row of the platform under its owner, from one pass over each table."""
    rows: Rows = {}
    for table in seen.catalog.tables.values():
        for owner, line in lines(seen, table.name, seen.ownership.select_all(table.name, columns_of(table))):
            rows.setdefault(owner, Counter())[table.name, line] += 1
    return rows


def lines(seen: Survey, table: TableName, sql: str) -> Iterator[tuple[ScopeId, bytes]]:
    for line in seen.reader.copy(sql):
        owner, _, row = bytes(line).partition(b"\t")
        yield seen.ownership.owner(table, owner), row


def test_the_rows_of_all_scopes_are_the_rows_of_the_database(seen: Survey) -> None:
    rows = by_owner(seen)
    for table in seen.catalog.tables.values():
        ((count,),) = seen.reader.rows(f"SELECT count(*) FROM {table.from_sql}")
        assert sum(n for owned in rows.values() for (name, _), n in owned.items() if name == table.name) == count
    known = {info.scope for info in discover(seen.reader, seen.catalog, seen.ownership)}
    left_out = {ScopeId.of_table(name) for name in seen.ownership.left_out}
    assert rows.keys() <= known | left_out
    assert {Kind.WEDDING, Kind.VENDOR, Kind.PLATFORM} == {scope.kind for scope in rows}


def test_what_is_read_for_one_wedding_or_vendor_is_what_the_whole_pass_gives_it(seen: Survey) -> None:
    rows = by_owner(seen)
    owners = [scope for scope in sorted(rows) if scope.kind is not Kind.PLATFORM]
    for scope in owners[::7]:
        found: Counter[tuple[TableName, bytes]] = Counter()
        for table in seen.catalog.tables.values():
            for owner, line in lines(seen, table.name, seen.ownership.select(table.name, columns_of(table), [scope])):
                assert owner == scope
                found[table.name, line] += 1
        assert found == rows[scope]
