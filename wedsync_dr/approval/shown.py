"""A request and how it stands, as programs read it: counts, tables and who; no values."""

from datetime import datetime
from typing import Any

from wedsync_dr.approval.request import Person
from wedsync_dr.approval.standing import Alone, Standing
from wedsync_dr.model import utc_text


def standing_json(one: Standing, now: datetime) -> dict[str, Any]:
    """The shape that `wedsync-dr approvals --json` prints."""
    request, asked = one.request, one.request.asked
    return {
        "request_id": request.id,
        "phase": one.phase(now).value,
        "scope": asked.name,
        "mode": asked.mode,
        "snapshot_id": asked.snapshot_id,
        "tables": list(asked.tables),
        "chosen_rows": asked.rows,
        "plan": asked.plan,
        "preview": asked.preview.to_json(),
        "requested_by": request.requester.subject,
        "requested_at": utc_text(request.at),
        "reason": request.reason,
        "emergency": request.emergency,
        "expires": utc_text(request.expires),
        "approvals_needed": asked.needed(now),
        "approvals_lacking": one.lacks(now),
        "approved_by": [person.subject for person in one.approvers],
        "refused_by": _refusal(one.refused),
        "alone": _alone(one.alone),
    }


def _refusal(refused: tuple[Person, str] | None) -> dict[str, str] | None:
    return {"subject": refused[0].subject, "reason": refused[1]} if refused else None


def _alone(alone: Alone | None) -> dict[str, Any] | None:
    if alone is None:
        return None
    seen = alone.seen_by.subject if alone.seen_by else None
    return {"by": alone.by.subject, "reason": alone.reason, "at": utc_text(alone.at), "acknowledged_by": seen}
