"""Taking snapshots: every row once, one instant, unchanged is not stored again, and one failure stops no other."""

import threading
from collections import Counter
from pathlib import Path

import pytest

from wedsync_dr.errors import KeyRefused, NotInitialised, ScopeBusy, ScopeNotFound, SourceRefused, SourceUnreachable
from wedsync_dr.model import SCHEMA, Kind, ScopeId, TableName, Tier
from wedsync_dr.schedule.policy_file import parse_policy
from wedsync_dr.scope.rules import parse_rules
from wedsync_dr.scope.survey import Source
from wedsync_dr.snapshot import reading
from wedsync_dr.snapshot.batch import Batch
from wedsync_dr.snapshot.limits import Limits
from wedsync_dr.snapshot.opening import OpenSnapshot, SealedTable, open_snapshot
from wedsync_dr.snapshot.take import take
from wedsync_dr.source.session import lock_scopes
from wedsync_dr.vault.archive import Archive
from wedsync_dr.verification.verify import verify
from wedsync_dr_tests import town


def opened(archive: Archive, scope: ScopeId) -> OpenSnapshot:
    manifest = archive.newest(scope)
    assert manifest is not None
    return open_snapshot(archive, manifest)


def test_every_row_is_in_exactly_one_snapshot(source: Source, archive: Archive) -> None:
    batch = town.take_all(source, archive)
    sealed: dict[TableName, Counter[bytes]] = {}
    for taken in batch.taken:
        for name, table in opened(archive, taken.scope).tables.items():
            sealed.setdefault(name, Counter()).update(table.lines)
    for platform_table in town.TABLES:
        count = town.rows(source, f"SELECT count(*) FROM public.{platform_table}")[0][0]
        assert sealed.get(TableName("public", platform_table), Counter()).total() == count, platform_table
    assert sum(taken.rows for taken in batch.taken) == sum(rows.total() for rows in sealed.values())


