"""Do the newest snapshots still show the source? Reads the source once and compares contents; no row is kept."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from wedsync_dr.errors import DisasterRecoveryError
from wedsync_dr.model import Kind, Manifest, Progress, RowClass, ScopeId, Tier, silent
from wedsync_dr.schedule.tiers import OBJECTIVES
from wedsync_dr.scope.discovery import discover
from wedsync_dr.scope.survey import Source, survey
from wedsync_dr.snapshot.gather import Gatherer
from wedsync_dr.snapshot.layout import layouts
from wedsync_dr.snapshot.share import Share, read_share
from wedsync_dr.snapshot.take import scope_tier
from wedsync_dr.vault.archive import Archive


@dataclass(frozen=True)
class Moved:
    """A scope whose rows are not those of its newest snapshot. `late`: the snapshot is older than the tier's RPO."""

    scope: ScopeId
    taken_at: datetime
    tier: Tier | None
    late: bool


@dataclass(frozen=True)
class Compared:
    """How many scopes were compared, and those that moved."""

    counts: Counter[Kind]
    moved: tuple[Moved, ...]

    def count(self, kind: Kind) -> int:
        return self.counts[kind]


def compare_with_source(source: Source, archive: Archive, *, now: datetime, progress: Progress = silent) -> Compared:
    """Compare every scope that has a snapshot with the source at one instant.

    Scopes without one are another check's business. Raises what reading the source raises.
    """
    with survey(source) as seen:
        found = discover(seen.reader, seen.catalog, seen.ownership)
        tiers = {info.scope: scope_tier(info, now, source.default_time_zone) for info in found}
        newest = {scope: manifest for scope in tiers if (manifest := _newest(archive, scope))}

        def content_key(scope: ScopeId, row_class: RowClass) -> bytes:
            if scope not in newest:
                return b""
            return archive.keyring.newest(scope, row_class, now).content_key(scope)

        gatherer = Gatherer(content_key, None, 0)
        share = Share(dict(tiers), everything=True)
        read_share(seen, share, layouts(seen.catalog, seen.ownership), gatherer, progress)
    moved = []
    for scope, manifest in newest.items():
        classes = gatherer.gathered.get(scope, {})
        content = {c: held.hash(content_key(scope, c)) for c, held in classes.items()}
        if content != dict(manifest.content):
            tier = tiers[scope]
            rpo = OBJECTIVES[tier or Tier.NORMAL].rpo
            moved.append(Moved(scope, manifest.taken_at, tier, late=_age(manifest, now) > rpo))
    return Compared(Counter(scope.kind for scope in newest), tuple(sorted(moved, key=lambda one: one.scope)))


def _age(manifest: Manifest, now: datetime) -> timedelta:
    return now - manifest.taken_at


def _newest(archive: Archive, scope: ScopeId) -> Manifest | None:
    """A damaged manifest is named by `verify`; here the scope is one that cannot be compared."""
    try:
        return archive.newest(scope)
    except DisasterRecoveryError:
        return None
