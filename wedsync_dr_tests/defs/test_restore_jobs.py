"""Putting a wedding back, as an operator does."""

import json

import dagster as dg
import pytest

from wedsync_dr.definitions import defs
from wedsync_dr.defs.partitions import ASSETS
from wedsync_dr.defs.restore_steps import Chosen, Planned, approved, plan_of
from wedsync_dr.demo.accident import destroy, flip_bit
from wedsync_dr.errors import PlanStale
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.restore.difference import Mode
from wedsync_dr.restore.terms import Terms
from wedsync_dr_tests.defs.conftest import Operator, failure_of, outputs_of


def _ran(result: dg.ExecuteInProcessResult) -> list[str]:
    return [str(event.step_key) for event in result.all_events if event.is_step_success]


def test_by_default_the_plan_is_shown_and_nothing_is_changed(protected: Operator) -> None:
    wedding = protected.tomorrow()
    whole = protected.look(wedding)
    destroy(protected.protection.source(), wedding)
    lost = protected.look(wedding)
    result = protected.restore(wedding)
    assert result.success
    assert outputs_of(result)["plan"]["rows_to_insert"] == whole.scope_rows
    assert "apply" not in _ran(result)
    assert not protected.look(wedding).different(lost)


def test_a_confirmed_restore_brings_back_every_row_and_touches_no_other(protected: Operator) -> None:
    wedding = protected.tomorrow()
    before = protected.look(wedding)
    destroy(protected.protection.source(), wedding)
    result = protected.restore(wedding, plan_only=False, confirm=wedding.id)
    assert result.success
    assert _ran(result) == ["resolve", "verify", "plan", "approve", "safety_snapshot", "apply", "confirm"]
    after = protected.look(wedding)
    assert after.scope_hash == before.scope_hash
    assert not after.different(before)


def test_the_wedding_s_partition_shows_the_restore(protected: Operator) -> None:
    wedding = protected.tomorrow()
    destroy(protected.protection.source(), wedding)
    protected.restore(wedding, plan_only=False, confirm=wedding.id, requested_by="Ada")
    (seen,) = protected.instance.fetch_observations(
        dg.AssetRecordsFilter(asset_key=ASSETS[Kind.WEDDING], asset_partitions=[wedding.id]), limit=5
    ).records
    assert seen.asset_observation is not None
    assert seen.asset_observation.metadata["requested_by"].value == "Ada"


def test_the_approval_is_in_the_ledger_with_the_plan_that_was_shown(protected: Operator) -> None:
    wedding = protected.tomorrow()
    destroy(protected.protection.source(), wedding)
    result = protected.restore(wedding, plan_only=False, confirm=wedding.id, requested_by="Ada")
    (approval,) = [e for e in protected.protection.archive().ledger.entries() if e.event == "restore-approved"]
    assert approval.body["plan"] == outputs_of(result)["plan"]["fingerprint"]
    assert approval.body["requested_by"] == "Ada"


@pytest.mark.parametrize("confirm", ["", "yes", "00000000-0000-4000-8000-000000000000"])
def test_without_the_repeated_id_nothing_is_even_read(protected: Operator, confirm: str) -> None:
    wedding = protected.tomorrow()
    result = protected.restore(wedding, plan_only=False, confirm=confirm)
    assert not result.success
    assert _ran(result) == []
    assert "confirm" in failure_of(result)[1]["remedy"]


def test_replace_undoes_edits_and_takes_a_safety_snapshot_first(protected: Operator) -> None:
    wedding = protected.tomorrow()
    before = protected.look(wedding)
    protected.sql("UPDATE guests SET given_name = 'Mallory' WHERE wedding_id = %s", wedding.key)
    result = protected.restore(wedding, mode="replace", plan_only=False, confirm=wedding.id)
    assert result.success
    assert protected.look(wedding).scope_hash == before.scope_hash
    safety = outputs_of(result)["safety_snapshot"]["safety_snapshot_id"]
    assert safety in {path.parent.name for path in protected.objects(wedding)}


def test_a_database_that_already_holds_it_is_left_alone(protected: Operator) -> None:
    wedding = protected.tomorrow()
    result = protected.restore(wedding, plan_only=False, confirm=wedding.id)
    assert result.success
    assert "apply" not in _ran(result)


def test_a_damaged_recovery_point_is_refused_and_the_older_one_used(protected: Operator) -> None:
    wedding = protected.tomorrow()
    older = protected.objects(wedding)[0].parent.name
    protected.sql("UPDATE guests SET remark = 'vegan' WHERE wedding_id = %s", wedding.key)
    assert protected.wave(weddings=[wedding.id]).success
    newest = protected.objects(wedding)[-1]
    flip_bit(newest)
    said = outputs_of(protected.restore(wedding, mode="replace"))["resolve"]
    assert said["snapshot_id"] == older
    assert said[f"refused {newest.parent.name}"] == "altered"


