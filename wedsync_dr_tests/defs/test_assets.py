"""Snapshots as partitions."""

import dagster as dg
import pytest

from wedsync_dr.defs import assets
from wedsync_dr.defs.partitions import ASSETS, PARTITIONS
from wedsync_dr.model import Kind
from wedsync_dr_tests.defs.conftest import Operator, failure_of


def _materializations(operator: Operator, result: dg.ExecuteInProcessResult) -> list[dg.AssetMaterialization]:
    entries = operator.instance.all_logs(result.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    return [entry.asset_materialization for entry in entries if entry.asset_materialization]


def test_a_range_of_weddings_is_taken_at_one_instant_and_recorded_key_by_key(operator: Operator) -> None:
    ids = operator.weddings(4)
    operator.add(Kind.WEDDING, *ids)
    result = operator.backfill(assets.wedding_snapshot, Kind.WEDDING, ids[0], ids[-1])
    assert result.success
    recorded = _materializations(operator, result)
    assert [one.partition for one in recorded] == ids
    assert len({one.metadata["lsn"].value for one in recorded}) == 1
    done = operator.instance.get_status_by_partition(ASSETS[Kind.WEDDING], ids, PARTITIONS[Kind.WEDDING])
    assert done is not None
    assert {str(status) for status in done.values()} == {"AssetPartitionStatus.MATERIALIZED"}


def test_a_materialization_says_how_much_when_and_where(operator: Operator) -> None:
    wedding = operator.tomorrow()
    operator.add(Kind.WEDDING, wedding.id)
    (one,) = _materializations(operator, operator.backfill(assets.wedding_snapshot, Kind.WEDDING, wedding.id))
    said = {name: value.value for name, value in one.metadata.items()}
    assert said["status"] == "stored"
    assert said["tier"] == "day_of"
    assert said["dagster/row_count"] == operator.look(wedding).scope_rows
    assert said["bytes"] == sum(path.stat().st_size for path in operator.objects(wedding))
    assert said["dagster/uri"] == operator.objects(wedding)[0].parent.as_uri()
    assert str(said["instant"]).endswith("Z")


@pytest.mark.parametrize(
    ("asset", "kind", "sql"),
    [
        (assets.vendor_snapshot, Kind.VENDOR, "SELECT id::text FROM organizations LIMIT 1"),
        (assets.platform_snapshot, Kind.PLATFORM, "SELECT 'public.venues'"),
    ],
)
def test_vendors_and_platform_tables_are_assets_too(
    operator: Operator, asset: dg.AssetsDefinition, kind: Kind, sql: str
) -> None:
    ((key,),) = operator.sql(sql)
    operator.add(kind, key)
    result = operator.backfill(asset, kind, key)
    assert result.success
    assert [one.partition for one in _materializations(operator, result)] == [key]


def test_a_wedding_without_a_row_fails_and_stops_no_other(operator: Operator) -> None:
    gone, stays = operator.tomorrow().id, operator.weddings(1)[0]
    nobody = "00000000-0000-4000-8000-000000000000"
    operator.add(Kind.WEDDING, gone, nobody, stays)
    result = operator.backfill(assets.wedding_snapshot, Kind.WEDDING, gone, stays)
    assert not result.success
    assert {one.partition for one in _materializations(operator, result)} == {gone, stays}
    what, metadata = failure_of(result)
    assert what.startswith("1 scope(s)")
    (row,) = metadata["failed"]
    assert row["scope"] == f"wedding/{nobody}"
    assert row["what_to_do"]


def test_a_range_given_backwards_fails_instead_of_doing_nothing(operator: Operator) -> None:
    ids = operator.weddings(3)
    operator.add(Kind.WEDDING, *ids)
    result = operator.backfill(assets.wedding_snapshot, Kind.WEDDING, ids[-1], ids[0])
    assert not result.success
    assert "order of the partitions" in failure_of(result)[1]["remedy"]


def test_what_has_not_changed_is_current_and_not_stored_again(operator: Operator) -> None:
    wedding = operator.tomorrow()
    operator.add(Kind.WEDDING, wedding.id)
    operator.backfill(assets.wedding_snapshot, Kind.WEDDING, wedding.id)
    (again,) = _materializations(operator, operator.backfill(assets.wedding_snapshot, Kind.WEDDING, wedding.id))
    assert again.metadata["status"].value == "current"
    assert len({path.parent for path in operator.objects(wedding)}) == 1
