"""The ledger summed up: which snapshots it names, and what became of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from wedsync_dr.model import Kind, ScopeId

SAFETY = "safety"
"""The purpose of a batch that a restore takes of what it is about to replace."""


@dataclass
class Named:
    """What the ledger says of a snapshot."""

    digest: str
    batch: str
    removed: bool = False
    abandoned: bool = False


@dataclass
class LedgerState:
    """A pure fold over the entries. `current` is the last instant at which a scope's newest snapshot was current."""

    snapshots: dict[tuple[ScopeId, str], Named] = field(default_factory=dict)
    open_batches: set[str] = field(default_factory=set)
    abandoned_batches: set[str] = field(default_factory=set)
    current: dict[ScopeId, str] = field(default_factory=dict)
    safety_batches: set[str] = field(default_factory=set)
    confirmed: set[tuple[ScopeId, str]] = field(default_factory=set)
    named: dict[ScopeId, list[str]] = field(default_factory=dict)
    drills: list[dict[str, Any]] = field(default_factory=list)

    def expected_of(self, scope: ScopeId) -> list[str]:
        """The ids of the snapshots that the vault must have of a scope."""
        return [id_ for id_ in self.named.get(scope, ()) if self.expected(self.snapshots[scope, id_])]

    def is_safety(self, scope: ScopeId, snapshot_id: str) -> bool:
        """Whether a snapshot shows only what a restore was about to replace: nobody means that state by `the newest`.

        It stops being one when a later batch finds that state still current.
        """
        named = self.snapshots.get((scope, snapshot_id))
        return named is not None and named.batch in self.safety_batches and (scope, snapshot_id) not in self.confirmed

    def expected(self, named: Named) -> bool:
        """Whether the vault must have the snapshot: its batch is over, and nobody removed it."""
        return not (named.removed or named.abandoned or named.batch in self.open_batches)

    def believes(self, scope: ScopeId, snapshot_id: str, digest: str) -> bool:
        """Whether a manifest of this digest is the one that the ledger names, neither given up nor removed."""
        named = self.snapshots.get((scope, snapshot_id))
        return named is not None and named.digest == digest and not (named.removed or named.abandoned)

    def named_in(self, batch: str) -> list[tuple[ScopeId, str]]:
        """The snapshots that a batch named."""
        return [key for key, named in self.snapshots.items() if named.batch == batch]

    def add(self, event: str, body: dict[str, Any]) -> None:
        """Take in the next entry; an event that says nothing of snapshots changes nothing."""
        if event in _FOLD:
            _FOLD[event](self, body)


def _started(state: LedgerState, body: dict[str, Any]) -> None:
    state.open_batches.add(body["batch"])
    if body.get("purpose") == SAFETY:
        state.safety_batches.add(body["batch"])


def _snapshots(state: LedgerState, body: dict[str, Any]) -> None:
    abandoned = body["batch"] in state.abandoned_batches
    for line in body["stored"]:
        named = Named(line["manifest"], body["batch"], abandoned=abandoned)
        state.snapshots[_scope(line), line["snapshot_id"]] = named
        state.named.setdefault(_scope(line), []).append(line["snapshot_id"])
    for line in () if abandoned else (*body["stored"], *body["current"]):
        state.current[_scope(line)] = body["taken_at"]
    if body["batch"] not in state.safety_batches:
        state.confirmed |= {(_scope(line), line["snapshot_id"]) for line in body["current"]}


def _finished(state: LedgerState, body: dict[str, Any]) -> None:
    state.open_batches.discard(body["batch"])


def _abandoned(state: LedgerState, body: dict[str, Any]) -> None:
    state.open_batches.discard(body["batch"])
    state.abandoned_batches.add(body["batch"])
    for named in _marked(state, body.get("missing", ())):
        named.abandoned = True


def _removed(state: LedgerState, body: dict[str, Any]) -> None:
    for named in _marked(state, body["snapshots"]):
        named.removed = True


def _marked(state: LedgerState, lines: Iterable[dict[str, Any]]) -> list[Named]:
    """Those of the snapshots that are known: the entry that named another one may be the damaged one."""
    return [named for line in lines if (named := state.snapshots.get((_scope(line), line["snapshot_id"])))]


def _scope(line: dict[str, Any]) -> ScopeId:
    return ScopeId(Kind(line["kind"]), line["id"])


def _drilled(state: LedgerState, body: dict[str, Any]) -> None:
    state.drills.append(body)


_FOLD: dict[str, Callable[[LedgerState, dict[str, Any]], None]] = {
    "batch-started": _started,
    "snapshots": _snapshots,
    "batch-finished": _finished,
    "batch-abandoned": _abandoned,
    "removed": _removed,
    "drilled": _drilled,
}
