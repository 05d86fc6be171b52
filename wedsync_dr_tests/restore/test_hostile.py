"""Constraints, triggers and roles that stand in a restore's way: it gets through, or is refused, and is never half."""

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from wedsync_dr.errors import Conflict, SourceRefused
from wedsync_dr.restore.difference import Mode
from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests import town
from wedsync_dr_tests.restore.test_restore import LOSE_ALL, bring_back

SEATS = """
CREATE TABLE seats (id int PRIMARY KEY, wedding_id int NOT NULL REFERENCES weddings ON DELETE CASCADE, {columns});
INSERT INTO seats VALUES (1, 3, {first}), (2, 3, {second}), (3, 4, {other});
"""
NAMES = """
SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
"""
DAYS = ("'[2026-01-01,2026-01-02)'", "'[2026-01-03,2026-01-04)'", "'[2027-01-01,2027-01-02)'")
PLACES = ("'[1,5)'", "'[5,9)'", "'[20,30)'")


@pytest.fixture
def owner(source: Source) -> Iterator[Source]:
    """A role that owns the tables and is no superuser, so it may not become a replica."""
    name = f"owner_{source.url.rpartition('/')[2]}"
    town.run(source, f"CREATE ROLE {name} LOGIN PASSWORD 'x'", f"GRANT CREATE, USAGE ON SCHEMA public TO {name}")
    scheme, _, rest = source.url.partition("://")
    yield replace(source, url=f"{scheme}://{name}:x@{rest.rpartition('@')[2]}")
    town.run(source, f"REASSIGN OWNED BY {name} TO CURRENT_USER", f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def give(source: Source, owner: Source) -> None:
    """All tables to the role, as they are now."""
    role = owner.url.partition("://")[2].partition(":")[0]
    for (name,) in town.rows(source, NAMES):
        town.run(source, f"ALTER TABLE {name} OWNER TO {role}")


def everything(source: Source) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of the schema."""
    tables = (
        "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
    )
    return {str(t): town.rows(source, f"SELECT r::text FROM {t} AS r ORDER BY 1") for (t,) in town.rows(source, tables)}


# ---- rows that point to the scope from outside


def test_rows_of_others_that_point_to_the_scope_survive_a_replace(source: Source, archive: Archive) -> None:
    town.run(
        source,
        "ALTER TABLE reviews ADD FOREIGN KEY (guest_id) REFERENCES guests ON DELETE CASCADE",
        "CREATE TABLE likes (id int PRIMARY KEY, vendor_id int REFERENCES vendors, guest_id int REFERENCES guests"
        " ON DELETE SET NULL)",
    )
    rules = (
        town.RULES + '[tables."public.reviews"]\nwedding_through = []\n[tables."public.likes"]\nwedding_through = []\n'
    )
    source = Source(source.url, town.parse_rules(rules))
    town.run(source, "UPDATE reviews SET guest_id = 311 WHERE id = 1", "INSERT INTO likes VALUES (1, 1, 312)")
    town.take_all(source, archive)
    before = everything(source)
    town.run(source, "UPDATE guests SET name = 'Edited' WHERE wedding_id = 3", "DELETE FROM outbox")
    bring_back(source, archive)
    after = everything(source)
    assert {t for t in before if before[t] != after[t]} <= {"outbox"}


def test_a_key_that_others_refer_to_is_not_changed_under_them(source: Source, archive: Archive) -> None:
    town.run(
        source,
        "ALTER TABLE guests ADD badge text UNIQUE",
        "UPDATE guests SET badge = 'b' || id",
        "ALTER TABLE reviews ADD badge text REFERENCES guests (badge) ON UPDATE CASCADE",
    )
    source = Source(source.url, town.parse_rules(town.RULES + '[tables."public.reviews"]\nwedding_through = []\n'))
    town.take_all(source, archive)
    town.run(source, "UPDATE guests SET badge = 'new' WHERE id = 311", "UPDATE reviews SET badge = 'new' WHERE id = 1")
    before = everything(source)
    with pytest.raises(Conflict, match="reviews") as refused:
        bring_back(source, archive)
    assert "merge" in refused.value.remedy
    assert everything(source) == before


# ---- unique and exclusion constraints


@pytest.mark.parametrize(
    ("columns", "values"),
    [
        ("seat int UNIQUE", ("1", "2", "3")),
        ("seat int NOT NULL UNIQUE", ("1", "2", "3")),
        ("seat uuid NOT NULL UNIQUE", tuple(f"'00000000-0000-0000-0000-00000000000{i}'" for i in range(3))),
        ("seat varchar(5) NOT NULL UNIQUE", ("'a'", "'b'", "'c'")),
        ("seat date NOT NULL UNIQUE", ("'2026-01-01'", "'2026-01-02'", "'2026-01-03'")),
        ("seat timestamptz NOT NULL UNIQUE", ("'2026-01-01'", "'2026-01-02'", "'2026-01-03'")),
        ("seat int UNIQUE NULLS NOT DISTINCT", ("1", "NULL", "3")),
        ("seat int UNIQUE DEFERRABLE INITIALLY IMMEDIATE", ("1", "2", "3")),
        ("seat int UNIQUE DEFERRABLE INITIALLY DEFERRED", ("1", "2", "3")),
        ("seat tsrange NOT NULL, EXCLUDE USING gist (seat WITH &&)", DAYS),
        ("seat int4range, EXCLUDE USING gist (seat WITH &&)", PLACES),
        ("seat int4range, EXCLUDE USING gist (seat WITH &&) DEFERRABLE", PLACES),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
@pytest.mark.parametrize("superuser", [True, False], ids=["replica", "owner"])
def test_two_rows_that_swapped_a_unique_value_swap_back(
    source: Source, owner: Source, archive: Archive, columns: str, values: tuple[str, ...], superuser: bool
) -> None:
    town.run(source, SEATS.format(columns=columns, first=values[0], second=values[1], other=values[2]))
    town.take_all(source, archive)
    before = everything(source)
    (first,), (second,) = town.rows(source, "SELECT seat::text FROM seats WHERE id < 3 ORDER BY id")
    town.run(
        source,
        "CREATE TABLE put_by AS SELECT * FROM seats WHERE id < 3; DELETE FROM seats WHERE id < 3",
        "INSERT INTO seats SELECT 3 - id, wedding_id, seat FROM put_by; DROP TABLE put_by",
    )
    assert first != second
    assert everything(source) != before
    if not superuser:
        give(source, owner)
    restored = bring_back(source if superuser else owner, archive)
    assert restored.applied and restored.applied.rows == {"inserted": 0, "updated": 2, "deleted": 0}
    assert everything(source) == before


def test_rows_that_swap_what_cannot_be_set_aside_are_refused(source: Source, archive: Archive) -> None:
    town.run(source, SEATS.format(columns="seat inet NOT NULL UNIQUE", first="'::1'", second="'::2'", other="'::3'"))
    town.take_all(source, archive)
    town.run(
        source,
        "UPDATE seats SET seat = '::9' WHERE id = 1; UPDATE seats SET seat = '::1' WHERE id = 2;"
        " UPDATE seats SET seat = '::2' WHERE id = 1",
    )
    before = everything(source)
    with pytest.raises(Conflict, match="seats_seat_key") as refused:
        bring_back(source, archive)
    assert "platform" in refused.value.remedy
    assert everything(source) == before


@pytest.mark.parametrize(
    ("columns", "values", "taken"),
    [
        ("seat int UNIQUE DEFERRABLE INITIALLY DEFERRED", ("1", "2", "3"), "1"),
        ("seat int4range, EXCLUDE USING gist (seat WITH &&) DEFERRABLE", PLACES, "'[2,3)'"),
    ],
    ids=["unique", "exclusion"],
)  # fmt: skip
def test_a_deferrable_constraint_is_kept_although_a_replica_does_not_check_it(
    source: Source, archive: Archive, columns: str, values: tuple[str, ...], taken: str
) -> None:
    town.run(source, SEATS.format(columns=columns, first=values[0], second=values[1], other=values[2]))
    town.take_all(source, archive)
    town.run(source, "DELETE FROM seats WHERE id = 1", f"UPDATE seats SET seat = {taken} WHERE id = 3")
    before = everything(source)
    with pytest.raises(Conflict, match="seats_seat"):
        bring_back(source, archive)
    assert everything(source) == before


# ---- cycles and orders


@pytest.mark.parametrize("deferrable", ["", "DEFERRABLE INITIALLY DEFERRED", "DEFERRABLE INITIALLY IMMEDIATE"])
@pytest.mark.parametrize("superuser", [True, False], ids=["replica", "owner"])
def test_circles_of_rows_and_rows_that_refer_to_themselves_come_back(
    source: Source, owner: Source, archive: Archive, deferrable: str, superuser: bool
) -> None:
    town.run(
        source,
        "ALTER TABLE households DROP CONSTRAINT households_contact_fkey",
        f"ALTER TABLE households ADD FOREIGN KEY (contact) REFERENCES guests ON DELETE SET NULL {deferrable}",
        "ALTER TABLE tasks DROP CONSTRAINT tasks_parent_id_fkey",
        f"ALTER TABLE tasks ADD FOREIGN KEY (parent_id) REFERENCES tasks ON DELETE CASCADE {deferrable}",
        "UPDATE tasks SET parent_id = id WHERE parent_id IS NULL",
    )
    town.take_all(source, archive)
    before = everything(source)
    town.run(
        source,
        "UPDATE guests SET household_id = NULL WHERE household_id = 31",
        "DELETE FROM households WHERE id = 31",
        "INSERT INTO households VALUES (39, 3, NULL)",
        "INSERT INTO guests (id, wedding_id, household_id, name) VALUES (999, 3, 39, 'Later')",
        "UPDATE households SET contact = 999 WHERE id IN (32, 39)",
        "INSERT INTO tasks (id, wedding_id, title) VALUES (999, 3, 'later')",
        "UPDATE tasks SET parent_id = 999 WHERE wedding_id = 3",
    )
    if not superuser:
        give(source, owner)
    bring_back(source if superuser else owner, archive)
    after = everything(source)
    assert {table for table in before if before[table] != after[table]} <= {"outbox"}


def test_a_whole_wedding_comes_back_where_every_foreign_key_is_enforced(
    source: Source, owner: Source, archive: Archive
) -> None:
    town.take_all(source, archive)
    before = everything(source)
    town.run(source, *LOSE_ALL, "DELETE FROM bookings WHERE vendor_id = 1", "DELETE FROM reviews WHERE vendor_id = 1")
    town.run(source, "DELETE FROM vendors WHERE id = 1; DELETE FROM organizations WHERE id = 1")
    give(source, owner)
    bring_back(owner, archive)
    after = everything(source)
    for table in ("guests", "households", "tasks", "rsvps", "weddings", "vendors", "organizations"):
        assert after[table] == before[table], table


# ---- partitions and inheritance


PARTS = """
CREATE TABLE log (id int, at date, wedding_id int REFERENCES weddings ON DELETE CASCADE, what text,
    PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE log_2026 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE log_2027 PARTITION OF log FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
CREATE TABLE moves (at date, wedding_id int REFERENCES weddings, what text) PARTITION BY LIST (what);
CREATE TABLE moves_a PARTITION OF moves FOR VALUES IN ('a');
CREATE TABLE moves_b PARTITION OF moves FOR VALUES IN ('b');
INSERT INTO log VALUES (1, '2026-05-05', 3, 'a'), (2, '2027-05-05', 3, 'b');
INSERT INTO moves VALUES ('2026-05-05', 3, 'a'), ('2026-05-05', 3, 'a'), ('2026-05-05', 3, 'b');
"""


def test_rows_that_moved_to_another_partition_move_back(source: Source, archive: Archive) -> None:
    town.run(source, PARTS)
    town.take_all(source, archive)
    before = everything(source)
    town.run(
        source,
        "UPDATE log SET at = '2027-05-05' WHERE id = 1; UPDATE log SET what = 'x' WHERE id = 2",
        "UPDATE moves SET what = 'b' WHERE ctid = '(0,1)' AND tableoid = 'moves_a'::regclass",
    )
    bring_back(source, archive)
    assert everything(source) == before


def test_a_row_that_no_partition_takes_is_refused(source: Source, archive: Archive) -> None:
    town.run(source, PARTS)
    town.take_all(source, archive)
    town.run(source, "DROP TABLE log_2027")
    before = everything(source)
    with pytest.raises(Conflict):
        bring_back(source, archive)
    assert everything(source) == before


def test_a_table_that_inherits_keeps_its_rows(source: Source, archive: Archive) -> None:
    town.run(
        source,
        "CREATE TABLE old_guests () INHERITS (guests)",
        "INSERT INTO old_guests (id, wedding_id, name, number) VALUES (311, 4, 'Namesake', 1), (399, 4, 'Other', 2)",
    )
    town.take_all(source, archive)
    before = everything(source)
    town.run(
        source,
        "UPDATE ONLY guests SET name = 'Edited' WHERE wedding_id = 3",
        "INSERT INTO guests (id, wedding_id, name) VALUES (399, 3, 'Later')",
    )
    bring_back(source, archive)
    after = everything(source)
    assert {table for table in before if before[table] != after[table]} <= {"outbox"}


# ---- triggers, rules, event triggers


NOISE = """
CREATE FUNCTION noise() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO public.outbox (what) VALUES (TG_NAME); RETURN COALESCE(NEW, OLD); END $$;
CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER t1 BEFORE INSERT OR UPDATE OR DELETE ON guests FOR EACH ROW EXECUTE FUNCTION never();
CREATE TRIGGER t2 AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON guests FOR EACH STATEMENT EXECUTE FUNCTION noise();
CREATE TRIGGER t3 AFTER UPDATE ON guests REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION noise();
CREATE CONSTRAINT TRIGGER t4 AFTER INSERT OR UPDATE ON guests DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION noise();
CREATE RULE r1 AS ON UPDATE TO guests DO ALSO INSERT INTO outbox (what) VALUES ('rule');
CREATE RULE r2 AS ON DELETE TO guests DO INSTEAD NOTHING;
CREATE TRIGGER t5 BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION never();
CREATE TRIGGER t6 BEFORE INSERT ON log_2026 FOR EACH ROW EXECUTE FUNCTION noise();
"""
TRIGGERS = [
    *(("guests", f"t{i}") for i in range(1, 5)),
    *((table, name) for table, name in (("log", "t5"), ("log_2026", "t5"), ("log_2026", "t6"))),
]
AWAKE = """
SELECT tgrelid::regclass::text, tgname::text, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT ev_class::regclass::text, rulename, ev_enabled::text FROM pg_rewrite WHERE rulename IN ('r1', 'r2')
ORDER BY 1, 2
"""


@pytest.mark.parametrize("state", ["", "ALWAYS", "REPLICA"])
@pytest.mark.parametrize("superuser", [True, False], ids=["replica", "owner"])
def test_no_trigger_or_rule_of_any_kind_runs_and_all_are_as_before(
    source: Source, owner: Source, archive: Archive, state: str, superuser: bool
) -> None:
    town.run(source, PARTS)
    town.take_all(source, archive)
    before = everything(source)
    town.run(
        source,
        "UPDATE guests SET name = 'Edited' WHERE id = 311",
        "INSERT INTO guests (id, wedding_id, name) VALUES (999, 3, 'Later')",
        "DELETE FROM guests WHERE id = 312",
        "DELETE FROM log WHERE wedding_id = 3",
        NOISE,
    )
    for relation, name in TRIGGERS:
        town.run(source, f"ALTER TABLE ONLY {relation} ENABLE {state} TRIGGER {name}")
    for name in ("r1", "r2"):
        town.run(source, f"ALTER TABLE guests ENABLE {state} RULE {name}")
    town.run(source, "DELETE FROM outbox")
    if not superuser:
        give(source, owner)
    awake = town.rows(source, AWAKE)
    restored = bring_back(source if superuser else owner, archive)
    after = everything(source)
    assert after.pop("outbox") == []
    assert all(after[table] == before[table] for table in after)
    assert town.rows(source, AWAKE) == awake
    silent = {(one["table"], one["trigger"]) for one in restored.plan.to_json()["silent_triggers"]}
    assert {("public.guests", "r2"), ("public.log_2026", "t6")} <= silent


EVENT = """
CREATE FUNCTION no_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no DDL here'; END $$;
CREATE EVENT TRIGGER guard ON ddl_command_start EXECUTE FUNCTION no_ddl();
"""


@pytest.mark.parametrize("state", ["", "ALWAYS", "REPLICA"])
def test_event_triggers_do_not_run_and_are_as_before(source: Source, archive: Archive, state: str) -> None:
    town.take_all(source, archive)
    before = town.state(source, "outbox")
    town.run(
        source, "UPDATE guests SET name = 'Edited' WHERE id = 311", EVENT, f"ALTER EVENT TRIGGER guard ENABLE {state}"
    )
    enabled = town.rows(source, "SELECT evtname, evtenabled FROM pg_event_trigger")
    restored = bring_back(source, archive)
    assert town.state(source, "outbox") == before
    assert town.rows(source, "SELECT evtname, evtenabled FROM pg_event_trigger") == enabled
    silent = restored.plan.to_json()["silent_triggers"]
    assert {"table": None, "trigger": "guard", "kind": "event trigger"} in silent


def test_an_event_trigger_that_the_role_may_not_silence_is_named(
    source: Source, owner: Source, archive: Archive
) -> None:
    town.take_all(source, archive)
    give(source, owner)
    town.run(source, "UPDATE guests SET name = 'Edited' WHERE id = 311", EVENT)
    before = everything(source)
    with pytest.raises(SourceRefused, match="guard") as refused:
        bring_back(owner, archive)
    assert "GRANT SET ON PARAMETER session_replication_role" in refused.value.remedy
    assert everything(source) == before
    town.run(source, "DROP EVENT TRIGGER guard")


# ---- roles


def test_forced_row_level_security_is_refused_with_the_statement_that_mends_it(
    source: Source, owner: Source, archive: Archive
) -> None:
    town.take_all(source, archive)
    town.run(source, "UPDATE guests SET name = 'Edited' WHERE id = 311")
    before = everything(source)
    town.run(
        source,
        "ALTER TABLE guests ENABLE ROW LEVEL SECURITY; ALTER TABLE guests FORCE ROW LEVEL SECURITY",
        "CREATE POLICY half ON guests USING (id < 400) WITH CHECK (false)",
    )
    give(source, owner)
    with pytest.raises(SourceRefused, match="guests") as refused:
        bring_back(owner, archive)
    assert "BYPASSRLS" in refused.value.remedy
    assert everything(source) == before
    bring_back(source, archive)
    assert town.rows(source, "SELECT count(*) FROM guests WHERE name = 'Edited'") == [(0,)]


def test_missing_column_privileges_are_named_in_the_plan_before_anything_is_written(
    source: Source, archive: Archive
) -> None:
    name = f"half_{source.url.rpartition('/')[2]}"
    town.take_all(source, archive)
    town.run(
        source,
        f"CREATE ROLE {name} LOGIN PASSWORD 'x'",
        f"GRANT SELECT, INSERT, DELETE ON ALL TABLES IN SCHEMA public TO {name}",
        f"GRANT UPDATE (household_id, wedding_id, number) ON guests TO {name}",
        f"GRANT SET ON PARAMETER session_replication_role TO {name}",
        "UPDATE guests SET name = 'Edited' WHERE id = 311",
    )
    before = everything(source)
    scheme, _, rest = source.url.partition("://")
    half = replace(source, url=f"{scheme}://{name}:x@{rest.rpartition('@')[2]}")
    columns, sequence = bring_back(half, archive, apply=False).plan.conflicts
    assert columns.code == sequence.code == "privilege-missing"
    assert 'GRANT UPDATE ("name") ON "public"."guests"' in columns.remedy
    assert 'ON SEQUENCE "public"."guests_number_seq"' in sequence.remedy
    with pytest.raises(SourceRefused) as refused:
        bring_back(half, archive)
    assert refused.value.remedy == columns.remedy
    assert everything(source) == before
    town.run(source, columns.remedy, sequence.remedy)
    bring_back(half, archive)
    town.run(source, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def test_an_identity_that_is_always_generated_gets_its_old_value_back(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    before = town.state(source, "outbox")
    identity = "SELECT attidentity FROM pg_attribute WHERE attrelid = 'guests'::regclass AND attname = 'number'"
    town.run(source, "UPDATE guests SET number = DEFAULT WHERE wedding_id = 3")
    bring_back(source, archive)
    assert town.state(source, "outbox") == before
    assert town.rows(source, identity) == [("a",)]


def test_a_parent_that_goes_while_rows_are_written_makes_the_plan_stale(source: Source, archive: Archive) -> None:
    """Foreign keys are not enforced in a replica, so the restore looks at the rows that it relies on itself."""
    town.take_all(source, archive)
    town.run(source, "DELETE FROM bookings", "DELETE FROM reviews")
    with psycopg.connect(source.url) as other:
        other.execute("DELETE FROM vendors WHERE id = 1")
        planned = bring_back(source, archive, apply=False, mode=Mode.merge)
        assert planned.plan.parents == ()
        other.commit()
    restored = bring_back(source, archive, mode=Mode.merge)
    assert [parent.head.table.name for parent in restored.plan.parents] == ["vendors"]
