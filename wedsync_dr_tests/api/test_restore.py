"""A restore through the API, from its plan to the rows in the database; and everybody who must not get that far."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wedsync_dr.access.roles import Role
from wedsync_dr.alerts.alert import AlertCode
from wedsync_dr.api.backup_id import backup_id
from wedsync_dr.api.runs import RunStatus
from wedsync_dr.approval.deciding import find
from wedsync_dr.approval.request import Person
from wedsync_dr.approval.use import claim
from wedsync_dr.model import SCHEMA
from wedsync_dr_tests import town
from wedsync_dr_tests.api.fakes import down
from wedsync_dr_tests.api.in_process import InProcessRuns
from wedsync_dr_tests.api.restores import PATH, WHY, People, backup, do, guests, plan, seen, spoil, use
from wedsync_dr_tests.api.running import Running


@pytest.fixture
def runs(api: Running) -> Iterator[InProcessRuns]:
    found = InProcessRuns(api)
    use(api, found)
    yield found
    use(api, down())
    api.clock.ahead = timedelta()


@pytest.fixture(scope="module")
def people(api: Running) -> People:
    api.site.standing.refresh()
    return People(api)


def test_a_restore_is_planned_approved_by_another_person_and_carried_out_once(
    api: Running, runs: InProcessRuns, people: People
) -> None:
    before = spoil(api, 3)
    planned = plan(api, 3, people.anna)
    assert (planned["status"], planned["approval"]["lacking"], planned["affectedTables"]) == (
        *("INITIATED", 1),
        ["public.guests"],
    )
    assert planned["preview"]["updated"] == len(before)
    status, refused = do(api, "apply", planned, people.anna)
    assert (status, refused["type"]) == (409, "urn:wedsync-dr:problem:approval-needed")
    assert do(api, "approve", planned, people.anna)[0] == 403, "an operator does not approve"
    assert do(api, "approve", planned, people.anna_too)[0] == 403, "nor does the same person with another token"
    assert do(api, "approve", planned, people.bert)[1]["approval"]["approvedBy"] == ["token:bert"]
    status, started = do(api, "apply", planned, people.anna)
    assert (status, started["status"], "was started" in started["message"]) == (202, "VALIDATING", True)
    assert do(api, "apply", planned, people.anna)[1]["jobId"] == started["jobId"], "the run that is at it"
    assert runs.carry_out() is RunStatus.COMPLETED
    assert guests(api, 3) == before
    done = seen(api, planned, people.viewer)
    assert (done["status"], done["result"]["updated"], done["result"]["verified"]) == ("COMPLETED", len(before), True)
    assert do(api, "apply", planned, people.anna)[0] == 409
    assert api.call("DELETE", PATH, people.anna, params={"restoreId": planned["restoreId"]}).status_code == 409


def test_a_restore_of_others_does_not_exist(api: Running, runs: InProcessRuns, people: People) -> None:
    planned = plan(api, 3, people.first, organizationId="1")
    restore_id = planned["restoreId"]
    assert seen(api, planned, people.first)["requestedBy"] == "token:org 1"
    stranger = api.token(Role.APPROVER, "2", name="stranger")
    lone = api.token(Role.RESPONDER, "2", name="lone")
    calls = [
        api.get(PATH, people.second, params={"restoreId": restore_id}),
        api.call("DELETE", PATH, people.second, params={"restoreId": restore_id}),
        api.call("POST", f"{PATH}/{restore_id}/apply", people.second, json={}),
        api.call("POST", f"{PATH}/{restore_id}/approve", stranger),
        api.call("POST", f"{PATH}/{restore_id}/refuse", stranger, json={"reason": "no"}),
        api.call("POST", f"{PATH}/{restore_id}/confirmation", lone),
        api.call("POST", PATH, people.second, json={"backupId": backup(api, 3)}),
        api.call("POST", PATH, people.first, json={"backupId": backup(api, 3), "organizationId": "2"}),
        api.get(PATH, people.second, params={"organizationId": "1"}),
        api.get(PATH, people.second, params={"restoreId": "no-such-one"}),
    ]
    assert [answer.status_code for answer in calls] == [404] * len(calls)
    assert len({(answer.json()["detail"], answer.json()["remedy"]) for answer in calls}) == 1
    listed = [one["restoreId"] for one in api.get(PATH, people.second).json()["restores"]]
    assert restore_id not in listed
    mine = api.get(PATH, people.first, params={"organizationId": "1"}).json()
    assert mine["restores"][0]["restoreId"] == restore_id


def test_a_plan_expires(api: Running, runs: InProcessRuns, people: People) -> None:
    spoil(api, 4)
    planned = plan(api, 4, people.anna, isEmergencyRestore=True)
    assert do(api, "approve", planned, people.bert)[0] == 200
    api.clock.ahead = timedelta(minutes=9)
    assert do(api, "apply", planned, people.anna)[0] == 202
    api.clock.ahead = timedelta(minutes=11)
    before = town.state(api.source)
    for verb, token in (("apply", people.anna), ("approve", people.cara)):
        status, problem = do(api, verb, planned, token)
        assert (status, problem["type"]) == (409, "urn:wedsync-dr:problem:approval-stale")
    assert runs.carry_out() is RunStatus.FAILED, "what was started in time, too, writes nothing after it"
    assert town.state(api.source) == before


def test_an_approval_of_a_plan_that_is_another_one_by_now_is_void(
    api: Running, runs: InProcessRuns, people: People
) -> None:
    spoil(api, 4)
    planned = plan(api, 4, people.anna)
    do(api, "approve", planned, people.bert)
    assert do(api, "apply", planned, people.anna)[0] == 202
    town.run(api.source, "DELETE FROM rsvps WHERE guest_id = 411")
    before = town.state(api.source)
    status, problem = do(api, "apply", planned, people.anna)
    assert (status, problem["type"]) == (409, "urn:wedsync-dr:problem:approval-stale")
    assert runs.carry_out() is RunStatus.FAILED, "also where its run was on its way already"
    assert town.state(api.source) == before
    assert seen(api, planned, people.anna)["error"]["class"] == "ApprovalStale"


def test_a_restore_that_is_stopped_before_it_commits_changes_nothing(
    api: Running, runs: InProcessRuns, people: People
) -> None:
    """Its run stands before the rows, which somebody else holds, when it is called off."""
    spoil(api, 5)
    planned = plan(api, 5, people.anna)
    do(api, "approve", planned, people.bert)
    do(api, "apply", planned, people.anna)
    before = town.state(api.source)
    with ThreadPoolExecutor(1) as elsewhere:
        with town.open_transaction(api.source, "SELECT 1 FROM guests WHERE wedding_id = 5 FOR UPDATE"):
            running = elsewhere.submit(runs.carry_out)
            wait_until_blocked(api)
            gone = api.call("DELETE", PATH, people.anna, params={"restoreId": planned["restoreId"]})
        running.result()
    assert (gone.status_code, gone.json()["status"]) == (202, "CANCELLED")
    assert town.state(api.source) == before
    assert seen(api, planned, people.anna)["result"] is None
    again = api.call("DELETE", PATH, people.anna, params={"restoreId": planned["restoreId"]})
    assert again.status_code == 409


def test_a_restore_that_writes_already_is_stopped_by_ending_its_run(
    api: Running, runs: InProcessRuns, people: People
) -> None:
    planned = plan(api, 6, people.anna)
    do(api, "approve", planned, people.bert)
    job = do(api, "apply", planned, people.anna)[1]["jobId"]
    digest = find(api.archive, planned["restoreId"]).request.asked.plan
    claim(api.archive, planned["restoreId"], digest, "use", Person("anna"), api.clock())
    stop = {"restoreId": planned["restoreId"]}
    assert seen(api, planned, people.anna)["approval"]["phase"] == "used"
    assert do(api, "apply", planned, people.anna)[1].get("jobId") == job, "asked again, it tells of the run that writes"
    assert api.call("DELETE", PATH, people.anna, params=stop).json()["status"] == "CANCELLED"
    assert runs.runs[job].status is RunStatus.CANCELLED
    assert api.call("DELETE", PATH, people.anna, params=stop).status_code == 409


def wait_until_blocked(api: Running) -> None:
    """Returns when a session waits for a row."""
    waiting = "SELECT pg_sleep(0.05), count(*) FROM pg_locks WHERE NOT granted"
    for _ in range(400):
        if town.rows(api.source, waiting)[0][1]:
            return
    raise AssertionError("nobody waits")


def test_a_responder_goes_alone_in_an_emergency_and_all_are_alarmed(
    api: Running, runs: InProcessRuns, people: People
) -> None:
    before = spoil(api, 6)
    wanted = {"backupId": backup(api, 6), "reason": WHY, "isEmergencyRestore": True}
    planned = plan(api, 6, people.rita, **wanted)
    minutes = datetime.fromisoformat(planned["expiresAt"]) - datetime.fromisoformat(planned["requestedAt"])
    assert minutes == timedelta(minutes=10)
    assert do(api, "confirmation", planned, people.anna)[0] == 403, "an operator does not go alone"
    token = do(api, "confirmation", planned, people.rita)[1]["confirmationToken"]
    alone = wanted | {"confirmationToken": token}
    assert api.call("POST", PATH, api.token(Role.RESPONDER, name="otto"), json=alone).status_code == 403, "rita's"
    assert api.call("POST", PATH, people.rita, json=alone | {"confirmationToken": "x" * 32}).status_code == 404
    started = api.call("POST", PATH, people.rita, json=alone)
    assert (started.status_code, started.json()["status"]) == (202, "EMERGENCY_RESTORE_INITIATED")
    assert api.call("POST", PATH, people.rita, json=alone).json().get("jobId") == started.json()["jobId"]
    assert runs.carry_out() is RunStatus.COMPLETED
    assert api.call("POST", PATH, people.rita, json=alone).status_code == 409, "a token counts once"
    assert guests(api, 6) == before
    told = api.site.standing.refresh().judged.alerts
    assert AlertCode.RESTORE_ALONE in {alert.code for alert in told}
    assert token not in str([entry.body for entry in api.archive.ledger.entries()])


def test_while_the_wedding_is_under_way_it_takes_two_others(api: Running, runs: InProcessRuns, people: People) -> None:
    town.run(api.source, f"UPDATE weddings SET wedding_date = '{datetime.now(UTC).date()}' WHERE id = 4")  # noqa: TID251
    planned = plan(api, 4, people.anna)
    assert planned["approval"]["needed"] == 2
    assert any("two others" in warning for warning in planned["warnings"])
    assert do(api, "approve", planned, people.bert)[1]["approval"]["lacking"] == 1
    assert do(api, "apply", planned, people.anna)[0] == 409
    assert do(api, "approve", planned, people.cara)[1]["approval"]["phase"] == "approved"


def test_what_destroys_nothing_needs_nobody(api: Running, runs: InProcessRuns, people: People) -> None:
    town.run(api.source, "DELETE FROM bookings WHERE wedding_id = 1")
    planned = plan(api, 1, people.anna, restoreType="PARTIAL", targetTables=["bookings"])
    assert (planned["approval"]["phase"], planned["preview"]["inserted"]) == ("approved", 2)
    status, started = do(api, "apply", planned, people.anna)
    assert (status, runs.runs[started["jobId"]].config["request_id"]) == (202, planned["restoreId"])


def test_the_same_key_is_the_same_plan_and_another_body_under_it_is_refused(
    api: Running, runs: InProcessRuns, people: People
) -> None:
    key = {"Idempotency-Key": "restore-of-monday"}
    bodies = [{"backupId": backup(api, 2), "reason": WHY} | more for more in ({}, {}, {"restoreType": "PARTIAL"})]
    answers = [api.call("POST", PATH, people.anna, json=body, headers=key) for body in bodies]
    assert [answer.status_code for answer in answers] == [200, 200, 409]
    assert answers[0].json()["restoreId"] == answers[1].json()["restoreId"]
    assert answers[2].json()["type"] == "urn:wedsync-dr:problem:key-reused"
    other = api.call("POST", PATH, people.first, json=bodies[2], headers=key)
    assert other.status_code == 200, "a key is its caller's"


def test_two_restores_of_a_wedding_at_once_are_refused(api: Running, runs: InProcessRuns, people: People) -> None:
    town.run(api.source, "DELETE FROM visits WHERE wedding_id = 2")
    one, other = (plan(api, 2, people.anna, restoreType="PARTIAL", targetTables=["visits"]) for _ in range(2))
    assert do(api, "apply", one, people.anna)[0] == 202
    status, problem = do(api, "apply", other, people.anna)
    assert (status, problem["type"]) == (409, "urn:wedsync-dr:problem:scope-busy")


def test_a_restore_is_refused_with_a_reason(api: Running, runs: InProcessRuns, people: People) -> None:
    planned = plan(api, 1, people.anna)
    assert do(api, "refuse", planned, people.bert)[0] == 400
    assert do(api, "refuse", planned, people.bert, reason="the wrong couple")[1]["status"] == "CANCELLED"
    assert seen(api, planned, people.anna)["approval"]["refusedBecause"] == "the wrong couple"


def test_while_dagster_is_down_reads_answer_and_the_refusal_names_the_command(api: Running, people: People) -> None:
    use(api, down())
    planned = plan(api, 2, people.anna, restoreType="PARTIAL")
    assert seen(api, planned, people.anna)["knownFrom"] == "ledger"
    status, problem = do(api, "apply", planned, people.anna)
    assert status == 503
    assert f"wedsync-dr restore --request-id {planned['restoreId']} --apply" in problem["remedy"]


def test_the_whole_platform_is_asked_for_by_its_schema_and_takes_another_person(
    api: Running, runs: InProcessRuns, people: People, other_database: str
) -> None:
    newest = list(api.archive.vault.snapshots(scope=SCHEMA))[-1]
    wanted = {"backupId": backup_id(SCHEMA, newest.snapshot_id), "reason": WHY}
    assert api.call("POST", PATH, people.anna, json=wanted).status_code == 422, "no target is set"
    assert api.call("POST", PATH, people.first, json=wanted).status_code == 404, "it is everybody's"
    before = api.site
    api.app.state.site = replace(before, settings=replace(before.settings, target_url=other_database))
    try:
        planned = plan(api, 1, people.anna, **wanted)
        assert (planned["preview"]["weddings"], planned["approval"]["lacking"]) == (6, 1)
        assert do(api, "apply", planned, people.anna)[0] == 409
        do(api, "approve", planned, people.bert)
        assert do(api, "apply", planned, people.anna)[0] == 202
        assert runs.carry_out() is RunStatus.COMPLETED
        assert seen(api, planned, people.anna)["result"]["verified"]
    finally:
        api.app.state.site = before
    copy = replace(api.source, url=other_database)
    assert town.rows(copy, "SELECT count(*) FROM weddings") == [(6,)]


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"restoreType": "TABLE_SPECIFIC"}, 422),
        ({"restoreType": "SOME"}, 422),
        ({"reason": "short"}, 422),
        ({"confirmationToken": "x" * 32, "reason": WHY}, 422),
        ({"restoreType": "TABLE_SPECIFIC", "targetTables": ["gests"]}, 404),
        ({"backupId": "wedding:1:nonsense"}, 404),
        ({"backupId": None}, 422),
        ({"surprise": 1}, 422),
    ],
)
def test_what_cannot_be_meant_is_refused(api: Running, people: People, wrong: dict[str, Any], status: int) -> None:
    answer = api.call("POST", PATH, people.anna, json={"backupId": backup(api, 1)} | wrong)
    assert answer.status_code == status, answer.text
    assert answer.json()["remedy"]


def test_the_page_goes_on_where_the_one_before_ended(api: Running, runs: InProcessRuns, people: People) -> None:
    made = [plan(api, 1, people.anna, restoreType="PARTIAL")["restoreId"] for _ in range(3)]
    first = api.get(PATH, people.viewer, params={"limit": 2}).json()
    rest = api.get(PATH, people.viewer, params={"limit": 1, "cursor": first["nextCursor"]}).json()
    assert [one["restoreId"] for one in first["restores"] + rest["restores"]] == made[::-1]
    assert first["total"] >= 3
    assert api.get(PATH, people.viewer, params={"cursor": "never-given"}).status_code == 404
    assert api.call("POST", PATH, people.viewer, json={"backupId": backup(api, 1)}).status_code == 403
