"""Taking snapshots: one instant, one COPY per table, one sealed snapshot per scope."""

import hashlib
import secrets
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from wedsync_dr.errors import DisasterRecoveryError, RulesInvalid, ScopeNotFound
from wedsync_dr.model import Kind, Progress, ScopeId, TableName, Tier, silent
from wedsync_dr.schedule.policy import DEFAULT, Policy
from wedsync_dr.scope.discovery import discover
from wedsync_dr.scope.survey import Source, Survey, survey
from wedsync_dr.snapshot.batch import TOOL_VERSION, Batch, BatchFacts, Failed, Taken
from wedsync_dr.snapshot.commit import Commit
from wedsync_dr.snapshot.group import Group, Rows
from wedsync_dr.snapshot.layout import layouts
from wedsync_dr.snapshot.limits import LIMITS, Limits
from wedsync_dr.snapshot.owners import LinkOwners
from wedsync_dr.snapshot.pool import PROCESSES
from wedsync_dr.snapshot.reading import Laid, Read, stretches
from wedsync_dr.snapshot.schema import begin_schema, take_schema
from wedsync_dr.snapshot.shelf import Slot, shelf
from wedsync_dr.snapshot.supplement import Supplements
from wedsync_dr.snapshot.unfinished import close_unfinished, lock_of
from wedsync_dr.snapshot.unmoved import Proof
from wedsync_dr.snapshot.urgency import is_due, scope_tier, urgency_of
from wedsync_dr.snapshot.workers import PUTS, Job, crew
from wedsync_dr.source.horizon import ages_of
from wedsync_dr.source.order import restore_order
from wedsync_dr.source.session import lock_scopes
from wedsync_dr.vault.archive import Archive

_SCOPE_BYTES = 2**18


@dataclass(frozen=True)
class _Cut:
    """How much is to be done, and how the work is cut."""

    everything: bool
    workers: int
    limits: Limits


def take(
    source: Source,
    archive: Archive,
    wanted: Sequence[ScopeId] | None,
    *,
    now: datetime,
    requested_by: str,
    progress: Progress = silent,
    workers: int = PROCESSES,
    purpose: str = "",
    limits: Limits = LIMITS,
    policy: Policy = DEFAULT,
    changed_only: bool = False,
    within_days: int | None = None,
) -> Batch:
    """Snapshot the wanted scopes (None: every scope of the source) at one instant.

    With `changed_only` scopes whose fingerprints prove their newest snapshots current are not read; with `within_days`
    only weddings of these next days are wanted, those without a date, and the vendors that are booked for them. A batch
    of every scope that reads them all tells which changes the fingerprints missed.

    A scope that fails is reported and stops no other. Raises what stops all of them: RulesInvalid, SourceUnreachable,
    SourceRefused, NotInitialised, VaultUnavailable. A broken ledger is `verify`'s to report; what is readable counts.
    """
    started = time.monotonic()
    archive.vault.check()
    _require_roots(source, archive)
    close_unfinished(source, archive, now)
    with survey(source) as seen:
        known = {info.scope: info for info in discover(seen.reader, seen.catalog, seen.ownership, wanted)}
        absent = [Failed(scope, _absent(archive, scope)) for scope in wanted or () if scope not in known]
        present = [info for info in known.values() if is_due(info, within_days, now, source.default_time_zone)]
        facts = batch_facts(seen, complete=wanted is None and within_days is None)
        tiers = {info.scope: scope_tier(info, now, source.default_time_zone, policy) for info in present}
        with lock_scopes(source.url, [lock_of(facts.batch_id)], patience_s=0, connecting=source.patience):
            archive.ledger.append("batch-started", _beginning(facts, requested_by, purpose), now)
            whole = wanted is None and within_days is None
            cut = _Cut(whole, workers, limits)
            with ThreadPoolExecutor(1) as beside:
                schema = begin_schema(source, seen, known.values(), beside) if whole else None
                if wanted is None or changed_only:
                    came = _compare(source, archive, seen, tiers, facts, progress, cut, trusting=changed_only)
                else:
                    came = _Came(_take(source, archive, seen, tiers, facts, progress, cut))
                results = came.results + ([take_schema(source, archive, facts, schema)] if schema else [])
            failed = [*absent, *(result for result in results if isinstance(result, Failed))]
            ending = {"batch": facts.batch_id, "failed": len(failed), "seconds": round(time.monotonic() - started, 3)}
            missed = {"missed": list(map(_line, came.missed))} if whole and not changed_only else {}
            archive.ledger.append("batch-finished", ending | missed, now)
    taken = sorted((result for result in results if isinstance(result, Taken)), key=lambda one: one.scope)
    return Batch(tuple(taken), tuple(failed), time.monotonic() - started, came.missed, came.notes)


