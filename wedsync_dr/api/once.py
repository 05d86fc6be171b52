"""An order that is sent twice is carried out once: Dagster's own runs remember it, so a restart forgets nothing."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from threading import Lock

from wedsync_dr.api.runs import Order, Run, Runs
from wedsync_dr.errors import KeyReused

KEY, BODY, BY = "wedsync/idempotency", "wedsync/idempotency-body", "wedsync/requested_by"
_SHOWN = 32  # hex digits of a digest in a tag


@dataclass(frozen=True)
class Request:
    """Who asks for something, what exactly, and under which idempotency key, if any."""

    caller: str
    body: Mapping[str, object]
    key: str | None = None

    def tags(self) -> dict[str, str]:
        """What its run keeps of it: who, and where there is a key, what proves it to be the same again."""
        by = {BY: self.caller[:200]}
        if self.key is None:
            return by
        return by | {KEY: _digest([self.caller, self.key]), BODY: _digest(self.body)}


@dataclass(frozen=True)
class Launched:
    """The run that does what was asked; `again` where an earlier call had started it."""

    run: Run
    again: bool


def _nothing() -> None:
    """There is nothing against it."""


class Launcher:
    """Starts runs. Of two equal requests at once one waits for the other, and gets its run."""

    def __init__(self, runs: Runs) -> None:
        self.runs, self._lock = runs, Lock()

    def launch(self, request: Request, order: Order, *, unless: Callable[[], None] = _nothing) -> Launched:
        """Start the run, or find the one that the same request started before.

        `unless` raises where there is something against starting it; nobody starts anything while it looks. Raises
        KeyReused where the key stood for something else, and SchedulerUnreachable.
        """
        with self._lock:
            if earlier := self.earlier(request):
                return Launched(earlier, again=True)
            unless()
            return Launched(self.runs.launch(replace(order, tags={**order.tags, **request.tags()})), again=False)

    def earlier(self, request: Request) -> Run | None:
        """The run that the same request started before. Raises what `launch` raises; starts nothing."""
        if request.key is None:
            return None
        tags = request.tags()
        found = self.runs.find(tags={KEY: tags[KEY]}, limit=1)
        if found and found[0].tags.get(BODY) != tags[BODY]:
            raise KeyReused(
                f"This Idempotency-Key started the job {found[0].run_id} with another body.",
                remedy="Send a new key with each new request, and the same key only to repeat one.",
            )
        return found[0] if found else None


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_SHOWN]
