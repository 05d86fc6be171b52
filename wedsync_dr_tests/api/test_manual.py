"""Snapshots that somebody asks for now: which, how urgent, once, and not while the same is under way."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests

from wedsync_dr.access.roles import Role
from wedsync_dr.api.once import Launcher
from wedsync_dr.api.runs import Order, Runs, RunStatus
from wedsync_dr.api.waves import JOB, wave_form
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr_tests import town
from wedsync_dr_tests.api.fakes import FakeRuns, down
from wedsync_dr_tests.api.running import Running

PATH = "/api/backup/manual"


def use(api: Running, runs: Runs) -> None:
    api.app.state.site = replace(api.site, launcher=Launcher(runs))


@pytest.fixture
def runs(api: Running) -> Iterator[FakeRuns]:
    fake = FakeRuns()
    use(api, fake)
    yield fake
    use(api, down())


def post(api: Running, token: str, key: str | None = None, **form: Any) -> requests.Response:
    return api.call("POST", PATH, token, json=form, headers={"Idempotency-Key": key} if key else {})


def form_of(runs: FakeRuns, answer: requests.Response) -> dict[str, Any]:
    """The form of the run that was started."""
    assert answer.status_code == 202, answer.text
    run = runs.runs[answer.json()["backupId"]]
    return dict(run.config["ops"]["snapshot_scopes"]["config"])


def test_what_is_asked_for_is_what_the_run_takes(api: Running, runs: FakeRuns) -> None:
    everyone, bound = api.token(name="platform"), api.token(Role.OPERATOR, "1")
    by = {"requested_by": "token:platform", "changed_only": False, "with_vendors": False, "with_weddings": False}
    assert form_of(runs, post(api, everyone, weddingId="1")) == {"weddings": ["1"], **by}
    several = post(api, everyone, weddingIds=["2", "3"], vendorIds=["2"], includeVendorData=True)
    assert form_of(runs, several) == {"weddings": ["2", "3"], "vendors": ["2"], **by, "with_vendors": True}
    changed = post(api, everyone, weddingId="4", backupType="INCREMENTAL")
    assert form_of(runs, changed)["changed_only"] is True
    assert form_of(runs, post(api, everyone)) == {"everything": True, **by}
    runs.runs.clear()
    mine = form_of(runs, post(api, bound, organizationId="1"))
    assert (mine["vendors"], mine["with_weddings"]) == (["1"], True)


def test_the_answer_says_where_to_look_and_how_urgent_it_is(api: Running, runs: FakeRuns) -> None:
    town.run(api.source, "UPDATE weddings SET wedding_date = current_date + 1 WHERE id = 2")
    api.site.standing.refresh()
    answer = post(api, api.token(), weddingId="2", description="before the seating is changed")
    body = answer.json()
    assert body["links"] == {"job": f"/api/jobs/{body['backupId']}"}
    assert answer.headers["Location"] == body["links"]["job"]
    assert (body["status"], body["priority"]) == ("INITIATED", "CRITICAL")
    job = api.get(body["links"]["job"], api.token()).json()["job"]
    assert (job["priority"], job["type"], job["description"]) == (
        *("CRITICAL", "FULL"),
        "before the seating is changed",
    )
    town.run(api.source, "UPDATE weddings SET wedding_date = current_date + 31 WHERE id = 6")
    api.site.standing.refresh()
    later = post(api, api.token(), weddingId="6").json()
    assert (later["priority"], runs.runs[later["backupId"]].tags["wedsync/lane"]) == ("NORMAL", "bulk")
    town.run(api.source, "UPDATE weddings SET wedding_date = current_date + 30 WHERE id = 6")
    api.site.standing.refresh()
    runs.end(later["backupId"], RunStatus.COMPLETED)
    nearer = post(api, api.token(), weddingId="6").json()
    assert (nearer["priority"], runs.runs[nearer["backupId"]].tags["wedsync/lane"]) == ("CRITICAL", "urgent")


def test_an_estimate_comes_from_history_or_is_none(api: Running, runs: FakeRuns) -> None:
    assert post(api, api.token(), vendorIds=["1", "2"]).json()["estimatedCompletion"] is None
    everything = post(api, api.token()).json()
    assert everything["estimatedCompletion"], "a snapshot of everything was taken before"


@pytest.mark.parametrize(
    ("form", "field"), [({"includeMediaFiles": True}, "includeMediaFiles"), ({"includeClientData": False}, "includeCl")]
)
def test_what_no_snapshot_can_be_is_refused_with_why(
    api: Running, runs: FakeRuns, form: dict[str, Any], field: str
) -> None:
    refused = post(api, api.token(), weddingId="1", **form)
    assert refused.status_code == 422
    assert field in refused.json()["errors"][0]["pointer"]
    assert refused.json()["remedy"]
    assert not runs.runs


def test_what_is_foreign_is_not_there_and_starts_nothing(api: Running, runs: FakeRuns) -> None:
    bound, everyone = api.token(Role.OPERATOR, "1"), api.token()
    for form in ({"weddingId": "4"}, {"weddingIds": ["1", "4"]}, {"vendorIds": ["2"]}, {"organizationId": "2"}, {}):
        assert post(api, bound, **form).status_code == 404, form
    for form in ({"weddingId": "77"}, {"organizationId": "1", "weddingId": "4"}):
        assert post(api, everyone, **form).status_code == 404, form
    assert post(api, api.token(Role.VIEWER), weddingId="1").status_code == 403
    assert post(api, everyone, weddingId="1", backupType="SOMETIMES").status_code == 422
    assert not runs.runs


def test_a_request_that_is_repeated_is_one_run(api: Running, runs: FakeRuns) -> None:
    token = api.token(name="once")
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda _: post(api, token, "key-0001", weddingId="1"), range(2)))
    assert [one.status_code for one in answers] == [202, 202]
    assert len({one.json()["backupId"] for one in answers}) == 1 == len(runs.runs)
    other = post(api, token, "key-0001", weddingId="2")
    assert (other.status_code, other.json()["type"].rsplit(":")[-1]) == (409, "key-reused")
    assert post(api, api.token(name="somebody else"), "key-0001", weddingId="2").status_code == 202
    assert post(api, token, "short", weddingId="3").status_code == 422


def test_the_same_scope_is_not_taken_twice_at_once(api: Running, runs: FakeRuns) -> None:
    token, bound = api.token(), api.token(Role.OPERATOR, "1")
    first = post(api, token, weddingIds=["1", "2"]).json()["backupId"]
    again = post(api, token, weddingId="1")
    assert again.status_code == 409
    assert f"/api/jobs/{first}" in again.json()["remedy"]
    assert post(api, token, weddingId="3").status_code == 202
    everything = post(api, token)
    assert everything.status_code == 202
    assert post(api, token).status_code == 409
    foreign = post(api, bound, weddingId="3")
    assert foreign.status_code == 409
    assert everything.json()["backupId"] not in foreign.text
    for run_id in list(runs.runs):
        runs.end(run_id, RunStatus.COMPLETED)
    assert post(api, token, weddingId="1").status_code == 202
    runs.launch(Order("restore_wedding", {"wedding": "5"}))
    assert post(api, token, weddingId="5").status_code == 409


def test_a_restore_of_the_command_line_is_in_the_way_for_a_day(api: Running, runs: FakeRuns) -> None:
    scope = {"kind": "wedding", "id": "6", "snapshot_id": "x"}
    api.archive.ledger.append("restore-started", scope, api.clock())
    assert post(api, api.token(), weddingId="6").status_code == 409
    api.clock.ahead = timedelta(hours=25)
    api.site.standing.refresh()
    token = api.token()
    api.clock.ahead = timedelta()
    api.archive.ledger.append("restored", {**scope, "mode": "merge"}, api.clock())
    assert post(api, token, weddingId="6").status_code == 202


def test_while_dagster_is_down_the_refusal_names_the_command(api: Running) -> None:
    use(api, down())
    refused = post(api, api.token(), weddingId="1", includeVendorData=True)
    assert refused.status_code == 503
    booked = "--vendor 1"
    assert f"wedsync-dr snapshot {booked}" in refused.json()["remedy"]
    assert "--wedding 1" in refused.json()["remedy"]
    assert "wedsync-dr snapshot --all" in post(api, api.token()).json()["remedy"]


def test_what_was_asked_for_is_listed_with_a_real_total(api: Running, runs: FakeRuns) -> None:
    token = api.token()
    town.run(api.source, "UPDATE weddings SET wedding_date = current_date + 100 WHERE id = 1")
    api.site.standing.refresh()
    first = post(api, token, weddingId="1").json()["backupId"]
    runs.end(first, RunStatus.COMPLETED)
    second = post(api, token, weddingId="4").json()["backupId"]
    runs.launch(Order(JOB, wave_form([ScopeId(Kind.WEDDING, "2")])))

    def ids(query: str, token: str = token) -> tuple[list[str], int]:
        page = api.get(f"{PATH}?{query}", token).json()
        return [job["id"] for job in page["backups"]], page["total"]

    assert ids("") == ([second, first], 2)
    assert ids("limit=1") == ([second], 2)
    assert ids("status=COMPLETED") == ([first], 1)
    assert ids("priority=NORMAL&status=COMPLETED") == ([first], 1)
    assert ids("priority=CRITICAL&status=COMPLETED") == ([], 0)
    assert ids("organizationId=1") == ([first], 1)
    assert ids("", api.token(Role.VIEWER, "2")) == ([second], 1)
    assert api.get(f"{PATH}?organizationId=2", api.token(Role.VIEWER, "1")).status_code == 404
