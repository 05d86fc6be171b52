"""What went wrong, as a problem document (RFC 9457): what happened, what to do, and nothing of the data."""

import json
import logging
import secrets
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from wedsync_dr import errors
from wedsync_dr.errors import DisasterRecoveryError

MEDIA_TYPE = "application/problem+json"
_TYPE = "urn:wedsync-dr:problem:"
_LOG = logging.getLogger("wedsync_dr.api")

STATUS: dict[type[DisasterRecoveryError], int] = {
    errors.DisasterRecoveryError: 500,
    errors.SettingsInvalid: 503,
    errors.RulesInvalid: 503,
    errors.PolicyInvalid: 503,
    errors.MalformedId: 404,
    errors.NotInitialised: 503,
    errors.SourceUnreachable: 503,
    errors.SourceRefused: 503,
    errors.ToolMissing: 503,
    errors.TargetUnfit: 409,
    errors.ScopeNotFound: 404,
    errors.SnapshotNotFound: 404,
    errors.KeyMissing: 422,
    errors.KeyRefused: 503,
    errors.ObjectMissing: 422,
    errors.ObjectExists: 409,
    errors.VaultUnavailable: 503,
    errors.FormatUnsupported: 422,
    errors.Damaged: 422,
    errors.ScopeBusy: 409,
    errors.Conflict: 409,
    errors.PlanStale: 409,
    errors.RestoreNotEqual: 409,
    errors.SchemaChanged: 409,
    errors.RequestNotFound: 404,
    errors.ApprovalNeeded: 409,
    errors.NotTheOther: 403,
    errors.ApprovalStale: 409,
    errors.AlertNotSent: 503,
    errors.NotAuthenticated: 401,
    errors.NotPermitted: 403,
    errors.IdentityUnavailable: 503,
    errors.TokenNotFound: 404,
    errors.SchedulerUnreachable: 503,
    errors.JobNotFound: 404,
    errors.JobOver: 409,
    errors.KeyReused: 409,
    errors.ScheduleNotFound: 404,
    errors.ScheduleInvalid: 422,
}
"""The status of each error; the one table."""

_NOT_FOUND = "There is nothing here that you may know of."
_RETRY_S = 5
_UNREADABLE = frozenset({"missing", "json_invalid", "union_tag_not_found"})
_REMEDIES = {
    400: "Correct the request; /openapi.json describes it.",
    404: "Check the path and the id. Ids are those that the lists print; a token sees its own organizations only.",
    405: "Use one of the methods that the header Allow names.",
    406: "Accept application/json or application/vnd.wedsync-dr.v1+json.",
    413: "Send less.",
    415: "Send application/json or application/vnd.wedsync-dr.v1+json.",
    422: "Correct the values that `errors` points to; /openapi.json describes them.",
    429: "Wait as long as Retry-After says.",
    500: "Report the error id to whoever runs wedsync-dr; the log has it.",
}


_TITLES = {413: "Content Too Large", 422: "Unprocessable Content"}
"""What RFC 9110 calls them; Python has changed its mind from version to version."""


class Refusal(HTTPException):
    """A request that is not served: the status, what happened, what to do next.

    `slug` names the kind of problem for programs; `errors` are `{"pointer", "detail"}`.
    """

    def __init__(
        self,
        status: int,
        what: str,
        *,
        remedy: str = "",
        slug: str = "",
        headers: Mapping[str, str] | None = None,
        errors: Sequence[Mapping[str, str]] = (),
    ) -> None:
        super().__init__(status, what, dict(headers or {}))
        self.remedy = remedy or _REMEDIES.get(status, "")
        self.slug, self.errors = slug or _slug(status), errors


def title_of(status: int) -> str:
    """The name of a status."""
    return _TITLES.get(status) or HTTPStatus(status).phrase


def not_found() -> Refusal:
    """The one answer to what does not exist and to what the caller may not know of."""
    return Refusal(404, _NOT_FOUND)


def too_many(retry_s: float) -> Refusal:
    """Too many requests; the next one is welcome in so many seconds."""
    return Refusal(429, "Too many requests.", headers={"Retry-After": str(max(1, round(retry_s + 0.5)))})


def of_error(error: DisasterRecoveryError) -> Refusal:
    """How an error of the core is told."""
    status = STATUS[type(error)]
    if status == HTTPStatus.NOT_FOUND:
        return not_found()
    headers = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="wedsync-dr"'
    if status == HTTPStatus.SERVICE_UNAVAILABLE and error.transient:
        headers["Retry-After"] = str(_RETRY_S)
    return Refusal(status, str(error), remedy=error.remedy, slug=_kebab(type(error).__name__), headers=headers)


def problem(refusal: Refusal, *, instance: str, request_id: str) -> Response:
    """The document."""
    document: dict[str, Any] = {
        "type": _TYPE + refusal.slug,
        "title": title_of(refusal.status_code),
        "status": refusal.status_code,
        "detail": refusal.detail,
        "instance": instance,
        "remedy": refusal.remedy,
        "requestId": request_id,
        "errors": list(refusal.errors),
    }
    content = json.dumps(document, ensure_ascii=False).encode()
    return Response(content, refusal.status_code, headers=refusal.headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Have an app answer with problem documents, whatever happens."""
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(DisasterRecoveryError, _of_ours)
    app.add_exception_handler(RequestValidationError, _of_request)
    app.add_exception_handler(Exception, _of_fault)


def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    if isinstance(error, Refusal):
        return _answer(request, error)
    if error.status_code == HTTPStatus.NOT_FOUND:
        return _answer(request, not_found())
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(_methods(request))
    return _answer(request, Refusal(error.status_code, str(error.detail), headers=headers))


def _methods(request: Request) -> list[str]:
    """The methods of all routes of a path; the framework names those of the first one alone."""

    def served(method: str) -> bool:
        scope = {**request.scope, "method": method}
        return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)

    return [method for method in ("DELETE", "GET", "PATCH", "POST", "PUT") if served(method)]


def _of_ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, DisasterRecoveryError)  # noqa: S101
    return _answer(request, of_error(error))


def _of_request(request: Request, error: Exception) -> Response:
    """What is absent or not JSON is 400, a value that is none of those that may stand there 422. No value is repeated
    but by the caller's own parser."""
    assert isinstance(error, RequestValidationError)  # noqa: S101
    found = error.errors()
    unreadable = any(one["type"] in _UNREADABLE for one in found)
    status = HTTPStatus.BAD_REQUEST if unreadable else HTTPStatus.UNPROCESSABLE_ENTITY
    what = "The request lacks something or is not JSON." if unreadable else "The request has values that cannot be."
    told = [{"pointer": "/" + "/".join(map(str, one["loc"])), "detail": one["msg"]} for one in found]
    return _answer(request, Refusal(status, what, errors=told))


def _of_fault(request: Request, error: Exception) -> Response:
    """A fault of ours: an id to find it by in the log, and nothing of its cause, which may hold a row's value."""
    error_id = secrets.token_hex(8)
    _LOG.error("fault %s in request %s: %s", error_id, _request_id(request), type(error).__name__)
    return _answer(request, Refusal(500, f"A fault of wedsync-dr itself, with the error id {error_id}.", slug="fault"))


def _answer(request: Request, refusal: Refusal) -> Response:
    return problem(refusal, instance=request.url.path, request_id=_request_id(request))


def _request_id(request: Request) -> str:
    return str(getattr(request.state, "request_id", ""))


def _slug(status: int) -> str:
    return title_of(status).lower().replace(" ", "-").replace("'", "")


def _kebab(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("-")
