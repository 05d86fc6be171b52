"""How long a batch will take, from those that were like it. Nothing is promised from nothing."""

from collections.abc import Iterable
from datetime import timedelta
from statistics import median

from wedsync_dr.vault.batches import BatchSeen

_LIKE, _ENOUGH = 3, 20


def expected_span(past: Iterable[BatchSeen], scopes: int, *, full: bool) -> timedelta | None:
    """The median of the newest batches of about as many scopes (between a third and three times); None where there
    was none. A pass that reads everything is compared with such passes alone."""
    like = [
        one.seconds
        for one in past
        if one.seconds is not None and one.full is full and scopes <= _LIKE * one.scopes <= _LIKE**2 * scopes
    ]
    return timedelta(seconds=median(like[:_ENOUGH])) if like else None
