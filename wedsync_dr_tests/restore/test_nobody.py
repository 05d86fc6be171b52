"""A schema nobody designed, from end to end: every row in one snapshot, and each scope back as it was."""

import pytest

from wedsync_dr.model import SCHEMA, Kind, ScopeId, TableName
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.run import restore
from wedsync_dr.scope.discovery import discover
from wedsync_dr.scope.report import describe
from wedsync_dr.scope.survey import Schema, Source, survey
from wedsync_dr.source.catalog import columns_of
from wedsync_dr.vault.archive import Archive
from wedsync_dr.verification.verify import verify
from wedsync_dr_tests import nobody, town


@pytest.fixture
def wild(database: str) -> Source:
    return nobody.build(database)


def scopes(source: Source) -> list[ScopeId]:
    with survey(source) as seen:
        return [info.scope for info in discover(seen.reader, seen.catalog, seen.ownership)]


def forget(source: Source, scope: ScopeId) -> int:
    """Delete all rows of a scope, constraints or not; how many."""
    with survey(source) as seen:
        tables = [name for name in seen.catalog.tables if scope.kind in seen.ownership.kinds(name)]
        doomed = [
            (name.sql, part, place)
            for name in tables
            for line in seen.reader.copy(seen.ownership.select_all(name, ["tableoid", "ctid"]))
            for owner, part, place in [bytes(line)[:-1].split(b"\t")]
            if seen.ownership.owner(name, owner) == scope
        ]
    deletes = [
        f"DELETE FROM {name} WHERE tableoid = {int(part)} AND ctid = '{place.decode()}'" for name, part, place in doomed
    ]
    town.run(source, ";".join(["SET session_replication_role = replica", *deletes]))
    return len(doomed)


def test_the_snapshots_of_all_scopes_hold_every_row_and_verify(wild: Source, archive: Archive) -> None:
    batch = town.take_all(wild, archive)
    assert sum(taken.rows for taken in batch.taken if taken.scope != SCHEMA) == nobody.count(wild)
    assert verify(archive).findings == ()


def test_each_scope_that_is_lost_comes_back_and_nothing_else_changes(wild: Source, archive: Archive) -> None:
    before = nobody.state(wild)
    town.take_all(wild, archive)
    schema = Schema(wild.rules)
    for scope in scopes(wild):
        lost = forget(wild, scope)
        done = restore(
            wild, archive, scope, mode=Mode.replace, apply=True, now=town.NOW, requested_by="test", schema=schema
        )
        assert done.plan.rows == {"inserted": lost, "updated": 0, "deleted": 0}, scope
        assert nobody.state(wild) == before, scope


def test_everything_that_is_lost_comes_back_scope_by_scope(wild: Source, archive: Archive) -> None:
    before = nobody.state(wild)
    town.take_all(wild, archive)
    known, schema = scopes(wild), Schema(wild.rules)
    for table in sorted(name for name in before if name != nobody.NOT_PROTECTED):
        town.run(wild, f"SET session_replication_role = replica; DELETE FROM ONLY {table}")
    order = [Kind.PLATFORM, Kind.VENDOR, Kind.WEDDING]
    for scope in sorted(known, key=lambda scope: order.index(scope.kind)):
        restore(wild, archive, scope, mode=Mode.merge, apply=True, now=town.NOW, requested_by="test", schema=schema)
    assert nobody.state(wild) == before


def test_scopes_says_what_it_left_out_and_counts_every_row_once(wild: Source) -> None:
    with survey(wild) as seen:
        document = describe(seen.reader, seen.catalog, seen.ownership)
    tables = {table["table"]: table for table in document["tables"]}
    assert sum(tables["public.happenings"]["rows"].values()) == 3
    assert sum(tables["public.parties"]["rows"].values()) == 2
    assert sum(tables["public.log"]["rows"].values()) == 16
    assert not {"public.log_2025", "odd.log_2026_1", "odd.a_view", "odd.kept", "odd.far"} & tables.keys()
    assert (tables["public.seats"]["several"], tables["public.seats"]["examples"]) == (2, [{"id": "2"}, {"id": "5"}])
    said = " ".join(document["warnings"])
    assert "odd.far is not protected: foreign table" in said
    assert "odd.of_extension is not protected: belongs to extension" in said
    assert "unlogged" in " ".join(tables["odd.cache"]["notes"])
    assert "no primary key" in " ".join(tables["odd.clicks"]["notes"])
    assert sum(sum(table["rows"].values()) for table in tables.values()) == nobody.count(wild)


def test_a_root_row_of_another_root_is_no_scope_of_its_own(wild: Source) -> None:
    ids = {(scope.kind, scope.key) for scope in scopes(wild) if scope.kind is not Kind.PLATFORM}
    couple = '~public.Couple "Rows"~'
    assert {key for kind, key in ids if kind is Kind.WEDDING} == {
        "1", "2", "3", f"{couple}alone~2", f"{couple}p\x1f~3", f"{couple}p\\u~3", f"{couple}~%/..~-1",
    }  # fmt: skip
    assert {key for kind, key in ids if kind is Kind.VENDOR} == {
        "00000000-0000-0000-0000-00000000000a",
        "00000000-0000-0000-0000-00000000000b",
        "~public.suppliers~1~south",
        "~public.suppliers~2~so~uth",
    }


def test_what_is_read_for_one_scope_is_what_the_whole_pass_gives_it(wild: Source) -> None:
    with survey(wild) as seen:
        columns = {name: columns_of(table) for name, table in seen.catalog.tables.items()}
        whole: dict[ScopeId, dict[TableName, list[bytes]]] = {}
        for name, names in columns.items():
            for line in seen.reader.copy(seen.ownership.select_all(name, names)):
                owner, _, row = bytes(line).partition(b"\t")
                scope = seen.ownership.owner(name, owner.rstrip(b"\n"))
                whole.setdefault(scope, {}).setdefault(name, []).append(row or b"\n")
        for scope, rows in whole.items():
            found = seen.ownership.rows_of(scope, columns)
            assert {name: sorted(some) for name, some in found.items() if some} == {
                name: sorted(some) for name, some in rows.items()
            }, scope
