"""Verifications that callers ask for: short ones at once, long ones one after the other in a thread of this process."""

import logging
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from enum import StrEnum
from threading import Lock

from wedsync_dr.api.problems import Refusal
from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.vault import SnapshotRef
from wedsync_dr.verification.checked import Checked, CheckedBook, ask, carry_out, checked_book
from wedsync_dr.verification.depth import Depth

SHORT_BYTES = 16 * 2**20
"""A snapshot that is not larger is verified while the caller waits: well under a second."""
MOST_WAITING = 20
_RETRY_S = 30


class State(StrEnum):
    """How far a verification is. LOST: the process that was to do it ended before; ask again."""

    INITIATED = "INITIATED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    LOST = "LOST"


class Checker:
    """Carries verifications out and knows how far each is.

    What is asked for and what is found stands in the ledger. What waits is in memory: after a restart it is `LOST`.
    """

    def __init__(self, archive: Archive, now: Callable[[], datetime]) -> None:
        self._archive, self._now = archive, now
        self._book = checked_book(archive.ledger)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="verify")
        self._pool.submit(self._book.now)  # read before somebody waits for it
        self._states: dict[str, State] = {}
        self._lock = Lock()

    @property
    def book(self) -> CheckedBook:
        """All verifications by the ledger as it is now."""
        return self._book.now()

    def state(self, checked: Checked) -> State:
        """How far it is."""
        if checked.at is not None:
            return State.COMPLETED
        return self._states.get(checked.id, State.LOST)

    def verify(self, ref: SnapshotRef, depth: Depth, by: str, size: int) -> Checked:
        """Verify a snapshot of this size; where that takes long the answer is not done yet.

        Raises VaultUnavailable, and a refusal where too many wait already.
        """
        check_id = "v-" + secrets.token_hex(8)
        if depth is Depth.QUICK or size <= SHORT_BYTES:
            return carry_out(self._archive, Checked(check_id, ref, depth, self._now(), by), self._now)
        self._begin(check_id)
        try:
            asked = ask(self._archive, check_id, ref, depth, by=by, now=self._now())
        except DisasterRecoveryError:
            self._states.pop(check_id)
            raise
        self._pool.submit(self._carry_out, asked)
        return asked

    def stop(self) -> None:
        """Begin nothing new; returns when what runs has ended."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _begin(self, check_id: str) -> None:
        with self._lock:
            if sum(state is not State.FAILED for state in self._states.values()) >= MOST_WAITING:
                raise Refusal(
                    429,
                    f"{MOST_WAITING} verifications wait already.",
                    remedy="Ask again later, or run `wedsync-dr verify` on a machine of your own.",
                    headers={"Retry-After": str(_RETRY_S)},
                )
            self._states[check_id] = State.INITIATED

    def _carry_out(self, asked: Checked) -> None:
        self._states[asked.id] = State.RUNNING
        try:
            carry_out(self._archive, asked, self._now)
            del self._states[asked.id]
        except DisasterRecoveryError as error:
            logging.getLogger("wedsync_dr.api").warning("verification %s: %s", asked.id, type(error).__name__)
        finally:
            if asked.id in self._states:
                self._states[asked.id] = State.FAILED
