"""The whole platform back, on real PostgreSQL: an empty database becomes equal to the source."""

from dataclasses import replace

import pytest

from wedsync_dr.demo.generate import wedding_of_tomorrow
from wedsync_dr.errors import SnapshotNotFound, TargetUnfit
from wedsync_dr.model import SCHEMA, Kind, ScopeId
from wedsync_dr.restore.inventory import take_inventory
from wedsync_dr.restore.phases import phases_of
from wedsync_dr.restore.run import restore
from wedsync_dr.restore.target import look_at
from wedsync_dr.restore.waves import Order
from wedsync_dr.schedule.policy_file import parse_policy
from wedsync_dr.scope.rules import load_rules
from wedsync_dr.scope.survey import Source
from wedsync_dr.source.session import connect
from wedsync_dr.source.surroundings import Extension
from wedsync_dr.vault.archive import Archive
from wedsync_dr.verification.verify import verify
from wedsync_dr_tests import town
from wedsync_dr_tests.restore.rebuilt import DEMO_RULES, TABLES, contents, definition, outcome, query, rebuild


@pytest.mark.parametrize("order", Order)
def test_the_demo_platform_comes_back_exactly(
    platform: str, other_database: str, archive: Archive, order: Order
) -> None:
    source = Source(platform, load_rules(DEMO_RULES))
    town.take_all(source, archive)
    done = outcome(archive, other_database, order=order, workers=2)
    assert done.whole and not done.dangling
    town.run(source, "TRUNCATE public.http_sessions")  # left out, by rule
    assert contents(other_database) == contents(platform)
    assert definition(other_database) == definition(platform)
    assert [wave.name for wave in done.waves][:3] == ["platform", "vendors", "day_of"]
    tomorrow = ScopeId.of_key(Kind.WEDDING, wedding_of_tomorrow(platform))
    assert archive.newest(tomorrow)
    assert verify(archive).findings == ()


def test_urgent_weddings_are_usable_before_the_rest_and_the_rto_says_so(
    source: Source, archive: Archive, other_database: str
) -> None:
    town.take_all(source, archive)
    shown = rebuild(archive, other_database).to_json()
    usable = {wave["name"]: wave["usable_at"] for wave in shown["waves"]}
    assert list(usable) == ["platform", "vendors", "day_of", "critical", "normal", "settled"]
    assert usable["day_of"] < usable["critical"] < usable["normal"] < shown["seconds"]
    assert [(one["tier"], one["target_seconds"], one["met"]) for one in shown["rto"]] == [
        ("day_of", 300.0, True),
        ("critical", 3600.0, True),
        ("normal", 14400.0, True),
        ("settled", 14400.0, True),
    ]
    assert shown["verified"] and shown["applied"]
    assert town.state(Source(other_database, source.rules)) == town.state(source)


def test_triggers_that_always_fire_do_not_fire_and_are_there_in_the_end(
    source: Source, archive: Archive, other_database: str
) -> None:
    town.take_all(source, archive)
    outcome(archive, other_database)
    enabled = "SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
    assert query(other_database, enabled) == query(source.url, enabled)
    assert query(other_database, "SELECT count(*) FROM outbox") == [(0,)]


def test_a_plan_writes_nothing_and_names_what_would_come(source: Source, archive: Archive, other_database: str) -> None:
    town.take_all(source, archive)
    plan = rebuild(archive, other_database, apply=False).to_json()
    assert plan["applied"] is False
    assert {wave["name"]: wave["scopes"] for wave in plan["plan"]["waves"]}["day_of"] == 1
    assert plan["plan"]["lacks"] == []
    assert query(other_database, TABLES) == []


def test_waves_and_targets_are_those_of_the_policy_and_a_wedding_of_several_days_comes_early_on_each(
    source: Source, archive: Archive, other_database: str
) -> None:
    town.run(source, "ALTER TABLE weddings ADD end_date date")
    town.run(source, "UPDATE weddings SET end_date = wedding_date + 12 WHERE id = 1")
    town.take_all(source, archive)
    policy = parse_policy('[day_of]\nrto = "7 min"\n[imminent]\ndays_before = 20\n')
    done = outcome(archive, other_database, policy=policy)
    found = {tier["tier"]: (tier["weddings"], tier["target_seconds"]) for tier in done.rto()}
    assert found["day_of"] == (2, 420)
    assert found["imminent"] == (1, 900)


