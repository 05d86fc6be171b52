"""Do the newest snapshots still show the source? Reads the source once and compares contents; no row is kept."""

import secrets
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from wedsync_dr.errors import DisasterRecoveryError, KeyMissing
from wedsync_dr.model import Kind, Manifest, Progress, RowClass, ScopeId, Tier, parse_utc, silent
from wedsync_dr.schedule.policy import DEFAULT, Policy
from wedsync_dr.scope.discovery import discover
from wedsync_dr.scope.survey import Source, Survey, survey
from wedsync_dr.snapshot.arrange import Piece, arrange
from wedsync_dr.snapshot.content import TableContent, class_content
from wedsync_dr.snapshot.layout import layouts
from wedsync_dr.snapshot.reading import stretches
from wedsync_dr.snapshot.sealed_rows import Entry
from wedsync_dr.snapshot.split import Places, split
from wedsync_dr.snapshot.urgency import scope_tier
from wedsync_dr.vault.archive import Archive


@dataclass(frozen=True)
class Moved:
    """A scope whose rows are not those of its newest snapshot. `late`: they were known to be so before the RPO."""

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


def compare_with_source(
    source: Source, archive: Archive, *, now: datetime, progress: Progress = silent, policy: Policy = DEFAULT
) -> Compared:
    """Compare every scope that has a snapshot with the source at one instant.

    Scopes without one are another check's business. Raises what reading the source raises.
    """
    with survey(source) as seen:
        found = discover(seen.reader, seen.catalog, seen.ownership)
        tiers = {info.scope: scope_tier(info, now, source.default_time_zone, policy) for info in found}
        newest = {scope: manifest for scope in tiers if (manifest := _newest(archive, scope))}

        contents = _Contents(archive, newest)
        contents.read(seen, progress)
    moved, known = [], archive.ledger.known().current
    for scope, manifest in newest.items():
        if contents.of(scope) != dict(manifest.content):
            tier = tiers[scope]
            rpo = policy.of(tier).rpo
            current = max(manifest.taken_at, parse_utc(known[scope])) if scope in known else manifest.taken_at
            moved.append(Moved(scope, manifest.taken_at, tier, late=now - current > rpo))
    return Compared(Counter(scope.kind for scope in newest), tuple(sorted(moved, key=lambda one: one.scope)))


def contents_now(source: Source, archive: Archive, scopes: Collection[ScopeId]) -> dict[ScopeId, dict[RowClass, str]]:
    """What manifests of the scopes would say of a database's rows at one instant; nothing of one that it has not."""
    found = _Contents(archive, scopes)
    with survey(source) as seen:
        found.read(seen, silent, only=True)
    return {scope: content for scope in scopes if (content := found.of(scope))}


class _Contents:
    """The contents of some scopes in the source."""

    def __init__(self, archive: Archive, scopes: Collection[ScopeId]) -> None:
        self._archive, self._scopes, self._nobodys = archive, list(scopes), secrets.token_bytes(32)
        self._found: dict[ScopeId, dict[RowClass, dict[str, tuple[str, TableContent]]]] = {}

    def read(self, seen: Survey, progress: Progress, *, only: bool = False) -> None:
        """Every table once, or with `only` no more than the scopes' rows; no row is kept."""
        plan, places = layouts(seen.catalog, seen.ownership), Places(seen.ownership, self._scopes)
        waiting = stretches(seen, plan, self._scopes if only else None)
        for done, stretch in enumerate(waiting):
            progress("reading", done, len(waiting))
            for rows in split(seen.reader.copy(stretch.sql), places.of(stretch.table)):
                for place, classes in arrange([Piece.of(plan[stretch.table], rows)], self._key_at).items():
                    for row_class, found in classes.items():
                        self._add(self._scopes[place], row_class, found.entries)
        progress("reading", len(waiting), len(waiting))

    def of(self, scope: ScopeId) -> dict[RowClass, str]:
        """What a manifest of the scope would say now."""
        classes = self._found.get(scope, {})
        return {row_class: class_content(self._key(scope, row_class), tables) for row_class, tables in classes.items()}

    def _add(self, scope: ScopeId, row_class: RowClass, entries: Iterable[Entry]) -> None:
        tables = self._found.setdefault(scope, {}).setdefault(row_class, {})
        for entry in entries:
            _, before = tables.get(entry.head.name, ("", TableContent()))
            tables[entry.head.name] = (entry.head.columns_json, before + entry.content)

    def _key_at(self, place: int, row_class: RowClass) -> bytes:
        return self._key(self._scopes[place], row_class)

    def _key(self, scope: ScopeId, row_class: RowClass) -> bytes:
        """The key of the scope's content hashes. Where there is none, no snapshot can be equal, and none is made."""
        try:
            return self._archive.keyring.existing(scope, row_class).content_key(scope)
        except KeyMissing:
            return self._nobodys


def _newest(archive: Archive, scope: ScopeId) -> Manifest | None:
    """A damaged manifest is named by `verify`; here the scope is one that cannot be compared."""
    try:
        return archive.newest(scope)
    except DisasterRecoveryError:
        return None
