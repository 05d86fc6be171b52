"""The ledger summed up: which snapshots it names, and what became of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from wedsync_dr.model import Horizon, Kind, ScopeId
from wedsync_dr.vault.batches import Batches
from wedsync_dr.vault.facts import Absence, FullPass, Hold, Named, Packed

Place = tuple[ScopeId, str]

SAFETY = "safety"
"""The purpose of a batch that a restore takes of what it is about to replace."""
COPY = "copy"
"""The mode of a restore that writes to another database than the source."""


@dataclass
class LedgerState:
    """A pure fold over the entries.

    `current` is the last instant at which a scope's newest recovery point was current, and `newest` that snapshot; a
    safety snapshot is none, as the restore that took it goes on to change the scope. `horizons` has what was settled
    then; `supplemented` a scope's last supplement. `rewritten` are the scopes that a restore may have written to since;
    `restoring` has when a restore began that has not ended. `absences` are accepted ones, each until the scope is seen
    or put back. `verifications` are the last one of the whole vault and those of parts since then that found something;
    `mute_channels` are channels for alerts that did not take the last message; `schedules` those that were asked for,
    `cancelled` or not. `requests` are the entries about each restore that somebody asked for, as `approval.standing`
    folds them. `packs` are the newest emergency packs; `superseded` has a scope's recovery point before the newest,
    and the last instant at which that one was current.
    """

    snapshots: dict[Place, Named] = field(default_factory=dict)
    supplements: dict[Place, Named] = field(default_factory=dict)
    supplemented: dict[ScopeId, str] = field(default_factory=dict)
    open_batches: set[str] = field(default_factory=set)
    abandoned_batches: set[str] = field(default_factory=set)
    current: dict[ScopeId, str] = field(default_factory=dict)
    newest: dict[ScopeId, str] = field(default_factory=dict)
    rewritten: set[ScopeId] = field(default_factory=set)
    restoring: dict[ScopeId, str] = field(default_factory=dict)
    absences: dict[ScopeId, Absence] = field(default_factory=dict)
    holds: dict[ScopeId, Hold] = field(default_factory=dict)
    safety_batches: set[str] = field(default_factory=set)
    confirmed: set[Place] = field(default_factory=set)
    horizons: dict[ScopeId, tuple[str, Horizon]] = field(default_factory=dict)
    ids: dict[ScopeId, list[str]] = field(default_factory=dict)
    drills: list[dict[str, Any]] = field(default_factory=list)
    full_pass: FullPass | None = None
    verifications: list[dict[str, Any]] = field(default_factory=list)
    mute_channels: dict[str, dict[str, Any]] = field(default_factory=dict)
    batches: Batches = field(default_factory=Batches)
    schedules: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: dict[str, list[tuple[str, dict[str, Any]]]] = field(default_factory=dict)
    packs: dict[ScopeId, Packed] = field(default_factory=dict)
    superseded: dict[ScopeId, tuple[str, str]] = field(default_factory=dict)

    def expected_of(self, scope: ScopeId) -> list[str]:
        """The ids of the snapshots that the vault must have of a scope."""
        return [id_ for id_ in self.ids.get(scope, ()) if self.expected(self.snapshots[scope, id_])]

    def is_safety(self, scope: ScopeId, snapshot_id: str) -> bool:
        """Whether a snapshot shows only what a restore was about to replace: nobody means that state by `the newest`.

        It stops being one when a later batch finds that state still current.
        """
        named = self.snapshots.get((scope, snapshot_id))
        return named is not None and named.batch in self.safety_batches and (scope, snapshot_id) not in self.confirmed

    def named(self, *, supplement: bool) -> dict[Place, Named]:
        """The snapshots, or the supplements."""
        return self.supplements if supplement else self.snapshots

    def is_held(self, scope: ScopeId, day: date | None) -> bool:
        """Whether a hold binds a scope on a day."""
        return scope in self.holds and self.holds[scope].binds(day)

    def expected(self, named: Named) -> bool:
        """Whether the vault must have the snapshot: its batch is over, and nobody removed it."""
        return not (named.removed or named.abandoned or named.batch in self.open_batches)

    def believes(self, scope: ScopeId, snapshot_id: str, digest: str) -> bool:
        """Whether a manifest of this digest is the one that the ledger names, neither given up nor removed."""
        named = self.snapshots.get((scope, snapshot_id))
        return named is not None and named.digest == digest and not (named.removed or named.abandoned)

    def named_in(self, batch: str, *, supplement: bool = False) -> list[Place]:
        """The snapshots, or the supplements, that a batch named."""
        return [key for key, named in self.named(supplement=supplement).items() if named.batch == batch]

    def add(self, event: str, body: dict[str, Any], at: str = "") -> None:
        """Take in the next entry; an event that is not known changes nothing."""
        if event in _FOLD:
            _FOLD[event](self, {"at": at} | body)
            self.batches.add(event, {"at": at} | body)
        if "request" in body:
            self.requests.setdefault(body["request"], []).append((event, {"at": at} | body))


def _started(state: LedgerState, body: dict[str, Any]) -> None:
    state.open_batches.add(body["batch"])
    if body.get("purpose") == SAFETY:
        state.safety_batches.add(body["batch"])


def _snapshots(state: LedgerState, body: dict[str, Any]) -> None:
    abandoned = body["batch"] in state.abandoned_batches
    stored, current = ([(_scope(line), line["snapshot_id"]) for line in body[name]] for name in ("stored", "current"))
    for (scope, snapshot_id), line in zip(stored, body["stored"], strict=True):
        state.snapshots[scope, snapshot_id] = Named(line["manifest"], body["batch"], abandoned=abandoned)
        state.ids.setdefault(scope, []).append(snapshot_id)
    for line in body.get("supplements", ()):
        scope, snapshot_id = _scope(line), line["snapshot_id"]
        state.supplements[scope, snapshot_id] = Named(line["manifest"], body["batch"], abandoned=abandoned)
        state.supplemented[scope] = snapshot_id
    if body["batch"] not in state.safety_batches:
        state.confirmed.update(current)
    if not abandoned:
        _seen(state, body, (*stored, *current))


def _seen(state: LedgerState, body: dict[str, Any], places: Iterable[Place]) -> None:
    """What recovery points a batch found current; what was settled then counts for those alone."""
    horizon = Horizon(**body["horizon"]) if "horizon" in body else None
    for scope, snapshot_id in places:
        if state.is_safety(scope, snapshot_id):
            continue
        if (before := state.newest.get(scope)) and before != snapshot_id:
            state.superseded[scope] = before, state.current[scope]
        state.current[scope], state.newest[scope] = body["taken_at"], snapshot_id
        state.rewritten.discard(scope)
        state.absences.pop(scope, None)
        state.horizons.pop(scope, None)
        if horizon:
            state.horizons[scope] = snapshot_id, horizon


def _finished(state: LedgerState, body: dict[str, Any]) -> None:
    state.open_batches.discard(body["batch"])
    if "missed" in body:
        state.full_pass = FullPass(body["at"], tuple(map(_scope, body["missed"])))


def _abandoned(state: LedgerState, body: dict[str, Any]) -> None:
    state.open_batches.discard(body["batch"])
    state.abandoned_batches.add(body["batch"])
    for named in _marked(state, body, "missing"):
        named.abandoned = True
    _forget(state, body.get("missing", ()))


def _removed(state: LedgerState, body: dict[str, Any]) -> None:
    """A removal that was named after a hold began is void: the ledger's order decides, whoever was faster."""
    day = date.fromisoformat(body["on"]) if "on" in body else None
    lines = [line for line in body["snapshots"] if not state.is_held(_scope(line), day)]
    for named in _marked(state, {**body, "snapshots": lines}, "snapshots"):
        named.removed = True
    _forget(state, lines)


