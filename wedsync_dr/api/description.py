"""The OpenAPI document: both media types, and the problems that every route can answer with, each with an example."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from wedsync_dr.api.envelope import REQUEST_ID
from wedsync_dr.api.problems import MEDIA_TYPE as PROBLEM
from wedsync_dr.api.wire import MEDIA_TYPE

_ABOUT = """Backup and disaster recovery of single weddings.

Times are UTC in ISO 8601; ids are those of the platform's own rows. Whoever belongs to organizations sees those and the
weddings they take part in; everything else does not exist for them. Reads carry an `ETag`. Every answer has an
`X-Request-Id`. What went wrong is told as `application/problem+json` (RFC 9457) with a `remedy`."""

_PROBLEMS = {
    400: ("bad-request", "Bad Request", "The request lacks something or is not JSON."),
    401: ("not-authenticated", "Unauthorized", "No bearer token."),
    403: ("not-permitted", "Forbidden", "The role viewer may not snapshot."),
    404: ("not-found", "Not Found", "There is nothing here that you may know of."),
    406: ("not-acceptable", "Not Acceptable", "This version of the API is not spoken here."),
    409: ("scope-busy", "Conflict", "Another run is taking a snapshot of wedding/6f1c7e42."),
    413: ("content-too-large", "Content Too Large", "The body has more than 1,048,576 bytes."),
    415: ("unsupported-media-type", "Unsupported Media Type", "The body is of a kind that is not read here."),
    422: ("unprocessable-content", "Unprocessable Content", "The request has values that cannot be."),
    429: ("too-many-requests", "Too Many Requests", "Too many requests."),
    500: ("fault", "Internal Server Error", "A fault of wedsync-dr itself, with the error id 5f2c8a1e9b3d7a60."),
    503: ("source-unreachable", "Service Unavailable", "The source does not answer."),
}
_JSON = "application/json"
_OPEN = (400, 406, 413, 415, 500)
_SENT = (400, 409, 413, 415, 422)
_METHODS = ("get", "put", "post", "delete", "patch")

_SCHEMA: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong, and what to do (RFC 9457).",
    "required": ["type", "title", "status", "detail", "instance", "remedy", "requestId", "errors"],
    "properties": {
        "type": {"type": "string", "description": "Names the kind of problem; stable."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "The path that was asked for."},
        "remedy": {"type": "string", "description": "What to do next."},
        "requestId": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The document for an app's routes."""
    document = get_openapi(title=app.title, version=app.version, description=_ABOUT, routes=app.routes)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = _SCHEMA
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                _complete(path, method, item[method])
    return document


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    _share_schema([answer for status, answer in responses.items() if status.startswith("2")])
    for answer in responses.values():
        if PROBLEM not in answer.get("content", {}):
            _in_both(answer)
            answer["headers"] = {REQUEST_ID: {"schema": {"type": "string"}}}
    if "422" in responses and "HTTPValidationError" in str(responses["422"]):
        del responses["422"]
    for status in _statuses(method, operation):
        responses.setdefault(str(status), _problem(path, status))
    if method == "get":
        responses.setdefault("304", {"description": "The caller has the newest answer already (If-None-Match)."})
    if "requestBody" in operation:
        _in_both(operation["requestBody"])


def _share_schema(answers: list[dict[str, Any]]) -> None:
    """Whatever a route answers when it succeeds has one shape; the framework says so of one status alone."""
    kinds = [kind for answer in answers for name, kind in answer.get("content", {}).items() if name == _JSON]
    schemas = [kind["schema"] for kind in kinds if "schema" in kind]
    for kind in kinds:
        if schemas:
            kind.setdefault("schema", schemas[0])


def _in_both(part: dict[str, Any]) -> None:
    """What is said of plain JSON holds for the versioned media type."""
    content = part.get("content", {})
    if _JSON in content:
        content[MEDIA_TYPE] = content[_JSON]


def _statuses(method: str, operation: dict[str, Any]) -> list[int]:
    found = set(_OPEN)
    if operation.get("security"):
        found |= {401, 403, 404, 429, 503}
    if operation.get("parameters"):
        found |= {404, 422}
    if method != "get":
        found |= set(_SENT)
    return sorted(found)


def _problem(path: str, status: int) -> dict[str, Any]:
    slug, title, detail = _PROBLEMS[status]
    example = {
        "type": f"urn:wedsync-dr:problem:{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": path,
        "remedy": "What to do next.",
        "requestId": "0f3b1c5d7e9f4a2b8c6d0e1f2a3b4c5d",
        "errors": [],
    }
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": title, "content": {PROBLEM: {"schema": schema, "example": example}}}