@dataclass(frozen=True)
class _Came:
    """What came of the scopes of a batch, and what their fingerprints had to do with it."""

    results: list[Taken | Failed]
    missed: tuple[ScopeId, ...] = ()
    notes: tuple[str, ...] = ()


def _compare(
    source: Source,
    archive: Archive,
    seen: Survey,
    tiers: dict[ScopeId, Tier | None],
    facts: BatchFacts,
    progress: Progress,
    cut: _Cut,
    *,
    trusting: bool,
) -> _Came:
    """Take the scopes, those that are proven current without reading them where fingerprints are trusted."""
    proof = Proof.read(archive, seen, facts, trusting=trusting)
    with ThreadPoolExecutor(PUTS) as workers:
        current = proof.unmoved(list(tiers), workers) if trusting else []
        results: list[Taken | Failed] = list(proof.record(current, tiers, workers))
    moved = {scope: tiers[scope] for scope in tiers.keys() - {manifest.scope for manifest in current}}
    if moved:
        cut = replace(cut, everything=cut.everything and not current)
        results += _take(source, archive, seen, moved, facts, progress, cut)
    notes = proof.note, proof.remember(results)
    return _Came(results, proof.missed(results), tuple(note for note in notes if note))


def _require_roots(source: Source, archive: Archive) -> None:
    """Rules that name no weddings would make every wedding of the vault look as if it had vanished."""
    weddings = sum(scope.kind is Kind.WEDDING for scope in archive.ledger.known().current)
    if weddings and not source.rules.roots.get(Kind.WEDDING):
        raise RulesInvalid(
            f"The rules name no root table of weddings, and the vault has snapshots of {weddings} weddings.",
            remedy='Name it under [roots], as wedding = ["public.weddings"]; is WEDSYNC_RULES the right file?',
        )


def take_read(
    source: Source,
    archive: Archive,
    seen: Survey,
    scope: ScopeId,
    read: Read,
    *,
    now: datetime,
    requested_by: str,
    purpose: str = "",
    policy: Policy = DEFAULT,
) -> Taken | None:
    """Snapshot one scope from all its rows, read at the instant of `seen`. None where the source has no such scope.

    Raises what stood in the way.
    """
    archive.vault.check()
    close_unfinished(source, archive, now)
    found = discover(seen.reader, seen.catalog, seen.ownership, [scope])
    if not found:
        return None
    tier, facts = scope_tier(found[0], now, source.default_time_zone, policy), batch_facts(seen)
    with lock_scopes(read.session, [lock_of(facts.batch_id)], patience_s=0):
        archive.ledger.append("batch-started", _beginning(facts, requested_by, purpose), now)
        result = _take_read(source, archive, seen, Group(0, (scope,), (tier,)), read, facts)
        failed = int(isinstance(result, Failed))
        archive.ledger.append("batch-finished", {"batch": facts.batch_id, "failed": failed}, now)
    if isinstance(result, Failed):
        raise result.error
    return result


