"""Whoever is bound to organizations learns nothing of the others: whatever is asked, on every path."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wedsync_dr.access.identity import Identity
from wedsync_dr.access.roles import Role
from wedsync_dr.alerts.health import Health
from wedsync_dr.api.listing import Listing
from wedsync_dr.api.view import Members, View
from wedsync_dr.model import Kind, ScopeId, Tier
from wedsync_dr.schedule.due import Candidate
from wedsync_dr.schedule.policy import DEFAULT
from wedsync_dr.vault.facts import Named
from wedsync_dr.vault.ledger_state import LedgerState
from wedsync_dr_tests import town
from wedsync_dr_tests.api.running import Running

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
ids = st.text("abc", min_size=1, max_size=2)
worlds = st.dictionaries(ids, st.sets(ids, max_size=5), min_size=1, max_size=5)
"""Organizations, and the weddings each takes part in."""


def wedding(text: str) -> ScopeId:
    return ScopeId(Kind.WEDDING, text)


def seen(world: dict[str, set[str]], before: Members | None = None, lost: Collection[str] = ()) -> View:
    vendors = [
        Candidate(ScopeId(Kind.VENDOR, one), Tier.NORMAL, booked=tuple(map(wedding, sorted(booked))))
        for one, booked in world.items()
    ]
    weddings = [Candidate(wedding(one), Tier.NORMAL) for one in set().union(*world.values())]
    state = LedgerState()
    for one in (*vendors, *weddings):
        state.snapshots[one.scope, "20261124T090000.000000Z-00000000"] = Named("0" * 64, "batch")
    state.newest |= dict.fromkeys(map(wedding, lost), "20261124T090000.000000Z-00000000")
    return View.of(Health(NOW, DEFAULT, candidates=(*vendors, *weddings), ledger=state), before)


@given(worlds, st.data())
def test_a_member_sees_the_own_organizations_and_the_weddings_these_take_part_in_and_no_other_scope(
    world: dict[str, set[str]], data: st.DataObject
) -> None:
    bound_to = data.draw(st.sets(st.sampled_from([*sorted(world), "unknown"])))
    members = seen(world).members
    assert members is not None
    sight = frozenset().union(*(members.get(one, frozenset()) for one in bound_to))
    own = {one for one in world if one in bound_to}
    assert {one.id for one in sight if one.kind is Kind.VENDOR} == own
    assert {one.id for one in sight if one.kind is Kind.WEDDING} == set().union(*(world[one] for one in own))


@given(worlds, worlds, st.data())
def test_what_has_vanished_stays_with_its_members_and_becomes_nobody_else_s(
    before: dict[str, set[str]], now: dict[str, set[str]], data: st.DataObject
) -> None:
    last = seen(before).members
    there = {one for booked in now.values() for one in booked}
    lost = {one for booked in before.values() for one in booked} - there
    accepted = data.draw(st.sets(st.sampled_from(sorted(lost)))) if lost else set()
    members = seen(now, before=last, lost=lost - accepted).members
    assert members is not None
    for one in {*before, *now}:
        seen_now = {scope.id for scope in members.get(one, frozenset()) if scope.kind is Kind.WEDDING}
        assert seen_now == now.get(one, set()) | ((before.get(one, set()) & lost) - accepted)


@given(worlds, st.data())
def test_what_is_said_of_a_part_names_no_scope_outside_it(world: dict[str, set[str]], data: st.DataObject) -> None:
    view = seen(world)
    asked = data.draw(st.sets(st.sampled_from(sorted(view.candidates))))
    part = view.part(asked)
    named = {one for alert in part.alerts for one in alert.subjects}
    assert named <= set(map(str, asked))
    assert {entry[2] for entry in view.listing.of(asked)} <= {one.id for one in asked}
    assert sum(lane.scopes for lane in part.health.lanes) == len(asked)


@given(st.sets(ids, max_size=4), ids)
def test_a_listing_of_some_scopes_has_none_of_another(listed: set[str], other: str) -> None:
    state = LedgerState()
    for one in {*listed, other}:
        state.snapshots[wedding(one), "20261124T090000.000000Z-00000000"] = Named("0" * 64, "batch")
    found = Listing(state, {}).of(map(wedding, listed - {other}))
    assert {entry[2] for entry in found} == listed - {other}


def test_an_identity_that_is_bound_to_nothing_is_not_one_that_is_bound_to_none() -> None:
    assert Identity("oidc:x", Role.VIEWER, frozenset()) != Identity("oidc:x", Role.VIEWER, None)


@pytest.fixture(scope="module")
def strangers(api: Running) -> tuple[Running, str]:
    """Somebody of organization 1, and a verification and a snapshot of a wedding that is none of theirs."""
    return api, api.token(Role.OPERATOR, "1")


def backup_of(api: Running, number: int) -> str:
    ref = api.archive.vault.newest(town.wedding(number)) or pytest.fail("no snapshot")
    return f"wedding:{number}:{ref.snapshot_id}"


NAMES = ("weddingId", "vendorId", "organizationId", "backupId", "validationId")


def _of(answer: requests.Response) -> tuple[int, Any]:
    told = answer.json()
    told.pop("instance", None)
    return answer.status_code, told


def test_on_every_path_a_foreign_id_is_answered_like_one_that_there_is_not(strangers: tuple[Running, str]) -> None:
    api, token = strangers
    sent = {"backupId": backup_of(api, 5), "validationType": "QUICK"}
    checked = api.call("POST", "/api/backup/validation", api.token(), json=sent).json()["validation"]["validationId"]
    ids = {"weddingId": ("5", "77"), "vendorId": ("2", "78"), "organizationId": ("2", "78")}
    ids["backupId"] = backup_of(api, 5), backup_of(api, 5).replace(":5:", ":77:")
    headers = {"X-Request-Id": "the-same-id"}
    found = set()
    for path, item in api.get("/openapi.json").json()["paths"].items():
        for one in item.get("get", {}).get("parameters", ()):
            name = one["name"]
            if name not in NAMES and one["in"] != "path":
                continue
            foreign, unknown = (
                _of(api.get(path.replace(f"{{{name}}}", text), token, params={name: text}, headers=headers))
                for text in ids.get(name, (checked, "v-0000000000000000"))
            )
            assert foreign == unknown and foreign[0] == 404, (path, name)
            found.add((path, name))
    assert len(found) >= 10


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["/api/backup/status", "/api/backup/snapshots", "/api/backup/validation"]),
    st.dictionaries(
        st.sampled_from(["weddingId", "vendorId", "organizationId", "backupId", "tier", "detailed", "limit", "from"]),
        st.sampled_from([*"123456", "~public.vendors~3", "normal", "true", "2016-01-01T00:00:00Z"]),
        max_size=3,
    ),
)
def test_whatever_is_asked_no_answer_names_a_foreign_wedding(
    strangers: tuple[Running, str], path: str, asked: dict[str, str]
) -> None:
    api, token = strangers
    answer = api.get(path, token, params=asked)
    assert answer.status_code in (200, 404, 422)
    for foreign in "456":
        assert f"wedding:{foreign}:" not in answer.text and f"wedding/{foreign}" not in answer.text
        assert f'"kind":"wedding","scopeId":"{foreign}"' not in answer.text