def _held(state: LedgerState, body: dict[str, Any]) -> None:
    until = date.fromisoformat(body["until"]) if body.get("until") else None
    state.holds[_scope(body)] = Hold(body["reason"], body["by"], body["at"], until)


def _released(state: LedgerState, body: dict[str, Any]) -> None:
    state.holds.pop(_scope(body), None)


def _absence_accepted(state: LedgerState, body: dict[str, Any]) -> None:
    state.absences[_scope(body)] = Absence(body["reason"], body["by"], body["at"])


def _restore_started(state: LedgerState, body: dict[str, Any]) -> None:
    if "kind" in body:
        _rewritten(state, body)
        state.restoring[_scope(body)] = body["at"]


def _restored(state: LedgerState, body: dict[str, Any]) -> None:
    if "kind" in body:
        _rewritten(state, body)
        state.restoring.pop(_scope(body), None)


def _rewritten(state: LedgerState, body: dict[str, Any]) -> None:
    if body.get("mode") != COPY:
        state.rewritten.add(_scope(body))
        state.absences.pop(_scope(body), None)


def _forget(state: LedgerState, lines: Iterable[dict[str, Any]]) -> None:
    """A scope whose newest recovery point is gone is not known to be current any more."""
    for line in lines:
        scope = _scope(line)
        if state.newest.get(scope) == line["snapshot_id"]:
            del state.newest[scope], state.current[scope]


