"""A record of each call that changes something, and of each that was refused, in the ledger."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

from wedsync_dr.api.limits import Buckets
from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.vault.ledger import Ledger

EVENT = "api-call"
NOBODY = "nobody"
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_LOG = logging.getLogger("wedsync_dr.api")


@dataclass(frozen=True)
class Call:
    """One call as it ended. `path` is the route's template, so that no id that somebody made up is kept."""

    request_id: str
    subject: str
    token: str | None
    method: str
    path: str
    status: int
    address: str

    @property
    def refused(self) -> bool:
        return self.status >= 400

    @property
    def counts(self) -> bool:
        """Whether it is to be recorded: reads that succeed are not."""
        return self.refused or self.method not in _READS


class CallBook:
    """Writes calls to the ledger. A ledger is for ever, so refused calls are recorded at a bounded rate, each caller's
    and all together; how many were left out stands in the next record."""

    def __init__(self, ledger: Ledger, now: Callable[[], datetime], each: Buckets, together: Buckets) -> None:
        self._ledger, self._now, self._each, self._together = ledger, now, each, together
        self._left_out = 0
        self._lock = Lock()

    def record(self, call: Call) -> None:
        """Record a call, if it counts. Where the vault cannot be written the log has it alone."""
        if not call.counts:
            return
        if call.refused and (self._each.take(_who(call)) or self._together.take("")):
            with self._lock:
                self._left_out += 1
            return
        try:
            self._ledger.append(EVENT, self._body(call), self._now())
        except DisasterRecoveryError as error:
            _LOG.warning("request %s is not in the ledger: %s", call.request_id, type(error).__name__)

    def _body(self, call: Call) -> dict[str, Any]:
        body: dict[str, Any] = {
            "request_id": call.request_id,
            "subject": call.subject,
            "method": call.method,
            "path": call.path,
            "status": call.status,
        }
        if call.token:
            body["token"] = call.token
        with self._lock:
            left_out, self._left_out = self._left_out, 0
        return body | {"left_out": left_out} if left_out else body


def _who(call: Call) -> str:
    return call.subject if call.subject != NOBODY else call.address