def _take_read(
    source: Source, archive: Archive, seen: Survey, group: Group, read: Read, facts: BatchFacts
) -> Taken | Failed:
    with shelf(LIMITS.in_memory) as laid_down, ThreadPoolExecutor(PUTS) as puts:
        group = replace(group, slots=tuple(read.lay_down(restore_order(seen.catalog), laid_down)))
        owners, batch = LinkOwners(seen, aged=True), frozenset(group.scopes)
        beside = Supplements(archive, facts, owners, seen, read.layouts, puts, batch)
        commit = Commit(archive, facts, owners, puts, Rows(group, laid_down, read.layouts), beside)
        results = {result.scope: result for result in commit.run(read.session, source.patience)}
    return results[group.scopes[0]]


def _beginning(facts: BatchFacts, requested_by: str, purpose: str) -> dict[str, str]:
    body = {"batch": facts.batch_id, "requested_by": requested_by}
    return body | ({"purpose": purpose} if purpose else {})


def _line(scope: ScopeId) -> dict[str, str]:
    return {"kind": scope.kind.value, "id": scope.id}


def batch_facts(seen: Survey, *, complete: bool = False) -> BatchFacts:
    """What the snapshots of a batch at this instant have in common, with an id that no other batch has."""
    instant = seen.reader.instant
    suffix = secrets.token_hex(4)
    return BatchFacts(
        batch_id=f"{instant.taken_at:%Y%m%dT%H%M%S.%f}Z-{suffix}",
        snapshot_id=f"{instant.taken_at:%Y%m%dT%H%M%S.%f}Z-{suffix}",
        instant=instant,
        source=seen.reader.identity,
        schema_fingerprint=seen.catalog.fingerprint,
        ages=ages_of(seen.reader, _shape(seen)),
        complete=complete,
    )


def _shape(seen: Survey) -> str:
    """Equal only where tables, rules and tool are the same: the same rows then have the same owner and text."""
    text = repr((seen.stamp, seen.ownership.rules, sorted(seen.ownership.left_out), TOOL_VERSION))
    return hashlib.sha256(text.encode()).hexdigest()


def _absent(archive: Archive, scope: ScopeId) -> DisasterRecoveryError:
    if any(True for _ in archive.vault.snapshots(scope.kind, scope)):
        return ScopeNotFound(
            f"{scope} has vanished from the source; its recovery points stay.",
            remedy=f"If that is wrong, bring it back: wedsync-dr restore --{scope.kind.value} {scope.id}",
        )
    return ScopeNotFound(
        f"The source has no {scope}.", remedy="`wedsync-dr scopes` shows which tables are roots; check the id."
    )


def _take(
    source: Source,
    archive: Archive,
    seen: Survey,
    tiers: dict[ScopeId, Tier | None],
    facts: BatchFacts,
    progress: Progress,
    cut: _Cut,
) -> list[Taken | Failed]:
    """Every row once onto the shelf, then group by group into the vault, the most urgent scopes first."""
    scopes = tuple(sorted(tiers, key=lambda scope: urgency_of(scope, tiers[scope])))
    total = sum(table.estimated_bytes for table in seen.catalog.tables.values())
    expected = total if cut.everything else len(scopes) * _SCOPE_BYTES
    with shelf(cut.limits.in_memory) as laid_down:
        job = Job(source, archive, facts, scopes, laid_down, cut.limits)
        with crew(job, seen, cut.workers if expected > cut.limits.worth_processes else 1) as hands:
            plan = layouts(seen.catalog, seen.ownership)
            laid = hands.read(stretches(seen, plan, None if cut.everything else scopes, cut.limits), progress)
            return hands.seal(_groups(scopes, tiers, laid, cut.limits.group_scopes), progress)


def _groups(
    scopes: Sequence[ScopeId], tiers: dict[ScopeId, Tier | None], laid: Sequence[Laid], size: int
) -> list[Group]:
    slots: dict[int, list[tuple[TableName, Slot]]] = {}
    for one in laid:
        slots.setdefault(one.group, []).append((one.table, one.slot))
    groups = []
    for number, first in enumerate(range(0, len(scopes), size)):
        members = tuple(scopes[first : first + size])
        groups.append(Group(first, members, tuple(tiers[scope] for scope in members), tuple(slots.get(number, ()))))
    return groups
