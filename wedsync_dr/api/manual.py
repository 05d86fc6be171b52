"""Snapshots that somebody asks for now."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import WithJsonSchema

from wedsync_dr.access.roles import Right
from wedsync_dr.api.busy import refuse_if_busy
from wedsync_dr.api.by_hand import by_command, by_hand, snapshot_command
from wedsync_dr.api.caller import Caller, Reader, demand
from wedsync_dr.api.job_pages import Wanted, page_of_jobs
from wedsync_dr.api.job_view import DESCRIPTION, PRIORITY, TYPE, expected_seconds
from wedsync_dr.api.job_words import EXAMPLE, Job, JobKind
from wedsync_dr.api.jobs import JobCursor, Limit
from wedsync_dr.api.manual_form import BackupType, ManualForm, Meant, meaning
from wedsync_dr.api.once import Request
from wedsync_dr.api.runs import Order, RunStatus
from wedsync_dr.api.waves import JOB, wave_form
from wedsync_dr.api.wire import Wire, answer, example
from wedsync_dr.model import ScopeId, utc_text
from wedsync_dr.schedule.policy import Priority

router = APIRouter(prefix="/api/backup/manual", tags=["snapshots"])
ASKED = {"wedsync/asked": "manual"}
IdempotencyKey = Annotated[
    str | None,
    WithJsonSchema({"type": "string", "minLength": 8, "maxLength": 200, "pattern": r"^[!-~]+$"}),
    Header(
        min_length=8,
        max_length=200,
        pattern=r"^[!-~]+$",
        description="The same key with the same body is the same request: it is carried out once.",
    ),
]
Snapshooter = Annotated[Caller, Depends(demand(Right.SNAPSHOT))]
_URGENT_MOST = 250


class Accepted(Wire):
    """It will be done. `backupId` is the job's id until there is a snapshot; the finished job's result names those."""

    success: bool = True
    backup_id: str
    status: RunStatus
    priority: Priority
    estimated_completion: str | None
    message: str
    links: dict[str, str]


_ACCEPTED = {
    "success": True,
    "backupId": EXAMPLE["id"],
    "status": "INITIATED",
    "priority": "CRITICAL",
    "estimatedCompletion": "2026-11-24T09:00:09.000000Z",
    "message": "Snapshots of 1 scope will be taken at one instant.",
    "links": {"job": f"/api/jobs/{EXAMPLE['id']}"},
}


@router.post(
    "",
    status_code=202,
    responses=answer(202, _ACCEPTED, "Accepted; poll the job."),
    summary="Take snapshots now",
)
def take_now(
    form: ManualForm, caller: Snapshooter, response: Response, idempotency_key: IdempotencyKey = None
) -> Accepted:
    """Of a wedding, a vendor, several, an organization with its weddings, or everything, at one instant.

    409 while one of them is being snapshotted or restored, and where the key came before with another body.
    """
    meant = meaning(form, caller)
    request = Request(caller.identity.subject, {"path": router.prefix, **form.model_dump(mode="json")}, idempotency_key)
    command = snapshot_command(None if meant.named is None else sorted(meant.all), changed_only=_changed_only(form))
    with by_hand(by_command(command)):
        launched = caller.site.launcher.launch(
            request, _order(meant, caller), unless=lambda: refuse_if_busy(caller, _all(meant))
        )
    link = f"/api/jobs/{launched.run.run_id}"
    response.headers["Location"] = link
    return Accepted(
        backup_id=launched.run.run_id,
        status=launched.run.status,
        priority=meant.priority,
        estimated_completion=_estimate(meant, caller, launched.run.created_at),
        message="This was asked for before." if launched.again else _message(len(meant.all)),
        links={"job": link},
    )


def _all(meant: Meant) -> frozenset[ScopeId] | None:
    return None if meant.named is None else meant.all


def _changed_only(form: ManualForm) -> bool:
    return form.backup_type is not BackupType.FULL


def _order(meant: Meant, caller: Caller) -> Order:
    form, few = meant.form, meant.named is not None and len(meant.all) <= _URGENT_MOST
    config = wave_form(
        meant.named,
        with_vendors=form.include_vendor_data and meant.named is not None,
        with_weddings=meant.with_weddings,
        changed_only=_changed_only(form),
        requested_by=caller.identity.subject,
    )
    tags = {
        "wedsync/lane": "urgent" if few and meant.urgency.critical else "bulk",
        "dagster/priority": str(meant.urgency.run_priority if few else 0),
        PRIORITY: meant.priority.value,
        TYPE: form.backup_type.value,
        **({DESCRIPTION: form.description} if form.description else {}),
        **(
            {f"wedsync/{meant.named[0].kind.value}": meant.named[0].id} if meant.named and len(meant.named) == 1 else {}
        ),
    }
    return Order(JOB, config, tags | ASKED)


def _estimate(meant: Meant, caller: Caller, created: datetime) -> str | None:
    full = meant.named is None and not _changed_only(meant.form)
    span = expected_seconds(caller, len(meant.all), full=full)
    return utc_text(created + span) if span else None


def _message(scopes: int) -> str:
    return f"Snapshots of {scopes:,} scope{'' if scopes == 1 else 's'} will be taken at one instant."


class ManualBackups(Wire):
    """A page, the newest first. `total` counts all pages; null where there are too many to be looked through."""

    success: bool = True
    backups: list[Job]
    total: int | None
    next_cursor: str | None


@router.get(
    "",
    responses=example({"success": True, "backups": [EXAMPLE], "total": 1, "nextCursor": None}),
    summary="The snapshots that were asked for",
)
def asked_for(
    caller: Reader,
    organization_id: Annotated[str | None, Query(alias="organizationId", min_length=1, max_length=200)] = None,
    wedding_id: Annotated[str | None, Query(alias="weddingId", min_length=1, max_length=200)] = None,
    status: Annotated[list[RunStatus] | None, Query(description="Of these statuses.")] = None,
    priority: Priority | None = None,
    limit: Limit = 20,
    cursor: JobCursor = None,
) -> ManualBackups:
    """The jobs that `POST` started. With `organizationId` those that name it or nothing but its weddings."""
    tags = ASKED | ({PRIORITY: priority.value} if priority else {})
    within = None
    if organization_id:
        organization = caller.vendor(organization_id)
        within = (caller.site.standing.view().members or {}).get(organization.id, frozenset({organization}))
    named = frozenset([caller.wedding(wedding_id)] if wedding_id else [])
    wanted = Wanted(statuses=status or (), kind=JobKind.SNAPSHOT, tags=tags, scopes=named, within=within)
    page = page_of_jobs(caller, wanted, limit, cursor)
    return ManualBackups(backups=page.jobs, total=page.total, next_cursor=page.next_cursor)
