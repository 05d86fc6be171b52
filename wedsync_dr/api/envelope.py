"""What every exchange has around it: a request id, limits of size and kind, the versioned media type, an ETag, one line
of log, and where it counts a record in the ledger."""

import hashlib
import logging
import re
import secrets
import time
from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any

import anyio.to_thread
from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wedsync_dr.access.identity import Identity
from wedsync_dr.api.caller import address_of
from wedsync_dr.api.calls import NOBODY, Call
from wedsync_dr.api.problems import Refusal, problem
from wedsync_dr.api.wire import MEDIA_TYPE

MOST_BYTES = 2**20
"""Of a request's body."""
REQUEST_ID = "X-Request-Id"
_GIVEN_ID = re.compile(r"[A-Za-z0-9_.-]{8,64}\Z")
_JSON = ("application/json", MEDIA_TYPE)
_VERSIONED = re.compile(r"application/vnd\.wedsync-dr\.v\d+\+json")
_LOG = logging.getLogger("wedsync_dr.api")


class Envelope:
    """Wraps the whole app."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = Exchange(scope, receive, send)
        if refusal := exchange.refused():
            answer = problem(refusal, instance=scope["path"], request_id=exchange.request_id)
            await answer(scope, receive, exchange.send)
            return
        await self._app(scope, exchange.receive, exchange.send)


class Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._headers = Headers(scope=scope)
        self._started = time.monotonic()
        self._read = 0
        self._held: Message | None = None
        given = self._headers.get(REQUEST_ID, "")
        self.request_id = given if _GIVEN_ID.match(given) else secrets.token_hex(16)
        scope.setdefault("state", {})["request_id"] = self.request_id

    def refused(self) -> Refusal | None:
        """What its headers alone forbid."""
        length = self._headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            return _too_large()
        sent = self._headers.get("content-type", "").partition(";")[0].strip().lower()
        if sent and sent not in _JSON and (length != "0" or "transfer-encoding" in self._headers):
            return Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body is of a kind that is not read here.")
        if (asked := _VERSIONED.findall(self._headers.get("accept", ""))) and MEDIA_TYPE not in asked:
            return Refusal(HTTPStatus.NOT_ACCEPTABLE, "This version of the API is not spoken here.")
        return None

    async def receive(self) -> Message:
        """The next part of the request, as long as all of it is not too large."""
        message = await self._receive()
        self._read += len(message.get("body", b""))
        if self._read > MOST_BYTES:
            raise _too_large()
        return message

    async def send(self, message: Message) -> None:
        """The next part of the answer. A read's answer is held back until its body can be compared."""
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif self._held is not None:
            start, self._held = self._held, None
            await self._compared(start, message)
        else:
            await self._send(message)

    async def _begin(self, start: Message) -> None:
        headers = MutableHeaders(raw=start["headers"])
        headers[REQUEST_ID] = self.request_id
        headers["Cache-Control"] = "no-store" if start["status"] >= 400 else "private, no-cache"
        headers["X-Content-Type-Options"] = "nosniff"
        if headers.get("content-type") == "application/json" and MEDIA_TYPE in self._headers.get("accept", ""):
            headers["content-type"] = MEDIA_TYPE
        headers["Vary"] = "Accept, Authorization"
        start["headers"] = headers.raw
        await self._record(start["status"])
        if self._scope["method"] == "GET" and start["status"] == HTTPStatus.OK:
            self._held = start
        else:
            await self._send(start)

    async def _compared(self, start: Message, message: Message) -> None:
        """With the ETag of its body; without the body where the caller has it already."""
        if message.get("more_body"):
            await self._send(start)
            await self._send(message)
            return
        headers = MutableHeaders(raw=start["headers"])
        kind = headers.get("content-type", "").encode()
        tag = f'"{hashlib.sha256(kind + message.get("body", b"")).hexdigest()[:32]}"'
        headers["ETag"] = tag
        if _matches(self._headers.get("if-none-match", ""), tag):
            del headers["content-length"]
            del headers["content-type"]
            await self._send({"type": start["type"], "status": HTTPStatus.NOT_MODIFIED, "headers": headers.raw})
            await self._send({**message, "body": b""})
            return
        await self._send({**start, "headers": headers.raw})
        await self._send(message)

    async def _record(self, status: int) -> None:
        call = self._call(status)
        spent = (time.monotonic() - self._started) * 1000
        _LOG.info("%s %s %s %s %d %.0f ms", call.request_id, call.subject, call.method, call.path, status, spent)
        if call.counts:
            await anyio.to_thread.run_sync(self._scope["app"].state.site.calls.record, call)

    def _call(self, status: int) -> Call:
        state: MutableMapping[str, Any] = self._scope["state"]
        identity = state.get("identity")
        known = identity if isinstance(identity, Identity) else None
        return Call(
            request_id=self.request_id,
            subject=known.subject if known else NOBODY,
            token=known.token_id if known else None,
            method=self._scope["method"],
            path=getattr(self._scope.get("route"), "path", "(no such path)"),
            status=status,
            address=address_of(Request(self._scope)),
        )


def _matches(given: str, tag: str) -> bool:
    return given.strip() == "*" or tag in (one.strip().removeprefix("W/") for one in given.split(","))


def _too_large() -> Refusal:
    return Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body has more than {MOST_BYTES:,} bytes.")