def _marked(state: LedgerState, body: dict[str, Any], snapshots: str) -> list[Named]:
    """Those of the snapshots and supplements that are known: the entry that named another one may be the damaged
    one."""
    lists = ((state.snapshots, body.get(snapshots, ())), (state.supplements, body.get("supplements", ())))
    found = [places.get((_scope(line), line["snapshot_id"])) for places, lines in lists for line in lines]
    return [named for named in found if named]


def _scope(line: dict[str, Any]) -> ScopeId:
    return ScopeId(Kind(line["kind"]), line["id"])


def _drilled(state: LedgerState, body: dict[str, Any]) -> None:
    state.drills.append(body)


def _verified(state: LedgerState, body: dict[str, Any]) -> None:
    if body["whole"]:
        state.verifications = [body]
    elif body["findings"]:
        state.verifications.append(body)


def _channel(state: LedgerState, body: dict[str, Any]) -> None:
    if body["ok"]:
        state.mute_channels.pop(body["channel"], None)
    else:
        state.mute_channels[body["channel"]] = body


def _scheduled(state: LedgerState, body: dict[str, Any]) -> None:
    state.schedules.setdefault(body["schedule"], body)


def _unscheduled(state: LedgerState, body: dict[str, Any]) -> None:
    if known := state.schedules.get(body["schedule"]):
        state.schedules[body["schedule"]] = known | {"cancelled": body["at"]}


def _packed(state: LedgerState, body: dict[str, Any]) -> None:
    before = state.packs.get(_scope(body))
    if before is None or before.pack_id < body["pack_id"]:
        state.packs[_scope(body)] = Packed(body["pack_id"], body["snapshot_id"], body["record"])


def _unpacked(state: LedgerState, body: dict[str, Any]) -> None:
    state.packs.pop(_scope(body), None)


_FOLD: dict[str, Callable[[LedgerState, dict[str, Any]], None]] = {
    "batch-started": _started,
    "snapshots": _snapshots,
    "batch-finished": _finished,
    "batch-abandoned": _abandoned,
    "removed": _removed,
    "drilled": _drilled,
    "verified": _verified,
    "channel": _channel,
    "packed": _packed,
    "unpacked": _unpacked,
    "restore-started": _restore_started,
    "restored": _restored,
    "held": _held,
    "released": _released,
    "absence-accepted": _absence_accepted,
    "schedule-created": _scheduled,
    "schedule-cancelled": _unscheduled,
}
