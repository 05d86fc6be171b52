"""The app: its routes, what stands around them, and how it begins and ends."""

import logging
import os
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from wedsync_dr.api import (
    automated,
    health,
    jobs,
    manual,
    problems,
    restore,
    snapshots,
    status,
    validation,
    validation_schedule,
)
from wedsync_dr.api.description import describe
from wedsync_dr.api.envelope import Envelope
from wedsync_dr.api.limits import CALLS, Rate
from wedsync_dr.api.site import open_site
from wedsync_dr.settings import Settings

ROUTERS: Sequence[APIRouter] = (
    health.router,
    status.router,
    snapshots.router,
    manual.router,
    automated.router,
    jobs.router,
    restore.router,
    validation.router,
    validation_schedule.router,
)
"""Every route there is; a file of routes has one line here."""


_SWITCH_S = 0.001  # how long the background look may keep requests from running; Python's own 5 ms add up


class Api(FastAPI):
    """An app inside its envelope, which also holds the answers to its faults."""

    def build_middleware_stack(self) -> ASGIApp:
        return Envelope(super().build_middleware_stack())

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = describe(self)
        return self.openapi_schema


def create_app(
    settings: Settings | None = None, *, now: Callable[[], datetime] | None = None, rate: Rate = CALLS
) -> Api:
    """The app; without settings those of the environment and `.env`. Raises what opening vault and keyring raises.

    It begins to look at the source when it is started, and ends that when it is stopped.
    """
    settings = settings or Settings.from_environ(os.environ, Path(".env"))
    site = open_site(settings, now or _clock, rate)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        logging.getLogger("uvicorn.error").addFilter(_without_message)
        sys.setswitchinterval(_SWITCH_S)
        await anyio.to_thread.run_sync(site.tokens.now)
        site.standing.start()
        try:
            yield
        finally:
            await anyio.to_thread.run_sync(site.checker.stop)
            await anyio.to_thread.run_sync(site.standing.stop)

    app = Api(title="wedsync_dr", version="1", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.site = site
    for router in ROUTERS:
        app.include_router(router)
    problems.install(app)
    return app


def _clock() -> datetime:
    return datetime.now(UTC)


def _without_message(record: logging.LogRecord) -> bool:
    """A fault's message may hold a row's value; its kind and the error id stand in our own line."""
    if record.exc_info and record.exc_info[0]:
        record.msg, record.args = f"{record.msg}: {record.exc_info[0].__name__}", ()
        record.exc_info = record.exc_text = None
    return True
