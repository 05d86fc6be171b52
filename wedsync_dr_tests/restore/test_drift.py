"""The schema moved on after the snapshot: what fits is restored, what is lost is asked for, the rest is refused."""

import pytest

from wedsync_dr.errors import RulesInvalid, SchemaChanged
from wedsync_dr.restore.plan import RestorePlan
from wedsync_dr.restore.terms import Consent
from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests import town
from wedsync_dr_tests.restore.roles import everything
from wedsync_dr_tests.restore.test_restore import LOSE, LOSE_ALL, bring_back

ACCEPT = Consent(drift=True)
GUESTS = "SELECT {} FROM guests WHERE wedding_id = 3 ORDER BY id"


def fits(plan: RestorePlan, table: str = "public.guests") -> dict[str, str]:
    """What becomes of each column that is not the same."""
    (found,) = [one for one in plan.to_json()["mapping"] if one["table"] == table]
    return {c["from"] or c["to"]: c["fit"] for c in found["columns"] if c["fit"] != "same" or c["from"] != c["to"]}


def guests(source: Source, columns: str = "id, household_id, name") -> list[tuple[object, ...]]:
    return town.rows(source, GUESTS.format(columns))


@pytest.mark.parametrize(
    "lost", [(LOSE,), ("UPDATE guests SET name = 'Edited' WHERE wedding_id = 3",)], ids=["lost", "edited"]
)
def test_new_columns_get_their_default_and_keep_what_rows_that_stayed_have(
    source: Source, archive: Archive, lost: tuple[str, ...]
) -> None:
    town.take_all(source, archive)
    before = guests(source)
    town.run(
        source,
        "ALTER TABLE guests ADD diet text, ADD seats int NOT NULL DEFAULT 1",
        "ALTER TABLE guests ADD twice text GENERATED ALWAYS AS (name || name) STORED",
        "UPDATE guests SET diet = 'vegan', seats = 2",
        *lost,
    )
    restored = bring_back(source, archive)
    assert fits(restored.plan) == {"diet": "default", "seats": "default"}
    assert guests(source) == before
    assert set(guests(source, "diet, seats")) == ({(None, 1)} if lost == (LOSE,) else {("vegan", 2)})
    assert bring_back(source, archive, snapshot_id=restored.plan.manifest.snapshot_id).plan.empty


def test_a_new_column_that_needs_a_value_is_refused_only_where_rows_are_inserted(
    source: Source, archive: Archive
) -> None:
    town.take_all(source, archive)
    before = guests(source)
    town.run(
        source, "ALTER TABLE guests ADD seats int NOT NULL DEFAULT 1", "ALTER TABLE guests ALTER seats DROP DEFAULT"
    )
    town.run(source, "UPDATE guests SET name = 'Edited' WHERE wedding_id = 3")
    bring_back(source, archive)
    assert guests(source) == before
    first = next(archive.vault.snapshots(scope=town.wedding(3)))
    town.run(source, LOSE)
    lost = everything(source)
    with pytest.raises(SchemaChanged, match="seats") as refused:
        bring_back(source, archive, snapshot_id=first.snapshot_id, consent=ACCEPT)
    assert "export" in refused.value.remedy
    assert everything(source) == lost


def test_a_dropped_column_is_asked_for_where_it_had_values(source: Source, archive: Archive) -> None:
    town.run(source, "ALTER TABLE guests ADD empty text, ADD nick text", "UPDATE guests SET nick = 'N' WHERE id = 311")
    town.take_all(source, archive)
    before = guests(source)
    town.run(source, "ALTER TABLE guests DROP empty", LOSE)
    assert fits(bring_back(source, archive).plan) == {"empty": "dropped"}
    assert guests(source) == before
    first = next(archive.vault.snapshots(scope=town.wedding(3)))
    town.run(source, "ALTER TABLE guests DROP nick", LOSE)
    with pytest.raises(SchemaChanged, match="nick") as asked:
        bring_back(source, archive, snapshot_id=first.snapshot_id)
    assert "--accept-drift" in asked.value.remedy
    bring_back(source, archive, snapshot_id=first.snapshot_id, consent=ACCEPT)
    assert guests(source) == before


def test_a_dropped_column_does_not_stand_in_the_way_of_other_tables(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, "ALTER TABLE documents DROP body", "UPDATE guests SET name = 'Edited' WHERE wedding_id = 3")
    bring_back(source, archive)
    assert town.rows(source, "SELECT count(*) FROM guests WHERE name = 'Edited'") == [(0,)]


RENAMED = """
[[renamed]]
from = "public.guests"
to = "public.invitees"
[[renamed]]
from = "public.guests.name"
to = "public.invitees.full_name"
[[renamed]]
from = "public.vendors"
to = "public.suppliers"
"""


