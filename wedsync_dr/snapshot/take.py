"""Taking snapshots: one instant, one COPY per table, one sealed snapshot per scope."""

import math
import secrets
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from wedsync_dr.errors import DisasterRecoveryError, ScopeNotFound
from wedsync_dr.model import Kind, Progress, ScopeId, Tier, silent
from wedsync_dr.schedule.tiers import most_urgent, tier_of, zone_of
from wedsync_dr.scope.discovery import ScopeInfo, discover
from wedsync_dr.scope.survey import Source, Survey, survey
from wedsync_dr.snapshot.schema import begin_schema, take_schema
from wedsync_dr.snapshot.seal import BatchFacts
from wedsync_dr.snapshot.share import Failed, Share, Taken, take_share
from wedsync_dr.snapshot.workers import take_in_processes
from wedsync_dr.source.session import lock_scopes
from wedsync_dr.vault.archive import Archive

SHARE_BYTES = 144 * 2**20  # of row text held at once by a process; with the libraries it stays under 500 MB
WORTH_A_PROCESS = 64 * 2**20
_SCOPE_BYTES = 2**18


@dataclass(frozen=True)
class Batch:
    """What came of one batch: every wanted scope is in exactly one of the two lists."""

    taken: tuple[Taken, ...]
    failed: tuple[Failed, ...]
    seconds: float


def take(
    source: Source,
    archive: Archive,
    wanted: Sequence[ScopeId] | None,
    *,
    now: datetime,
    requested_by: str,
    progress: Progress = silent,
    workers: int = 1,
) -> Batch:
    """Snapshot the wanted scopes (None: every scope of the source) at one instant.

    A scope that fails is reported and stops no other. Raises what stops all of them: SourceUnreachable, SourceRefused,
    NotInitialised, VaultUnavailable. A broken ledger is `verify`'s to report; what is readable of it is gone by.
    """
    started = time.monotonic()
    archive.vault.check()
    close_unfinished(source, archive, now)
    with survey(source) as seen:
        known = {info.scope: info for info in discover(seen.reader, seen.catalog, seen.ownership, wanted)}
        absent = [Failed(scope, _absent(archive, scope)) for scope in wanted or () if scope not in known]
        present = known if wanted is None else {scope: known[scope] for scope in wanted if scope in known}
        facts = batch_facts(seen)
        tiers = {scope: scope_tier(info, now, source.default_time_zone) for scope, info in present.items()}
        shares = _shares(seen, tiers, everything=wanted is None, workers=workers)
        with lock_scopes(source.url, [_lock_of(facts.batch_id)], patience_s=0):
            archive.ledger.append("batch-started", {"batch": facts.batch_id, "requested_by": requested_by}, now)
            with ThreadPoolExecutor(1) as beside:
                schema = begin_schema(source, seen, known.values(), beside) if wanted is None else None
                results = [*_take(source, archive, seen, shares, facts, progress, workers)]
                results += [take_schema(source, archive, facts, schema)] if schema else []
            taken = tuple(result for result in results if isinstance(result, Taken))
            failed = (*absent, *(result for result in results if isinstance(result, Failed)))
            archive.ledger.append("batch-finished", {"batch": facts.batch_id, "failed": len(failed)}, now)
    return Batch(taken, failed, time.monotonic() - started)


def close_unfinished(source: Source, archive: Archive, now: datetime) -> int:
    """After a crash: remove objects that got no manifest, and close the dead writer's batch in the ledger.

    A batch whose writer is alive holds its lock and is left alone. Returns how many batches were closed.
    """
    waiting = {_lock_of(batch): batch for batch in archive.ledger.known().open_batches}
    if not waiting:
        return 0
    with lock_scopes(source.url, list(waiting), patience_s=0) as dead:
        for batch in sorted(waiting[lock] for lock in dead):
            left = [ref for ref in archive.vault.unfinished() if ref.snapshot_id == batch]
            for ref in left:
                archive.vault.discard(ref)
            missing = [
                _line(scope, id_) for scope, id_ in archive.ledger.known().named_in(batch) if _gone(archive, scope, id_)
            ]
            archive.ledger.append("batch-abandoned", {"batch": batch, "missing": missing}, now)
    return len(dead)


