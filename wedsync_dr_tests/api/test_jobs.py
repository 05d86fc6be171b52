"""Jobs: what was set going can be followed and stopped, by those whose weddings it is about."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from wedsync_dr.access.roles import Role
from wedsync_dr.api.once import Launcher
from wedsync_dr.api.runs import Order, RunFailure, Runs, RunStatus
from wedsync_dr.api.waves import JOB, wave_form
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.snapshot.take import take
from wedsync_dr.vault.batches import run_name
from wedsync_dr_tests.api.fakes import FakeRuns, down
from wedsync_dr_tests.api.running import Running


def use(api: Running, runs: Runs) -> None:
    """Have the API speak to other runs."""
    api.app.state.site = replace(api.site, launcher=Launcher(runs))


@pytest.fixture
def runs(api: Running) -> Iterator[FakeRuns]:
    fake = FakeRuns()
    use(api, fake)
    yield fake
    use(api, down())


def wedding(number: int) -> ScopeId:
    return ScopeId(Kind.WEDDING, str(number))


def order(*scopes: ScopeId, **tags: str) -> Order:
    return Order(JOB, wave_form(scopes or None), tags)


def took(api: Running, run_id: str, *scopes: ScopeId) -> None:
    """What the run does."""
    now = api.clock()
    take(api.source, api.archive, scopes or None, now=now, requested_by=run_name(run_id, "token:test"))


def test_a_job_is_followed_from_its_start_to_the_snapshots_it_leaves(api: Running, runs: FakeRuns) -> None:
    run_id = runs.launch(order(wedding(1))).run_id
    token = api.token(Role.VIEWER)
    first = api.get(f"/api/jobs/{run_id}", token).json()["job"]
    assert (first["status"], first["kind"], first["result"], first["completedAt"]) == (
        *("INITIATED", "snapshot"),
        *(None, None),
    )
    assert first["scopes"] == [{"kind": "wedding", "scopeId": "1"}]
    took(api, run_id, wedding(1))
    runs.end(run_id, RunStatus.COMPLETED)
    done = api.get(f"/api/jobs/{run_id}", token).json()["job"]
    assert (done["status"], done["progress"]) == ("COMPLETED", {"done": 1, "total": 1, "percent": 100})
    (backup,) = done["result"]["backups"]
    newest = api.archive.vault.newest(wedding(1))
    assert newest
    assert backup["backupId"] == f"wedding:1:{newest.snapshot_id}"
    assert done["result"]["instant"]


def test_a_job_that_failed_says_what_to_do(api: Running, runs: FakeRuns) -> None:
    run_id = runs.launch(order(wedding(1), wedding(5))).run_id
    scopes = (("wedding/1", "busy", "wait"), ("wedding/5", "busy", "wait"))
    runs.end(run_id, RunStatus.FAILED, RunFailure("SomeFailed", "2 have none", "See each.", scopes))
    error = api.get(f"/api/jobs/{run_id}", api.token()).json()["job"]["error"]
    assert (error["class"], error["what"], error["remedy"]) == ("SomeFailed", "2 have none", "See each.")
    assert [one["scope"] for one in error["scopes"]] == ["wedding/1", "wedding/5"]


def test_a_job_is_seen_by_those_who_may_know_of_all_it_is_for(api: Running, runs: FakeRuns) -> None:
    ids = {
        "mine": runs.launch(order(wedding(1), wedding(2))).run_id,
        "foreign": runs.launch(order(wedding(4))).run_id,
        "both": runs.launch(order(wedding(1), wedding(4))).run_id,
        "all": runs.launch(order()).run_id,
        "upkeep": runs.launch(Order("retention", {})).run_id,
    }
    bound = api.token(Role.OPERATOR, "1")
    seen = {name for name, run_id in ids.items() if api.get(f"/api/jobs/{run_id}", bound).status_code == 200}
    assert seen == {"mine"}
    listed = api.get("/api/jobs", bound).json()
    assert ([job["id"] for job in listed["jobs"]], listed["total"]) == ([ids["mine"]], 1)
    assert api.call("DELETE", f"/api/jobs/{ids['foreign']}", bound).status_code == 404
    assert runs.runs[ids["foreign"]].status is RunStatus.INITIATED
    unknown = api.get("/api/jobs/never", bound).json()
    foreign = api.get(f"/api/jobs/{ids['foreign']}", bound).json()
    for differing in ("instance", "requestId"):
        unknown.pop(differing), foreign.pop(differing)
    assert unknown == foreign


def test_a_result_and_an_error_name_no_vendor_of_others(api: Running, runs: FakeRuns) -> None:
    run_id = runs.launch(order(wedding(1))).run_id
    foreign = ScopeId(Kind.VENDOR, "2")
    took(api, run_id, wedding(1), foreign)
    runs.end(run_id, RunStatus.FAILED, RunFailure("SomeFailed", "1 has none", "See it.", (("vendor/2", "x", "y"),)))
    for token, whole in ((api.token(Role.VIEWER, "1"), False), (api.token(Role.VIEWER), True)):
        job = api.get(f"/api/jobs/{run_id}", token).json()["job"]
        named = {(one["kind"], one["scopeId"]) for one in job["result"]["backups"]}
        assert named == {("wedding", "1"), *([("vendor", "2")] if whole else [])}
        assert job["result"]["scopes"] == len(named)
        assert [one["scope"] for one in job["error"]["scopes"]] == (["vendor/2"] if whole else [])


def test_pages_of_jobs_follow_each_other(api: Running, runs: FakeRuns) -> None:
    ids = [runs.launch(order(wedding(number % 3 + 1))).run_id for number in range(7)][::-1]
    for token in (api.token(), api.token(Role.VIEWER, "1")):
        found: list[str] = []
        path: str | None = "/api/jobs?limit=3"
        while path:
            page = api.get(path, token).json()
            assert page["total"] == 7
            found += [job["id"] for job in page["jobs"]]
            path = page["nextCursor"] and f"/api/jobs?limit=3&cursor={page['nextCursor']}"
        assert found == ids


def test_filters_choose_jobs(api: Running, runs: FakeRuns) -> None:
    first = runs.launch(order(wedding(1))).run_id
    second = runs.launch(order(wedding(2))).run_id
    third = runs.launch(Order("restore_wedding", {"wedding": "1"})).run_id
    runs.end(second, RunStatus.COMPLETED)

    def ids(query: str) -> list[str]:
        page = api.get(f"/api/jobs?{query}", api.token()).json()
        assert page["total"] == len(page["jobs"])
        return [job["id"] for job in page["jobs"]]

    assert ids("status=INITIATED") == [third, first]
    assert ids("status=INITIATED&status=COMPLETED") == [third, second, first]
    assert ids("kind=restore") == [third]
    assert ids("weddingId=1") == [third, first]
    assert ids("weddingId=1&kind=snapshot&status=COMPLETED") == []
    assert api.get("/api/jobs?status=LATE", api.token()).status_code == 422


def test_stopping_stops_and_what_is_over_stays_so(api: Running, runs: FakeRuns) -> None:
    run_id = runs.launch(order(wedding(1))).run_id
    assert api.call("DELETE", f"/api/jobs/{run_id}", api.token(Role.VIEWER)).status_code == 403
    assert runs.runs[run_id].status is RunStatus.INITIATED
    stopped = api.call("DELETE", f"/api/jobs/{run_id}", api.token())
    assert (stopped.status_code, stopped.json()["job"]["status"]) == (202, "CANCELLED")
    again = api.call("DELETE", f"/api/jobs/{run_id}", api.token())
    assert (again.status_code, again.json()["type"].rsplit(":")[-1]) == (409, "job-over")


def test_while_dagster_is_down_the_ledger_tells_what_a_job_took(api: Running) -> None:
    took(api, "r-down", wedding(1))
    use(api, down())
    job = api.get("/api/jobs/r-down", api.token()).json()["job"]
    assert (job["status"], job["knownFrom"], len(job["result"]["backups"])) == ("COMPLETED", "ledger", 1)
    assert api.get("/api/jobs/r-down", api.token(Role.VIEWER, "1")).status_code == 200
    assert api.get("/api/jobs/r-down", api.token(Role.VIEWER, "2")).status_code == 503, "as one that is unknown"
    for token, query in ((api.token(), ""), (api.token(Role.VIEWER, "1"), "?status=COMPLETED&weddingId=1")):
        listed = api.get(f"/api/jobs{query}", token).json()
        assert "r-down" in {job["id"] for job in listed["jobs"]}
    assert api.get("/api/jobs", api.token(Role.VIEWER, "2")).json()["jobs"] == []
    assert api.get("/api/jobs/never", api.token()).status_code == 503
    assert api.call("DELETE", "/api/jobs/r-down", api.token()).status_code == 409
    refused = api.call("DELETE", "/api/jobs/never", api.token())
    assert (refused.status_code, "process" in refused.json()["remedy"]) == (503, True)