def test_a_target_that_is_not_empty_is_refused_and_left_alone(
    source: Source, archive: Archive, other_database: str
) -> None:
    town.take_all(source, archive)
    town.run(Source(other_database, source.rules), "CREATE TABLE somebody_elses ()")
    with pytest.raises(TargetUnfit, match="somebody_elses"):
        rebuild(archive, other_database)
    assert query(other_database, TABLES) == [("public.somebody_elses",)]


def test_a_missing_role_is_named_before_anything_is_written_and_can_be_done_without(
    source: Source, archive: Archive, other_database: str
) -> None:
    town.run(source, 'CREATE ROLE "night shift" LOGIN', 'GRANT SELECT ON guests TO "night shift"')
    town.run(source, 'ALTER TABLE venues OWNER TO "night shift"')
    town.take_all(source, archive)
    town.run(source, 'REASSIGN OWNED BY "night shift" TO wedsync', 'DROP OWNED BY "night shift"')
    town.run(source, 'DROP ROLE "night shift"')
    with pytest.raises(TargetUnfit, match="night shift") as refused:
        rebuild(archive, other_database)
    assert 'CREATE ROLE "night shift" LOGIN;' in refused.value.remedy
    assert query(other_database, TABLES) == []
    assert outcome(archive, other_database, no_owner=True).whole
    assert town.state(Source(other_database, source.rules)) == town.state(source)


def test_a_role_of_a_policy_cannot_be_done_without(source: Source, archive: Archive, other_database: str) -> None:
    town.run(source, "CREATE ROLE couple", "CREATE POLICY own ON guests TO couple USING (true)")
    town.take_all(source, archive)
    town.run(source, "DROP POLICY own ON guests", "DROP ROLE couple")
    with pytest.raises(TargetUnfit, match="couple"):
        rebuild(archive, other_database, no_owner=True)


def test_a_missing_extension_is_named(source: Source, archive: Archive, other_database: str) -> None:
    town.take_all(source, archive)
    around = take_inventory(archive, town.NOW.replace(year=2100), now=town.NOW, time_zone="UTC").schema.surroundings
    needs = replace(around, extensions=(Extension("postgis_of_ours", "3.5", "public"),))
    with connect(other_database, name="test") as connection:
        (lack,) = look_at(connection, needs, Order.urgent, no_owner=False).lacks
    assert "postgis_of_ours" in lack.what
    assert "Install" in lack.remedy


def test_an_extension_comes_back(source: Source, archive: Archive, other_database: str) -> None:
    town.run(source, "CREATE SCHEMA ext", "CREATE EXTENSION pg_trgm SCHEMA ext")
    town.run(source, "CREATE INDEX ON guests USING gin (name ext.gin_trgm_ops)")
    town.take_all(source, archive)
    assert outcome(archive, other_database).whole
    assert definition(other_database) == definition(source.url)


def test_an_older_instant_can_be_asked_for(source: Source, archive: Archive, other_database: str) -> None:
    first = town.take_all(source, archive)
    before = town.state(source, "outbox")
    town.run(source, "UPDATE guests SET name = 'Edited'", "ALTER TABLE venues ADD note text", "CREATE TABLE later ()")
    town.take_all(source, archive)
    assert outcome(archive, other_database, as_of=first.taken[0].taken_at).whole
    assert town.state(Source(other_database, source.rules), "outbox") == before
    assert query(other_database, "SELECT to_regclass('later')") == [(None,)]


def test_what_had_vanished_is_not_brought_back_and_what_came_later_is(
    source: Source, archive: Archive, other_database: str
) -> None:
    town.take_all(source, archive)
    town.run(source, "DELETE FROM documents WHERE wedding_id = '3'", "DELETE FROM weddings WHERE id = 3")
    town.take_all(source, archive)
    town.run(source, "INSERT INTO weddings VALUES (70, '2026-11-25', 3, 1)")
    town.taken(source, archive, town.wedding(70))
    done = rebuild(archive, other_database)
    assert done.to_json()["plan"]["no_longer_there"] == 1
    assert done.outcome
    assert done.outcome.refusals == (("public.clients", "1 row(s) came twice"),)  # moved owner
    assert query(other_database, "SELECT id FROM weddings ORDER BY id") == [(1,), (2,), (4,), (5,), (6,), (70,)]


