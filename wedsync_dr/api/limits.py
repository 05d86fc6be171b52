"""How often somebody may call: token buckets in memory, one a caller."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

_MOST_CALLERS = 10_000


@dataclass(frozen=True)
class Rate:
    """So many at once, and then so many a second."""

    burst: float
    per_second: float


CALLS = Rate(burst=120, per_second=20)
"""Of one token or signed-in person."""
REFUSALS = Rate(burst=30, per_second=0.1)
"""Of one caller, or of one address where nobody knows who calls: so many are recorded in the ledger, and answered other
than with 429."""
ALL_REFUSALS = Rate(burst=300, per_second=0.5)
"""Of all callers together; each is an entry of the ledger, which stays for ever."""


class Buckets:
    """Whether one more call of somebody is within a rate. The callers that were seen last are remembered."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._clock = rate, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def take(self, caller: str) -> float:
        """Count a call. 0 where it is within the rate, else how many seconds to wait; then it counts for nothing."""
        with self._lock:
            now = self._clock()
            left, at = self._left.pop(caller, (self._rate.burst, now))
            left = min(self._rate.burst, left + (now - at) * self._rate.per_second)
            wait = 0.0 if left >= 1 else (1 - left) / self._rate.per_second
            self._left[caller] = (left if wait else left - 1), now
            if len(self._left) > _MOST_CALLERS:
                self._left.popitem(last=False)
            return wait