def test_rows_go_to_the_scope_that_they_reach(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    tables = opened(archive, town.wedding(3)).tables
    counts = {name.name: len(table.lines) for name, table in tables.items()}
    assert counts == {
        "bookings": 3, "weddings": 1, "clients": 1, "households": 2, "guests": 8, "rsvps": 8, "tasks": 2,
        "documents": 1, "notes": 1, "visits": 2,
    }  # fmt: skip
    organization = opened(archive, ScopeId(Kind.VENDOR, "1")).tables
    assert {name.name: len(table.lines) for name, table in organization.items()} == {
        "organizations": 1, "vendors": 1, "reviews": 1,
    }  # fmt: skip
    assert opened(archive, ScopeId(Kind.VENDOR, "~public.vendors~3")).tables.keys() == {
        TableName("public", "vendors"), TableName("public", "reviews"),
    }  # fmt: skip


def test_links_platform_tablethe_owner_of_every_row_outside(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    links = {(link.table.name, link.values, str(link.owner)) for link in opened(archive, town.wedding(3)).links}
    assert links == {
        ("vendors", ("1",), "vendor/1"),
        ("vendors", ("2",), "vendor/2"),
        ("vendors", ("3",), "vendor/~public.vendors~3"),
        ("venues", ("1",), "platform/public.venues"),
    }


def test_links_are_all_references_to_rows_that_the_scope_does_not_hold(source: Source, archive: Archive) -> None:
    for taken in town.take_all(source, archive).taken:
        snapshot = opened(archive, taken.scope)
        refers: set[tuple[TableName, tuple[str, ...], tuple[str, ...]]] = set()
        for table in snapshot.tables.values():
            for key in table.head.foreign_keys:
                values = {row_values(table, line, key.columns) for line in table.lines}
                target = snapshot.tables.get(key.target)
                held = {row_values(target, line, key.target_columns) for line in target.lines} if target else set()
                refers |= {(key.target, key.target_columns, value) for value in values - held if "\\N" not in value}
        assert {(link.table, link.columns, link.values) for link in snapshot.links} == refers


def row_values(table: SealedTable, line: bytes, columns: tuple[str, ...]) -> tuple[str, ...]:
    fields = line[:-1].decode().split("\t")
    return tuple(fields[place] for place in table.head.positions(columns))


def test_unchanged_scopes_are_not_stored_again(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, "UPDATE guests SET name = 'Another' WHERE id = 311", "DELETE FROM outbox")
    again = town.take_all(source, archive)
    stored = {taken.scope for taken in again.taken if taken.status == "stored"}
    assert stored == {town.wedding(3), SCHEMA}  # a trigger has used a sequence
    third = town.take_all(source, archive)
    assert {taken.status for taken in third.taken} == {"current"}
    state = archive.ledger.known()
    assert len(state.current) == len(again.taken)


def test_a_snapshot_is_one_instant(source: Source, archive: Archive) -> None:
    def interfere(stage: str, done: int, total: int) -> None:
        if stage == "reading" and done == 0:
            town.run(source, "INSERT INTO guests (id, wedding_id, name) VALUES (999, 3, 'Late')")
            town.run(source, "INSERT INTO rsvps (guest_id) VALUES (999)")

    take(source, archive, [town.wedding(3)], now=town.NOW, requested_by="test", progress=interfere)
    tables = opened(archive, town.wedding(3)).tables
    assert len(tables[TableName("public", "guests")].lines) == len(tables[TableName("public", "rsvps")].lines) == 8


def test_one_failing_scope_stops_no_other(source: Source, archive: Archive, tmp_path: Path) -> None:
    town.take_all(source, archive)
    town.run(source, "UPDATE guests SET name = 'Another'")
    key = tmp_path / "keyring/wedding/3/personal-1.json"
    key.chmod(0o600)
    key.write_text((tmp_path / "keyring/wedding/4/personal-1.json").read_text())
    fresh = town.reopened(tmp_path)
    batch = take(source, fresh, None, now=town.NOW, requested_by="test")
    assert [(failed.scope, type(failed.error)) for failed in batch.failed] == [(town.wedding(3), KeyRefused)]
    assert sum(taken.status == "stored" for taken in batch.taken) >= 5


def test_an_unknown_wedding_is_named_and_the_others_are_taken(source: Source, archive: Archive) -> None:
    wanted = [town.wedding(3), town.wedding(77)]
    batch = take(source, archive, wanted, now=town.NOW, requested_by="test")
    assert [taken.scope for taken in batch.taken] == [town.wedding(3)]
    assert [(failed.scope, type(failed.error)) for failed in batch.failed] == [(town.wedding(77), ScopeNotFound)]


def test_a_vanished_wedding_keeps_its_recovery_points(source: Source, archive: Archive) -> None:
    town.take_all(source, archive)
    town.run(source, "DELETE FROM weddings WHERE id = 3")
    batch = take(source, archive, [town.wedding(3)], now=town.NOW, requested_by="test")
    assert "vanished" in str(batch.failed[0].error)
    assert archive.newest(town.wedding(3))


def test_a_scope_that_another_run_holds_is_busy(source: Source, archive: Archive) -> None:
    source = town.hasty(source)
    with lock_scopes(source.url, [town.wedding(3)], patience_s=0):
        batch = take(source, archive, [town.wedding(3), town.wedding(4)], now=town.NOW, requested_by="test")
    assert [(failed.scope, type(failed.error)) for failed in batch.failed] == [(town.wedding(3), ScopeBusy)]
    assert [taken.scope for taken in batch.taken] == [town.wedding(4)]


def test_two_runs_at_once_leave_a_clean_vault(source: Source, archive: Archive, tmp_path: Path) -> None:
    batches = []

    def one() -> None:
        batches.append(town.take_all(source, town.reopened(tmp_path)))

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(batches) == 2
    assert verify(town.reopened(tmp_path)).findings == ()
    stored = Counter(taken.scope for batch in batches for taken in batch.taken if taken.status == "stored")
    assert set(stored.values()) == {1}


SMALL = Limits(
    stretch=reading.BLOCK_BYTES,
    chunk=200,
    group_scopes=3,
    bundle=300,
    part=150,
    in_memory=0,
    sealed=0,
    worth_processes=0,
)
"""So low that a small platform reaches each of them."""


def what_is_sealed(archive: Archive, batch: Batch) -> dict[ScopeId, object]:
    return {
        taken.scope: (
            {name: sorted(table.lines) for name, table in snapshot.tables.items()},
            sorted((link.table, link.values, str(link.owner)) for link in snapshot.links),
            dict(snapshot.manifest.content),
        )
        for taken in batch.taken
        for snapshot in [opened(archive, taken.scope)]
    }


@pytest.mark.parametrize("workers", [1, 2])
def test_however_the_work_is_cut_the_same_is_sealed(source: Source, archive: Archive, workers: int) -> None:
    town.run(source, "ANALYZE")
    cut = take(source, archive, None, now=town.NOW, requested_by="test", workers=workers, limits=SMALL)
    assert [m for taken in cut.taken if (m := archive.newest(taken.scope)) and len(m.objects) > 2], "nothing in parts"
    sealed = what_is_sealed(archive, cut)
    assert {taken.status for taken in town.take_all(source, archive).taken} == {"current"}
    assert verify(archive).findings == ()
    for scope in sealed:
        archive.vault.discard(next(iter(archive.vault.snapshots(scope=scope))))
    assert what_is_sealed(archive, town.take_all(source, archive)) == sealed


def test_tiers_stand_in_the_manifest(source: Source, archive: Archive) -> None:
    batch = town.take_all(source, archive)
    tiers = {taken.scope: taken.tier for taken in batch.taken}
    assert tiers[town.wedding(2)] is Tier.DAY_OF
    assert tiers[town.wedding(3)] is Tier.CRITICAL
    assert tiers[town.wedding(6)] is Tier.NORMAL
    assert tiers[ScopeId(Kind.VENDOR, "1")] is Tier.DAY_OF
    manifest = archive.newest(town.wedding(2))
    assert manifest and manifest.tier is Tier.DAY_OF


def test_the_tier_in_the_manifest_is_that_of_the_policy(source: Source, archive: Archive) -> None:
    policy = parse_policy("[imminent]\ndays_before = 20\n")
    take(source, archive, [town.wedding(3)], now=town.NOW, requested_by="test", policy=policy)
    manifest = archive.newest(town.wedding(3))
    assert manifest and manifest.tier is Tier.IMMINENT


def test_a_role_that_policies_restrict_is_refused(source: Source, archive: Archive) -> None:
    name = f"restricted_{source.url.rpartition('/')[2]}"
    town.run(
        source,
        f"CREATE ROLE {name} LOGIN PASSWORD 'x'",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}",
        "ALTER TABLE guests ENABLE ROW LEVEL SECURITY",
    )
    scheme, _, rest = source.url.partition("://")
    restricted = Source(f"{scheme}://{name}:x@{rest.rpartition('@')[2]}", source.rules)
    with pytest.raises(SourceRefused, match="guests") as refused:
        take(restricted, archive, None, now=town.NOW, requested_by="test")
    assert "BYPASSRLS" in refused.value.remedy
    town.run(source, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def test_a_missing_vault_is_an_error_and_not_a_new_one(source: Source, tmp_path: Path) -> None:
    archive = town.new_archive(tmp_path)
    (tmp_path / "vault/format.json").unlink()
    with pytest.raises(NotInitialised) as missing:
        town.take_all(source, archive)
    assert "wedsync-dr init" in missing.value.remedy


def test_an_unreachable_database_is_transient(archive: Archive) -> None:
    gone = Source("postgresql://nobody:secret@127.0.0.1:1/none", parse_rules(town.RULES))
    with pytest.raises(SourceUnreachable) as unreachable:
        take(gone, archive, None, now=town.NOW, requested_by="test")
    assert unreachable.value.transient
    assert "secret" not in str(unreachable.value) + unreachable.value.remedy
