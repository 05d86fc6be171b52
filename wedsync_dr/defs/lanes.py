"""From what is due to the runs that take it: the most urgent first, sized by bytes, each tick harmless if repeated."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import dagster as dg

from wedsync_dr.defs.wave import STEP, Wave
from wedsync_dr.model import Kind, ScopeId, utc_text
from wedsync_dr.schedule.due import Candidate, Due
from wedsync_dr.schedule.policy import Policy

URGENT, BULK = "urgent", "bulk"
BATCH_BYTES = 64 * 2**20
BATCH_SCOPES = 250
_FORM = {Kind.WEDDING: "weddings", Kind.VENDOR: "vendors", Kind.PLATFORM: "platform_tables"}
_UNDER_WAY = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


def under_way(instance: dg.DagsterInstance, lane: str) -> dict[ScopeId, datetime]:
    """The scopes that queued and running waves of a lane take, and since when. Other lanes never make them wait."""
    wanted = dg.RunsFilter(tags={"wedsync/lane": lane}, statuses=_UNDER_WAY)
    found: dict[ScopeId, datetime] = {}
    for record in instance.get_run_records(wanted):
        for scope in _scopes_of(record.dagster_run.run_config):
            found.setdefault(scope, record.create_timestamp)
    return found


def _scopes_of(run_config: Mapping[str, object]) -> Iterator[ScopeId]:
    step = run_config.get("ops")
    form = step.get(STEP, {}).get("config", {}) if isinstance(step, dict) else {}
    for kind, name in _FORM.items():
        yield from (ScopeId(kind, id_) for id_ in form.get(name, ()))


def requests(
    pressing: Sequence[Due], candidates: Iterable[Candidate], policy: Policy, now: datetime, lane: str
) -> list[dg.RunRequest]:
    """One run for each batch of a tier. The same state gives the same run keys, until a tier's RPO has passed: what
    failed meanwhile is then asked for again."""
    known = {one.scope: one for one in candidates}
    return [_request(batch, known, policy, now, lane) for batch in _batches(pressing, known)]


def _batches(pressing: Sequence[Due], known: Mapping[ScopeId, Candidate]) -> Iterator[list[Due]]:
    batch: list[Due] = []
    size = 0
    for due in pressing:
        more = known[due.scope].estimated_bytes
        full = size + more > BATCH_BYTES or len(batch) == BATCH_SCOPES
        if batch and (full or due.tier != batch[0].tier):
            yield batch
            batch, size = [], 0
        batch.append(due)
        size += more
    if batch:
        yield batch


def _request(
    batch: Sequence[Due], known: Mapping[ScopeId, Candidate], policy: Policy, now: datetime, lane: str
) -> dg.RunRequest:
    tier, first = batch[0].tier, batch[0]
    attempt = int(now.timestamp() // policy.of(tier).rpo.total_seconds())
    state = "\n".join(f"{due.scope} {_until(known[due.scope])}" for due in batch)
    digest = hashlib.sha256(state.encode()).hexdigest()[:16]
    tags = {
        "wedsync/lane": lane,
        "wedsync/tier": tier.value if tier else "none",
        "wedsync/reason": first.reason[:250],
        "dagster/priority": str(first.run_priority),
    }
    if len(batch) == 1:
        tags[f"wedsync/{first.scope.kind.value}"] = first.scope.id
    return dg.RunRequest(
        run_key=f"{lane}-{tier.value if tier else 'none'}-{digest}-{attempt}",
        run_config=dg.RunConfig(ops={STEP: _wave([due.scope for due in batch])}),
        tags=tags,
    )


def _wave(scopes: Sequence[ScopeId]) -> Wave:
    of = {kind: [scope.id for scope in scopes if scope.kind is kind] for kind in _FORM}
    return Wave(
        weddings=of[Kind.WEDDING], vendors=of[Kind.VENDOR], platform_tables=of[Kind.PLATFORM], changed_only=True
    )


def _until(one: Candidate) -> str:
    return utc_text(one.current_until) if one.current_until else "never"
