"""A fingerprint moves with every change of its scope's rows, and with nothing else that happens every day."""

from dataclasses import replace

import psycopg
import pytest

from wedsync_dr.model import Kind, ScopeId, TableName
from wedsync_dr.scope.survey import Source, survey
from wedsync_dr.snapshot.fingerprints import Fingerprints, changed, fingerprints
from wedsync_dr_tests import town
from wedsync_dr_tests.town import wedding

EVERY_WEDDING = {wedding(number) for number in range(1, 7)}
HARBOUR = ScopeId(Kind.VENDOR, "1")


def platform(table: str) -> ScopeId:
    return ScopeId.of_table(TableName("public", table))


def look(source: Source, before: Fingerprints | None = None) -> Fingerprints:
    with survey(source) as seen:
        return fingerprints(seen, before)


def seen_as_changed(source: Source, *statements: str) -> set[ScopeId]:
    """What a change changes, the same whether the second look builds on the first one or not."""
    before = look(source)
    town.run(source, *statements)
    after, anew = look(source, before), look(source)
    assert not changed(after, anew)
    assert changed(before, after) == changed(before, anew)
    return set(changed(before, after))


OUTLIVING = {platform(table) for table in ("clients", "documents", "notes", "visits")}
ROWS = [
    ("INSERT INTO visits VALUES (2, 'home')", {wedding(2)}),
    ("UPDATE bookings SET price = price WHERE wedding_id = 2", {wedding(2)}),
    ("DELETE FROM visits WHERE wedding_id = 3", {wedding(3)}),
    ("DELETE FROM visits WHERE ctid = (SELECT ctid FROM visits WHERE wedding_id = 3 LIMIT 1)", {wedding(3)}),
    ("DELETE FROM bookings WHERE id = 21; INSERT INTO bookings VALUES (21, 2, 1, 'NaN')", {wedding(2)}),
    ("TRUNCATE visits", EVERY_WEDDING),
    ("INSERT INTO weddings VALUES (7)", {wedding(7)}),
    ("DELETE FROM weddings WHERE id = 6", {wedding(6)} | OUTLIVING),
    ("INSERT INTO venues VALUES (9, 'Tent')", {platform("venues")}),
    ("DELETE FROM notes WHERE id = 90", {platform("notes")}),
    ("UPDATE reviews SET stars = 1 WHERE vendor_id = 1", {HARBOUR}),
]
QUIET = [
    ["VACUUM FREEZE"],
    ["VACUUM (FREEZE, ANALYZE) guests"],
    ["ANALYZE"],
    ["CREATE INDEX ON visits (page)", "REINDEX TABLE guests"],
    ["CREATE MATERIALIZED VIEW pages AS SELECT page FROM visits", "REFRESH MATERIALIZED VIEW pages"],
    ["CREATE VIEW v AS SELECT 1 AS one"],
    ["CHECKPOINT", "SELECT pg_current_xact_id()"],
    ["BEGIN; UPDATE guests SET name = 'x'; ROLLBACK"],
    ["SELECT * FROM guests FOR UPDATE"],
    ["SELECT pg_stat_reset()"],
    ["COMMENT ON TABLE guests IS 'people'"],
    ["ALTER TABLE guests ENABLE ROW LEVEL SECURITY"],
]
SHAPE = [
    "ALTER TABLE visits ADD page_number int DEFAULT 1",
    "ALTER TABLE visits DROP page",
    "ALTER TABLE visits ALTER page TYPE varchar(30)",
    "ALTER TABLE reviews ADD FOREIGN KEY (guest_id) REFERENCES guests",
    "ALTER TYPE mood RENAME VALUE 'happy' TO 'glad'",
    "ALTER TYPE place ADD ATTRIBUTE door int",
    "CREATE TABLE gifts (id int)",
]


@pytest.mark.parametrize(("statement", "expected"), ROWS)
def test_a_change_of_rows_changes_their_owners_and_no_other_scope(
    source: Source, statement: str, expected: set[ScopeId]
) -> None:
    assert seen_as_changed(source, statement) == expected


@pytest.mark.parametrize("statements", QUIET)
def test_what_changes_no_row_changes_no_fingerprint(source: Source, statements: list[str]) -> None:
    assert seen_as_changed(source, *statements) == set()


@pytest.mark.parametrize("statement", ["VACUUM FULL visits", "CLUSTER guests USING guests_pkey"])
def test_a_table_that_is_written_anew_counts_as_changed(source: Source, statement: str) -> None:
    assert seen_as_changed(source, statement) == EVERY_WEDDING


@pytest.mark.parametrize("statement", SHAPE)
def test_a_change_of_what_rows_are_written_as_changes_every_scope(source: Source, statement: str) -> None:
    town.run(source, "CREATE TYPE mood AS ENUM ('happy')", "CREATE TYPE place AS (room int)")
    everything = changed(look(source), replace(look(source), rules="others"))
    assert seen_as_changed(source, statement) == everything >= EVERY_WEDDING | {HARBOUR}