def _lock_of(batch: str) -> ScopeId:
    """Held by a batch's writer as long as it lives."""
    return ScopeId(Kind.PLATFORM, f"batch.{batch}")


def _gone(archive: Archive, scope: ScopeId, snapshot_id: str) -> bool:
    return all(ref.snapshot_id != snapshot_id for ref in archive.vault.snapshots(scope=scope))


def _line(scope: ScopeId, snapshot_id: str) -> dict[str, str]:
    return {"kind": scope.kind.value, "id": scope.id, "snapshot_id": snapshot_id}


def batch_facts(seen: Survey) -> BatchFacts:
    """What the snapshots of a batch at this instant have in common, with an id that no other batch has."""
    instant = seen.reader.instant
    suffix = secrets.token_hex(4)
    return BatchFacts(
        batch_id=f"{instant.taken_at:%Y%m%dT%H%M%S.%f}Z-{suffix}",
        snapshot_id=f"{instant.taken_at:%Y%m%dT%H%M%S.%f}Z-{suffix}",
        instant=instant,
        source=seen.reader.identity,
        schema_fingerprint=seen.catalog.fingerprint,
    )


def _absent(archive: Archive, scope: ScopeId) -> DisasterRecoveryError:
    if any(True for _ in archive.vault.snapshots(scope.kind, scope)):
        return ScopeNotFound(
            f"{scope} has vanished from the source; its recovery points stay.",
            remedy=f"If that is wrong, bring it back: wedsync-dr restore --{scope.kind.value} {scope.id}",
        )
    return ScopeNotFound(
        f"The source has no {scope}.", remedy="`wedsync-dr scopes` shows which tables are roots; check the id."
    )


def scope_tier(info: ScopeInfo, now: datetime, default_zone: str) -> Tier | None:
    """The tier of a scope now; a platform table has none, a vendor has that of its most urgent wedding."""
    if info.scope.kind is Kind.PLATFORM:
        return None
    zone = zone_of(info.time_zone, default_zone)
    if info.scope.kind is Kind.WEDDING:
        return tier_of(info.date, now, zone)
    return most_urgent([tier_of(day, now, zone) for day in info.booked])


def _shares(seen: Survey, tiers: dict[ScopeId, Tier | None], *, everything: bool, workers: int) -> list[Share]:
    """Cut the scopes so that one share's rows fit into memory, urgent ones first."""
    total = sum(table.estimated_bytes for table in seen.catalog.tables.values())
    expected = total if everything else len(tiers) * _SCOPE_BYTES
    owned = sum(scope.kind is not Kind.PLATFORM for scope in tiers)
    rounds = math.ceil(expected / (SHARE_BYTES * workers))
    count = rounds * workers if expected > WORTH_A_PROCESS else 1
    return list(cut(seen, tiers, everything=everything, count=max(1, min(count, owned))))


def cut(seen: Survey, tiers: dict[ScopeId, Tier | None], *, everything: bool, count: int) -> Iterator[Share]:
    """Shares of owners that lie next to each other, so that a share of everything is a range of owner texts."""
    texts = sorted((seen.ownership.owner_text(s), s) for s in tiers if s.kind is not Kind.PLATFORM)
    tables = sorted(s for s in tiers if s.kind is Kind.PLATFORM)
    cuts = [len(texts) * i // count for i in range(count + 1)]
    for i in range(count):
        scopes = [scope for _, scope in texts[cuts[i] : cuts[i + 1]]] + tables[i::count]
        low = texts[cuts[i]][0] if i > 0 and cuts[i] < len(texts) else None
        high = texts[cuts[i + 1]][0] if i < count - 1 and cuts[i + 1] < len(texts) else None
        yield Share({scope: tiers[scope] for scope in scopes}, low, high, everything)


def _take(
    source: Source,
    archive: Archive,
    seen: Survey,
    shares: list[Share],
    facts: BatchFacts,
    progress: Progress,
    workers: int,
) -> list[Taken | Failed]:
    if len(shares) > 1 and workers > 1:
        return take_in_processes(source, archive, seen, shares, facts, progress, workers)
    return [result for share in shares for result in take_share(source, archive, seen, share, facts, progress)]
