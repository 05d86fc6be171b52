"""Roles, and what each may do: the one table. `docs/runbook.md` shows the same."""

from collections.abc import Mapping
from enum import StrEnum


class Right(StrEnum):
    """Something that a role may do."""

    READ = "read"
    """See how everything stands: snapshots, jobs, verifications, plans."""
    VERIFY = "verify"
    """Have snapshots read and checked."""
    SNAPSHOT = "snapshot"
    """Have snapshots taken, and stop that."""
    SCHEDULE = "schedule"
    """Switch schedules on and off, make and cancel them."""
    RESTORE = "restore"
    """Plan and request a restore, apply it once it is approved, stop it."""
    APPROVE = "approve"
    """Approve or refuse what another person requested."""
    RESPOND = "respond"
    """Go alone in an emergency, with a reason."""
    AUDIT = "audit"
    """Read the ledger and the evidence."""


class Role(StrEnum):
    """What a caller is. Each caller has one role."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    RESPONDER = "responder"
    APPROVER = "approver"
    AUDITOR = "auditor"


RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.READ}),
    Role.OPERATOR: frozenset({Right.READ, Right.VERIFY, Right.SNAPSHOT, Right.SCHEDULE, Right.RESTORE}),
    Role.RESPONDER: frozenset({Right.READ, Right.VERIFY, Right.SNAPSHOT, Right.RESTORE, Right.RESPOND}),
    Role.APPROVER: frozenset({Right.READ, Right.APPROVE}),
    Role.AUDITOR: frozenset({Right.READ, Right.VERIFY, Right.AUDIT}),
}
