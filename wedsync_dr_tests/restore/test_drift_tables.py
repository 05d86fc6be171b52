"""Tables and keys that came, went or changed after the snapshot."""

import pytest

from wedsync_dr.errors import Conflict, SchemaChanged
from wedsync_dr.restore.difference import Mode
from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests import town
from wedsync_dr_tests.restore.roles import everything
from wedsync_dr_tests.restore.test_drift import ACCEPT
from wedsync_dr_tests.restore.test_restore import LOSE_ALL, bring_back


def test_a_dropped_table_is_asked_for(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    before = everything(source)
    town.run(source, "DROP TABLE documents", *[sql for sql in LOSE_ALL if "documents" not in sql])
    source = Source(
        source.url, town.parse_rules(town.RULES.replace("public.documents.wedding_id", "public.visits.wedding_id", 1))
    )
    with pytest.raises(SchemaChanged, match="documents"):
        bring_back(source, archive)
    restored = bring_back(source, archive, consent=ACCEPT)
    assert {"table": "public.documents", "to": None, "rows": 1, "columns": []} in restored.plan.to_json()["mapping"]
    assert everything(source) == {table: rows for table, rows in before.items() if table != "documents"}


def test_rows_of_a_table_that_came_later_are_deleted_only_where_that_is_accepted(
    source: Source, archive: Archive
) -> None:
    town.take_all(source, archive)
    town.run(
        source,
        "CREATE TABLE gifts (id int PRIMARY KEY, wedding_id int REFERENCES weddings)",
        "INSERT INTO gifts VALUES (1, 3)",
        "INSERT INTO outbox (what) VALUES ('x')",
    )
    with pytest.raises(SchemaChanged, match="gifts"):
        bring_back(source, archive)
    bring_back(source, archive, mode=Mode.merge)
    assert town.rows(source, "SELECT count(*) FROM gifts") == [(1,)]
    bring_back(source, archive, consent=ACCEPT)
    assert town.rows(source, "SELECT count(*) FROM gifts") == [(0,)]


def test_a_table_that_was_empty_then_is_emptied_without_asking(source: Source, archive: Archive) -> None:
    town.run(source, "CREATE TABLE gifts (id int PRIMARY KEY, wedding_id int REFERENCES weddings)")
    town.take_all(source, archive)
    town.run(source, "INSERT INTO gifts VALUES (1, 3)", "ALTER TABLE outbox ADD sent boolean")
    bring_back(source, archive)
    assert town.rows(source, "SELECT count(*) FROM gifts") == [(0,)]


def test_another_primary_key_tells_rows_apart_if_the_snapshot_has_it(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(
        source,
        "ALTER TABLE documents DROP CONSTRAINT documents_pkey, ADD PRIMARY KEY (wedding_id)",
        "UPDATE documents SET body = 'edited'",
    )
    bring_back(source, archive)
    assert town.rows(source, "SELECT count(*) FROM documents WHERE body = 'edited'") == [(5,)]
    town.run(source, "ALTER TABLE documents ADD uid serial, DROP CONSTRAINT documents_pkey, ADD PRIMARY KEY (uid)")
    town.run(source, "UPDATE documents SET body = 'edited'")
    first = next(archive.vault.snapshots(scope=town.wedding(3)))
    with pytest.raises(SchemaChanged, match="key"):
        bring_back(source, archive, snapshot_id=first.snapshot_id, consent=ACCEPT)


def test_a_parent_from_before_the_drift_is_made_to_fit_as_well(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(
        source,
        "ALTER TABLE venues ALTER id TYPE bigint, ADD stars int DEFAULT 3, DROP name, ADD title text",
        *LOSE_ALL,
        "SET session_replication_role = replica; DELETE FROM venues WHERE id = 1",
    )
    with pytest.raises(SchemaChanged, match="venues"):
        bring_back(source, archive)
    bring_back(source, archive, consent=ACCEPT)
    assert town.rows(source, "SELECT id, stars, title FROM venues WHERE id = 1") == [(1, 3, None)]


def test_a_new_foreign_key_that_rows_of_the_snapshot_break_is_named(source: Source, archive: Archive) -> None:
    town.run(source, "UPDATE visits SET page = 'nowhere'")
    town.take_all(source, archive)
    town.run(
        source,
        "CREATE TABLE pages (name text PRIMARY KEY); DELETE FROM visits",
        "ALTER TABLE visits ADD FOREIGN KEY (page) REFERENCES pages",
    )
    with pytest.raises(Conflict, match=r"pages|visits"):
        bring_back(source, archive)
