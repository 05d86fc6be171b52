"""How everything stands, looked at again and again in the background, so that no request waits for it."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from wedsync_dr.alerts.health import look
from wedsync_dr.alerts.places import Places
from wedsync_dr.api.calls import EVENT as CALL
from wedsync_dr.api.view import Members, View
from wedsync_dr.errors import DisasterRecoveryError, SourceUnreachable
from wedsync_dr.model import ScopeId
from wedsync_dr.schedule.policy import Policy

EVERY_S = 10.0
"""How often the source is looked at; at once where the ledger has something new."""
_SHARE = 3  # a look that took long is followed by a rest of so many times that, whatever is new
_POLL_S = 0.5
TRUSTED = timedelta(minutes=2)
"""How long who takes part in which wedding is believed after it was read."""
_FIRST_S = 15.0
_END_S = 5.0


def rest_after(spent: float) -> float:
    """How many seconds to rest after a look that took so long: longer than it took, but so that what it saw is still
    trusted when a next one, as long as it, has ended."""
    return max(0.0, min(_SHARE * spent, 0.9 * TRUSTED.total_seconds() - 2 * spent))


class Standing:
    """The newest view. Any number of threads may ask; one looks."""

    def __init__(self, places: Places, policy: Callable[[], Policy], now: Callable[[], datetime]) -> None:
        self._places, self._policy, self._now = places, policy, now
        self._view: View | None = None
        self._next = 0
        self._members: tuple[datetime, Members] | None = None
        self._seen, self._stop, self._looking = threading.Event(), threading.Event(), threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look."""
        self._thread = threading.Thread(target=self._run, name="standing", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more; returns when the last look has ended, or is given up: it only reads."""
        self._stop.set()
        if self._thread:
            self._thread.join(_END_S)

    def view(self) -> View:
        """The newest view. Waits only for the very first one; raises SourceUnreachable where that takes too long."""
        if self._view is None and not self._seen.wait(_FIRST_S):
            raise SourceUnreachable("The first look at the source is not over yet.", remedy="Ask again in a minute.")
        assert self._view is not None  # noqa: S101
        return self._view

    def refresh(self) -> View:
        """Look now, and wait for it."""
        with self._looking:
            health = look(self._places, self._policy(), self._now())
            if health.ledger is not None:
                self._next = self._places.archive().ledger.read
            view = View.of(health, self._members[1] if self._members else None)
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
            raise view.fault
        known = self._members[1]
        return frozenset().union(*(known.get(one, frozenset()) for one in organizations))

    def _run(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            self._look()
            ended = time.monotonic()
            rest = rest_after(ended - began)
            while not self._stop.wait(_POLL_S) and not self._is_time(time.monotonic() - ended, rest):
                pass

    def _is_time(self, rested: float, rest: float) -> bool:
        """Whether to look again: the rest is over, and the ledger has something new or the view is old enough."""
        return rested >= rest and (rested >= EVERY_S or self._has_news())

    def _has_news(self) -> bool:
        """Whether the ledger has something new; a call that was refused changes nothing, and must not make us look."""
        try:
            for entry in self._places.archive().ledger.following(self._next):
                self._next = entry.sequence + 1
                if entry.event != CALL:
                    return True
        except DisasterRecoveryError:
            pass
        return False

    def _look(self) -> None:
        """What is no error of ours must not end the looking: it is logged by its kind, and the view grows old."""
        try:
            self.refresh()
        except Exception as error:  # noqa: BLE001  a thread's border; nobody above could hear it
            logging.getLogger("wedsync_dr.api").error("the background look failed: %s", type(error).__name__)  # noqa: TRY400
