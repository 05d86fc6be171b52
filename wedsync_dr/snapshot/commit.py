"""Sealing and committing a group of scopes, each under its advisory lock."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field

import numpy as np

from wedsync_dr.errors import DisasterRecoveryError, ScopeBusy
from wedsync_dr.model import Kind, Manifest, ScopeId
from wedsync_dr.snapshot.arrange import arrange
from wedsync_dr.snapshot.batch import BatchFacts, Failed, Taken
from wedsync_dr.snapshot.group import Group, Portion, Rows
from wedsync_dr.snapshot.links import LinkKey, Values, links_of
from wedsync_dr.snapshot.previous import newest_believed, require_keys
from wedsync_dr.snapshot.seal import Opened, Owners, Sealer
from wedsync_dr.snapshot.supplement import Supplements
from wedsync_dr.source.session import Patience, Session, lock_scopes
from wedsync_dr.vault.archive import Archive

_LOCK_RETRY_S = 0.1


@dataclass
class Commit:
    """One group on its way into the vault, and what came of its scopes so far.

    `beside` makes the supplements that they need; a batch of everything needs none.
    """

    archive: Archive
    facts: BatchFacts
    owners: Owners
    puts: Executor
    rows: Rows
    beside: Supplements | None = None
    results: list[Taken | Failed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._sealer = Sealer(self.archive, self.facts, self.owners, self.puts, self.rows.limits)
        self._group: Group = self.rows.group
        self._is_wedding = np.array([scope.kind is Kind.WEDDING for scope in self._group.scopes], bool)

    def run(self, where: str | Session, patience: Patience) -> list[Taken | Failed]:
        """Commit what can be locked now, then the rest: two runs that want the same scopes never wait in a ring.

        Locks are taken in a session of their own on the database at a URL, or in the one that is given.
        """
        deadline = time.monotonic() + patience.lock_s
        waiting = list(self._group.scopes)
        while waiting:
            with lock_scopes(where, waiting, patience_s=0, connecting=patience) as held:
                self._commit([scope for scope in waiting if scope in held])
            waiting = [scope for scope in waiting if scope not in held]
            if waiting and time.monotonic() > deadline:
                self.results += [_busy(scope) for scope in waiting]
                break
            time.sleep(_LOCK_RETRY_S if waiting else 0)
        return self.results

    def _commit(self, scopes: Sequence[ScopeId]) -> None:
        opened = self._open(scopes)
        ready: list[tuple[Opened, Manifest]] = []
        current: list[tuple[Opened, Manifest]] = []
        for places, portions in self.rows.bundles(sorted(opened)):
            self._seal([opened[place] for place in places], portions(), ready, current)
        failed = self._sealer.settle()
        for one, _ in ready:
            if one.scope in failed:
                self._give_up(one, failed[one.scope])
        ready = [pair for pair in ready if pair[0].scope not in failed]
        self._write(ready, current, self._supplement(ready, min(opened, default=0)))

    def _open(self, scopes: Sequence[ScopeId]) -> dict[int, Opened]:
        """Open or make the keys of each scope, many at once, as each is a synced file. By place."""
        tiers = dict(zip(self._group.scopes, self._group.tiers, strict=True))

        def prepared(scope: ScopeId) -> Opened | DisasterRecoveryError:
            try:
                previous = newest_believed(self.archive, scope)
                require_keys(self.archive, scope, previous)
                for row_class in self.rows.classes(scope):
                    self.archive.keyring.newest(scope, row_class, self.facts.instant.taken_at)
            except DisasterRecoveryError as error:
                return error
            return Opened(scope, tiers[scope], previous)

        found = dict(zip(scopes, self.puts.map(prepared, scopes), strict=True))
        self.results += [Failed(scope, one) for scope, one in found.items() if isinstance(one, DisasterRecoveryError)]
        return {self._group.places[scope]: one for scope, one in found.items() if isinstance(one, Opened)}

    def _seal(
        self,
        scopes: list[Opened],
        portions: Iterator[Portion],
        ready: list[tuple[Opened, Manifest]],
        current: list[tuple[Opened, Manifest]],
    ) -> None:
        for portion in portions:
            self._take_in(scopes, portion)
        self._look_up(scopes)
        for one in scopes:
            try:
                manifest = self._sealer.finish(one)
            except DisasterRecoveryError as error:
                self._give_up(one, error)
                continue
            if manifest is not None:
                ready.append((one, manifest))
            elif one.previous is not None:
                self._sealer.drop(one)
                current.append((one, one.previous))

    def _take_in(self, scopes: list[Opened], portion: Portion) -> None:
        by_place = {self._group.places[one.scope]: one for one in scopes}
        for one in scopes:
            self._sealer.flush(one)
        arranged = arrange(portion, lambda place, row_class: self._sealer.content_key(by_place[place].scope, row_class))
        for place, rows in arranged.items():
            by_place[place].take_in(rows)
        for (place, row_class), links in links_of(portion, self._group.first, self._is_wedding).items():
            held = by_place[place].links.setdefault(row_class, {})
            for key, values in links.items():
                held.setdefault(key, set()).update(values)
        portion.clear()  # the next one is read before this name is used again

    def _look_up(self, scopes: list[Opened]) -> None:
        """Ask for the owners of all that some scopes refer to at once, rather than scope by scope."""
        self.owners.look_up(_all_links(scopes))

    def _supplement(self, ready: Sequence[tuple[Opened, Manifest]], nth: int) -> list[Manifest]:
        """The supplements of the scopes that are stored; owners that can have none are reported, and stop nobody."""
        if self.beside is None or not ready:
            return []
        made, failed = self.beside.make(_all_links([one for one, _ in ready]), nth)
        self.results += failed
        return made

    def _give_up(self, one: Opened, error: DisasterRecoveryError) -> None:
        self.results.append(Failed(one.scope, error))
        self._sealer.drop(one)

    def _write(
        self,
        ready: list[tuple[Opened, Manifest]],
        current: list[tuple[Opened, Manifest]],
        supplements: Sequence[Manifest],
    ) -> None:
        """Ledger first, manifests last: a manifest that no ledger entry names is always a finding."""
        if not ready and not current:
            return
        at = self.facts.instant
        stored, still = [manifest for _, manifest in ready], [manifest for _, manifest in current]
        self.archive.commit(
            self.facts.batch_id,
            stored,
            still,
            at,
            self.puts,
            supplements=supplements,
            horizon=self.facts.ages.horizon,
        )
        self.results += [
            Taken(m.scope, m.snapshot_id, at.taken_at, at.lsn, m.bytes, m.rows, status, one.tier)
            for status, pairs in (("stored", ready), ("current", current))
            for one, m in pairs
        ]


def _all_links(scopes: Sequence[Opened]) -> dict[LinkKey, set[Values]]:
    wanted: dict[LinkKey, set[Values]] = {}
    for one in scopes:
        for links in one.links.values():
            for key, values in links.items():
                wanted.setdefault(key, set()).update(values)
    return wanted


def _busy(scope: ScopeId) -> Failed:
    return Failed(
        scope, ScopeBusy(f"{scope} is being restored or snapshotted by another run.", remedy="Try again soon.")
    )
