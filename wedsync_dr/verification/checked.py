"""Verifications of single snapshots that somebody asked for, kept in the ledger with all that they found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wedsync_dr.model import FindingCode, Kind, ScopeId, parse_utc, utc_text
from wedsync_dr.vault.archive import Archive
from wedsync_dr.vault.ledger import Follower, Ledger, LedgerEntry
from wedsync_dr.vault.vault import SnapshotRef
from wedsync_dr.verification.depth import Depth, Verified, verify_snapshot
from wedsync_dr.verification.record import EVENT, outcome
from wedsync_dr.verification.verify import Verification

ASKED = "verification-asked"
_KEPT = 100  # findings of one snapshot


@dataclass(frozen=True)
class Found:
    """A finding as the ledger keeps it: whoever reads the vault without a key is not to learn a table's name."""

    code: FindingCode
    object: str | None


@dataclass(frozen=True)
class Checked:
    """A verification of one snapshot: asked for, and, unless `at` is None, done."""

    id: str
    ref: SnapshotRef
    depth: Depth
    asked: datetime
    by: str
    at: datetime | None = None
    found: tuple[Found, ...] = ()
    bytes: int = 0

    @property
    def intact(self) -> bool:
        """Whether it is done and found nothing at all."""
        return self.at is not None and not self.found


class CheckedBook:
    """All of them, by id and by snapshot: a fold over the ledger's entries."""

    def __init__(self) -> None:
        self.by_id: dict[str, Checked] = {}
        self.by_scope: dict[ScopeId, list[str]] = {}

    def add(self, entry: LedgerEntry) -> None:
        """Take in the next entry."""
        if entry.event not in (ASKED, EVENT) or "id" not in entry.body:
            return
        checked = _from_body(entry)
        if checked.id not in self.by_id:
            self.by_scope.setdefault(checked.ref.scope, []).append(checked.id)
        self.by_id[checked.id] = checked


def checked_book(ledger: Ledger) -> Follower[CheckedBook]:
    """The verifications, as the ledger has them at each instant."""
    return Follower(ledger, CheckedBook, CheckedBook.add)


def ask(archive: Archive, check_id: str, ref: SnapshotRef, depth: Depth, *, by: str, now: datetime) -> Checked:
    """Enter in the ledger that a verification is to come, so that one that never ends is known too."""
    body = _place(check_id, ref, depth) | {"requested_by": by}
    return _from_body(archive.ledger.append(ASKED, body, now))


def carry_out(archive: Archive, asked: Checked, clock: Callable[[], datetime]) -> Checked:
    """Verify, and enter the result in the ledger. Raises VaultUnavailable where that cannot be read or written."""
    done = verify_snapshot(archive, asked.ref, asked.depth)
    now = clock()
    body = _place(asked.id, asked.ref, asked.depth) | _result(done)
    body |= {"verified_at": utc_text(now), "requested_by": asked.by, "whole": False}
    return _from_body(archive.ledger.append(EVENT, body | {"asked_at": utc_text(asked.asked)}, now))


def _result(done: Verified) -> dict[str, Any]:
    found = [{"code": one.code.value, "object": one.object} for one in done.findings[:_KEPT]]
    return outcome(Verification(1, done.bytes, done.findings)) | {"found": found}


def _place(check_id: str, ref: SnapshotRef, depth: Depth) -> dict[str, Any]:
    scope = {"kind": ref.scope.kind.value, "scope_id": ref.scope.id, "snapshot_id": ref.snapshot_id}
    return {"id": check_id, "depth": depth.value} | scope


def _from_body(entry: LedgerEntry) -> Checked:
    body = entry.body
    done = entry.event == EVENT
    return Checked(
        id=body["id"],
        ref=SnapshotRef(ScopeId(Kind(body["kind"]), body["scope_id"]), body["snapshot_id"]),
        depth=Depth(body["depth"]),
        asked=parse_utc(body.get("asked_at", entry.at)),
        by=body["requested_by"],
        at=parse_utc(entry.at) if done else None,
        found=_found(body["found"]) if done else (),
        bytes=body["bytes"] if done else 0,
    )


def _found(lines: Sequence[dict[str, Any]]) -> tuple[Found, ...]:
    return tuple(Found(FindingCode(one["code"]), one["object"]) for one in lines)
