"""What holds for every call: who is calling, what they may do, how refusals look, and what is recorded."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends

from wedsync_dr import errors
from wedsync_dr.access.key_set import AGAIN
from wedsync_dr.access.roles import RIGHTS, Right, Role
from wedsync_dr.access.tokens import revoke_token, token_book
from wedsync_dr.api.caller import Caller, demand
from wedsync_dr.api.limits import Rate
from wedsync_dr.api.problems import STATUS
from wedsync_dr.api.wire import Asked
from wedsync_dr.embedded.server import Server
from wedsync_dr.errors import Conflict, DisasterRecoveryError
from wedsync_dr_tests import town
from wedsync_dr_tests.access.issuing import ISSUER, issuer, token
from wedsync_dr_tests.api.running import Running, running

_NUMBERS = count(1)
PROBLEM = "application/problem+json"
VERSIONED = "application/vnd.wedsync-dr.v1+json"
SECRET_ROW = f"Key (name)=({town.SECRET_NAME}) already exists."


class Order(Asked):
    wedding_id: str
    copies: int = 1


def trial_routes() -> APIRouter:
    router = APIRouter(prefix="/trial")
    for right in Right:
        router.add_api_route(f"/{right.value}", _right(right), methods=["GET"])

    @router.get("/weddings/{wedding_id}")
    def wedding(wedding_id: str, caller: Annotated[Caller, Depends(demand(Right.READ))]) -> str:
        return caller.wedding(wedding_id).id

    @router.post("/orders")
    def order(order: Order, caller: Annotated[Caller, Depends(demand(Right.SNAPSHOT))]) -> str:
        return caller.wedding(order.wedding_id).id

    @router.get("/conflict")
    def conflict() -> None:
        raise Conflict("wedding/3 holds a row that another one owns.", remedy="Restore that one first.")

    @router.get("/fault")
    def fault() -> None:
        raise RuntimeError(SECRET_ROW)

    return router


def _right(right: Right) -> Any:
    def route(caller: Annotated[Caller, Depends(demand(right))]) -> str:
        return caller.identity.subject

    return route


@pytest.fixture(scope="module")
def trial(api: Running) -> Running:
    """The API with routes that do nothing but what every route does."""
    api.app.include_router(trial_routes())
    return api


@pytest.fixture
def counted(server: Server) -> Iterator[Running]:
    """An API of its own, with a low rate, before a vault without snapshots."""
    name = f"api_counted_{next(_NUMBERS)}"
    server.create_database(name)
    with running(server.url(name), snapshots=False, rate=Rate(burst=5, per_second=0.5)) as api:
        yield api
    server.drop_database(name)


@pytest.mark.parametrize("role", list(Role))
def test_a_role_may_do_what_the_table_says_and_nothing_else(trial: Running, role: Role) -> None:
    token = trial.token(role)
    may = {right for right in Right if trial.get(f"/trial/{right.value}", token).status_code == 200}
    assert may == RIGHTS[role]


def test_without_a_good_token_nothing_is_answered_but_that_the_api_is_alive(trial: Running) -> None:
    secret = trial.token()
    book = token_book(trial.archive.ledger).now()
    token = book.by_secret(secret) or pytest.fail("no token")
    assert trial.get("/api/me", secret).status_code == 200
    revoke_token(trial.archive.ledger, token.id, reason="left", by="test", now=trial.clock())
    for bearer in (None, "", "wdr_nobody's", secret, "a.b.c"):
        refused = trial.get("/api/me", bearer)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    assert trial.get("/api/me", headers={"Authorization": "Basic d2RyOg=="}).status_code == 401
    assert trial.get("/health").json() == {"status": "alive"}


def test_an_expired_token_opens_nothing(trial: Running) -> None:
    token = trial.token()
    trial.clock.ahead = timedelta(days=2)
    try:
        assert trial.get("/api/me", token).status_code == 401
    finally:
        trial.clock.ahead = timedelta()


def test_a_foreign_wedding_is_answered_exactly_like_one_that_nobody_has(trial: Running) -> None:
    token = trial.token(Role.OPERATOR, "1")
    assert trial.get("/trial/weddings/3", token).json() == "3"
    same_id = {"X-Request-Id": "the-same-id"}
    foreign, unknown, malformed = (
        trial.get(f"/trial/weddings/{one}", token, headers=same_id) for one in ("5", "77", "x" * 250)
    )
    assert foreign.status_code == unknown.status_code == malformed.status_code == 404
    assert foreign.text.replace("/5", "/?") == unknown.text.replace("/77", "/?")
    assert {**foreign.headers, "content-length": ""} == {**unknown.headers, "content-length": ""}
    sent = {"weddingId": "5"}
    assert trial.call("POST", "/trial/orders", token, json=sent).status_code == 404


def test_a_role_is_judged_before_an_id_is_looked_for(trial: Running) -> None:
    viewer = trial.token(Role.VIEWER, "1")
    for wedding in ("3", "5", "77"):
        assert trial.call("POST", "/trial/orders", viewer, json={"weddingId": wedding}).status_code == 403


def test_a_caller_who_belongs_nowhere_sees_everything_and_one_of_an_unknown_organization_nothing(
    trial: Running,
) -> None:
    assert trial.get("/trial/weddings/5", trial.token()).status_code == 200
    stranger = trial.token(Role.OPERATOR, "no-such")
    assert {trial.get(f"/trial/weddings/{one}", stranger).status_code for one in range(1, 7)} == {404}


@pytest.mark.parametrize(
    ("sent", "status", "pointer"),
    [
        ({"json": {}}, 400, "/body/weddingId"),
        ({"data": b"{", "headers": {"Content-Type": "application/json"}}, 400, "/body/1"),
        ({"data": b"x", "headers": {"Content-Type": "text/plain"}}, 415, ""),
        ({"json": {"weddingId": 5}}, 422, "/body/weddingId"),
        ({"json": {"weddingId": "3", "copies": "many"}}, 422, "/body/copies"),
        ({"json": {"weddingId": "3", "surprise": 1}}, 422, "/body/surprise"),
        ({"data": b'"' + b"x" * 2**20 + b'"', "headers": {"Content-Type": "application/json"}}, 413, ""),
        ({"data": iter([b'"', b"x" * 2**20]), "headers": {"Content-Type": "application/json"}}, 413, ""),
        ({"json": {"weddingId": "3"}, "headers": {"Accept": "application/vnd.wedsync-dr.v9+json"}}, 406, ""),
    ],
)
def test_a_request_that_cannot_be_served_says_why(
    trial: Running, sent: dict[str, Any], status: int, pointer: str
) -> None:
    answer = trial.call("POST", "/trial/orders", trial.token(), **sent)
    told = answer.json()
    assert answer.status_code == told["status"] == status
    assert answer.headers["Content-Type"] == PROBLEM
    assert told["remedy"] and told["requestId"] == answer.headers["X-Request-Id"]
    assert [one["pointer"] for one in told["errors"]] == ([pointer] if pointer else [])


def test_an_unknown_path_and_a_method_that_a_path_has_not_are_told_apart(trial: Running) -> None:
    assert trial.get("/no/such").status_code == 404
    refused = trial.call("DELETE", "/health")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET")
    assert trial.call("PATCH", "/api/backup/validation").headers["Allow"] == "GET, POST, PUT"


def test_every_error_has_a_status() -> None:
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type)}
    assert set(STATUS) == {kind for kind in kinds if issubclass(kind, DisasterRecoveryError)}


def test_an_error_of_the_core_is_told_with_its_remedy(trial: Running) -> None:
    told = trial.get("/trial/conflict").json()
    assert (told["status"], told["type"]) == (409, "urn:wedsync-dr:problem:conflict")
    assert told["detail"].startswith("wedding/3") and told["remedy"] == "Restore that one first."


def test_a_fault_is_found_by_its_id_and_neither_answer_nor_log_has_its_cause(
    trial: Running, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = trial.get("/trial/fault")
    error_id = answer.json()["detail"].split()[-1].rstrip(".")
    assert answer.status_code == 500 and answer.headers["X-Request-Id"] in caplog.text
    assert error_id in caplog.text and "RuntimeError" in caplog.text
    assert town.SECRET_NAME not in answer.text + caplog.text + str([vars(one) for one in caplog.records])


def test_the_caller_names_the_request_or_it_gets_a_name(trial: Running) -> None:
    assert trial.get("/health", headers={"X-Request-Id": "order-4711"}).headers["X-Request-Id"] == "order-4711"
    for bad in ("short", "a b c d e f g h", "x" * 65):
        assert len(trial.get("/health", headers={"X-Request-Id": bad}).headers["X-Request-Id"]) == 32


def test_the_versioned_media_type_and_plain_json_say_the_same(trial: Running) -> None:
    token = trial.token()
    plain = trial.get("/api/me", token)
    versioned = trial.get("/api/me", token, headers={"Accept": VERSIONED})
    assert plain.headers["Content-Type"] == "application/json"
    assert versioned.headers["Content-Type"] == VERSIONED and versioned.json() == plain.json()
    sent = trial.call("POST", "/trial/orders", token, data=b'{"weddingId": "3"}', headers={"Content-Type": VERSIONED})
    assert sent.json() == "3"


def test_who_has_the_newest_answer_gets_no_other(trial: Running) -> None:
    token = trial.token()
    tag = trial.get("/api/me", token).headers["ETag"]
    again = trial.get("/api/me", token, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert trial.get("/api/me", trial.token(Role.VIEWER), headers={"If-None-Match": tag}).status_code == 200


def test_changes_and_refusals_are_recorded_once_each_and_reads_are_not(counted: Running) -> None:
    counted.app.include_router(trial_routes())
    token = counted.token(name="nightly job")
    for method, path, how in (
        ("GET", "/api/me", {}),
        ("POST", "/trial/orders", {"json": {"weddingId": "3"}}),
        ("GET", "/trial/weddings/Zebulon", {}),
        ("GET", "/trial/weddings/5", {}),
    ):
        counted.call(method, path, token, headers={"X-Request-Id": "the-same-id"}, **how)
    counted.get("/trial/approve", token)
    counted.get("/api/me")
    found = [(one["subject"], one["method"], one["path"], one["status"]) for one in counted.recorded()]
    assert found == [
        ("token:nightly job", "POST", "/trial/orders", 200),
        ("token:nightly job", "GET", "/trial/approve", 403),
        ("nobody", "GET", "/api/me", 401),
    ]
    assert counted.recorded()[0]["request_id"] == "the-same-id"
    assert token.removeprefix("wdr_") not in str(list(counted.archive.ledger.entries()))


def test_who_the_issuer_vouches_for_is_let_in_and_nobody_while_it_does_not_tell_its_keys(server: Server) -> None:
    name = f"api_signed_{next(_NUMBERS)}"
    server.create_database(name)
    with issuer() as issuing:
        named = {"ISSUER": ISSUER, "AUDIENCE": "wedsync-dr", "JWKS_URL": issuing.url}
        settings: dict[str, Any] = {f"WEDSYNC_OIDC_{key}": value for key, value in named.items()}
        with running(server.url(name), snapshots=False, **settings) as api:
            good: dict[str, Any] = {"exp": api.clock().timestamp() + 60, "wedsync_organizations": ["1"]}
            issuing.status = 500
            assert api.get("/api/me", token(**good)).status_code == 503
            assert api.get("/api/me", api.token()).status_code == 200
            issuing.status, api.clock.ahead = 200, AGAIN
            assert api.get("/api/me", token(**good)).json()["organizations"] == ["1"]
            assert api.get("/api/backup/status?weddingId=5", token(**good)).status_code == 404
            assert api.get("/api/me", token(**good | {"aud": "shop"})).status_code == 401
            assert api.get("/api/me", token(**good | {"wedsync_role": None})).status_code == 403
    server.drop_database(name)


def test_a_caller_in_a_hurry_is_told_when_to_come_back_and_others_are_not_disturbed(counted: Running) -> None:
    token, other = counted.token(name="hasty"), counted.token(name="calm")
    found = [counted.get("/api/me", token) for _ in range(7)]
    assert [one.status_code for one in found] == [200] * 5 + [429] * 2
    assert int(found[-1].headers["Retry-After"]) >= 2
    assert counted.get("/api/me", other).status_code == 200


def test_nobody_fills_the_ledger_with_refusals(counted: Running) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: counted.get("/api/me").status_code, range(60)))
    assert set(found) == {401, 429} and found.count(401) <= 31
    assert len(counted.recorded()) <= 31
    assert counted.get("/api/me", counted.token()).status_code == 200


def test_while_the_source_cannot_be_read_those_bound_to_organizations_wait_and_others_go_on(
    counted: Running,
) -> None:
    counted.app.include_router(trial_routes())
    bound, unbound = counted.token(Role.VIEWER, "1", name="bound"), counted.token(name="free")
    assert counted.get("/trial/weddings/3", bound).status_code == 200
    counted.clock.ahead = timedelta(minutes=3)  # nobody has looked since
    refused = counted.get("/trial/weddings/3", bound)
    assert refused.status_code == 503 and refused.headers["Content-Type"] == PROBLEM
    assert counted.get("/trial/weddings/3", unbound).status_code == 200
