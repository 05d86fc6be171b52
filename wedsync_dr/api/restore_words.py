"""A restore on the wire: what is asked for, what it would change, who must approve it, and what came of it."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from wedsync_dr.api.backup_id import EXAMPLE as BACKUP_ID
from wedsync_dr.api.wire import Asked, Wire
from wedsync_dr.approval.standing import LEAST_REASON, MOST_REASON, Phase


class RestoreType(StrEnum):
    """How far it goes, as the platform's interface names it. FULL: the scope's rows become exactly the backup's.
    PARTIAL: rows that are missing come back, no other changes. `targetTables` leaves the other tables as they are;
    TABLE_SPECIFIC is FULL, and has to name some."""

    FULL = "FULL"
    PARTIAL = "PARTIAL"
    TABLE_SPECIFIC = "TABLE_SPECIFIC"


class RestoreStatus(StrEnum):
    """Where a restore stands, in the words of the platform's interface; `approval` says what an INITIATED one waits
    for."""

    INITIATED = "INITIATED"
    EMERGENCY_RESTORE_INITIATED = "EMERGENCY_RESTORE_INITIATED"
    VALIDATING = "VALIDATING"
    RESTORING = "RESTORING"
    CANCELLING = "CANCELLING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


Reason = Annotated[str, Field(min_length=LEAST_REASON, max_length=MOST_REASON)]
Token = Annotated[str, Field(min_length=20, max_length=100)]


_NAMES_TABLES: dict[str, Any] = {
    "anyOf": [
        {"properties": {"restoreType": {"enum": ["FULL", "PARTIAL"]}}},
        {"required": ["targetTables"], "properties": {"targetTables": {"minItems": 1}}},
    ]
}
_IS_ALONE_WITH_A_REASON: dict[str, Any] = {
    "anyOf": [
        {"properties": {"confirmationToken": {"type": "null"}}},
        {
            "required": ["isEmergencyRestore", "reason"],
            "properties": {"isEmergencyRestore": {"const": True}, "reason": {"type": "string"}},
        },
    ]
}


class AskedRestore(Asked):
    """What a caller wants back. With `confirmationToken` an emergency's plan is carried out at once, alone."""

    model_config = ConfigDict(json_schema_extra={"allOf": [_NAMES_TABLES, _IS_ALONE_WITH_A_REASON]})

    backup_id: str = Field(max_length=500, description="The recovery point, as `/api/backup/manual` lists them.")
    organization_id: str | None = Field(default=None, max_length=200, description="Must take part in it, if given.")
    restore_type: RestoreType = RestoreType.FULL
    target_tables: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(default=[], max_length=200)
    is_emergency_restore: bool = False
    confirmation_token: Token | None = Field(default=None, description="From `POST …/{restoreId}/confirmation`.")
    reason: Reason | None = Field(default=None, description="Why: approvers see it. Needed to go alone.")
    allow_unlinked: bool = Field(default=False, description="Links to rows that no recovery point holds become NULL.")
    allow_dirty: bool = Field(
        default=False, description="Rows that broke their own constraints come back as they were."
    )
    accept_drift: bool = Field(default=False, description="What has no place in today's schema is left behind.")


class AskedApply(Asked):
    """What it takes to go alone: both, or neither where another person has approved."""

    confirmation_token: Token | None = None
    reason: Reason | None = None


class AskedRefusal(Asked):
    """Why a restore is refused; it stands in the ledger for ever."""

    reason: Annotated[str, Field(min_length=1, max_length=MOST_REASON)]


class TouchedTable(Wire):
    """How many rows of a table it would change."""

    table: str
    insert: int
    update: int
    delete: int


class RestorePreview(Wire):
    """What it touches: counts, never values. `newestChangeLost`: when the newest row that goes or changes back was last
    changed."""

    weddings: int
    vendors: int
    inserted: int
    updated: int
    deleted: int
    newest_change_lost: str | None
    tables: list[TouchedTable]


class WentAlone(Wire):
    """Who went without a second person, why, and who has seen it."""

    by: str | None
    reason: str
    at: str
    acknowledged: bool


class Approval(Wire):
    """Who decides. `lacking` approvals are still needed now; of weddings that are under way it takes two."""

    phase: Phase
    needed: int
    lacking: int
    approved_by: list[str]
    refused_because: str | None
    alone: WentAlone | None


class RestoreResult(Wire):
    """What was committed. `verified`: before COMMIT the database was read again, and held what the backup says. Of the
    whole platform rows are not counted."""

    inserted: int | None
    updated: int | None
    deleted: int | None
    verified: bool
    committed_at: str


class RestoreError(Wire):
    """Why it failed; the database is as it was before."""

    error_class: str = Field(serialization_alias="class")
    what: str
    remedy: str


class Restore(Wire):
    """A restore from its plan to its end. Its plan counts until `expiresAt`; `step` is where its run is."""

    restore_id: str
    status: RestoreStatus
    priority: str
    backup_id: str
    mode: str
    affected_tables: list[str]
    target_tables: list[str]
    preview: RestorePreview
    approval: Approval
    warnings: list[str]
    reason: str
    is_emergency_restore: bool
    requested_by: str | None
    requested_at: str
    expires_at: str
    step: str | None
    job_id: str | None
    started_at: str | None
    completed_at: str | None
    estimated_completion: str | None
    result: RestoreResult | None
    error: RestoreError | None
    message: str
    links: dict[str, str]
    known_from: str = "dagster"


class OneRestore(Restore):
    """The answer about one restore that was just asked for or decided about."""

    success: bool = True


class Restores(Wire):
    """One restore by its id (`restore`), or those that the caller may know of, the newest first."""

    success: bool = True
    restore: Restore | None = None
    restores: list[Restore] | None = None
    total: int | None = None
    next_cursor: str | None = None


class Confirmation(Wire):
    """What lets this caller, and nobody else, go alone on this plan: once, and only until then."""

    success: bool = True
    restore_id: str
    confirmation_token: str
    expires_at: str


_TABLE = {"table": "public.guests", "insert": 4, "update": 2, "delete": 1}
EXAMPLE: dict[str, Any] = {
    "restoreId": "5f0c1e7a9b3d",
    "status": "INITIATED",
    "priority": "CRITICAL",
    "backupId": BACKUP_ID,
    "mode": "replace",
    "affectedTables": ["public.guests"],
    "targetTables": [],
    "preview": {
        "weddings": 1,
        "vendors": 0,
        "inserted": 4,
        "updated": 2,
        "deleted": 1,
        "newestChangeLost": "2026-11-24T08:59:00.000000Z",
        "tables": [_TABLE],
    },
    "approval": {
        "phase": "waiting",
        "needed": 1,
        "lacking": 1,
        "approvedBy": [],
        "refusedBecause": None,
        "alone": None,
    },
    "warnings": ["1 row that came later would be deleted."],
    "reason": "guests were imported twice",
    "isEmergencyRestore": False,
    "requestedBy": "token:platform",
    "requestedAt": "2026-11-24T09:00:00.000000Z",
    "expiresAt": "2026-11-25T09:00:00.000000Z",
    "step": None,
    "jobId": None,
    "startedAt": None,
    "completedAt": None,
    "estimatedCompletion": None,
    "result": None,
    "error": None,
    "message": "It waits for the approval of 1 other person.",
    "links": {
        "self": "/api/recovery/restore?restoreId=5f0c1e7a9b3d",
        "apply": "/api/recovery/restore/5f0c1e7a9b3d/apply",
    },
    "knownFrom": "dagster",
}
ONE = EXAMPLE | {"success": True}
