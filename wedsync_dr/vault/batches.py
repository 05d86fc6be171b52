"""What the ledger says of the last batches: who asked, how far each is, how long it took, and what it has to show."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from wedsync_dr.model import Kind, ScopeId

KEPT, SHOWN = 1_000, 200
_RUN = re.compile(r"dagster run (\S+)")


@dataclass
class BatchSeen:
    """A batch. `scopes` counts those that it has dealt with; `snapshots` are the first of their recovery points, with
    whether they were stored or found current. `full`: every scope of the source was read. `ended` is None while it
    runs."""

    batch: str
    requested_by: str
    began: str
    scopes: int = 0
    stored: int = 0
    snapshots: list[tuple[ScopeId, str, bool]] = field(default_factory=list)
    taken_at: str | None = None
    ended: str | None = None
    failed: int = 0
    seconds: float | None = None
    full: bool = False
    abandoned: bool = False

    @property
    def run_id(self) -> str | None:
        """The run of Dagster that took it; None where something else did."""
        found = _RUN.match(self.requested_by)
        return found[1] if found else None


class Batches:
    """The newest batches, by the order in which they began; of older ones nothing is kept."""

    def __init__(self) -> None:
        self._seen: dict[str, BatchSeen] = {}

    def add(self, event: str, body: dict[str, Any]) -> None:
        """Take in the next entry; one of a batch that is forgotten changes nothing."""
        if event == "batch-started":
            self._seen[body["batch"]] = BatchSeen(body["batch"], body.get("requested_by", ""), body["at"])
            while len(self._seen) > KEPT:
                del self._seen[next(iter(self._seen))]
        elif seen := self._seen.get(body.get("batch", "")):
            _FOLD.get(event, _nothing)(seen, body)

    def newest_first(self) -> Iterator[BatchSeen]:
        """Those that are kept."""
        return reversed(list(self._seen.values()))  # another thread may take in entries meanwhile

    def asked_by(self, run_id: str) -> list[BatchSeen]:
        """What a run of Dagster took, newest first."""
        return [one for one in self.newest_first() if one.run_id == run_id]


def run_name(run_id: str, who: str = "") -> str:
    """What the ledger calls a run of Dagster as one who asks; `who` is the person or program that started it."""
    return f"dagster run {run_id}" + (f" for {who}" if who else "")


def _named(seen: BatchSeen, body: dict[str, Any]) -> None:
    seen.taken_at = body["taken_at"]
    for name in ("stored", "current"):
        seen.scopes += len(body[name])
        room = SHOWN - len(seen.snapshots)
        seen.snapshots += [(_scope(line), line["snapshot_id"], name == "stored") for line in body[name][:room]]
    seen.stored += len(body["stored"])


def _finished(seen: BatchSeen, body: dict[str, Any]) -> None:
    seen.ended, seen.failed, seen.full = body["at"], body.get("failed", 0), "missed" in body
    seen.seconds = body.get("seconds")


def _abandoned(seen: BatchSeen, body: dict[str, Any]) -> None:
    seen.ended, seen.abandoned = body["at"], True


def _nothing(_seen: BatchSeen, _body: dict[str, Any]) -> None:
    return


def _scope(line: dict[str, Any]) -> ScopeId:
    return ScopeId(Kind(line["kind"]), line["id"])


_FOLD = {"snapshots": _named, "batch-finished": _finished, "batch-abandoned": _abandoned}