def test_as_of_before_the_first_snapshot_says_when_the_first_one_is(protected: Operator) -> None:
    result = protected.restore(protected.tomorrow(), as_of="2020-01-01T00:00:00Z")
    what, metadata = failure_of(result)
    assert metadata["error"] == "SnapshotNotFound"
    assert "The first snapshot" in what


@pytest.mark.parametrize(
    "form", [{"as_of": "yesterday"}, {"tables": ["no_such_table"]}, {"mode": "replace", "tables": ["x"]}]
)
def test_a_form_that_makes_no_sense_fails_with_a_remedy(protected: Operator, form: dict[str, object]) -> None:
    assert failure_of(protected.restore(protected.tomorrow(), **form))[1]["remedy"]


@pytest.mark.parametrize("text", ["../../etc/passwd", "", "a b"])
def test_a_malformed_id_fails_before_anything_is_read(protected: Operator, text: str) -> None:
    assert failure_of(protected.run("restore_wedding", {"wedding": text}))[1]["error"] == "MalformedId"


def test_only_the_form_s_own_fields_and_choices_are_accepted() -> None:
    job = defs.resolve_job_def("restore_wedding")
    dg.validate_run_config(job, {"wedding": "a", "mode": "replace"})
    for wrong in (
        {},
        {"wedding": "a", "mode": "destroy"},
        {"wedding": "a", "force": True},
        {"wedding": "a", "plan_only": "no"},
    ):
        with pytest.raises(dg.DagsterInvalidConfigError):
            dg.validate_run_config(job, wrong)


def test_a_vendor_has_a_job_of_its_own(protected: Operator) -> None:
    ((key,),) = protected.sql("SELECT organization_id::text FROM vendors WHERE organization_id IS NOT NULL LIMIT 1")
    vendor = ScopeId.of_key(Kind.VENDOR, key)
    before = protected.look(vendor)
    protected.sql("UPDATE vendors SET name = 'Mallory' WHERE organization_id = %s", key)
    form = {"vendor": vendor.id, "mode": "replace", "plan_only": False, "confirm": vendor.id}
    assert protected.run("restore_vendor", form).success
    assert not protected.look(vendor).different(before)


def test_no_row_reaches_an_event_an_output_or_a_log(protected: Operator) -> None:
    wedding = protected.tomorrow()
    names = {str(name) for row in protected.sql(
        "SELECT given_name, family_name, email FROM guests WHERE wedding_id = %s", wedding.key
    ) for name in row if name and len(str(name)) > 5}  # fmt: skip
    destroy(protected.protection.source(), wedding)
    protected.run("evidence")
    protected.restore(wedding, mode="replace", plan_only=False, confirm=wedding.id)
    protected.sql("UPDATE guests SET remark = 'x' WHERE wedding_id = %s", wedding.key)
    protected.restore(wedding, tables=["nothing"])
    runs = protected.instance.get_run_records()
    told = [protected.instance.all_logs(record.dagster_run.run_id) for record in runs]
    text = "\n".join(json.dumps(dg.serialize_value(entry)) for entries in told for entry in entries)
    assert len(names) > 20
    assert wedding.id in text
    assert [name for name in names if name in text] == []


def test_a_plan_that_was_shown_is_not_applied_after_rows_moved(protected: Operator) -> None:
    wedding = protected.tomorrow()
    newest = max(protected.protection.archive().vault.snapshots(scope=wedding))
    chosen = Chosen(wedding, newest.snapshot_id, newest.taken_at, Terms(Mode.replace), False, "Ada")
    protected.sql("UPDATE guests SET remark = 'vegan' WHERE wedding_id = %s", wedding.key)
    _, shown = plan_of(protected.protection, chosen)
    planned = Planned(chosen, shown.fingerprint, empty=False)
    assert approved(planned, plan_of(protected.protection, chosen)[1]).fingerprint == shown.fingerprint
    protected.sql("UPDATE guests SET remark = 'halal' WHERE wedding_id = %s", wedding.key)
    with pytest.raises(PlanStale):
        approved(planned, plan_of(protected.protection, chosen)[1])


def test_a_replace_is_taken_back_by_naming_its_safety_snapshot(protected: Operator) -> None:
    wedding = protected.tomorrow()
    protected.sql("UPDATE guests SET remark = 'vegan' WHERE wedding_id = %s", wedding.key)
    edited = protected.look(wedding)
    done = protected.restore(wedding, mode="replace", plan_only=False, confirm=wedding.id)
    safety = outputs_of(done)["safety_snapshot"]["safety_snapshot_id"]
    assert protected.look(wedding) != edited
    undone = protected.restore(wedding, mode="replace", plan_only=False, confirm=wedding.id, snapshot=safety)
    assert undone.success
    assert protected.look(wedding) == edited