def test_renamed_tables_and_columns_are_followed_where_the_rules_declare_them(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    before, rsvps = guests(source), everything(source)["rsvps"]
    town.run(
        source,
        "ALTER TABLE guests RENAME TO invitees; ALTER TABLE invitees RENAME name TO full_name",
        "ALTER TABLE vendors RENAME TO suppliers",
        *LOSE_ALL,
        "SET session_replication_role = replica; DELETE FROM suppliers WHERE id = 1",
    )
    rules = town.RULES.replace("public.vendors", "public.suppliers")
    undeclared = Source(source.url, town.parse_rules(rules))
    with pytest.raises(SchemaChanged, match=r"public\.guests") as asked:
        bring_back(undeclared, archive)
    assert "[[renamed]]" in asked.value.remedy
    declared = Source(source.url, town.parse_rules(rules + RENAMED))
    restored = bring_back(declared, archive)
    assert fits(restored.plan) == {"name": "same"}
    assert (
        town.rows(source, "SELECT id, household_id, full_name FROM invitees WHERE wedding_id = 3 ORDER BY id") == before
    )
    assert everything(source)["rsvps"] == rsvps
    assert [parent.head.table.name for parent in restored.plan.parents] == ["suppliers"]


def test_a_rename_must_lead_to_something_that_is_there(source: Source, archive: Archive) -> None:
    rules = town.parse_rules(town.RULES + RENAMED)
    with pytest.raises(RulesInvalid, match="invitees"):
        town.take_all(Source(source.url, rules), archive)


RETYPED: list[tuple[str, str, str]] = [
    ("bookings", "price", "numeric(12,4)"),
    ("bookings", "price", "text"),
    ("bookings", "vendor_id", "bigint"),
    ("documents", "wedding_id", "integer USING wedding_id::int"),
    ("guests", "id", "bigint"),
    ("weddings", "wedding_date", "timestamp"),
    ("rsvps", "coming", "text"),
    ("notes", "entity_type", "varchar(20)"),
]


@pytest.mark.parametrize(("table", "column", "kind"), RETYPED, ids=str)
def test_a_column_that_can_hold_every_value_is_cast(
    source: Source, archive: Archive, table: str, column: str, kind: str
) -> None:
    town.run(source, "UPDATE bookings SET price = 1.5 WHERE price = 'NaN'")
    town.take_all(source, archive)
    town.run(source, f"ALTER TABLE {table} ALTER {column} TYPE {kind}")
    before = everything(source)
    town.run(source, *LOSE_ALL)
    restored = bring_back(source, archive)
    assert fits(restored.plan, f"public.{table}") == {column: "cast"}
    assert everything(source) == before
    assert bring_back(source, archive).plan.empty


def test_a_cast_that_loses_something_is_asked_for_and_the_database_then_holds_what_the_plan_said(
    source: Source, archive: Archive
) -> None:
    town.take_all(source, archive)
    town.run(
        source,
        "UPDATE bookings SET price = 2 WHERE price = 'NaN'",
        "ALTER TABLE bookings ALTER price TYPE numeric(8,1)",
    )
    town.run(source, "ALTER TABLE guests DROP loud, ALTER name TYPE varchar(7) USING left(name, 7)", LOSE)
    with pytest.raises(SchemaChanged, match=r"price|name"):
        bring_back(source, archive)
    restored = bring_back(source, archive, consent=ACCEPT)
    assert fits(restored.plan) == {"name": "cast"}
    assert guests(source, "name")[0] == ("Zebulon",)
    assert town.rows(source, "SELECT price::text FROM bookings WHERE wedding_id = 3 ORDER BY id") == [
        ("NaN",),
        ("1.5",),
        ("1.5",),
    ]
    assert bring_back(source, archive, consent=ACCEPT).plan.empty


def test_values_that_have_no_cast_are_refused_whatever_is_accepted(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, LOSE, "DELETE FROM guests", "ALTER TABLE guests DROP loud, ALTER name TYPE int USING 1")
    before = everything(source)
    plan = bring_back(source, archive, apply=False, consent=ACCEPT).plan
    assert fits(plan) == {"name": "impossible"}
    with pytest.raises(SchemaChanged, match="name"):
        bring_back(source, archive, consent=ACCEPT)
    assert everything(source) == before


def test_a_column_that_may_not_be_null_any_more_refuses_rows_that_are(source: Source, archive: Archive) -> None:
    town.run(source, "UPDATE guests SET name = NULL WHERE id = 311")
    town.take_all(source, archive)
    town.run(source, "UPDATE guests SET name = 'x' WHERE id = 311", "ALTER TABLE guests ALTER name SET NOT NULL")
    with pytest.raises(SchemaChanged, match="NULL"):
        bring_back(source, archive, consent=ACCEPT)
    bring_back(source, archive, tables=["tasks", "bookings"])


MOODS = "CREATE TYPE mood AS ENUM ('glad', 'sad'); ALTER TABLE guests ADD mood mood; UPDATE guests SET mood = 'sad'"


def test_an_enum_with_more_labels_fits_and_one_that_lost_a_label_does_not(source: Source, archive: Archive) -> None:
    town.run(source, MOODS)
    town.take_all(source, archive)
    before = everything(source)
    town.run(source, "ALTER TYPE mood ADD VALUE 'calm' BEFORE 'sad'", *LOSE_ALL)
    bring_back(source, archive)
    assert everything(source) == before
    town.run(source, "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'", LOSE)
    lost = everything(source)
    plan = bring_back(source, archive, apply=False).plan
    assert fits(plan) == {"mood": "impossible"}
    with pytest.raises(SchemaChanged, match="mood"):
        bring_back(source, archive)
    assert everything(source) == lost