def test_a_scope_that_was_restored_after_the_last_batch_is_there_again(
    source: Source, archive: Archive, other_database: str
) -> None:
    town.take_all(source, archive)
    town.run(source, "DELETE FROM weddings WHERE id = 3")
    town.take_all(source, archive)
    restore(source, archive, town.wedding(3), apply=True, now=town.NOW, requested_by="test")
    outcome(archive, other_database)
    assert query(other_database, "SELECT count(*) FROM guests WHERE wedding_id = 3") == [(8,)]


def test_without_a_schema_object_there_is_nothing_to_rebuild_from(
    source: Source, archive: Archive, other_database: str
) -> None:
    town.taken(source, archive, town.wedding(3))
    with pytest.raises(SnapshotNotFound, match="schema") as refused:
        rebuild(archive, other_database)
    assert "snapshot --all" in refused.value.remedy


def test_keys_that_the_source_never_validated_stay_so(source: Source, archive: Archive, other_database: str) -> None:
    town.run(
        source,
        "INSERT INTO reviews VALUES (50, 1, 4711, 1)",
        "ALTER TABLE reviews ADD CONSTRAINT dirty FOREIGN KEY (guest_id) REFERENCES guests NOT VALID",
        "ALTER TABLE venues ADD CONSTRAINT long CHECK (length(name) > 4) NOT VALID",
    )
    town.take_all(source, archive)
    done = outcome(archive, other_database)
    assert done.whole and not done.dangling
    assert definition(other_database) == definition(source.url)


def test_awkward_schemas_come_back(source: Source, archive: Archive, other_database: str) -> None:
    town.run(
        source,
        """CREATE TABLE log (id int, day date, note text) PARTITION BY RANGE (day);
        CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
        CREATE TABLE log_2 PARTITION OF log DEFAULT;
        CREATE INDEX ON log (note);
        ALTER TABLE log ADD PRIMARY KEY (id, day);
        ALTER TABLE log ADD FOREIGN KEY (id) REFERENCES venues;
        INSERT INTO log VALUES (1, '2026-02-02', 'a'), (2, '2027-02-02', 'b');
        CREATE MATERIALIZED VIEW fame AS SELECT vendor_id, avg(stars) FROM reviews GROUP BY 1;
        CREATE INDEX ON fame (vendor_id);
        CREATE TABLE "Qu""oted; Name" ("select" int PRIMARY KEY DEFAULT 3, "a b" xml);
        INSERT INTO "Qu""oted; Name" VALUES (1, '<a/>');
        CREATE SEQUENCE down INCREMENT -1; CREATE TABLE falling (id int DEFAULT nextval('down') PRIMARY KEY);
        INSERT INTO falling SELECT FROM generate_series(1, 5);
        COMMENT ON TRIGGER tell_always ON tasks IS 'fires anyway'; COMMENT ON CONSTRAINT guests_pkey ON guests IS 'key';
        CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS
            $$ BEGIN INSERT INTO public.outbox (what) VALUES (tg_tag); END $$;
        CREATE EVENT TRIGGER watching ON ddl_command_end EXECUTE FUNCTION watch();
        CREATE PUBLICATION feed FOR TABLE guests;""",
    )
    town.take_all(source, archive)
    done = outcome(archive, other_database)
    assert done.whole, done
    assert contents(other_database) == contents(source.url)
    assert definition(other_database) == definition(source.url)


def test_every_statement_is_in_one_phase(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    schema = take_inventory(archive, town.NOW.replace(year=2100), now=town.NOW, time_zone="UTC").schema
    for early in (True, False):
        phases = phases_of(schema.statements, no_owner=False, indexes_early=early)
        numbers = [one.number for phase in vars(phases).values() for one in phase]
        assert sorted(numbers) == list(range(len(schema.statements)))
    assert not any(
        "OWNER TO" in one.text for one in phases_of(schema.statements, no_owner=True, indexes_early=True).before
    )


def test_the_ledger_tells_of_it(source: Source, archive: Archive, other_database: str) -> None:
    town.take_all(source, archive)
    outcome(archive, other_database)
    told = [(entry.event, entry.body.get("kind")) for entry in archive.ledger.entries()][-2:]
    assert told == [("restore-started", SCHEMA.kind.value), ("restored", SCHEMA.kind.value)]
    assert verify(archive).findings == ()
