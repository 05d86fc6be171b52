"""Whatever is done to a source: no scope whose rows differ keeps its fingerprint."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from wedsync_dr.embedded.server import Server
from wedsync_dr.model import ScopeId
from wedsync_dr.scope.survey import Source, Survey, survey
from wedsync_dr.snapshot.fingerprints import Fingerprints, changed, fingerprints
from wedsync_dr.source.catalog import columns_of
from wedsync_dr_tests import town

TEMPLATE = "town_template"
_NUMBERS = count(1)
NUMBER = st.integers(1, 7)
Rows = dict[ScopeId, list[bytes]]

INSERTS = [
    "INSERT INTO visits VALUES ({a}, 'page')",
    "INSERT INTO weddings VALUES ({a}) ON CONFLICT DO NOTHING",
    "INSERT INTO documents VALUES (100 + {a}, '{b}', 'x') ON CONFLICT DO NOTHING",
    "INSERT INTO notes SELECT max(id) + 1, 'wedding', {b}, 'x' FROM notes",
    "INSERT INTO reviews SELECT max(id) + 1, {a} % 3 + 1, NULL, {b} FROM reviews",
]
UPDATES = [
    "UPDATE guests SET name = 'x' WHERE wedding_id = {a} AND id % {b} = 0",
    "UPDATE visits SET page = page WHERE wedding_id = {a}",
    "UPDATE bookings SET price = {b} WHERE wedding_id = {a}",
    "UPDATE venues SET name = name || 'x' WHERE id = {a}",
    "UPDATE vendors SET name = 'x' WHERE id = {a}",
    "BEGIN; UPDATE visits SET page = 'x' WHERE wedding_id = {a}; ROLLBACK",
]
DELETES = [
    "DELETE FROM visits WHERE wedding_id = {a}",
    "DELETE FROM weddings WHERE id = {a}",
    "DELETE FROM rsvps WHERE id % {b} = 0",
    "DELETE FROM documents WHERE wedding_id = '{a}'",
    "TRUNCATE visits",
    "TRUNCATE rsvps",
    "DELETE FROM bookings WHERE id = {a}1; INSERT INTO bookings SELECT {a}1, id FROM weddings WHERE id = {a}",
]
MOVES = [
    "UPDATE guests SET wedding_id = {b} WHERE wedding_id = {a} AND EXISTS (SELECT FROM weddings WHERE id = {b})",
    "UPDATE documents SET wedding_id = '{b}' WHERE wedding_id = '{a}'",
    "UPDATE documents SET wedding_id = CASE wedding_id WHEN '{a}' THEN '{b}' ELSE '{a}' END"
    " WHERE wedding_id IN ('{a}', '{b}')",
    "UPDATE weddings SET client_id = CASE id WHEN {a} THEN {b} ELSE {a} END"
    " WHERE id IN ({a}, {b}) AND {a} <= 6 AND {b} <= 6",
    "UPDATE tasks SET wedding_id = {b} WHERE wedding_id = {a} AND parent_id IS NULL"
    " AND EXISTS (SELECT FROM weddings WHERE id = {b})",
    "UPDATE vendors SET organization_id = 1 + {a} % 2 WHERE id = 1 + {b} % 3",
    "UPDATE vendors SET organization_id = NULL WHERE id = {a}",
    "UPDATE notes SET entity_id = 7 - entity_id WHERE entity_type = 'wedding'",
    "UPDATE notes SET entity_type = 'other' WHERE entity_id = {a}",
]
CHORES = ["VACUUM FREEZE", "VACUUM", "VACUUM FULL documents", "ANALYZE", "CHECKPOINT", "SELECT pg_stat_reset()"]


@st.composite
def statements(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from([INSERTS, UPDATES, DELETES, MOVES, MOVES, CHORES]))
    return draw(st.sampled_from(kind)).format(a=draw(NUMBER), b=draw(NUMBER))


@pytest.fixture(scope="module")
def template(server: Server) -> Iterator[str]:
    server.create_database(TEMPLATE)
    town.build(server.url(TEMPLATE))
    yield TEMPLATE
    server.drop_database(TEMPLATE)


@given(steps=st.lists(st.lists(statements(), min_size=1, max_size=4), min_size=1, max_size=4))
@example(
    steps=[
        [
            "UPDATE tasks SET wedding_id = 4 WHERE wedding_id = 1 AND parent_id IS NULL",
            "DELETE FROM weddings WHERE id = 4",
        ]
    ]
)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_scope_whose_rows_differ_keeps_its_fingerprint(
    server: Server, template: str, steps: list[list[str]]
) -> None:
    name = f"drawn_{next(_NUMBERS)}"
    server.create_database(name, template)
    try:
        _walk(Source(server.url(name), town.parse_rules(town.RULES)), steps)
    finally:
        server.drop_database(name)


def _walk(source: Source, steps: list[list[str]]) -> None:
    """Each look builds on the one before it, as the ticks of a sensor do."""
    prints, rows = _look(source, None)
    first = prints, rows
    for step in steps:
        _try(source, step)
        after, rows_after = _look(source, prints)
        assert changed(prints, after) >= _differing(rows, rows_after)
        assert changed(first[0], after) >= _differing(first[1], rows_after)
        prints, rows = after, rows_after
    assert not changed(prints, _look(source, None)[0])


def _try(source: Source, step: list[str]) -> None:
    """Run what the source lets; a statement that it refuses (a task is left without its parent) changes nothing."""
    for statement in step:
        with suppress(psycopg.errors.IntegrityError):
            town.run(source, statement)


def _look(source: Source, before: Fingerprints | None) -> tuple[Fingerprints, Rows]:
    with survey(source) as seen:
        return fingerprints(seen, before), _rows(seen)


def _rows(seen: Survey) -> Rows:
    """What every scope holds, as a full pass would export it."""
    found: defaultdict[ScopeId, list[bytes]] = defaultdict(list)
    for name, table in seen.catalog.tables.items():
        for line in seen.reader.copy(seen.ownership.select_all(name, columns_of(table))):
            owner, _, row = bytes(line).partition(b"\t")
            found[seen.ownership.owner(name, owner)].append(str(name).encode() + b" " + row)
    return {scope: sorted(rows) for scope, rows in found.items()}


def _differing(before: Rows, after: Rows) -> set[ScopeId]:
    return {scope for scope in before.keys() | after.keys() if before.get(scope) != after.get(scope)}
