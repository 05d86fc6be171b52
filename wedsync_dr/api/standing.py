"""How everything stands, looked at again and again in the background, so that no request waits for it."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from wedsync_dr.alerts.alert import Judgement
from wedsync_dr.alerts.conditions import judge
from wedsync_dr.alerts.health import Health, look
from wedsync_dr.alerts.places import Places
from wedsync_dr.errors import DisasterRecoveryError, SourceUnreachable
from wedsync_dr.model import Kind, ScopeId
from wedsync_dr.schedule.policy import Policy

EVERY_S = 10.0
"""How soon after a look the next one begins, at the soonest."""
_SHARE = 3  # a look that took long is followed by a rest of so many times that
TRUSTED = timedelta(minutes=2)
"""How long who takes part in which wedding is believed after it was read."""
_FIRST_S = 60.0


@dataclass(frozen=True)
class View:
    """What one look saw, and what it means."""

    health: Health

    @cached_property
    def judged(self) -> Judgement:
        return judge(self.health)

    @cached_property
    def members(self) -> dict[str, frozenset[ScopeId]] | None:
        """What each organization may know of: itself, and the weddings it takes part in. None where nobody knows."""
        if self.health.candidates is None:
            return None
        vendors = (one for one in self.health.candidates if one.scope.kind is Kind.VENDOR)
        return {one.scope.id: frozenset((one.scope, *one.booked)) for one in vendors}


class Standing:
    """The newest view. Any number of threads may ask; one looks."""

    def __init__(self, places: Places, policy: Callable[[], Policy], now: Callable[[], datetime]) -> None:
        self._places, self._policy, self._now = places, policy, now
        self._view: View | None = None
        self._members: tuple[datetime, dict[str, frozenset[ScopeId]]] | None = None
        self._seen, self._stop, self._looking = threading.Event(), threading.Event(), threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look."""
        self._thread = threading.Thread(target=self._run, name="standing", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more; returns when the last look has ended."""
        self._stop.set()
        if self._thread:
            self._thread.join()

    def view(self) -> View:
        """The newest view. Waits only for the very first one; raises SourceUnreachable where that takes too long."""
        if self._view is None and not self._seen.wait(_FIRST_S):
            raise SourceUnreachable("The first look at the source is not over yet.", remedy="Ask again in a minute.")
        assert self._view is not None  # noqa: S101
        return self._view

    def refresh(self) -> View:
        """Look now, and wait for it."""
        with self._looking:
            view = View(look(self._places, self._policy(), self._now()))
            _ = view.judged
            if view.members is not None:
                self._members = view.health.at, view.members
            self._view = view
            self._seen.set()
            return view

    def sight(self, organizations: frozenset[str]) -> frozenset[ScopeId]:
        """Every scope that members of these organizations may know of.

        Raises what stopped the reading of the source, where the last one that came to an end is too long ago.
        """
        view = self.view()
        if self._members is None or self._now() - self._members[0] > TRUSTED:
            raise _why(view.health)
        known = self._members[1]
        return frozenset().union(*(known.get(one, frozenset()) for one in organizations))

    def _run(self) -> None:
        while not self._stop.is_set():
            started = time.monotonic()
            self._look()
            self._stop.wait(max(EVERY_S, _SHARE * (time.monotonic() - started)))

    def _look(self) -> None:
        """What is no error of ours must not end the looking: it is logged by its kind, and the view grows old."""
        try:
            self.refresh()
        except Exception as error:  # noqa: BLE001  a thread's border; nobody above could hear it
            logging.getLogger("wedsync_dr.api").error("the background look failed: %s", type(error).__name__)  # noqa: TRY400


def _why(health: Health) -> DisasterRecoveryError:
    fault = health.source_fault or health.vault_fault
    return fault or SourceUnreachable(
        "The source was not read for a while, so nobody knows who takes part in which wedding.",
        remedy="See that WEDSYNC_SOURCE_URL answers, and ask again.",
    )
