"""The part of a batch that one process reads at once and seals in small commits."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from wedsync_dr.errors import Damaged, DisasterRecoveryError, FormatUnsupported, ScopeBusy
from wedsync_dr.model import Kind, Manifest, Progress, RowClass, ScopeId, TableName, Tier
from wedsync_dr.scope.survey import Source, Survey
from wedsync_dr.snapshot.gather import Gatherer, Incoming
from wedsync_dr.snapshot.layout import Layouts, layouts
from wedsync_dr.snapshot.links import LinkKey, Values
from wedsync_dr.snapshot.seal import BatchFacts, Sealer
from wedsync_dr.source.order import restore_order
from wedsync_dr.source.session import Session, lock_scopes
from wedsync_dr.vault.archive import Archive

HELD_BYTES = 192 * 2**20
COMMIT_SCOPES = 250
_LOCK_RETRY_S = 0.1
_PUTS = 8


@dataclass(frozen=True)
class Taken:
    """A scope that now has a recovery point of this instant: newly stored, or the previous one is still current."""

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
class Share:
    """Which scopes, with their tiers; `low` and `high` bound their owner texts where a share takes all in between."""

    scopes: dict[ScopeId, Tier | None]
    low: str | None = None
    high: str | None = None
    everything: bool = False

    def tables(self) -> set[TableName]:
        return {scope.table for scope in self.scopes if scope.kind is Kind.PLATFORM}

    def owners(self) -> list[ScopeId]:
        return [scope for scope in self.scopes if scope.kind is not Kind.PLATFORM]


@dataclass(frozen=True)
class Read:
    """All rows of one scope, read before as the layouts say; its locks are taken in a session that may hold them."""

    layouts: Layouts
    rows: Mapping[TableName, Sequence[bytes]] = field(repr=False)
    session: Session


@dataclass
class _Committer:
    """Seals and commits scopes in small groups, each under its advisory locks."""

    source: Source
    archive: Archive
    facts: BatchFacts
    sealer: Sealer
    puts: ThreadPoolExecutor
    share: Share
    session: Session | None = None
    results: list[Taken | Failed] = field(default_factory=list)

    def commit(self, gatherer: Gatherer, scopes: Sequence[ScopeId]) -> None:
        """Commit what can be locked now, then the rest: two runs that want the same scopes never wait in a ring."""
        deadline = time.monotonic() + self.source.patience.lock_s
        waiting = list(scopes)
        while waiting:
            where, connecting = self.session or self.source.url, self.source.patience
            with lock_scopes(where, waiting, patience_s=0, connecting=connecting) as held:
                self._commit(gatherer, [scope for scope in waiting if scope in held])
            waiting = [scope for scope in waiting if scope not in held]
            if waiting and time.monotonic() > deadline:
                self.results += [_busy(scope) for scope in waiting]
                return
            time.sleep(_LOCK_RETRY_S if waiting else 0)

    def _commit(self, gatherer: Gatherer, scopes: Sequence[ScopeId]) -> None:
        ready: dict[ScopeId, Manifest] = {}
        current: dict[ScopeId, Manifest] = {}
        self.sealer.look_up(gatherer.gathered[scope] for scope in scopes)
        for scope in scopes:
            self._seal(scope, gatherer, ready, current)
        self._settle(ready)
        self._write(ready, current)

    def _seal(
        self, scope: ScopeId, gatherer: Gatherer, ready: dict[ScopeId, Manifest], current: dict[ScopeId, Manifest]
    ) -> None:
        classes = gatherer.gathered.pop(scope, {})
        previous = _newest(self.archive, scope)
        try:
            manifest = self.sealer.finish(scope, classes, previous, self.share.scopes[scope])
        except DisasterRecoveryError as error:
            self.results.append(Failed(scope, error))
            self.sealer.drop(scope)
            return
        if manifest is None and previous is not None:
            current[scope] = previous
            self.sealer.drop(scope)
        elif manifest is not None:
            ready[scope] = manifest

    def _settle(self, ready: dict[ScopeId, Manifest]) -> None:
        for scope in list(ready):
            try:
                self.sealer.settle(scope)
            except DisasterRecoveryError as error:
                self.results.append(Failed(scope, error))
                self.sealer.drop(scope)
                del ready[scope]

    def _write(self, ready: dict[ScopeId, Manifest], current: dict[ScopeId, Manifest]) -> None:
        """Ledger first, manifests last: a manifest that no ledger entry names is always a finding."""
        if not ready and not current:
            return
        self.archive.commit(
            self.facts.batch_id, list(ready.values()), list(current.values()), self.facts.instant, self.puts
        )
        at = self.facts.instant
        self.results += [
            Taken(m.scope, m.snapshot_id, at.taken_at, at.lsn, m.bytes, m.rows, status, self.share.scopes[m.scope])
            for status, manifests in (("stored", ready.values()), ("current", current.values()))
            for m in manifests
        ]


def take_share(
    source: Source,
    archive: Archive,
    seen: Survey,
    share: Share,
    facts: BatchFacts,
    progress: Progress,
    read: Read | None = None,
) -> list[Taken | Failed]:
    """Read, seal and commit the scopes of a share. Memory stays bounded by HELD_BYTES of row text.

    The rows of a single scope may have been `read` before.
    """
    plan = read.layouts if read else layouts(seen.catalog, seen.ownership)
    with ThreadPoolExecutor(_PUTS) as puts:
        owners = _LinkOwners(seen)
        sealer = Sealer(archive, facts, owners.find, _positions(plan), puts)
        gatherer = Gatherer(sealer.content_key, sealer.flush, HELD_BYTES)
        gatherer.expect(share.scopes)
        _prepare_keys(archive, share, plan, sealer, facts.instant.taken_at, puts)
        if read is None:
            read_share(seen, share, plan, gatherer, progress)
        else:
            _take_in(seen, share, gatherer, read)
        committer = _Committer(source, archive, facts, sealer, puts, share, read.session if read else None)
        waiting = iter(list(share.scopes))
        done = 0
        while chunk := list(islice(waiting, COMMIT_SCOPES)):
            committer.commit(gatherer, chunk)
            done += len(chunk)
            progress("sealing", done, len(share.scopes))
    return committer.results


def read_share(seen: Survey, share: Share, plan: Layouts, gatherer: Gatherer, progress: Progress) -> None:
    """One COPY per table, for all scopes of the share."""
    tables = [table for table in restore_order(seen.catalog) if table in plan]
    for done, table in enumerate(tables):
        progress("reading", done, len(tables))
        for sql in _selects(seen, share, plan, table):
            owner = _decoder(seen, table)
            gatherer.read(Incoming(plan[table], seen.reader.copy(sql), owner))
    progress("reading", len(tables), len(tables))


def _take_in(seen: Survey, share: Share, gatherer: Gatherer, read: Read) -> None:
    """Rows without the owner text that comes first when they are read here: there is one owner."""
    (scope,) = share.scopes
    for table in restore_order(seen.catalog):
        if read.rows.get(table):
            lines = [b"\t" + row for row in read.rows[table]]
            gatherer.read(Incoming(read.layouts[table], lines, lambda _: scope))


def _selects(seen: Survey, share: Share, plan: Layouts, table: TableName) -> Iterator[str]:
    """The statements that read the share's rows of a table."""
    names = plan[table].head.names
    platform = table in share.tables()
    if share.everything:
        yield seen.ownership.select_range(table, names, low=share.low, high=share.high, platform=platform)
        return
    if share.owners() and (seen.ownership.kinds(table) - {Kind.PLATFORM}):
        yield seen.ownership.select(table, names, share.owners())
    if platform:
        yield seen.ownership.select_platform(table, names)


