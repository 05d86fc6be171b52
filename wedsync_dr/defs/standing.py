"""What the source has and what the vault holds, side by side: the sensor and the checks read this."""

from collections.abc import Mapping
from dataclasses import dataclass

from wedsync_dr.defs.resources import Protection
from wedsync_dr.model import SCHEMA, ScopeId, Tier
from wedsync_dr.schedule.tiers import OBJECTIVES
from wedsync_dr.scope.discovery import discover
from wedsync_dr.scope.survey import survey
from wedsync_dr.snapshot.absent import vanished
from wedsync_dr.snapshot.urgency import scope_tier
from wedsync_dr.vault.ledger_state import LedgerState


@dataclass(frozen=True)
class Standing:
    """The source's scopes with their tiers now (a platform table has none), and the scopes that have a snapshot."""

    present: Mapping[ScopeId, Tier | None]
    held: frozenset[ScopeId]
    known: LedgerState

    def unprotected(self) -> list[ScopeId]:
        """In the source without a snapshot."""
        return sorted(scope for scope in self.present if scope not in self.held)

    def vanished(self) -> list[ScopeId]:
        """In the vault and no longer in the source, and nobody accepted that: an alarm, never a clean-up."""
        return vanished(self.held, self.present, self.known)


def scopes_with_tiers(protection: Protection) -> dict[ScopeId, Tier | None]:
    """Every scope of the source at one instant. A source that cannot be read in full raises; it is never empty."""
    source, now = protection.source(), protection.now()
    with survey(source) as seen:
        found = discover(seen.reader, seen.catalog, seen.ownership)
    return {info.scope: scope_tier(info, now, source.default_time_zone) for info in found}


def standing(protection: Protection) -> Standing:
    """Both sides now, the schema among them. Raises what reading the source and listing the vault raise."""
    archive = protection.archive()
    held = frozenset(ref.scope for ref in archive.vault.snapshots())
    return Standing({SCHEMA: None, **scopes_with_tiers(protection)}, held, archive.ledger.known())


def is_urgent(tier: Tier | None) -> bool:
    """Whether a failure of a scope of this tier is an error; of another it is a warning. A platform table is urgent."""
    return tier is None or OBJECTIVES[tier].critical
