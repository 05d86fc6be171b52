"""What moved in the schema since the newest snapshots is told before a restore is needed."""

from dataclasses import replace

import pytest

from wedsync_dr.restore.drifted import drift_since
from wedsync_dr.restore.mapping import Fit
from wedsync_dr.scope.rules import parse_rules
from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests import town

MOODS = "CREATE TYPE mood AS ENUM ('glad', 'sad'); ALTER TABLE guests ADD mood mood; UPDATE guests SET mood = 'sad'"
RENAMED = """
[[renamed]]
from = "public.guests.name"
to = "public.guests.full_name"
"""
NEEDED = "ALTER TABLE guests ADD seats int NOT NULL DEFAULT 1; ALTER TABLE guests ALTER seats DROP DEFAULT"
NO_NULLS = "UPDATE guests SET {0} = 'x' WHERE {0} IS NULL; ALTER TABLE guests ALTER {0} SET NOT NULL"


def told(source: Source, archive: Archive) -> dict[str, Fit]:
    """Each column of guests that is not as it was, by its name then, or now where it is new."""
    named = [(fit, column) for fit, column in drift_since(source, archive).columns() if fit.before.name == "guests"]
    return {(column.before or column.after or ("",))[0]: column.fit for _, column in named}


def test_nothing_moved_where_every_table_is_as_it_was(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    drifted = drift_since(source, archive)
    assert (drifted.tables, drifted.other_schema) == ((), 0)
    assert drifted.compared > 0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("ALTER TABLE guests ADD diet text", {"diet": Fit.DEFAULT}),
        (NEEDED, {"seats": Fit.IMPOSSIBLE}),
        ("ALTER TABLE guests DROP household_id", {"household_id": Fit.DROPPED}),
        ("ALTER TABLE guests ALTER household_id TYPE bigint", {"household_id": Fit.CAST}),
        ("ALTER TABLE guests ALTER household_id TYPE varchar(1) USING '1'", {"household_id": Fit.CAST}),
        ("ALTER TABLE guests ALTER household_id TYPE point USING NULL", {"household_id": Fit.IMPOSSIBLE}),
        ("ALTER TABLE guests RENAME name TO full_name", {"name": Fit.DROPPED, "full_name": Fit.DEFAULT}),
        (NO_NULLS.format("name"), {"name": Fit.IMPOSSIBLE}),
        ("ALTER TABLE guests ALTER mood SET NOT NULL", {}),
        ("ALTER TYPE mood ADD VALUE 'calm'", {}),
    ],
)
def test_each_change_of_a_column_is_told_with_what_a_restore_would_do(
    source: Source, archive: Archive, change: str, expected: dict[str, Fit]
) -> None:
    town.run(source, MOODS, "ALTER TABLE guests DROP loud", "UPDATE guests SET name = NULL WHERE id = 311")
    if "household_id" in change:
        town.run(source, "ALTER TABLE guests DROP CONSTRAINT guests_household_id_fkey")
    town.take_all(source, archive)
    town.run(source, change)
    assert told(source, archive) == expected


def test_a_declared_rename_is_followed_and_the_values_are_looked_at_under_the_new_name(
    source: Source, archive: Archive
) -> None:
    town.run(source, "ALTER TABLE guests DROP loud", "UPDATE guests SET name = NULL WHERE id = 311")
    town.take_all(source, archive)
    town.run(source, "ALTER TABLE guests RENAME name TO full_name")
    source = replace(source, rules=parse_rules(town.RULES + RENAMED))
    assert told(source, archive) == {"name": Fit.SAME}
    town.run(source, NO_NULLS.format("full_name"))
    assert told(source, archive) == {"name": Fit.IMPOSSIBLE}


def test_a_table_that_is_gone_is_told(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, "DROP TABLE visits")
    source = replace(source, rules=parse_rules(town.RULES.replace("public.visits.", "public.documents.")))
    assert [(fit.before.name, fit.after) for fit in drift_since(source, archive).tables] == [("visits", None)]
