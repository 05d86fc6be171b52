"""A job on the wire: something that was set going and takes a while."""

from enum import StrEnum

from pydantic import Field

from wedsync_dr.api.backup_id import EXAMPLE as BACKUP_ID
from wedsync_dr.api.runs import RunStatus
from wedsync_dr.api.wire import Wire
from wedsync_dr.model import Kind


class JobKind(StrEnum):
    """What a job does."""

    SNAPSHOT = "snapshot"
    RESTORE = "restore"
    DRILL = "drill"
    VERIFICATION = "verification"
    RETENTION = "retention"
    OTHER = "other"


class NamedScope(Wire):
    """A wedding, a vendor, or a platform table."""

    kind: Kind
    scope_id: str


class Progress(Wire):
    """How many scopes are done. `total` is null where nobody knows how many there will be."""

    done: int
    total: int | None
    percent: int | None


class FailedScope(Wire):
    """A scope that failed, why, and what to do."""

    scope: str
    what: str
    remedy: str


class JobError(Wire):
    """Why a job failed. Of a fault that is not ours only its class is told."""

    error_class: str = Field(serialization_alias="class")
    what: str
    remedy: str
    scopes: list[FailedScope]


class TakenBackup(Wire):
    """A recovery point that a job left. Not `stored`: its rows had not changed, the snapshot is an older one."""

    backup_id: str
    kind: Kind
    scope_id: str
    stored: bool


class JobResult(Wire):
    """What a batch of snapshots left: all at one instant. Of a large batch the first ones are named (`more`)."""

    instant: str | None
    scopes: int
    stored: int
    failed: int
    backups: list[TakenBackup]
    more: bool


class Job(Wire):
    """A job. `scopes` null: everything. `estimatedCompletion` is null where the history does not tell.

    `knownFrom`: while Dagster is down the ledger still tells of the snapshots that a job took, and nothing else.
    """

    id: str
    kind: JobKind
    status: RunStatus
    priority: str | None = None
    type: str | None = None
    description: str | None = None
    requested_by: str | None = None
    scopes: list[NamedScope] | None
    step: str | None = None
    progress: Progress | None
    created_at: str
    started_at: str | None
    completed_at: str | None
    estimated_completion: str | None
    error: JobError | None
    result: JobResult | None
    links: dict[str, str]
    known_from: str = "dagster"


class OneJob(Wire):
    """The answer about one job."""

    success: bool = True
    job: Job


class Jobs(Wire):
    """A page, the newest first. `total` counts all pages; null where there are too many to be looked through."""

    success: bool = True
    jobs: list[Job]
    total: int | None
    next_cursor: str | None


EXAMPLE = {
    "id": "7b0e9d34-62f4-4a0e-9f0c-3a5d0f2f8a11",
    "kind": "snapshot",
    "status": "COMPLETED",
    "priority": "CRITICAL",
    "type": "FULL",
    "description": "before the seating is changed",
    "requestedBy": "token:platform",
    "scopes": [{"kind": "wedding", "scopeId": "6f1c7e42-0000-4000-8000-00000000000a"}],
    "step": None,
    "progress": {"done": 1, "total": 1, "percent": 100},
    "createdAt": "2026-11-24T09:00:00.000000Z",
    "startedAt": "2026-11-24T09:00:03.000000Z",
    "completedAt": "2026-11-24T09:00:05.000000Z",
    "estimatedCompletion": None,
    "error": None,
    "result": {
        "instant": "2026-11-24T09:00:04.000000Z",
        "scopes": 1,
        "stored": 1,
        "failed": 0,
        "backups": [
            {
                "backupId": BACKUP_ID,
                "kind": "wedding",
                "scopeId": "6f1c7e42-0000-4000-8000-00000000000a",
                "stored": True,
            }
        ],
        "more": False,
    },
    "links": {"self": "/api/jobs/7b0e9d34-62f4-4a0e-9f0c-3a5d0f2f8a11"},
    "knownFrom": "dagster",
}