def _decoder(seen: Survey, table: TableName) -> Callable[[bytes], ScopeId]:
    cache: dict[bytes, ScopeId] = {}

    def owner(text: bytes) -> ScopeId:
        scope = cache.get(text)
        if scope is None:
            scope = cache[text] = seen.ownership.owner(table, text)
        return scope

    return owner


def _positions(plan: Layouts) -> Callable[[LinkKey], tuple[int, ...] | None]:
    def positions(key: LinkKey) -> tuple[int, ...] | None:
        table, columns = key
        names = plan[table].head.names if table in plan else ()
        return tuple(names.index(c) for c in columns) if set(columns) <= set(names) else None

    return positions


def _prepare_keys(archive: Archive, share: Share, plan: Layouts, sealer: Sealer, now: datetime, puts: Executor) -> None:
    """Open the keys of each scope, and make those that do not exist yet: many at once, as each is a synced file.

    A key that earlier snapshots were sealed with and that is gone is never replaced in silence: its scope fails.
    """

    def prepare(scope: ScopeId) -> None:
        classes = list(RowClass) if scope.kind is not Kind.PLATFORM else [plan[scope.table].row_class]
        previous = _newest(archive, scope)
        try:
            for sealed in previous.objects if previous else ():
                archive.keyring.key(scope, sealed.key_id)
            for row_class in classes:
                archive.keyring.newest(scope, row_class, now)
        except DisasterRecoveryError as error:
            sealer.refuse(scope, error)

    list(puts.map(prepare, share.scopes))


class _LinkOwners:
    """Asks the source, once per value, who owns the rows that links point to."""

    def __init__(self, seen: Survey) -> None:
        self._seen = seen
        self._found: dict[LinkKey, dict[Values, ScopeId | None]] = {}

    def find(self, key: LinkKey, values: set[Values]) -> dict[Values, ScopeId]:
        """The owners of those of the values that exist."""
        known = self._found.setdefault(key, {})
        if unknown := [value for value in values if value not in known]:
            known.update(dict.fromkeys(unknown))
            known.update(self._ask(key, unknown))
        return {value: owner for value in values if (owner := known[value])}

    def _ask(self, key: LinkKey, values: list[Values]) -> Iterator[tuple[Values, ScopeId]]:
        table, columns = key
        for line in self._seen.reader.copy(self._seen.ownership.select_matching(table, columns, values, columns)):
            owner, *found = bytes(line)[:-1].split(b"\t")
            yield tuple(found), self._seen.ownership.owner(table, owner)


def _newest(archive: Archive, scope: ScopeId) -> Manifest | None:
    """The newest manifest that can be believed; a damaged one is verification's business, not a reason to stop."""
    try:
        return archive.newest(scope)
    except (Damaged, FormatUnsupported):
        return None


def _busy(scope: ScopeId) -> Failed:
    return Failed(
        scope, ScopeBusy(f"{scope} is being restored or snapshotted by another run.", remedy="Try again soon.")
    )
