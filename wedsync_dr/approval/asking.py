"""What a plan would destroy, and so what is asked for: its digest, its preview, and how many must approve.

The digest covers the rows that a plan writes and deletes and nothing else, so that a couple's guests may answer while
an approver looks: only what changes the plan makes an approval void. It says nothing to those without the keyring.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from wedsync_dr.approval.request import Asked, Hours, Preview, TableTouch
from wedsync_dr.encryption.signing import Signer
from wedsync_dr.model import Kind, ScopeId, utc_text
from wedsync_dr.restore.difference import Mode, TableChange
from wedsync_dr.restore.plan import RestorePlan
from wedsync_dr.restore.recovery import RecoveryPlan
from wedsync_dr.snapshot.layout import split_key

_CHANGED_COLUMNS = ("updated_at", "created_at")
_INSTANT = "timestamp with time zone"


def asked_of(plan: RestorePlan, signer: Signer, hours: Sequence[Hours] = ()) -> Asked:
    """What the restore of one scope asks for. `hours` are the wedding's own."""
    consent = [name for name, given in vars(plan.terms.consent).items() if given]
    return Asked(
        scope=plan.scope,
        mode=plan.mode.value,
        snapshot_id=plan.manifest.snapshot_id,
        plan=digest_of(plan, signer),
        preview=_preview(plan),
        approvals=1 if is_destructive(plan) else 0,
        tables=plan.terms.tables,
        rows=len(plan.terms.rows),
        consent=tuple(consent),
        as_of=plan.terms.as_of,
        hours=tuple(hours),
    )


def asked_of_everything(plan: RecoveryPlan, signer: Signer) -> Asked:
    """What the recovery of the whole platform asks for."""
    wanted = [one for wave in plan.waves for one in wave.wanted]
    counts = {kind: sum(one.scope.kind is kind for one in wanted) for kind in (Kind.WEDDING, Kind.VENDOR)}
    return Asked(
        scope=None,
        mode=plan.order.value,
        snapshot_id=plan.inventory.point.manifest.snapshot_id,
        plan=digest_of_everything(plan, signer),
        preview=Preview(counts[Kind.WEDDING], counts[Kind.VENDOR], (), rows=plan.rows),
        approvals=1,
        consent=("no_owner",) if plan.no_owner else (),
        as_of=plan.inventory.as_of,
    )


def is_destructive(plan: RestorePlan) -> bool:
    """Whether it needs another person: `replace` does, and whatever updates or deletes a row in the source."""
    if plan.mode is Mode.copy:
        return False
    return plan.mode is Mode.replace or any(change.updates or change.deletes for change in plan.changes)


def digest_of(plan: RestorePlan, signer: Signer) -> str:
    """Equal for plans that start from the same snapshot and would change the same rows in the same way only."""
    parents = [[str(parent.owner), *_change(parent.as_change)] for parent in plan.parents]
    return _sealed(
        {
            "scope": str(plan.scope),
            "snapshot": plan.manifest.snapshot_id,
            "mode": plan.mode.value,
            "changes": [_change(change) for change in plan.changes if not change.empty],
            "parents": sorted(parents),
        },
        signer,
    )


def digest_of_everything(plan: RecoveryPlan, signer: Signer) -> str:
    """Equal for recoveries of the same snapshots into the same database only."""
    wanted = sorted((str(one.scope), one.snapshot_ids[0]) for wave in plan.waves for one in wave.wanted)
    what = {"schema": plan.inventory.point.manifest.snapshot_id, "as_of": utc_text(plan.inventory.as_of)}
    how = {"order": plan.order.value, "no_owner": plan.no_owner, "target": vars(plan.target.identity)}
    return _sealed(what | how | {"wanted": wanted}, signer)


def _change(change: TableChange) -> list[Any]:
    lines = (change.inserts, change.updates, change.deletes)
    return [str(change.table), change.head.columns_json, *(_lines(some) for some in lines)]


def _lines(lines: Iterable[bytes]) -> list[Any]:
    """How many, and which: in whatever order they were read."""
    ordered = sorted(lines)
    return [len(ordered), hashlib.sha256(b"".join(ordered)).hexdigest()]


def _sealed(document: dict[str, Any], signer: Signer) -> str:
    """A digest that only the keyring's holders can work out: nobody tries guests' names against the ledger."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(signer.sign(b"wedsync-dr plan\n" + text.encode())).hexdigest()


def _preview(plan: RestorePlan) -> Preview:
    owners = {plan.scope, *(parent.owner for parent in plan.parents)}
    writes = [*plan.changes, *(parent.as_change for parent in plan.parents)]
    return Preview(
        _count(owners, Kind.WEDDING),
        _count(owners, Kind.VENDOR),
        tuple(
            TableTouch(str(change.table), len(change.inserts), len(change.updates), len(change.deletes))
            for change in writes
            if not change.empty
        ),
        max((at for change in plan.changes for at in _lost(plan, change)), default=None),
    )


def _count(owners: Iterable[ScopeId], kind: Kind) -> int:
    return sum(owner.kind is kind for owner in owners)


def _lost(plan: RestorePlan, change: TableChange) -> Iterator[datetime]:
    """When the rows that go, or change back, were last changed, where the table says so."""
    column = next((name for name in _CHANGED_COLUMNS if (name, _INSTANT) in change.head.columns), None)
    if column is None or not (change.updates or change.deletes):
        return
    width, (position,) = len(change.head.key), change.head.positions([column])
    keys = {split_key(line, width) for line in change.updates} if width else set()
    before = [line for line in plan.live[change.table] if keys and split_key(line, width) in keys]
    for line in (*before, *change.deletes):
        if at := instant_of(line[:-1].split(b"\t")[position]):
            yield at


def instant_of(field: bytes) -> datetime | None:
    """A timestamp as COPY wrote it; None for NULL, infinity and what Python cannot hold."""
    try:
        return datetime.fromisoformat(field.decode())
    except ValueError:
        return None
