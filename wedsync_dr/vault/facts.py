"""What the ledger says of a snapshot, a scope or a pack: the values that its state is made of."""

from dataclasses import dataclass
from datetime import date

from wedsync_dr.model import ScopeId


@dataclass
class Named:
    """What the ledger says of a snapshot or supplement."""

    digest: str
    batch: str
    removed: bool = False
    abandoned: bool = False


@dataclass(frozen=True)
class Hold:
    """Nothing of a scope may be removed: why, who said so, since when, and until which day (None: until released)."""

    reason: str
    by: str
    since: str
    until: date | None

    def binds(self, day: date | None) -> bool:
        """Whether it still holds on a day, that day included."""
        return self.until is None or day is None or day <= self.until


@dataclass(frozen=True)
class Absence:
    """A scope is gone from the source, and somebody said that it was meant: why, who, and when."""

    reason: str
    by: str
    at: str


@dataclass(frozen=True)
class FullPass:
    """The last batch that read every scope: when, and the changes that fingerprints had missed until then."""

    at: str
    missed: tuple[ScopeId, ...]


@dataclass(frozen=True)
class Packed:
    """The newest emergency pack of a wedding, as the ledger names it."""

    pack_id: str
    snapshot_id: str
    record: str
