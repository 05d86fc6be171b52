"""What runs by itself is told as it is; what is asked for is in the ledger, and never more than is carried out."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from wedsync_dr.access.roles import Role
from wedsync_dr.api.automated import SENSOR
from wedsync_dr.api.automations import Automation, Automations, Tick, Trigger
from wedsync_dr.api.once import Launcher
from wedsync_dr.api.runs import Order
from wedsync_dr.api.waves import JOB
from wedsync_dr.model import parse_utc, utc_text
from wedsync_dr.schedule.requested import RequestedSchedule
from wedsync_dr_tests.api.fakes import Down, FakeAutomations, FakeRuns
from wedsync_dr_tests.api.running import Running

PATH = "/api/backup/automated"
AT = datetime(2026, 6, 1, 2, tzinfo=UTC)
NIGHTLY = Automation(
    *("nightly", Trigger.SCHEDULE, "Every night.", ("snapshot_wave",), True, "0 2 * * *", "UTC", None),
    next_runs=(AT + timedelta(days=1),),
    last_tick=Tick(AT, "SUCCESS"),
)
CARRIES_OUT = Automation(SENSOR, Trigger.SENSOR, "Carries out.", ("snapshot_wave",), True, every_s=60)


def use(api: Running, automations: Automations) -> None:
    api.app.state.site = replace(api.site, automations=automations)


@pytest.fixture(autouse=True)
def automations(api: Running) -> Iterator[FakeAutomations]:
    fake = FakeAutomations(NIGHTLY, CARRIES_OUT)
    use(api, fake)
    yield fake
    down: Any = Down()
    use(api, down)


def post(api: Running, token: str, key: str | None = None, **form: Any) -> requests.Response:
    return api.call("POST", PATH, token, json=form, headers={"Idempotency-Key": key} if key else {})


def slug(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rsplit(":")[-1]


def test_what_runs_by_itself_is_told_with_what_each_tier_promises(api: Running) -> None:
    told = api.get(PATH, api.token(Role.VIEWER)).json()
    nightly, sensor = told["automations"]
    assert told["carriedOut"] is True
    assert (nightly["cron"], nightly["timeZone"], nightly["nextRuns"]) == (
        *("0 2 * * *", "UTC"),
        ["2026-06-02T02:00:00.000000Z"],
    )
    assert nightly["lastTick"] == {"at": utc_text(AT), "status": "SUCCESS"}
    assert (sensor["everySeconds"], sensor["cron"]) == (60, None)
    first = told["tiers"][0]
    assert (first["tier"], first["rpoSeconds"], first["cadenceSeconds"], first["retention"]["minimum"]) == (
        *("day_of", 300),
        *(180, 3),
    )


def test_a_switch_is_for_those_who_belong_to_no_organization(api: Running, automations: FakeAutomations) -> None:
    off = {"name": "nightly", "enabled": False}
    assert api.call("PATCH", PATH, api.token(Role.OPERATOR, "1"), json=off).status_code == 404
    assert api.call("PATCH", PATH, api.token(Role.VIEWER), json=off).status_code == 403
    assert automations.there["nightly"].enabled
    switched = api.call("PATCH", PATH, api.token(), json=off).json()["automation"]
    assert (switched["enabled"], switched["nextRuns"]) == (False, [])
    assert api.call("PATCH", PATH, api.token(), json=off | {"name": "never"}).status_code == 404
    down: Any = Down()
    use(api, down)
    refused = api.call("PATCH", PATH, api.token(), json=off)
    assert (refused.status_code, "dagster schedule stop nightly" in refused.json()["remedy"]) == (503, True)


def test_a_schedule_runs_at_the_wall_clock_of_its_time_zone(api: Running) -> None:
    made = post(api, api.token(), schedule="CUSTOM", customCron="30  2 * * 1-5", timezone="America/New_York")
    assert made.status_code == 201
    body = made.json()
    assert body["schedule"]["cron"] == "30 2 * * 1-5"
    known = api.archive.ledger.known().schedules[body["backupId"]]
    schedule = RequestedSchedule.of(body["backupId"], known)
    local = parse_utc(body["nextRun"]).astimezone(schedule.zone)
    assert (local.hour, local.minute, local.weekday() < 5) == (2, 30, True)
    assert parse_utc(body["nextRun"]) > api.clock()
    listed = api.get(PATH, api.token()).json()["schedules"]
    assert body["schedule"] in listed


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"schedule": "CUSTOM", "customCron": "0 0 31 2 *"}, (422, "schedule-invalid")),
        ({"schedule": "CUSTOM", "customCron": "every day"}, (422, "schedule-invalid")),
        ({"schedule": "DAILY", "timezone": "Mars/Olympus"}, (422, "schedule-invalid")),
        ({"schedule": "DAILY", "timezone": "../etc/passwd"}, (422, "schedule-invalid")),
        ({"schedule": "CUSTOM"}, (400, "bad-request")),
        ({"schedule": "DAILY", "retentionDays": 30}, (422, "not-offered")),
        ({}, (400, "bad-request")),
        ({"schedule": "DAILY", "organizationId": "77"}, (404, "not-found")),
    ],
)
def test_what_can_never_run_or_is_not_offered_is_refused(
    api: Running, form: dict[str, Any], expected: tuple[int, str]
) -> None:
    before = len(api.archive.ledger.known().schedules)
    refused = post(api, api.token(), **form)
    assert slug(refused) == expected
    assert len(api.archive.ledger.known().schedules) == before
    for wrong in ({"schedule": "HOURLY"}, {"schedule": "DAILY", "customCron": "0 0 * * *"}):
        assert post(api, api.token(), **wrong).status_code == 422
    if "retentionDays" in form:
        assert "policy.toml" in refused.json()["remedy"]


def test_no_schedule_is_made_that_nothing_carries_out(api: Running, automations: FakeAutomations) -> None:
    automations.switch(SENSOR, on=False)
    assert api.get(PATH, api.token()).json()["carriedOut"] is False
    assert slug(post(api, api.token(), schedule="DAILY")) == (409, "switched-off")
    down: Any = Down()
    use(api, down)
    told = post(api, api.token(), schedule="DAILY")
    assert (told.status_code, "when it is up again" in told.json()["message"]) == (201, True)
    listed = api.get(PATH, api.token()).json()
    assert (listed["automations"], listed["carriedOut"]) == (None, None)
    assert told.json()["backupId"] in {one["scheduleId"] for one in listed["schedules"]}


def test_a_schedule_is_seen_and_cancelled_by_its_own_organization(api: Running) -> None:
    mine, theirs, everyone = api.token(Role.OPERATOR, "1"), api.token(Role.OPERATOR, "2"), api.token()
    assert post(api, mine, schedule="WEEKLY").status_code == 404, "everything is not theirs"
    assert post(api, mine, schedule="WEEKLY", organizationId="2").status_code == 404
    made = post(api, mine, schedule="WEEKLY", organizationId="1", backupType="INCREMENTAL").json()["backupId"]

    def seen_by(token: str, query: str = "") -> set[str]:
        return {one["scheduleId"] for one in api.get(PATH + query, token).json()["schedules"]}

    assert seen_by(mine) == {made}
    assert made not in seen_by(theirs)
    assert made in seen_by(everyone)
    assert seen_by(everyone, "?organizationId=1") == {made}
    assert api.call("DELETE", f"{PATH}?scheduleId={made}", theirs).status_code == 404
    assert api.call("DELETE", f"{PATH}?scheduleId={made}", api.token(Role.VIEWER, "1")).status_code == 403
    gone = api.call("DELETE", f"{PATH}?scheduleId={made}", mine)
    assert (gone.status_code, gone.json()["schedule"]["status"], gone.json()["schedule"]["nextRun"]) == (
        *(200, "CANCELLED"),
        None,
    )
    assert api.call("DELETE", f"{PATH}?scheduleId={made}", mine).status_code == 404
    assert seen_by(mine) == set()


def test_a_repeated_request_makes_one_schedule_and_does_not_bring_back_a_cancelled_one(api: Running) -> None:
    token = api.token(name="again")
    first = post(api, token, "key-0001", schedule="DAILY").json()
    assert post(api, token, "key-0001", schedule="DAILY").json()["schedule"] == first["schedule"]
    assert slug(post(api, token, "key-0001", schedule="WEEKLY")) == (409, "key-reused")
    api.call("DELETE", f"{PATH}?scheduleId={first['backupId']}", token)
    again = post(api, token, "key-0001", schedule="DAILY").json()
    assert (again["backupId"], again["schedule"]["status"]) == (first["backupId"], "CANCELLED")


def test_verifying_by_the_clock_is_what_runs_each_night_or_a_refusal(
    api: Running, automations: FakeAutomations
) -> None:
    form = {"organizationId": "1", "validationSchedule": "WEEKLY"}
    path = "/api/backup/validation"
    assert slug(api.call("PUT", path, api.token(), json=form)) == (409, "switched-off")
    automations.there["nightly_evidence"] = replace(NIGHTLY, name="nightly_evidence", jobs=("evidence",))
    told = api.call("PUT", path, api.token(Role.OPERATOR, "1"), json=form).json()
    assert told["scheduledValidation"]["scheduled"] is True
    assert told["scheduledValidation"]["nextRun"] == "2026-06-02T02:00:00.000000Z"
    assert api.call("PUT", path, api.token(Role.OPERATOR, "2"), json=form).status_code == 404
    assert api.call("PUT", path, api.token(), json=form | {"validationSchedule": "CUSTOM"}).status_code == 422
    down: Any = Down()
    use(api, down)
    refused = api.call("PUT", path, api.token(), json=form)
    assert (refused.status_code, "wedsync-dr verify" in refused.json()["remedy"]) == (503, True)


def test_the_runs_of_a_schedule_are_jobs_that_can_be_asked_for(api: Running) -> None:
    fake = FakeRuns()
    api.app.state.site = replace(api.site, launcher=Launcher(fake))
    run_id = fake.launch(Order(JOB, {}, {"wedsync/schedule": "a1b2"})).run_id
    fake.launch(Order(JOB, {}, {}))
    page = api.get("/api/jobs?scheduleId=a1b2", api.token()).json()
    assert ([job["id"] for job in page["jobs"]], page["total"]) == ([run_id], 1)
