"""Triggers, rules and roles that stand in a restore's way: it gets through, or is refused, and is never half."""

from dataclasses import replace

import psycopg
import pytest

from wedsync_dr.errors import SourceRefused
from wedsync_dr.restore.difference import Mode
from wedsync_dr.scope.survey import Source
from wedsync_dr.vault.archive import Archive
from wedsync_dr_tests import town
from wedsync_dr_tests.restore.roles import PARTS, everything, give, owner
from wedsync_dr_tests.restore.test_restore import bring_back

__all__ = ["owner"]

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
