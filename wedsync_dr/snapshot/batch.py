"""What a batch is, and what comes of it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.model import Instant, ScopeId, SourceIdentity, Tier
from wedsync_dr.source.horizon import Ages

TOOL_VERSION = "0.1.0"
UNCHANGED = "unchanged"
"""The status of a scope that was not read, as its fingerprint proves the newest snapshot current."""


def began(batch_id: str) -> datetime:
    """When a batch began, which its id begins with."""
    return datetime.strptime(batch_id.partition("-")[0], "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=UTC)


@dataclass(frozen=True)
class BatchFacts:
    """What all snapshots of a batch have in common. `complete`: it is of every scope that the source has."""

    batch_id: str
    snapshot_id: str
    instant: Instant
    source: SourceIdentity
    schema_fingerprint: str
    ages: Ages
    complete: bool = False


@dataclass(frozen=True)
class Taken:
    """A scope that now has a recovery point of this instant.

    `status`: newly stored; read, and the previous one is still current; or not read, as its rows are proven unchanged.
    """

    scope: ScopeId
    snapshot_id: str
    taken_at: datetime
    lsn: str
    bytes: int
    rows: int
    status: str
    tier: Tier | None


@dataclass(frozen=True)
class Failed:
    """A scope that has none, and why."""

    scope: ScopeId
    error: DisasterRecoveryError


@dataclass(frozen=True)
class Batch:
    """What came of one batch: every wanted scope is in exactly one of the two lists.

    An owner whose supplement could not be made is among the failed ones as well.
    `untrusted` are those whose rows had changed although their fingerprints had not: fingerprints have a fault.
    """

    taken: tuple[Taken, ...]
    failed: tuple[Failed, ...]
    seconds: float
    untrusted: tuple[ScopeId, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def unchanged(self) -> int:
        """How many scopes were proven unchanged, and not read."""
        return sum(taken.status == UNCHANGED for taken in self.taken)
