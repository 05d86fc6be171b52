"""What is read: status, snapshots, metrics; honest, page by page, and each caller their own."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wedsync_dr.access.roles import Role
from wedsync_dr.api.cursor import cursor_of, position
from wedsync_dr.api.listing import Entry, page
from wedsync_dr.api.standing import TRUSTED, Standing, rest_after
from wedsync_dr.embedded.server import Server
from wedsync_dr.schedule.policy import DEFAULT
from wedsync_dr.settings import places
from wedsync_dr.verification.record import verify_on_record
from wedsync_dr_tests import town
from wedsync_dr_tests.api.running import Running, running

_NUMBERS = count(1)
ALL_READS = ("/api/backup/status", "/api/backup/snapshots", "/api/backup/status?detailed=true")
entries = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(["vendor", "wedding"]), st.sampled_from("123")),
    unique=True,
    max_size=30,
).map(sorted)


@pytest.fixture(scope="module")
def empty(server: Server) -> Iterator[Running]:
    """An API before a vault without snapshots."""
    name = f"api_empty_{next(_NUMBERS)}"
    server.create_database(name)
    with running(server.url(name), snapshots=False) as api:
        yield api
    server.drop_database(name)


def status(api: Running, token: str, **narrowed: str) -> Any:
    answer = api.get("/api/backup/status", token, params=narrowed)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_nothing_is_well_because_nothing_ran(empty: Running) -> None:
    for token in (empty.token(), empty.token(Role.VIEWER, "1")):
        told = status(empty, token)
        assert told["verdict"] == "attention" and told["attention"]
        assert told["overview"]["protectedWeddings"] == 0 < told["overview"]["weddings"]
    assert status(empty, empty.token(), weddingId="3")["verdict"] == "attention"


def test_all_of_nothing_is_not_well(api: Running) -> None:
    told = status(api, api.token(Role.VIEWER, "no-such"))
    assert (told["verdict"], told["overview"]["weddings"]) == ("unknown", 0)


def test_targets_stand_beside_what_was_achieved(api: Running) -> None:
    tiers = {(one["kind"], one["tier"]): one for one in status(api, api.token())["tiers"]}
    critical = tiers["wedding", "critical"]
    assert (critical["rpoTargetSeconds"], critical["rtoTargetSeconds"]) == (3600, 3600)
    assert critical["scopes"] == critical["within"] == 2 and 0 <= critical["rpoAchievedSeconds"] < 3600
    assert critical["rtoAchievedSeconds"] is None  # no drill has run


def test_a_wedding_is_well_where_it_is_protected_although_the_whole_is_not(api: Running) -> None:
    whole = status(api, api.token())
    assert whole["verdict"] == "attention" and whole["systemStatus"]["lastDrill"] is None
    assert {one["code"] for one in whole["attention"]} == {"drill-missing", "verification-missing"}
    wedding = status(api, api.token(), weddingId="4", detailed="true")
    assert wedding["verdict"] == "well" and wedding["systemStatus"] is None
    assert [one["scopeId"] for one in wedding["overview"]["scopes"]] == ["4"]
    assert wedding["overview"]["storageUsed"] > 0


def test_an_organization_is_told_of_itself_and_the_weddings_it_takes_part_in(api: Running) -> None:
    own = status(api, api.token(Role.VIEWER, "1"), detailed="true")
    asked = status(api, api.token(), organizationId="1", detailed="true")
    found = {(one["kind"], one["scopeId"]) for one in own["overview"]["scopes"]}
    assert found == {("vendor", "1"), ("wedding", "1"), ("wedding", "2"), ("wedding", "3")}
    assert asked["overview"] == own["overview"]
    assert own["systemStatus"] is None and not own["attention"]


def test_damage_is_told_to_those_whose_it_is(empty: Running) -> None:
    town.take_all(empty.source, empty.archive)
    ref = empty.archive.vault.newest(town.wedding(4)) or pytest.fail("no snapshot")
    empty.archive.vault.store.delete(f"snapshots/wedding/4/{ref.snapshot_id}/personal-0.parquet")
    verify_on_record(empty.archive, now=empty.clock(), requested_by="test")
    empty.site.standing.refresh()
    assert status(empty, empty.token(Role.VIEWER, "1"))["verdict"] == "well"
    told = status(empty, empty.token(Role.VIEWER, "2"))
    assert told["verdict"] == "attention"
    assert [one["subjects"] for one in told["attention"]] == [["wedding/4"]]


def test_a_status_that_nobody_looked_at_lately_is_unknown(api: Running) -> None:
    token = api.token()
    api.clock.ahead = timedelta(minutes=6)
    try:
        assert status(api, token)["verdict"] == "unknown"
    finally:
        api.clock.ahead = timedelta()


def test_a_vanished_wedding_keeps_its_snapshots_and_needs_somebody(empty: Running) -> None:
    town.run(empty.source, "DELETE FROM weddings WHERE id = 6")
    empty.site.standing.refresh()
    told = status(empty, empty.token(), weddingId="6")
    assert told["verdict"] == "attention" and told["attention"][0]["code"] == "vanished"
    assert told["overview"]["totalBackups"] == 1


def test_where_source_or_vault_cannot_be_read_nothing_is_counted(server: Server) -> None:
    name = f"api_gone_{next(_NUMBERS)}"
    server.create_database(name)
    with running(server.url(name)) as api:
        token = api.token()
        api.site.standing.view()
        server.drop_database(name)
        api.site.standing.refresh()
        told = status(api, token)
        assert told["verdict"] == "unknown" and told["overview"]["weddings"] is None
        assert told["attention"][0]["code"] == "source-unreadable"
        assert api.get("/api/backup/snapshots", token).json()["total"] == 25
        for asked in ("snapshots?tier=normal", "snapshots?weddingId=77", "status?organizationId=1"):
            assert api.get(f"/api/backup/{asked}", token).status_code == 503


def test_a_snapshot_is_shown_by_its_id_and_one_that_is_not_there_is_not_found(api: Running) -> None:
    listed = api.get("/api/backup/snapshots?weddingId=3", api.token()).json()["snapshots"][0]
    told = status(api, api.token(), backupId=listed["backupId"], detailed="true")["backup"]
    assert (told["status"], told["fileSize"], told["recordCount"]) == (
        "COMPLETED", listed["fileSize"], listed["recordCount"],
    )  # fmt: skip
    assert sum(one["bytes"] for one in told["objects"]) == told["fileSize"]
    older = listed["backupId"].replace(":2026", ":2016")
    for wrong, token in ((older, api.token()), ("nonsense", api.token()), (listed["backupId"], _other(api))):
        assert api.get("/api/backup/status", token, params={"backupId": wrong}).status_code == 404


def _other(api: Running) -> str:
    return api.token(Role.OPERATOR, "2")


def test_pages_show_each_snapshot_once_newest_first(api: Running) -> None:
    town.taken(api.source, api.archive, town.wedding(2), town.wedding(5))
    town.run(api.source, "UPDATE guests SET name = 'Nina' WHERE wedding_id IN (2, 5)")
    town.taken(api.source, api.archive, town.wedding(2), town.wedding(5))
    api.site.standing.refresh()
    for token in (api.token(), api.token(Role.VIEWER, "1")):
        whole = api.get("/api/backup/snapshots?limit=100", token).json()
        seen: list[Any] = []
        cursor = None
        while True:
            shown = api.get("/api/backup/snapshots", token, params={"limit": 4, "cursor": cursor}).json()
            assert shown["total"] == whole["total"]
            seen += shown["snapshots"]
            cursor = shown["nextCursor"]
            if cursor is None:
                break
        assert seen == whole["snapshots"] and len(seen) == whole["total"]
        assert [one["takenAt"] for one in seen] == sorted((one["takenAt"] for one in seen), reverse=True)


def test_filters_leave_out_what_does_not_fit(api: Running) -> None:
    def ids(**filters: str) -> set[str]:
        found = api.get("/api/backup/snapshots", api.token(), params={"limit": 100, **filters}).json()
        assert found["total"] == len(found["snapshots"])
        return {one["backupId"] for one in found["snapshots"]}

    every = ids()
    newest = max(one.rpartition(":")[2] for one in every)
    at = f"{newest[:4]}-{newest[4:6]}-{newest[6:11]}:{newest[11:13]}:{newest[13:22]}Z"
    assert ids(**{"from": at}) | ids(to=at) == every and not ids(**{"from": at}) & ids(to=at)
    assert all(one.startswith("wedding:2:") for one in ids(weddingId="2"))
    assert ids(tier="normal") < every and not ids(tier="imminent")
    assert ids(vendorId="1") == {one for one in every if one.startswith("vendor:1:")}


@pytest.mark.parametrize("wrong", ["limit=0", "limit=101", "limit=x", "tier=soon", "from=tomorrow", 
                                   "cursor=" + "a" * 700, "weddingId="])  # fmt: skip
def test_a_value_that_cannot_be_is_told_apart_from_one_that_is_not_there(api: Running, wrong: str) -> None:
    assert api.get(f"/api/backup/snapshots?{wrong}", api.token()).status_code == 422
    for absent in ("weddingId=77", "cursor=x"):
        assert api.get(f"/api/backup/snapshots?{absent}", api.token()).status_code == 404


def test_a_new_snapshot_is_listed_within_seconds(api: Running) -> None:
    token = api.token()
    before = api.get("/api/backup/snapshots", token).json()["total"]
    town.run(api.source, "UPDATE guests SET name = 'Olga' WHERE wedding_id = 1")
    town.taken(api.source, api.archive, town.wedding(1))
    for _ in range(100):
        if api.get("/api/backup/snapshots", token).json()["total"] == before + 1:
            return
        api.site.standing._stop.wait(0.1)
    pytest.fail("the new snapshot is not listed")


@given(st.floats(0, 600))
def test_a_view_is_trusted_until_the_next_one_is_there_wherever_that_can_be(spent: float) -> None:
    rest = rest_after(spent)
    assert 0 <= rest <= 3 * spent
    assert 2 * spent + rest < TRUSTED.total_seconds() or rest == 0


def test_a_refused_call_does_not_make_it_look_again_and_a_snapshot_does(api: Running) -> None:
    where = places(api.settings)
    standing = Standing(replace(where, archive=cache(where.archive)), lambda: DEFAULT, api.clock)
    standing.refresh()
    assert api.get("/api/me").status_code == 401
    assert api.recorded()[-1]["status"] == 401 and not standing._has_news()
    town.taken(api.source, api.archive, town.wedding(3))
    assert standing._has_news()


def test_a_read_is_answered_with_304_until_something_is_new(api: Running) -> None:
    token = api.token()
    for path in ALL_READS:
        assert 304 in [_again(api, path, token) for _ in range(4)]  # a look may fall between two reads, not always
        tag = api.get(path, token).headers["ETag"]
        api.site.standing.refresh()
        assert api.get(path, token, headers={"If-None-Match": tag}).status_code == 200


def _again(api: Running, path: str, token: str) -> int:
    tag = api.get(path, token).headers["ETag"]
    return api.get(path, token, headers={"If-None-Match": tag}).status_code


def test_metrics_are_for_those_who_may_see_everything(api: Running) -> None:
    told = api.get("/metrics", api.token())
    assert told.headers["Content-Type"].startswith("text/plain")
    assert 'wedsync_scopes{kind="wedding",tier="critical",state="within"} 2' in told.text
    assert api.get("/metrics", api.token(Role.VIEWER, "1")).status_code == 404


@given(entries, st.integers(1, 7))
def test_pages_of_any_length_are_the_list_backwards(listed: list[Entry], limit: int) -> None:
    seen: list[Entry] = []
    cursor = None
    while True:
        shown, more = page(listed, position(cursor), limit)
        assert len(shown) <= limit
        seen += shown
        if not more:
            break
        cursor = cursor_of(shown[-1])
    assert seen == list(reversed(listed))