def test_other_rules_change_every_scope(source: Source) -> None:
    before = look(source)
    after = look(replace(source, rules=town.parse_rules(town.RULES.replace("bookings", "guests"))), before)
    assert changed(before, after) >= EVERY_WEDDING | {HARBOUR}


SWAPS = [
    "UPDATE weddings SET client_id = 7 - client_id WHERE client_id IN (3, 4)",
    "UPDATE guests SET wedding_id = 7 - wedding_id WHERE wedding_id IN (3, 4)",
    "UPDATE tasks SET wedding_id = 7 - wedding_id WHERE wedding_id IN (3, 4) AND parent_id IS NULL",
]


@pytest.mark.parametrize("swap", SWAPS)
def test_two_weddings_that_swap_rows_have_both_changed(source: Source, swap: str) -> None:
    """What hangs on the swapped rows moves with them and is not written: its versions are those of before."""
    assert {wedding(3), wedding(4)} <= seen_as_changed(source, swap)


def test_a_wedding_and_the_platform_that_swap_rows_have_both_changed(source: Source) -> None:
    """The two documents are of one transaction and stay as they are; only the weddings come and go."""
    town.run(
        source, "INSERT INTO documents VALUES (90, '90', 'x'), (91, '91', 'x')", "INSERT INTO weddings VALUES (90)"
    )
    swap = "DELETE FROM weddings WHERE id = 90; INSERT INTO weddings VALUES (91)"
    assert seen_as_changed(source, swap) == {wedding(90), wedding(91), platform("documents")}


def test_a_change_is_seen_as_soon_as_it_is_committed_and_no_sooner(source: Source) -> None:
    """The writer stays connected and busy: its counters are not in the statistics yet."""
    before = look(source)
    with psycopg.connect(source.url) as writer:
        writer.execute("UPDATE guests SET name = 'x' WHERE wedding_id = 2")
        open_still = look(source, before)
        writer.commit()
        after = look(source, open_still)
    assert changed(before, open_still) == set()
    assert changed(open_still, after) == {wedding(2), platform("outbox")}


def test_a_transaction_that_began_before_a_look_and_ends_after_it_is_seen(source: Source) -> None:
    with psycopg.connect(source.url) as early, psycopg.connect(source.url) as late:
        early.execute("SELECT pg_current_xact_id()")
        late.execute("UPDATE visits SET page = 'x' WHERE wedding_id = 3")
        late.commit()
        before = look(source)
        early.execute("UPDATE visits SET page = 'x' WHERE wedding_id = 2")
        early.commit()
    assert changed(before, look(source, before)) == {wedding(2)}


def test_an_idle_source_is_proven_unmoved_without_a_look_at_any_row(source: Source) -> None:
    before = look(source)
    assert look(source, before) is before


def test_partitions_that_swap_places_of_rows_are_told_apart(source: Source) -> None:
    town.run(
        source,
        "CREATE TABLE gifts (wedding_id int, part int) PARTITION BY LIST (part)",
        "ALTER TABLE gifts ADD FOREIGN KEY (wedding_id) REFERENCES weddings ON DELETE SET NULL",
        "CREATE TABLE gifts_1 PARTITION OF gifts FOR VALUES IN (1)",
        "CREATE TABLE gifts_2 PARTITION OF gifts FOR VALUES IN (2)",
        "INSERT INTO gifts VALUES (1, 1), (2, 2)",
    )
    before = look(source)
    assert changed(before, look(source)) == set()
    town.run(source, "UPDATE gifts SET wedding_id = 3 - wedding_id")
    between = look(source, before)
    town.run(source, "TRUNCATE gifts_2")
    after = look(source, between)
    assert changed(before, between) == {wedding(1), wedding(2)}
    assert changed(between, after) == {wedding(1)}


def test_a_table_whose_values_are_names_of_others_counts_as_changed_each_time(source: Source) -> None:
    town.run(source, "CREATE TABLE pointers (what regclass)", "INSERT INTO pointers VALUES ('public.guests')")
    before = look(source)
    assert seen_as_changed_by_renaming(source, before) >= {platform("pointers")}


def seen_as_changed_by_renaming(source: Source, before: Fingerprints) -> set[ScopeId]:
    town.run(source, "CREATE SEQUENCE s", "UPDATE pointers SET what = 's'")
    between = look(source, before)
    town.run(source, "ALTER SEQUENCE s RENAME TO t")
    return set(changed(between, look(source, between)))


def test_a_look_that_builds_on_others_finds_what_a_new_one_finds(source: Source) -> None:
    """RSVPs do not move, but their guests do: each look may reuse only what no moved table leads to."""
    known = look(source)
    for change in ("UPDATE guests SET name = 'y'", "UPDATE guests SET wedding_id = 7 - wedding_id", "TRUNCATE rsvps"):
        town.run(source, change)
        known = look(source, known)
        assert not changed(known, look(source))
    assert TableName("public", "rsvps") in known.hot
    assert TableName("public", "bookings") not in known.hot
