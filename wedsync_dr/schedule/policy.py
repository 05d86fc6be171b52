"""What each tier promises, and how long its snapshots stay: the numbers that `policy.toml` may change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from wedsync_dr.model import Tier


class Priority(StrEnum):
    """How the platform's own interface names urgency."""

    CRITICAL = "CRITICAL"
    NORMAL = "NORMAL"


@dataclass(frozen=True)
class Retention:
    """Which snapshots of a scope stay: every one while it is younger than `every`; then what stood at the end of each
    hour, day, week, month and year, as far back as these reach; and never fewer than `minimum`.

    With `personal`, what holds personal rows and is older goes all the same, down to the last recovery point.
    """

    every: timedelta = timedelta(hours=48)
    hourly: timedelta = timedelta(days=7)
    daily: timedelta = timedelta(days=30)
    weekly: int = 12
    monthly: int = 12
    yearly: int = 7
    minimum: int = 3
    personal: timedelta | None = None


@dataclass(frozen=True)
class TierPolicy:
    """What a tier promises (`rpo`, `rto`), how often its scopes are looked at (`cadence`), and how its runs queue.

    `days_before` and `days_after`: how far before and after the wedding the tier reaches; None for the tiers that take
    what is left.
    """

    rpo: timedelta
    rto: timedelta
    cadence: timedelta
    run_priority: int
    priority: Priority
    days_before: int | None = None
    days_after: int | None = None
    retention: Retention = field(default_factory=Retention)

    @property
    def critical(self) -> bool:
        return self.priority is Priority.CRITICAL

    def reaches(self, days: int) -> bool:
        """Whether a wedding that is in so many days (negative: ago) is near enough for this tier."""
        return self.days_before is not None and -(self.days_after or 0) <= days <= self.days_before


@dataclass(frozen=True)
class Approvals:
    """Whether destructive restores take another person on the command line and in Dagster, as they always do through
    the API; and how long a request counts."""

    required: bool = False
    expires: timedelta = timedelta(hours=24)
    emergency_expires: timedelta = timedelta(minutes=10)


@dataclass(frozen=True)
class Policy:
    """Every tier's numbers, and what takes two people."""

    tiers: Mapping[Tier, TierPolicy]
    approvals: Approvals = field(default_factory=Approvals)

    def of(self, tier: Tier | None) -> TierPolicy:
        """The numbers of a tier. A scope without one, as a platform table is, has those of `normal`."""
        return self.tiers[tier or Tier.NORMAL]

    def tier_in(self, days: int) -> Tier:
        """The most urgent tier that reaches a wedding which is in so many days (negative: ago)."""
        for tier in URGENCY:
            if self.tiers[tier].reaches(days):
                return tier
        return Tier.NORMAL if days > 0 else Tier.SETTLED

    def reach(self) -> tuple[int, int] | None:
        """How many days ago and ahead a wedding with a date can be at most, to be of a critical tier.

        None where that has no end.
        """
        critical = [numbers for numbers in self.tiers.values() if numbers.critical]
        if any(numbers.days_before is None for numbers in critical):
            return None
        ago = max((numbers.days_after or 0 for numbers in critical), default=0)
        return ago, max((numbers.days_before or 0 for numbers in critical), default=0)


URGENCY = (Tier.DAY_OF, Tier.IMMINENT, Tier.CRITICAL, Tier.NORMAL, Tier.SETTLED)
"""The tiers, the most urgent first."""

_MIN, _H, _D = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

DEFAULT = Policy(
    {
        Tier.DAY_OF: TierPolicy(5 * _MIN, 5 * _MIN, 3 * _MIN, 100, Priority.CRITICAL, days_before=1, days_after=1),
        Tier.IMMINENT: TierPolicy(15 * _MIN, 15 * _MIN, 10 * _MIN, 50, Priority.CRITICAL, days_before=7, days_after=0),
        Tier.CRITICAL: TierPolicy(60 * _MIN, _H, 45 * _MIN, 20, Priority.CRITICAL, days_before=30, days_after=7),
        Tier.NORMAL: TierPolicy(24 * _H, 4 * _H, 20 * _H, 0, Priority.NORMAL),
        Tier.SETTLED: TierPolicy(7 * _D, 4 * _H, 6 * _D, -10, Priority.NORMAL),
    }
)
"""What holds where no `policy.toml` says otherwise."""
